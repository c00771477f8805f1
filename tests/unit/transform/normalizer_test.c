#include "transform/channels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/ids.h"

#define OBSERVED_AT INT64_C(1772366400000000)
#define ACCOUNT "402117396318254"
#define BODY_HEAD "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":["
#define BODY_TAIL "]}]}"
#define CHANGE(account, id)                                                                        \
    "{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"" account              \
    "\"},\"messages\":[{\"from\":\"573005550178\",\"id\":\"" id                                    \
    "\",\"timestamp\":\"1763650812\",\"type\":\"text\",\"text\":{\"body\":\"a\"}}]}}"

struct sunk {
    int records[RECORD_KINDS];
    int rejects[REJECT_BAD_VALUE + 1];
    struct record last;
    size_t longest_text;
    int64_t reject_offset; /* of the last one */
    enum rc answer;
};

static enum rc sink_record(void *context, const struct record *record, struct err *err)
{
    struct sunk *sunk = context;
    sunk->records[record->kind]++;
    sunk->last = *record;
    if (record->kind == RECORD_MESSAGE && record->message.text.n > sunk->longest_text)
        sunk->longest_text = record->message.text.n;
    return sunk->answer == RC_OK ? RC_OK : err_set(err, sunk->answer, "the sink refuses");
}

static enum rc sink_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct sunk *sunk = context;
    sunk->rejects[reject->code]++;
    sunk->reject_offset = reject->offset;
    return RC_OK;
}

struct fixture {
    struct channel_account account;
    struct normalizer_conf conf;
    struct sunk sunk;
    struct normalizer *normalizer;
    struct err err;
};

static void start(struct fixture *f, bool any_account)
{
    *f = (struct fixture){.conf = {.channel = STR_LIT("whatsapp"), .tenant = STR_LIT("acme")}};
    f->conf.tenant_id = ids_tenant(f->conf.tenant);
    static const struct channel_settings bot = {.api_sender = {"bot", 3}};
    f->account = (struct channel_account){
        STR_LIT(ACCOUNT), STR_LIT("whatsapp_cloud"),
        ids_channel(&f->conf.tenant_id, STR_LIT("whatsapp_cloud"), STR_LIT(ACCOUNT)), &bot};
    f->conf.accounts = &f->account;
    f->conf.account_count = 1;
    f->conf.any_account = any_account;
    const struct normalizer_sink sink = {sink_record, sink_reject, &f->sunk};
    assert_int_equal(normalizer_new(&f->conf, &sink, &f->normalizer, &f->err), RC_OK);
}

static enum rc normalize(struct fixture *f, struct str body)
{
    const struct document document = document_at(OBSERVED_AT, SOURCE_WEBHOOK);
    normalizer_begin(f->normalizer, &document);
    enum rc rc = normalizer_feed(f->normalizer, body.p, body.n, &f->err);
    return rc == RC_OK ? normalizer_end(f->normalizer, &f->err) : rc;
}

static void test_unknown_words(void **state)
{
    (void)state;
    struct sunk sunk = {0};
    const struct normalizer_sink sink = {sink_record, sink_reject, &sunk};
    const struct normalizer_conf cases[] = {
        {.channel = STR_LIT("telegraph")},
        {.channel = STR_LIT("whatsapp"), .provider = STR_LIT("whatsapp_onprem")},
        {.channel = STR_LIT("whatsapp"), .format = STR_LIT("chat_export")},
    };
    const char *const named[] = {"whatsapp", "whatsapp_cloud", "webhook"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct normalizer *normalizer = NULL;
        struct err err;
        assert_int_equal(normalizer_new(&cases[i], &sink, &normalizer, &err), RC_FATAL);
        assert_null(normalizer);
        assert_non_null(strstr(err.msg, named[i]));
    }
}

static void test_defaults(void **state)
{
    (void)state;
    const struct channel *channel = channel_find(STR_LIT("whatsapp"));
    assert_non_null(channel);
    assert_string_equal(channel->medium, "whatsapp");
    assert_ptr_equal(channel_map(channel, STR_NULL, STR_NULL), channel->maps[0]);
    assert_string_equal(channel->maps[0]->account_provider, "whatsapp_cloud");
    assert_null(channel_map(channel, STR_LIT("pigeon"), STR_NULL));
    assert_null(channel_find(STR_LIT("pigeon")));
}

/* The account that is not ours is one reject; the change beside it goes on. */
static void test_accounts(void **state)
{
    (void)state;
    static const char body[] =
        BODY_HEAD CHANGE("999", "wamid.1") "," CHANGE(ACCOUNT, "wamid.2") BODY_TAIL;
    struct fixture f;
    start(&f, false);
    assert_int_equal(normalize(&f, STR_LIT(body)), RC_OK);
    assert_int_equal(f.sunk.rejects[REJECT_UNKNOWN_ACCOUNT], 1);
    assert_int_equal(f.sunk.records[RECORD_MESSAGE], 1);
    normalizer_free(&f.normalizer);
    start(&f, true);
    assert_int_equal(normalize(&f, STR_LIT(body)), RC_OK);
    assert_int_equal(f.sunk.rejects[REJECT_UNKNOWN_ACCOUNT], 0);
    assert_int_equal(f.sunk.records[RECORD_MESSAGE], 2);
    normalizer_free(&f.normalizer);
}

static void test_common_members(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    const struct document document = document_at(OBSERVED_AT, SOURCE_HISTORY);
    normalizer_begin(f.normalizer, &document);
    struct str body = STR_LIT(BODY_HEAD CHANGE(ACCOUNT, "wamid.1") BODY_TAIL);
    assert_int_equal(normalizer_feed(f.normalizer, body.p, body.n, &f.err), RC_OK);
    assert_int_equal(normalizer_end(f.normalizer, &f.err), RC_OK);
    assert_int_equal(f.sunk.last.observed_at, OBSERVED_AT);
    assert_int_equal(f.sunk.last.source_kind, SOURCE_HISTORY);
    assert_memory_equal(&f.sunk.last.channel_id, &f.account.channel_id, sizeof(struct uuid));
    struct normalizer_counts counts;
    normalizer_counts(f.normalizer, &counts);
    assert_int_equal(counts.records, 3);
    assert_int_equal(counts.rejects, 0);
    normalizer_free(&f.normalizer);
}

/* A document that failed leaves nothing behind in the next one. */
static void test_documents_are_apart(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    assert_int_equal(
        normalize(&f, STR_LIT("{\"entry\":[{\"changes\":[" CHANGE(ACCOUNT, "wamid.1"))), RC_OK);
    assert_int_equal(f.sunk.rejects[REJECT_JSON_SYNTAX], 1);
    assert_int_equal(normalize(&f, STR_LIT("{\"object\":\"whatsapp_business_account\"}")), RC_OK);
    assert_int_equal(f.sunk.records[RECORD_MESSAGE], 0);
    assert_int_equal(f.sunk.rejects[REJECT_MISSING_MEMBER], 1); /* entry */
    assert_int_equal(normalize(&f, STR_LIT("{\"entry\":[]}")), RC_OK);
    assert_int_equal(f.sunk.rejects[REJECT_MISSING_MEMBER], 2); /* object */
    normalizer_free(&f.normalizer);
}

static void test_the_sink_stops_it(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    f.sunk.answer = RC_RETRY;
    assert_int_equal(normalize(&f, STR_LIT(BODY_HEAD CHANGE(ACCOUNT, "wamid.1") BODY_TAIL)),
                     RC_RETRY);
    assert_string_equal(f.err.msg, "the sink refuses");
    assert_int_equal(f.sunk.rejects[REJECT_TOO_LARGE], 0);
    normalizer_free(&f.normalizer);
}

static void test_ignored_fields_are_counted(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    assert_int_equal(normalize(&f, STR_LIT(BODY_HEAD "{\"field\":\"account_alerts\",\"value\":{}},"
                                                     "{\"field\":\"messages\",\"value\":{"
                                                     "\"errors\":[{\"code\":1}]}}" BODY_TAIL)),
                     RC_OK);
    struct normalizer_counts counts;
    normalizer_counts(f.normalizer, &counts);
    assert_int_equal(counts.ignored, 2);
    assert_int_equal(counts.records + counts.rejects, 0);
    normalizer_free(&f.normalizer);
}

/* Texts are not capped at the length that may be sent (reference/whatsapp.md 1.10). */
static void test_long_text(void **state)
{
    (void)state;
    enum { LENGTH = 60000 };
    struct fixture f;
    start(&f, false);
    struct buf body;
    buf_init(&body, 1 * MIB);
    (void)buf_add_text(&body, BODY_HEAD
                       "{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":"
                       "\"" ACCOUNT "\"},\"messages\":[{\"from\":\"573005550178\",\"id\":"
                       "\"wamid.1\",\"timestamp\":\"1763650812\",\"type\":\"text\","
                       "\"text\":{\"body\":\"");
    for (int i = 0; i < LENGTH; i++)
        (void)buf_add_text(&body, "x");
    (void)buf_add_text(&body, "\"}}]}}" BODY_TAIL);
    assert_int_equal(normalize(&f, buf_peek(&body)), RC_OK);
    assert_int_equal(f.sunk.longest_text, LENGTH);
    buf_done(&body);
    normalizer_free(&f.normalizer);
}

/* A line that cannot be read takes no other along; its offset is that of the input, however it is
 * cut. */
static void test_lines(void **state)
{
    (void)state;
    static const char good[] = BODY_HEAD CHANGE(ACCOUNT, "wamid.1") BODY_TAIL;
    char input[2048];
    int n = snprintf(input, sizeof input, "%s\r\n\n  \t[1,}\n \n%s", good, good);
    int64_t bad_at = (int64_t)strlen(good) + 2 + 1 + 3 + 2; /* after the 1 */
    for (size_t piece = 1; piece <= 31; piece++) {
        struct fixture f;
        start(&f, false);
        struct document document = document_at(OBSERVED_AT, SOURCE_FILE);
        document.is_lines = true;
        normalizer_begin(f.normalizer, &document);
        for (size_t at = 0; at < (size_t)n; at += piece) {
            size_t left = (size_t)n - at;
            assert_int_equal(
                normalizer_feed(f.normalizer, input + at, left < piece ? left : piece, &f.err),
                RC_OK);
        }
        assert_int_equal(normalizer_end(f.normalizer, &f.err), RC_OK);
        assert_int_equal(f.sunk.records[RECORD_MESSAGE], 2);
        assert_int_equal(f.sunk.rejects[REJECT_JSON_SYNTAX], 1);
        assert_int_equal(f.sunk.reject_offset, bad_at);
        normalizer_free(&f.normalizer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_common_members),
        cmocka_unit_test(test_documents_are_apart),
        cmocka_unit_test(test_the_sink_stops_it),
        cmocka_unit_test(test_ignored_fields_are_counted),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
