#include <stdlib.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/channels.h"
#include "transform/ids.h"

#define EVENT(id, rest)                                                                            \
    "{\"kind\":\"event\",\"external_id\":\"" id "\",\"conversation_external_id\":\"c\","           \
    "\"event_type\":\"assigned\",\"occurred_at\":\"2026-03-01T12:00:00Z\"" rest "}\n"

struct seen {
    int records, rejects;
    enum reject_code code;
    int64_t offset;
};

static enum rc on_record(void *context, const struct record *record, struct err *err)
{
    (void)record;
    (void)err;
    ((struct seen *)context)->records++;
    return RC_OK;
}

static enum rc on_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct seen *seen = context;
    seen->rejects++;
    seen->code = reject->code;
    seen->offset = reject->offset;
    return RC_OK;
}

static struct seen normalize(struct str input)
{
    struct uuid tenant_id = ids_tenant(STR_LIT("acme"));
    struct channel_account accounts[] = {
        {.account = STR_LIT("desk"), .provider = STR_LIT("custom")},
        {.account = STR_LIT("1"), .provider = STR_LIT("b2chat")}};
    for (size_t i = 0; i < 2; i++)
        accounts[i].channel_id = ids_channel(&tenant_id, accounts[i].provider, accounts[i].account);
    const struct normalizer_conf conf = {.channel = STR_LIT("canonical"),
                                         .tenant = STR_LIT("acme"),
                                         .tenant_id = tenant_id,
                                         .accounts = accounts,
                                         .account_count = 2};
    struct seen seen = {0};
    const struct normalizer_sink sink = {on_record, on_reject, &seen};
    struct normalizer *normalizer = NULL;
    struct err err;
    assert_int_equal(normalizer_new(&conf, &sink, &normalizer, &err), RC_OK);
    const struct document document = document_at(1, SOURCE_WEBHOOK);
    normalizer_begin(normalizer, &document);
    assert_int_equal(normalizer_feed(normalizer, input.p, input.n, &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_free(&normalizer);
    return seen;
}

/* Every configured channel of the tenant may be written to, and no other. */
static void test_other_channel(void **state)
{
    (void)state;
    struct seen seen = normalize(
        STR_LIT(EVENT("1", "") EVENT("2", ",\"provider\":\"b2chat\",\"account\":\"1\"")
                    EVENT("3", ",\"provider\":\"b2chat\",\"account\":\"2\"") EVENT("4", "")));
    assert_int_equal(seen.records, 3);
    assert_int_equal(seen.rejects, 1);
    assert_int_equal(seen.code, REJECT_UNKNOWN_ACCOUNT);
}

static void test_long_line(void **state)
{
    (void)state;
    static const char good[] = EVENT("1", "");
    struct buf input;
    buf_init(&input, 8 * MIB);
    (void)buf_add_text(&input, good);
    (void)buf_add_text(&input, "{\"kind\":\"event\",\"reason\":\"");
    char *filler = buf_reserve(&input, LIMIT_RECORD_BYTES);
    memset(filler, 'x', LIMIT_RECORD_BYTES);
    input.n += LIMIT_RECORD_BYTES;
    (void)buf_add_text(&input, "\"}\n");
    (void)buf_add_text(&input, good);
    struct seen seen = normalize(buf_peek(&input));
    assert_int_equal(seen.records, 2);
    assert_int_equal(seen.rejects, 1);
    assert_int_equal(seen.code, REJECT_TOO_LARGE);
    assert_int_equal(seen.offset, sizeof good - 1);
    buf_done(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_other_channel),
                                       cmocka_unit_test(test_long_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
