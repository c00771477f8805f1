/* What golden records do not show of the fields beyond messages, and of the sent side: which record
 * wins over which, large input, what is counted as ignored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/whatsapp/identity.h"
#include "transform/whatsapp/maps.h"

#define OBSERVED_AT INT64_C(1772366400000000)
#define BODY_BYTES (64 * MIB)
#define KEPT_MOST 8
#define PATIENCE_S 5 /* of the processor; comparing all with all would take longer */
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- what comes out ---- */

struct kept { /* of a record: what decides and what is compared */
    enum record_kind kind;
    struct uuid id, conversation_id;
    unsigned char version[RECORD_VERSION_BYTES];
    enum source_kind source;
};

struct output {
    struct kept kept[KEPT_MOST];
    size_t kept_count;
    enum record_kind kind;   /* which records are kept */
    enum record_group group; /* and of which group the version */
    size_t kinds[RECORD_KINDS];
    struct normalizer_counts counts;
};

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    (void)err;
    struct output *output = context;
    output->kinds[record->kind]++;
    if (record->kind != output->kind || output->kept_count == KEPT_MOST)
        return RC_OK;
    struct kept *kept = &output->kept[output->kept_count++];
    *kept = (struct kept){.kind = record->kind, .id = record->id, .source = record->source_kind};
    if (record->kind == RECORD_MESSAGE)
        kept->conversation_id = record->message.conversation_id;
    assert_true(record_version(record, output->group, kept->version));
    return RC_OK;
}

static enum rc count_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)context;
    (void)reject;
    (void)err;
    return RC_OK;
}

static void normalize(const char *format, struct str body, struct output *output)
{
    struct normalizer_conf conf = {.channel = STR_LIT("whatsapp"),
                                   .format = str_of(format),
                                   .tenant = STR_LIT("acme"),
                                   .any_account = true};
    conf.tenant_id = ids_tenant(conf.tenant);
    const struct normalizer_sink sink = {keep_record, count_reject, output};
    const struct document document = document_at(OBSERVED_AT, SOURCE_WEBHOOK);
    struct normalizer *normalizer = NULL;
    struct err err;
    assert_int_equal(normalizer_new(&conf, &sink, &normalizer, &err), RC_OK);
    normalizer_begin(normalizer, &document);
    assert_int_equal(normalizer_feed(normalizer, body.p, body.n, &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_counts(normalizer, &output->counts);
    normalizer_free(&normalizer);
}

#define BODY(changes)                                                                              \
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[" changes "]}]}"
#define CHANGE(field, members)                                                                     \
    "{\"field\":\"" field "\",\"value\":{\"metadata\":{\"display_phone_number\":\"576015550142\"," \
    "\"phone_number_id\":\"1\"}," members "}}"
#define HISTORY(messages)                                                                          \
    CHANGE("history",                                                                              \
           "\"history\":[{\"threads\":[{\"id\":\"573005550178\",\"messages\":[" messages "]}]}]")
#define OUT(id, time, rest)                                                                        \
    "{\"from\":\"576015550142\",\"to\":\"573005550178\",\"id\":\"" id "\",\"timestamp\":\"" time   \
    "\"," rest "}"
#define IN(id, time, rest)                                                                         \
    "{\"from\":\"573005550178\",\"id\":\"" id "\",\"timestamp\":\"" time "\"," rest "}"
#define TEXT "\"type\":\"text\",\"text\":{\"body\":\"a\"}"
#define MARKETING_STATUS                                                                           \
    CHANGE("messages", "\"statuses\":[{\"id\":\"wamid.1\",\"status\":\"sent\",\"timestamp\":"      \
                       "\"1758012023\",\"recipient_id\":\"573005550178\",\"pricing\":{"            \
                       "\"category\":\"marketing\"}}]")

static struct output contents_of(const char *format, const char *body, enum record_kind kind,
                                 enum record_group group)
{
    struct output output = {.kind = kind, .group = group};
    normalize(format, str_of(body), &output);
    return output;
}

static int compare(const struct kept *a, const struct kept *b)
{
    return memcmp(a->version, b->version, RECORD_VERSION_BYTES);
}

/* ---- which record wins ---- */

static void test_placeholder_is_above_stubs_and_below_content(void **state)
{
    (void)state;
    struct output output = contents_of(
        "webhook",
        BODY(MARKETING_STATUS
             "," HISTORY(OUT("wamid.1", "1758012023", "\"type\":\"media_placeholder\"")) "," CHANGE(
                 "history", "\"message_echoes\":[" OUT("wamid.1", "1230768001",
                                                       "\"type\":\"image\",\"image\":{"
                                                       "\"id\":\"1\"}") "]")),
        RECORD_MESSAGE, RECORD_GROUP_CONTENT);
    assert_int_equal(output.kept_count, 3);
    for (size_t i = 1; i < output.kept_count; i++) {
        assert_memory_equal(&output.kept[i].id, &output.kept[0].id, sizeof(struct uuid));
        assert_true(compare(&output.kept[i], &output.kept[i - 1]) > 0);
    }
    assert_int_equal(output.kept[1].source, SOURCE_HISTORY);
}

static void test_history_loses_against_live(void **state)
{
    (void)state;
    struct output output = contents_of(
        "webhook",
        BODY(CHANGE("messages", "\"messages\":[" IN("wamid.1", "1758012023", TEXT) "]") "," HISTORY(
            IN("wamid.1", "1758012023", TEXT))),
        RECORD_MESSAGE, RECORD_GROUP_CONTENT);
    assert_int_equal(output.kept_count, 2);
    assert_memory_equal(&output.kept[0].id, &output.kept[1].id, sizeof(struct uuid));
    assert_true(compare(&output.kept[0], &output.kept[1]) > 0);
    /* Nothing but the rank tells them apart. */
    assert_memory_equal(output.kept[0].version + 9, output.kept[1].version + 9, 7);
}

#define SYNC(action, time)                                                                         \
    CHANGE("smb_app_state_sync",                                                                   \
           "\"state_sync\":[{\"type\":\"contact\",\"contact\":{"                                   \
           "\"full_name\":\"L\",\"phone_number\":\"573005550178\"},"                               \
           "\"action\":\"" action "\",\"metadata\":{\"timestamp\":\"" time "\"}}]")

static void test_removed_name_stays_removed(void **state)
{
    (void)state;
    struct output output =
        contents_of("webhook", BODY(SYNC("remove", "1763640002") "," SYNC("add", "1763640001")),
                    RECORD_CONTACT, RECORD_GROUP_PROFILE);
    assert_int_equal(output.kept_count, 2);
    assert_true(compare(&output.kept[0], &output.kept[1]) > 0);
}

#define CALL(event, members)                                                                       \
    CHANGE("calls",                                                                                \
           "\"calls\":[{\"id\":\"wacid.1\",\"from\":\"573005550178\",\"timestamp\":"               \
           "\"1763654000\",\"direction\":\"USER_INITIATED\",\"event\":\"" event "\"" members "}]")

/* Several, for without the rule a hash would decide, and half of them. */
static void test_end_of_a_call_is_newer_than_its_begin(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        char body[1200];
        (void)snprintf(body, sizeof body,
                       BODY(CALL("terminate", ",\"duration\":%d") "," CALL("connect", "")), i);
        struct output output = contents_of("webhook", body, RECORD_MESSAGE, RECORD_GROUP_CONTENT);
        assert_int_equal(output.kept_count, 2);
        assert_memory_equal(&output.kept[0].id, &output.kept[1].id, sizeof(struct uuid));
        assert_true(compare(&output.kept[0], &output.kept[1]) > 0);
    }
}

static void test_sent_message_and_stub_are_one(void **state)
{
    (void)state;
    struct output stub =
        contents_of("webhook", BODY(MARKETING_STATUS), RECORD_MESSAGE, RECORD_GROUP_CONTENT);
    struct output sent = contents_of(
        "sent",
        "{\"phone_number_id\":\"1\",\"request\":{\"to\":\"+57 300 555 0178\",\"type\":\"template\","
        "\"template\":{\"name\":\"promo\"}},\"response\":{\"contacts\":[{\"input\":\"+57 300 555 "
        "0178\",\"wa_id\":\"573005550178\"}],\"messages\":[{\"id\":\"wamid.1\"}]}}",
        RECORD_MESSAGE, RECORD_GROUP_CONTENT);
    assert_int_equal(stub.kept_count + sent.kept_count, 2);
    assert_memory_equal(&stub.kept[0].id, &sent.kept[0].id, sizeof(struct uuid));
    assert_memory_equal(&stub.kept[0].conversation_id, &sent.kept[0].conversation_id,
                        sizeof(struct uuid));
    assert_true(compare(&sent.kept[0], &stub.kept[0]) > 0);
    assert_int_equal(sent.kept[0].source, SOURCE_SENT);
}

/* ---- ids of messages ---- */

static void test_chat_of_an_echo_without_to(void **state)
{
    (void)state;
    static const struct {
        const char *wamid;
        const char *key; /* NULL: names nobody */
    } cases[] = {
        {"wamid.HBgMNTczMDA1NTUwMTc4FQIAERgSNUI1QzVENUU1RjYwNjE2MjYzAA==", "573005550178"},
        {"wamid.HBgXQ08uNzcxMjA5Mzg0NzU2MTAyOTM4NDcVAgARGBJFMTAA", "CO.77120938475610293847"},
        {"wamid.HBgMNTczMDA1NTUwMTc4", "573005550178"},
        {"wamid.HBgMNTczMDA1NTUwMTc", NULL},  /* shorter than it says */
        {"wamid.HBj/NTczMDA1NTUwMTc4", NULL}, /* longer than there is */
        {"wamid.HBgMYWJjZGVmZ2hpamts", NULL}, /* no number, no BSUID */
        {"wamid.AAAMNTczMDA1NTUwMTc4FQIA", NULL},
        {"wamid.\xc3\xb1\xc3\xb1\xc3\xb1\xc3\xb1", NULL},
        {"wamid.", NULL},
        {"wamid.HBg", NULL},
        {"wacid.HBgMNTczMDA1NTUwMTc4", NULL},
        {"", NULL},
    };
    struct arena *arena = arena_new("test", MIB);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wa_party party = {0};
        assert_true(wa_party_add_wamid(&party, arena, str_of(cases[i].wamid)));
        struct str key = wa_party_key(&party);
        bool same = cases[i].key == NULL ? str_is_null(key) : str_is(key, cases[i].key);
        if (!same)
            fail_msg("case %zu: %.*s", i, STR_ARGS(key));
    }
    arena_free(&arena);
}

/* ---- what is counted ---- */

static void test_no_traffic_is_counted(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        BODY(CHANGE("history", "\"history\":[{\"metadata\":{\"progress\":100}}]")),
        BODY(CHANGE("history", "\"history\":[{\"errors\":[{\"code\":2593109}]}]")),
        "{\"history\":[{\"errors\":[{\"code\":2593109}]}]}",
        BODY(CHANGE("standby", "\"standby\":{}")),
        BODY(CHANGE("smb_app_state_sync", "\"state_sync\":[{\"type\":\"label\"}]")),
        BODY(CHANGE("calls", "\"errors\":[{\"code\":1}]")),
        BODY(CHANGE("group_status_update", "\"groups\":[{\"type\":\"group_suspend\"}]")),
        BODY("{\"field\":\"account_update\",\"value\":{\"event\":\"PARTNER_REMOVED\"}}"),
    };
    static const char *const pairs[] = {
        "{\"request\":{\"status\":\"read\"},\"response\":{\"success\":true}}",
        "{\"request\":{\"to\":\"573005550178\"},\"response\":{\"error\":{\"code\":131030}}}",
    };
    for (size_t i = 0; i < COUNT(bodies) + COUNT(pairs); i++) {
        bool is_body = i < COUNT(bodies);
        const char *text = is_body ? bodies[i] : pairs[i - COUNT(bodies)];
        struct output output = {.kind = RECORD_MESSAGE};
        normalize(is_body ? "webhook" : "sent", str_of(text), &output);
        if (output.counts.ignored != 1 || output.counts.records + output.counts.rejects != 0)
            fail_msg("case %zu: %llu ignored, %llu records, %llu rejects", i,
                     (unsigned long long)output.counts.ignored,
                     (unsigned long long)output.counts.records,
                     (unsigned long long)output.counts.rejects);
    }
}

/* ---- large input ---- */

/* A chunk of a history describes thousands of messages (1.6). */
static void test_history_of_many_threads(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, BODY_BYTES);
    (void)buf_add_text(&body, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{"
                              "\"field\":\"history\",\"value\":{\"metadata\":{\"phone_number_id\":"
                              "\"1\",\"display_phone_number\":\"576015550142\"},\"history\":[{"
                              "\"threads\":[");
    for (int i = 0; i < 5000; i++)
        (void)buf_printf(&body,
                         "%s{\"id\":\"57300%07d\",\"context\":{\"user_id\":\"CO.%d\"},\"messages\":"
                         "[{\"from\":\"57300%07d\",\"id\":\"wamid.i%d\",\"timestamp\":\"1758012000"
                         "\",\"type\":\"text\",\"text\":{\"body\":\"a\"}},{\"from\":\"576015550142"
                         "\",\"id\":\"wamid.o%d\",\"timestamp\":\"1758012001\",\"type\":\"text\","
                         "\"text\":{\"body\":\"b\"}}]}",
                         i == 0 ? "" : ",", i, i, i, i, i);
    (void)buf_add_text(&body, "]}]}}]}]}");
    struct output output = {.kind = RECORD_MESSAGE, .group = RECORD_GROUP_CONTENT};
    clock_t before = clock();
    normalize("webhook", buf_peek(&body), &output);
    assert_true(clock() - before < PATIENCE_S * CLOCKS_PER_SEC);
    assert_int_equal(output.kinds[RECORD_MESSAGE], 10000);
    assert_int_equal(output.kinds[RECORD_CONVERSATION], 5000);
    assert_int_equal(output.kinds[RECORD_CONTACT], 5000);
    assert_int_equal(output.counts.rejects, 0);
    buf_done(&body);
}

/* More pairs than the arena could hold at once. */
static void test_pairs_of_an_array_leave_no_memory(void **state)
{
    (void)state;
    enum { PAIRS = 60000 };
    struct buf body;
    buf_init(&body, BODY_BYTES);
    for (int i = 0; i < PAIRS; i++)
        (void)buf_printf(&body,
                         "%s{\"phone_number_id\":\"1\",\"request\":{\"to\":\"573005550178\",\"type"
                         "\":\"text\",\"text\":{\"body\":\"a\"}},\"response\":{\"contacts\":[{"
                         "\"wa_id\":\"573005550178\"}],\"messages\":[{\"id\":\"wamid.%d\"}]}}",
                         i == 0 ? "[" : ",", i);
    (void)buf_add_text(&body, "]");
    struct output output = {.kind = RECORD_MESSAGE, .group = RECORD_GROUP_CONTENT};
    normalize("sent", buf_peek(&body), &output);
    assert_int_equal(output.kinds[RECORD_MESSAGE], PAIRS);
    assert_int_equal(output.counts.rejects, 0);
    buf_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_placeholder_is_above_stubs_and_below_content),
        cmocka_unit_test(test_history_loses_against_live),
        cmocka_unit_test(test_removed_name_stays_removed),
        cmocka_unit_test(test_end_of_a_call_is_newer_than_its_begin),
        cmocka_unit_test(test_sent_message_and_stub_are_one),
        cmocka_unit_test(test_chat_of_an_echo_without_to),
        cmocka_unit_test(test_no_traffic_is_counted),
        cmocka_unit_test(test_history_of_many_threads),
        cmocka_unit_test(test_pairs_of_an_array_leave_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
