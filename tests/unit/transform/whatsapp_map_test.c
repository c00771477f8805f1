#include "transform/whatsapp/maps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/ids.h"

#define OBSERVED_AT INT64_C(1772366400000000)
#define OUTPUT_BYTES (128 * MIB)
#define BATCH 1000 /* updates in one body at most (reference/whatsapp.md 1.6) */
#define BODY_BYTES (4 * MIB)
/* Of the processor. Far above what it takes, also with sanitizers on a busy machine; below what
 * comparing all with all would take there. */
#define PATIENCE_S 5

/* Encoded records and the words of rejects of a body. */
struct output {
    struct buf text;
    struct normalizer_counts counts;
    size_t kinds[RECORD_KINDS];
};

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    struct output *output = context;
    output->kinds[record->kind]++;
    enum rc rc = record_encode(record, &output->text, err);
    (void)buf_add_text(&output->text, "\n");
    return rc;
}

static enum rc keep_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct output *output = context;
    (void)buf_printf(&output->text, "%s %.*s\n", reject_code_name(reject->code),
                     STR_ARGS(reject->path));
    return RC_OK;
}

static struct normalizer_conf any_account(void)
{
    struct normalizer_conf conf = {
        .channel = STR_LIT("whatsapp"), .tenant = STR_LIT("acme"), .any_account = true};
    conf.tenant_id = ids_tenant(conf.tenant);
    return conf;
}

static void normalize_with(const struct normalizer_conf *conf, struct str body,
                           struct output *output)
{
    const struct normalizer_sink sink = {keep_record, keep_reject, output};
    struct normalizer *normalizer = NULL;
    struct err err;
    *output = (struct output){.kinds = {0}};
    buf_init(&output->text, OUTPUT_BYTES);
    assert_int_equal(normalizer_new(conf, &sink, &normalizer, &err), RC_OK);
    const struct document document = document_at(OBSERVED_AT, SOURCE_WEBHOOK);
    normalizer_begin(normalizer, &document);
    assert_int_equal(normalizer_feed(normalizer, body.p, body.n, &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_counts(normalizer, &output->counts);
    normalizer_free(&normalizer);
    (void)buf_add(&output->text, "", 1);
    output->text.n--;
}

static void normalize(const char *body, struct output *output)
{
    const struct normalizer_conf conf = any_account();
    normalize_with(&conf, str_of(body), output);
}

/* Wherever a member stands, the records are the same (reference/whatsapp.md 1.7). */
static void test_order_of_members(void **state)
{
    (void)state;
    static const char object[] = "\"object\":\"whatsapp_business_account\"";
    static const char field[] = "\"field\":\"messages\"";
    static const char metadata[] = "\"metadata\":{\"phone_number_id\":\"1\"}";
    static const char contacts[] = "\"contacts\":[{\"user_id\":\"CO.1\",\"wa_id\":\"573005550178\","
                                   "\"profile\":{\"name\":\"L\"}}]";
    static const char message[][96] = {"\"from\":\"573005550178\"", "\"type\":\"text\"",
                                       "\"timestamp\":\"1763650812\"",
                                       "\"text\":{\"body\":\"a\"},\"id\":\"wamid.1\""};
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
    struct output first = {0};
    for (size_t i = 0; i < 24; i++) {
        const int *order = orders[i % 3];
        char messages[500];
        char value[1200];
        char change[2600];
        char body[5400];
        (void)snprintf(messages, sizeof messages, "\"messages\":[{%s,%s,%s,%s}]", message[order[0]],
                       message[order[1]], message[order[2]], message[order[3]]);
        bool value_last = (i / 3) % 2 != 0;
        (void)snprintf(value, sizeof value, "\"value\":{%s,%s,%s}",
                       value_last ? messages : metadata, contacts,
                       value_last ? metadata : messages);
        bool field_last = (i / 6) % 2 != 0;
        (void)snprintf(change, sizeof change, "\"entry\":[{\"changes\":[{%s,%s}]}]",
                       field_last ? value : field, field_last ? field : value);
        bool object_last = i / 12 != 0;
        (void)snprintf(body, sizeof body, "{%s,%s}", object_last ? change : object,
                       object_last ? object : change);
        struct output output;
        normalize(body, &output);
        if (i == 0)
            first = output;
        assert_true(output.text.n > 1000);
        assert_int_equal(output.text.n, first.text.n);
        assert_memory_equal(output.text.p, first.text.p, first.text.n);
        if (i > 0)
            buf_done(&output.text);
    }
    buf_done(&first.text);
}

/* A message with a number alone, and one that also has the BSUID, name the same thread: by alias.
 */
static void test_alias_of_the_number(void **state)
{
    (void)state;
    struct output output;
    normalize("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":"
              "\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"1\"},\"messages\":[{"
              "\"from\":\"+57 300 555-0178\",\"from_user_id\":\"CO.1\",\"id\":\"wamid.1\","
              "\"timestamp\":1763650812,\"type\":\"text\",\"text\":{\"body\":\"a\"}}]}}]}]}",
              &output);
    assert_non_null(strstr(output.text.p, "\"aliases\":[\"573005550178\"]"));
    assert_non_null(strstr(output.text.p, "\"conversation_external_id\":\"CO.1\""));
    assert_non_null(strstr(output.text.p, "\"value_raw\":\"+57 300 555-0178\""));
    buf_done(&output.text);
}

/* ---- large input ---- */

static void begin_body(struct buf *body)
{
    buf_init(body, BODY_BYTES);
    (void)buf_add_text(body, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{"
                             "\"field\":\"messages\",\"value\":{\"metadata\":{"
                             "\"phone_number_id\":\"1\"},");
}

static void end_body(struct buf *body)
{
    (void)buf_add_text(body, "}}]}]}");
}

static void fill(struct buf *body, char c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)buf_add(body, &c, 1);
}

static double normalize_body(struct buf *body, struct output *output)
{
    const struct normalizer_conf conf = any_account();
    clock_t before = clock();
    normalize_with(&conf, buf_peek(body), output);
    return (double)(clock() - before) / CLOCKS_PER_SEC;
}

static void test_text_of_60_kb(void **state)
{
    (void)state;
    const size_t bytes = 60 * KIB;
    struct buf body;
    struct output output;
    begin_body(&body);
    (void)buf_add_text(&body,
                       "\"messages\":[{\"from\":\"573005550178\",\"id\":\"wamid.1\","
                       "\"timestamp\":\"1763650812\",\"type\":\"text\",\"text\":{\"body\":\"");
    size_t text_at = body.n;
    fill(&body, 'a', bytes);
    (void)buf_add_text(&body, "\"}}]");
    end_body(&body);
    (void)normalize_body(&body, &output);
    body.p[text_at + bytes] = '\0';
    assert_int_equal(output.kinds[RECORD_MESSAGE], 1);
    assert_non_null(strstr(output.text.p, body.p + text_at));
    buf_done(&body);
    buf_done(&output.text);
}

static void test_ids_of_thousands_of_characters(void **state)
{
    (void)state;
    const size_t bytes = 5000;
    struct buf body;
    struct output output;
    begin_body(&body);
    (void)buf_add_text(&body, "\"statuses\":[{\"status\":\"read\",\"timestamp\":\"1763650812\","
                              "\"recipient_id\":\"573005550178\",\"id\":\"wamid.");
    size_t id_at = body.n;
    fill(&body, 'Q', bytes);
    (void)buf_add_text(&body, "\"}]");
    end_body(&body);
    (void)normalize_body(&body, &output);
    body.p[id_at + bytes] = '\0';
    assert_int_equal(output.kinds[RECORD_MESSAGE_STATUS], 1);
    assert_non_null(strstr(output.text.p, body.p + id_at));
    buf_done(&body);
    buf_done(&output.text);
}

/* Every one of another recipient, each with a contact of its own: the worst there is to match. */
static void check_statuses(int count)
{
    struct buf body;
    struct output output;
    begin_body(&body);
    (void)buf_add_text(&body, "\"contacts\":[");
    for (int i = count; i-- > 0;)
        (void)buf_printf(&body, "{\"wa_id\":\"57300%07d\",\"user_id\":\"CO.%d\"}%s", i, i,
                         i > 0 ? "," : "],");
    (void)buf_add_text(&body, "\"statuses\":[");
    for (int i = 0; i < count; i++)
        (void)buf_printf(&body,
                         "%s{\"id\":\"wamid.%d\",\"status\":\"sent\",\"timestamp\":\"1763650812\","
                         "\"recipient_id\":\"57300%07d\"}",
                         i > 0 ? "," : "", i, i);
    (void)buf_add_text(&body, "]");
    end_body(&body);
    assert_true(normalize_body(&body, &output) < PATIENCE_S);
    assert_int_equal(output.counts.rejects, 0);
    assert_int_equal(output.kinds[RECORD_CONTACT], count);
    assert_int_equal(output.kinds[RECORD_CONVERSATION], count);
    assert_int_equal(output.kinds[RECORD_MESSAGE], count);
    assert_int_equal(output.kinds[RECORD_MESSAGE_STATUS], count);
    assert_non_null(strstr(output.text.p, "\"external_id\":\"CO.999\""));
    buf_done(&body);
    buf_done(&output.text);
}

static void test_thousand_statuses(void **state)
{
    (void)state;
    check_statuses(BATCH);
}

/* More than Meta ever sends at once, in a body that would still be accepted. */
static void test_twenty_thousand_statuses(void **state)
{
    (void)state;
    check_statuses(20 * BATCH);
}

static void test_body_of_3_mb(void **state)
{
    (void)state;
    struct buf body;
    struct output output;
    begin_body(&body);
    (void)buf_add_text(&body, "\"messages\":[");
    for (int i = 0; i < BATCH; i++) {
        (void)buf_printf(&body,
                         "%s{\"id\":\"wamid.%d\",\"from\":\"573005550178\",\"timestamp\":\"%d\","
                         "\"type\":\"text\",\"text\":{\"body\":\"",
                         i > 0 ? "," : "", i, 1763650812 + i);
        fill(&body, 'b', 3100);
        (void)buf_add_text(&body, "\"}}");
    }
    (void)buf_add_text(&body, "]");
    end_body(&body);
    assert_true(body.n > 3 * MIB);
    assert_true(normalize_body(&body, &output) < PATIENCE_S);
    assert_int_equal(output.counts.rejects, 0);
    assert_int_equal(output.kinds[RECORD_MESSAGE], BATCH);
    assert_int_equal(output.kinds[RECORD_CONTACT], 1);
    buf_done(&body);
    buf_done(&output.text);
}

/* ---- accounts ---- */

#define CHANGE(account, value)                                                                     \
    "{\"field\":\"messages\",\"value\":{\"metadata\":{" account "}," value "}}"
#define BODY(changes)                                                                              \
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[" changes "]}]}"
#define TEXT(id, timestamp)                                                                        \
    "\"messages\":[{\"from\":\"573005550178\",\"id\":\"" id "\",\"timestamp\":\"" timestamp        \
    "\",\"type\":\"text\",\"text\":{\"body\":\"a\"}}]"

/* The dashboard's test notification is of no configured number, and of any time (1.1). */
static void test_unconfigured_account(void **state)
{
    (void)state;
    const struct channel_account accounts[] = {
        {STR_LIT("1"), STR_LIT("whatsapp_cloud"), UUID_NULL, NULL}};
    struct normalizer_conf conf = any_account();
    conf.any_account = false;
    conf.accounts = accounts;
    conf.account_count = 1;
    struct output output;
    normalize_with(
        &conf,
        STR_LIT(BODY(CHANGE("\"phone_number_id\":\"123456123\"", TEXT("0", "1")) "," CHANGE(
            "\"phone_number_id\":\"1\"", TEXT("wamid.1", "1763650812")))),
        &output);
    assert_int_equal(output.counts.rejects, 1);
    assert_int_equal(output.kinds[RECORD_MESSAGE], 1);
    assert_non_null(strstr(output.text.p,
                           "unknown_account entry[0].changes[0].value.metadata.phone_number_id\n"));
    buf_done(&output.text);
}

static void test_account_where_none_is_named(void **state)
{
    (void)state;
    struct normalizer_conf conf = any_account();
    const struct channel_account account = {
        STR_LIT("1"), STR_LIT("whatsapp_cloud"),
        ids_channel(&conf.tenant_id, STR_LIT("whatsapp_cloud"), STR_LIT("1")), NULL};
    conf.accounts = &account;
    conf.account_count = 1;
    struct output given, named;
    normalize_with(&conf, STR_LIT(BODY(CHANGE("", TEXT("wamid.1", "1763650812")))), &given);
    normalize(BODY(CHANGE("\"phone_number_id\":\"1\"", TEXT("wamid.1", "1763650812"))), &named);
    assert_string_equal(given.text.p, named.text.p);
    assert_int_equal(given.kinds[RECORD_MESSAGE], 1);
    buf_done(&given.text);
    buf_done(&named.text);
}

/* ---- what is counted ---- */

/* Nothing is dropped without a trace: what carries no traffic is counted. */
static void test_ignored_is_counted(void **state)
{
    (void)state;
    static const char *const values[] = {
        CHANGE("\"phone_number_id\":\"1\"", "\"errors\":[{\"code\":130429}]"),
        CHANGE("", "\"errors\":[{\"code\":0}]"),
        CHANGE("\"phone_number_id\":\"1\"", "\"user_actions\":[{\"action_type\":\"click\"}]"),
        CHANGE("\"phone_number_id\":\"1\"", "\"brand_new\":[{\"a\":1}]"),
        "{\"field\":\"account_alerts\",\"value\":{\"event\":\"FLAGGED\"}}",
        "{\"field\":\"brand_new\",\"value\":[1]}",
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char body[1000];
        (void)snprintf(body, sizeof body, BODY("%s"), values[i]);
        struct output output;
        normalize(body, &output);
        assert_int_equal(output.counts.ignored, 1);
        assert_int_equal(output.counts.records + output.counts.rejects, 0);
        buf_done(&output.text);
    }
}

static void test_half_a_value_is_counted(void **state)
{
    (void)state;
    struct output output;
    normalize(BODY(CHANGE("\"phone_number_id\":\"1\"",
                          "\"statuses\":{\"id\":\"x\"}," TEXT("wamid.1", "1763650812"))),
              &output);
    assert_int_equal(output.counts.ignored, 1);
    assert_int_equal(output.counts.rejects, 0);
    assert_int_equal(output.kinds[RECORD_MESSAGE], 1);
    buf_done(&output.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_members),
        cmocka_unit_test(test_alias_of_the_number),
        cmocka_unit_test(test_text_of_60_kb),
        cmocka_unit_test(test_ids_of_thousands_of_characters),
        cmocka_unit_test(test_thousand_statuses),
        cmocka_unit_test(test_twenty_thousand_statuses),
        cmocka_unit_test(test_body_of_3_mb),
        cmocka_unit_test(test_unconfigured_account),
        cmocka_unit_test(test_account_where_none_is_named),
        cmocka_unit_test(test_ignored_is_counted),
        cmocka_unit_test(test_half_a_value_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
