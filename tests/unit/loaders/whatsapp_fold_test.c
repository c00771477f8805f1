/* What the records of WhatsApp webhooks come to once they are folded: the same rows in every order
 * of arrival (canonical-model 6.4, reference/whatsapp.md 8.5 and 9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "loaders/fold.h"
#include "loaders/rows.h"
#include "transform/ids.h"
#include "transform/normalizer.h"

#define OBSERVED_AT INT64_C(1785900000000000)
#define ACCOUNT "402117396318254"
#define MOST 4

struct world { /* the rows after some webhooks */
    struct arena *arena;
    struct rows rows;
};

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    struct world *world = context;
    struct record again;
    struct buf line;
    buf_init(&line, LIMIT_RECORD_BYTES);
    assert_int_equal(record_encode(record, &line, err), RC_OK);
    struct str json = arena_str(world->arena, buf_peek(&line));
    buf_done(&line);
    if (record_decode(json, world->arena, &again, err) != RC_OK)
        fail_msg("the loader would refuse the record: %s", err->msg);
    return rows_add(&world->rows, &again, err);
}

static enum rc refuse(void *context, const struct reject *reject, struct err *err)
{
    (void)context;
    (void)err;
    fail_msg("rejected: %.*s", STR_ARGS(reject->path));
    return RC_FATAL;
}

/* One webhook with one change, of which "value" is given beside the metadata. */
static void take(struct world *world, const struct normalizer_conf *conf, const char *value)
{
    const struct normalizer_sink sink = {keep_record, refuse, world};
    struct normalizer *normalizer = NULL;
    struct err err;
    char body[2048];
    int n = snprintf(
        body, sizeof body,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":"
        "\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"" ACCOUNT "\"},%s}}]}]}",
        value);
    assert_in_range(n, 1, sizeof body - 1);
    assert_int_equal(normalizer_new(conf, &sink, &normalizer, &err), RC_OK);
    const struct document document = document_at(OBSERVED_AT, SOURCE_WEBHOOK);
    normalizer_begin(normalizer, &document);
    assert_int_equal(normalizer_feed(normalizer, body, (size_t)n, &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_free(&normalizer);
}

static void open_world(struct world *world, const char *const *values, const size_t *order,
                       size_t count)
{
    struct normalizer_conf conf = {
        .channel = STR_LIT("whatsapp"), .tenant = STR_LIT("acme"), .any_account = true};
    conf.tenant_id = ids_tenant(conf.tenant);
    world->arena = arena_new("test", LIMIT_BATCH_ARENA_BYTES);
    rows_init(&world->rows, &conf.tenant_id, world->arena);
    for (size_t i = 0; i < count; i++)
        take(world, &conf, values[order[i]]);
    for (int t = 0; t < TABLES; t++)
        rowset_sort(&world->rows.sets[t]);
}

static void close_world(struct world *world)
{
    arena_free(&world->arena);
}

static const union cell *cell_of(const struct world *world, enum table_id id, size_t row,
                                 const char *column)
{
    return &world->rows.sets[id].rows[row][table_column(table_get(id), column)];
}

static void assert_text(const struct world *world, enum table_id id, size_t row, const char *column,
                        const char *expected)
{
    struct str text = cell_of(world, id, row, column)->text;
    if (!str_is(text, expected))
        fail_msg("%s is \"%.*s\" and not \"%s\"", column, STR_ARGS(text), expected);
}

static void assert_seconds(const struct world *world, const char *column, int64_t expected_s)
{
    assert_int_equal(cell_of(world, TABLE_MESSAGES, 0, column)->number, expected_s * US_PER_SECOND);
}

static void assert_same(const struct world *a, const struct world *b)
{
    for (int t = 0; t < TABLES; t++) {
        const struct rowset *one = &a->rows.sets[t];
        const struct rowset *two = &b->rows.sets[t];
        assert_int_equal(one->count, two->count);
        for (size_t row = 0; row < one->count; row++)
            for (size_t i = 0; one->table->columns[i].name != NULL; i++)
                if (cell_order(one->table->columns[i].type, &one->rows[row][i],
                               &two->rows[row][i]) != 0)
                    fail_msg("%s.%s depends on the order of arrival", one->table->name,
                             one->table->columns[i].name);
    }
}

static bool next_order(size_t *order, size_t count)
{
    size_t i = count - 1;
    while (i > 0 && order[i - 1] >= order[i])
        i--;
    if (i == 0)
        return false;
    size_t j = count - 1;
    while (order[j] <= order[i - 1])
        j--;
    size_t kept = order[i - 1];
    order[i - 1] = order[j];
    order[j] = kept;
    for (j = count - 1; i < j; i++, j--) {
        kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    return true;
}

/* The rows of the first order, after every other order gave the same. */
static void open_any_order(struct world *world, const char *const *values, size_t count)
{
    size_t order[MOST] = {0, 1, 2, 3};
    open_world(world, values, order, count);
    while (next_order(order, count)) {
        struct world other;
        open_world(&other, values, order, count);
        assert_same(world, &other);
        close_world(&other);
    }
}

#define STATUS(word, at, more)                                                                     \
    "\"statuses\":[{\"id\":\"wamid.S\",\"status\":\"" word "\",\"timestamp\":\"" at                \
    "\",\"recipient_id\":\"573005550178\"" more "}]"
#define PRICING(category) ",\"pricing\":{\"type\":\"regular\",\"category\":\"" category "\"}"

static void pricing_in_any_status_makes_the_stub_marketing(void **state)
{
    (void)state;
    static const char *const values[] = {
        STATUS("sent", "1763651700", ""),
        STATUS("delivered", "1763651702", PRICING("marketing")),
        STATUS("read", "1763651704", ""),
    };
    struct world world;
    open_any_order(&world, values, 3);
    assert_int_equal(world.rows.sets[TABLE_MESSAGES].count, 1);
    assert_int_equal(world.rows.sets[TABLE_STATUSES].count, 3);
    assert_text(&world, TABLE_MESSAGES, 0, "sender_type", "system");
    assert_text(&world, TABLE_MESSAGES, 0, "status", "read");
    assert_int_equal(cell_of(&world, TABLE_MESSAGES, 0, "is_broadcast")->number, 1);
    assert_seconds(&world, "sent_at", 1763651700);
    assert_seconds(&world, "delivered_at", 1763651702);
    close_world(&world);
}

static void other_pricing_leaves_the_stub_to_an_agent(void **state)
{
    (void)state;
    static const char *const values[] = {
        STATUS("sent", "1763651700", PRICING("utility")),
        STATUS("delivered", "1763651702", PRICING("utility")),
    };
    struct world world;
    open_any_order(&world, values, 2);
    assert_text(&world, TABLE_MESSAGES, 0, "sender_type", "agent");
    assert_int_not_equal(cell_of(&world, TABLE_MESSAGES, 0, "is_broadcast")->number, 1);
    close_world(&world);
}

/* A marketing stub of the oldest time that is accepted against content of that time. */
static void any_content_wins_over_a_marketing_stub(void **state)
{
    (void)state;
    static const char *const values[] = {
        STATUS("sent", "1230768000", PRICING("marketing")),
        "\"messages\":[{\"id\":\"wamid.S\",\"from\":\"573005550178\",\"timestamp\":\"1230768000\","
        "\"type\":\"system\",\"system\":{\"type\":\"content\",\"body\":\"real\"}}]",
    };
    struct world world;
    open_any_order(&world, values, 2);
    assert_int_equal(world.rows.sets[TABLE_MESSAGES].count, 1);
    assert_text(&world, TABLE_MESSAGES, 0, "text", "real");
    close_world(&world);
}

#define FROM "\"from\":\"573005550178\","
#define ORIGINAL                                                                                   \
    "\"messages\":[{" FROM "\"id\":\"wamid.O\",\"timestamp\":\"1763651190\",\"type\":\"text\","    \
    "\"text\":{\"body\":\"38?\"}}]"
#define EDIT(id, at, text)                                                                         \
    "\"messages\":[{" FROM "\"id\":\"" id "\",\"timestamp\":\"" at "\",\"type\":\"edit\",\"edit\"" \
    ":{\"original_message_id\":\"wamid.O\",\"message\":{\"context\":{\"id\":\"M0\"},\"type\":"     \
    "\"text\",\"text\":{\"body\":\"" text "\"}}}}]"
#define REVOKE                                                                                     \
    "\"messages\":[{" FROM "\"id\":\"wamid.R\",\"timestamp\":\"1763651230\",\"type\":\"revoke\","  \
    "\"revoke\":{\"original_message_id\":\"wamid.O\"}}]"

static void edits_and_revoke_may_come_before_the_original(void **state)
{
    (void)state;
    static const char *const values[] = {ORIGINAL, EDIT("wamid.E", "1763651200", "39?"),
                                         EDIT("wamid.F", "1763651210", "40?"), REVOKE};
    struct world world;
    open_any_order(&world, values, 4);
    assert_int_equal(world.rows.sets[TABLE_MESSAGES].count, 1);
    assert_int_equal(world.rows.sets[TABLE_EVENTS].count, 3);
    assert_text(&world, TABLE_MESSAGES, 0, "text", "40?");
    assert_text(&world, TABLE_MESSAGES, 0, "direction", "inbound");
    assert_seconds(&world, "sent_at", 1763651190);
    assert_seconds(&world, "edited_at", 1763651210);
    assert_seconds(&world, "deleted_at", 1763651230);
    close_world(&world);
}

static void a_revoke_alone_is_a_stub_without_text(void **state)
{
    (void)state;
    static const char *const values[] = {REVOKE};
    struct world world;
    open_any_order(&world, values, 1);
    assert_text(&world, TABLE_MESSAGES, 0, "subtype", "stub");
    assert_null(cell_of(&world, TABLE_MESSAGES, 0, "text")->text.p);
    close_world(&world);
}

/* "failed" names no BSUID where the message went to a number: two threads, which the alias of
 * "sent" says are one. */
static void a_failure_without_bsuid_is_joined_by_alias(void **state)
{
    (void)state;
    static const char *const values[] = {
        STATUS("sent", "1785840100", ",\"recipient_user_id\":\"CO.20481937750162938471\""),
        STATUS("failed", "1785840101",
               ",\"errors\":[{\"code\":131026,\"title\":\"Undeliverable\"}]"),
    };
    struct world world;
    open_any_order(&world, values, 2);
    const struct rowset *messages = &world.rows.sets[TABLE_MESSAGES];
    assert_int_equal(messages->count, 2);
    assert_int_equal(uuid_order(&cell_of(&world, TABLE_MESSAGES, 0, "id")->id,
                                &cell_of(&world, TABLE_MESSAGES, 1, "id")->id),
                     0);
    const struct rows_alias *alias = world.rows.aliases;
    assert_non_null(alias);
    assert_null(alias->next);
    const struct uuid *one = &cell_of(&world, TABLE_MESSAGES, 0, "conversation_id")->id;
    const struct uuid *two = &cell_of(&world, TABLE_MESSAGES, 1, "conversation_id")->id;
    bool straight = uuid_order(&alias->a, one) == 0 && uuid_order(&alias->b, two) == 0;
    bool crossed = uuid_order(&alias->a, two) == 0 && uuid_order(&alias->b, one) == 0;
    assert_true(straight || crossed);
    close_world(&world);
}

static void a_new_bsuid_is_linked_to_the_old_one(void **state)
{
    (void)state;
    static const char *const values[] = {
        "\"messages\":[{\"from_user_id\":\"CO.1\",\"id\":\"wamid.1\",\"timestamp\":\"1785840200\","
        "\"type\":\"text\",\"text\":{\"body\":\"before\"}}]",
        "\"messages\":[{\"from_user_id\":\"CO.2\",\"id\":\"wamid.2\",\"timestamp\":\"1785840202\","
        "\"type\":\"text\",\"text\":{\"body\":\"after\"}}]",
        "\"messages\":[{\"from_user_id\":\"CO.1\",\"id\":\"wamid.3\",\"timestamp\":\"1785840201\","
        "\"type\":\"system\",\"system\":{\"type\":\"user_changed_user_id\",\"user_id\":\"CO.2\"}}]",
    };
    struct world world;
    open_any_order(&world, values, 3);
    assert_int_equal(world.rows.sets[TABLE_CONTACTS].count, 2);
    assert_int_equal(world.rows.sets[TABLE_CONVERSATIONS].count, 2);
    assert_int_equal(world.rows.sets[TABLE_IDENTITIES].count, 3); /* CO.1 twice: own, and former */
    close_world(&world);
}

static void a_repeated_webhook_adds_no_row(void **state)
{
    (void)state;
    static const char *const values[] = {ORIGINAL, ORIGINAL, STATUS("sent", "1763651700", ""),
                                         STATUS("sent", "1763651700", "")};
    static const char *const once[] = {ORIGINAL, STATUS("sent", "1763651700", "")};
    struct world world, other;
    open_any_order(&world, values, 4);
    open_any_order(&other, once, 2);
    assert_same(&world, &other);
    close_world(&world);
    close_world(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pricing_in_any_status_makes_the_stub_marketing),
        cmocka_unit_test(other_pricing_leaves_the_stub_to_an_agent),
        cmocka_unit_test(any_content_wins_over_a_marketing_stub),
        cmocka_unit_test(edits_and_revoke_may_come_before_the_original),
        cmocka_unit_test(a_revoke_alone_is_a_stub_without_text),
        cmocka_unit_test(a_failure_without_bsuid_is_joined_by_alias),
        cmocka_unit_test(a_new_bsuid_is_linked_to_the_old_one),
        cmocka_unit_test(a_repeated_webhook_adds_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
