#include "transform/telegram/maps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/ids.h"

#define OBSERVED_AT INT64_C(1772366400000000)
#define OUTPUT_BYTES (64 * MIB)
#define PIECE 4096
/* More than an arena holds, if it were not emptied between updates: each takes 2 KiB and more. */
#define MANY_UPDATES 40000
#define CHAT "\"chat\":{\"id\":77,\"type\":\"private\"}"
#define USER "{\"id\":77,\"is_bot\":false,\"first_name\":\"Marta\"}"

struct output {
    struct buf text; /* words of kinds, external ids, rejects */
    struct normalizer_counts counts;
};

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    (void)err;
    struct output *output = context;
    (void)buf_printf(&output->text, "%s %.*s\n", record_kind_name(record->kind),
                     STR_ARGS(record->external_id));
    return RC_OK;
}

static enum rc keep_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct output *output = context;
    (void)buf_printf(&output->text, "%s %.*s %lld\n", reject_code_name(reject->code),
                     STR_ARGS(reject->path), (long long)reject->offset);
    return RC_OK;
}

struct run {
    const char *format;
    struct str body;
    const char *accounts[2]; /* NULL: none */
    bool any_account, is_lines;
};

static void normalize(const struct run *run, struct output *output)
{
    const struct normalizer_sink sink = {keep_record, keep_reject, output};
    struct channel_account accounts[2] = {{.account = STR_NULL}};
    struct normalizer_conf conf = {.channel = STR_LIT("telegram"),
                                   .format = str_of(run->format),
                                   .tenant = STR_LIT("acme"),
                                   .accounts = accounts,
                                   .any_account = run->any_account};
    conf.tenant_id = ids_tenant(conf.tenant);
    for (; conf.account_count < 2 && run->accounts[conf.account_count] != NULL;
         conf.account_count++) {
        struct channel_account *account = &accounts[conf.account_count];
        account->account = str_of(run->accounts[conf.account_count]);
        account->provider = STR_LIT("telegram_bot");
        account->channel_id = ids_channel(&conf.tenant_id, account->provider, account->account);
    }
    struct normalizer *normalizer = NULL;
    struct err err;
    *output = (struct output){.counts = {0}};
    buf_init(&output->text, OUTPUT_BYTES);
    assert_int_equal(normalizer_new(&conf, &sink, &normalizer, &err), RC_OK);
    struct document document = document_at(OBSERVED_AT, SOURCE_WEBHOOK);
    document.is_lines = run->is_lines;
    normalizer_begin(normalizer, &document);
    for (size_t at = 0; at < run->body.n; at += PIECE) {
        size_t n = run->body.n - at < PIECE ? run->body.n - at : PIECE;
        assert_int_equal(normalizer_feed(normalizer, run->body.p + at, n, &err), RC_OK);
    }
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_counts(normalizer, &output->counts);
    normalizer_free(&normalizer);
    (void)buf_add(&output->text, "", 1);
}

static void assert_gives(const struct run *run, const char *expected)
{
    struct output output;
    normalize(run, &output);
    assert_string_equal(output.text.p, expected);
    buf_done(&output.text);
}

static const char text_update[] = "{\"update_id\":5,\"message\":{\"message_id\":9,\"from\":" USER
                                  "," CHAT ",\"date\":1769900000,\"text\":\"a\"}}";
static const char text_records[] =
    "contact tg:u77\nconversation tg:bot:7:77\nmessage tg:bot:7:77:9\n";

/* A payload names no bot: the connector's own comes first, and a tenant may have several. */
static void the_bot_is_the_first_account_given(void **state)
{
    (void)state;
    const struct str body = str_of(text_update);
    assert_gives(&(struct run){"webhook", body, {"7"}, false, false}, text_records);
    assert_gives(&(struct run){"webhook", body, {"7"}, true, false}, text_records);
    assert_gives(&(struct run){"webhook", body, {"7", "8"}, false, false}, text_records);
    assert_gives(&(struct run){"poll", body, {"8", "7"}, false, false},
                 "contact tg:u77\nconversation tg:bot:8:77\nmessage tg:bot:8:77:9\n");
    struct output output;
    const struct run without[] = {{"webhook", body, {NULL}, true, false},
                                  {"webhook", body, {NULL}, false, false}};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        normalize(&without[i], &output);
        assert_int_equal(output.counts.records, 0);
        assert_int_equal(output.counts.rejects, 1);
        assert_non_null(strstr(output.text.p, "unknown_account"));
        buf_done(&output.text);
    }
}

static void webhook_and_poll_read_both_shapes(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, MIB);
    (void)buf_printf(&body, "{\"ok\":true,\"result\":[%s]}", text_update);
    assert_gives(&(struct run){"webhook", buf_peek(&body), {"7"}, true, false}, text_records);
    assert_gives(&(struct run){"poll", str_of(text_update), {"7"}, true, false}, text_records);
    buf_done(&body);
}

static void each_line_is_an_update_of_its_own(void **state)
{
    (void)state;
    struct buf body;
    struct output output;
    buf_init(&body, MIB);
    (void)buf_printf(&body, "%s\n{\"update_id\":6,\n%s\n", text_update, text_update);
    normalize(&(struct run){"webhook", buf_peek(&body), {"7"}, true, true}, &output);
    assert_int_equal(output.counts.records, 6);
    assert_int_equal(output.counts.rejects, 1);
    buf_done(&output.text);
    buf_done(&body);
}

static void what_carries_no_traffic_is_counted(void **state)
{
    (void)state;
    struct output output;
    const struct str body =
        STR_LIT("[{\"update_id\":1,\"inline_query\":{}},{\"update_id\":2,\"neu\":{}},"
                "{\"update_id\":3}]");
    normalize(&(struct run){"poll", body, {"7"}, true, false}, &output);
    assert_int_equal(output.counts.records, 0);
    assert_int_equal(output.counts.rejects, 0);
    assert_int_equal(output.counts.ignored, 3);
    buf_done(&output.text);
}

static void memory_stays_flat_however_many_updates(void **state)
{
    (void)state;
    struct buf body;
    struct output output;
    buf_init(&body, LIMIT_JSON_DOCUMENT_BYTES);
    (void)buf_add_text(&body, "{\"ok\":true,\"result\":[");
    for (int i = 0; i < MANY_UPDATES; i++)
        (void)buf_printf(&body, "%s%s", i > 0 ? "," : "", text_update);
    (void)buf_add_text(&body, "]}");
    normalize(&(struct run){"poll", buf_peek(&body), {"7"}, true, false}, &output);
    assert_int_equal(output.counts.records, 3 * MANY_UPDATES);
    assert_int_equal(output.counts.rejects, 0);
    buf_done(&output.text);
    buf_done(&body);
}

/* The key of a business message depends on nothing that came before: a deletion, which says neither
 * who wrote nor to whom the account belongs, meets messages of both directions. */
static void a_deletion_finds_messages_of_both_sides(void **state)
{
    (void)state;
    struct output output;
    const struct str body = STR_LIT(
        "[{\"update_id\":1,\"deleted_business_messages\":{\"business_connection_id\":\"c\"," CHAT
        ",\"message_ids\":[1,2]}},"
        "{\"update_id\":2,\"business_message\":{\"business_connection_id\":\"c\",\"message_id\":1,"
        "\"from\":" USER "," CHAT ",\"date\":1769900000,\"text\":\"a\"}},"
        "{\"update_id\":3,\"business_message\":{\"business_connection_id\":\"c\",\"message_id\":2,"
        "\"from\":{\"id\":55,\"first_name\":\"Diego\"}," CHAT
        ",\"date\":1769900000,\"text\":\"b\"}}]");
    normalize(&(struct run){"poll", body, {"7"}, true, false}, &output);
    for (int id = 1; id <= 2; id++) {
        char line[64];
        (void)snprintf(line, sizeof line, "message tg:con:c:77:%d\n", id);
        const char *first = strstr(output.text.p, line);
        assert_non_null(first);
        assert_non_null(strstr(first + 1, line));
    }
    buf_done(&output.text);
}

static void texts_and_nesting_have_limits(void **state)
{
    (void)state;
    struct buf body;
    struct output output;
    buf_init(&body, 4 * MIB);
    (void)buf_add_text(&body, "{\"update_id\":1,\"message\":{\"text\":\"");
    for (size_t i = 0; i <= LIMIT_JSON_STRING_BYTES; i++)
        (void)buf_add_text(&body, "a");
    (void)buf_add_text(&body, "\"}}");
    normalize(&(struct run){"webhook", buf_peek(&body), {"7"}, true, false}, &output);
    assert_non_null(strstr(output.text.p, "too_large message.text"));
    buf_done(&output.text);
    buf_reset(&body);
    (void)buf_add_text(&body, "{\"update_id\":1,\"message\":{\"rich_message\":");
    for (size_t i = 0; i <= LIMIT_JSON_DEPTH; i++)
        (void)buf_add_text(&body, "[");
    normalize(&(struct run){"webhook", buf_peek(&body), {"7"}, true, false}, &output);
    assert_non_null(strstr(output.text.p, "too_deep message "));
    buf_done(&output.text);
    buf_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bot_is_the_first_account_given),
        cmocka_unit_test(webhook_and_poll_read_both_shapes),
        cmocka_unit_test(each_line_is_an_update_of_its_own),
        cmocka_unit_test(what_carries_no_traffic_is_counted),
        cmocka_unit_test(memory_stays_flat_however_many_updates),
        cmocka_unit_test(a_deletion_finds_messages_of_both_sides),
        cmocka_unit_test(texts_and_nesting_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
