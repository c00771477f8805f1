#include "transform/whatsapp_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/ids.h"

#define OBSERVED_AT INT64_C(1772366400000000)
#define OUTPUT_BYTES (1 * MIB)

/* Encoded records and the words of rejects of a body. */
struct output {
    struct buf text;
};

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    struct output *output = context;
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

static void normalize(const char *body, struct output *output)
{
    const struct normalizer_sink sink = {keep_record, keep_reject, output};
    struct normalizer_conf conf = {
        .channel = STR_LIT("whatsapp"), .tenant = STR_LIT("acme"), .any_account = true};
    conf.tenant_id = ids_tenant(conf.tenant);
    struct normalizer *normalizer = NULL;
    struct err err;
    buf_init(&output->text, OUTPUT_BYTES);
    assert_int_equal(normalizer_new(&conf, &sink, &normalizer, &err), RC_OK);
    normalizer_begin(normalizer, OBSERVED_AT, SOURCE_WEBHOOK);
    assert_int_equal(normalizer_feed(normalizer, body, strlen(body), &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_free(&normalizer);
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
    (void)buf_add(&output.text, "", 1);
    assert_non_null(strstr(output.text.p, "\"aliases\":[\"573005550178\"]"));
    assert_non_null(strstr(output.text.p, "\"conversation_external_id\":\"CO.1\""));
    assert_non_null(strstr(output.text.p, "\"value_raw\":\"+57 300 555-0178\""));
    buf_done(&output.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_members),
        cmocka_unit_test(test_alias_of_the_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
