#include "transform/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/ids.h"

#define SENT INT64_C(1772366400000000) /* 2026-03-01T12:00:00Z */

static struct arena *arena;
static struct buf out;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new("test", 64 * MIB);
    buf_init(&out, LIMIT_RECORD_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    buf_done(&out);
    return 0;
}

/* ---- one whole record of every kind ---- */

static struct uuid entity(const struct record *r, const char *kind, const char *external_id)
{
    return ids_entity(kind, &r->tenant_id, &r->channel_id, str_of(external_id));
}

static struct record common(enum record_kind kind, const char *external_id)
{
    struct record r;
    record_init(&r, kind);
    r.tenant = STR_LIT("acme");
    r.tenant_id = ids_tenant(r.tenant);
    r.provider = STR_LIT("whatsapp_cloud");
    r.channel_id = ids_channel(&r.tenant_id, r.provider, STR_LIT("106540352242922"));
    r.external_id = str_of(external_id);
    r.id =
        entity(&r, kind == RECORD_MESSAGE_STATUS ? "status" : record_kind_name(kind), external_id);
    r.observed_at = SENT + 1500000;
    r.source_kind = SOURCE_WEBHOOK;
    return r;
}

static const struct record_attachment attachments[] = {
    {.ordinal = 0,
     .type = {"image", 5},
     .provider_media_id = {"1003383421387256", 16},
     .mime_type = {"image/jpeg", 10},
     .size_bytes = 48213,
     .sha256 = {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 64},
     .width = RECORD_INT_NONE,
     .height = RECORD_INT_NONE,
     .duration_s = {"12.5", 4}},
    {.ordinal = 1,
     .type = {"other", 5},
     .size_bytes = RECORD_INT_NONE,
     .width = 640,
     .height = 480,
     .metadata = {"{\"animated\":true}", 17}},
};

static struct record message(void)
{
    struct record r = common(RECORD_MESSAGE, "wamid.HBgMNTczMDAxMTEyMjMz");
    struct record_message *m = &r.message;
    m->conversation_external_id = m->contact_external_id = STR_LIT("573001112233");
    m->conversation_id = entity(&r, "conversation", "573001112233");
    m->contact_id = entity(&r, "contact", "573001112233");
    m->conversation_kind = STR_LIT("direct");
    m->channel = STR_LIT("whatsapp");
    m->direction = STR_LIT("inbound");
    m->content_as_of = m->sent_at = SENT;
    m->sender_type = STR_LIT("contact");
    m->type = STR_LIT("image");
    m->text = STR_LIT("\xC2\xBF"
                      "D\xC3\xB3nde est\xC3\xA1 mi pedido?\n\"Ayer\" \xF0\x9F\x98\x80");
    m->metadata = STR_LIT("{\"context\":{\"forwarded\":true,\"n\":[1,2.50,-3e2,null]}}");
    m->ordinal = 3;
    m->sentiment = STR_LIT("-0.25");
    m->attachments = attachments;
    m->attachment_count = 2;
    m->is_broadcast = true;
    m->status = STR_LIT("received");
    return r;
}

static struct record contact(void)
{
    static const struct record_identity identities[] = {
        {.kind = {"wa_id", 5}, .value = {"573001112233", 12}, .is_primary = true},
        {.kind = {"phone", 5}, .value = {"+573001112233", 13}, .value_raw = {"573001112233", 12}},
    };
    static const struct record_tag tags[] = {{{"VIP", 3}, SENT}, {{"new", 3}, TIME_NONE}};
    struct record r = common(RECORD_CONTACT, "573001112233");
    r.contact.profile_as_of = SENT;
    r.contact.display_name = STR_LIT("Luc\xC3\xAD"
                                     "a");
    r.contact.crm_as_of = 0;
    r.contact.email = STR_LIT("lucia@example.com");
    r.contact.custom_attributes = STR_LIT("{\"plan\":\"oro\"}");
    r.contact.tags = tags;
    r.contact.tag_count = 2;
    r.contact.is_stub = false;
    r.contact.identities = identities;
    r.contact.identity_count = 2;
    return r;
}

static struct record agent(void)
{
    struct record r = common(RECORD_AGENT, "lrojas");
    r.agent.profile_as_of = SENT;
    r.agent.agent_kind = STR_LIT("human");
    r.agent.name = STR_LIT("L. Rojas");
    r.agent.department_external_id = STR_LIT("Soporte");
    r.agent.department_id = entity(&r, "department", "Soporte");
    r.agent.is_active = false;
    return r;
}

static struct record department(void)
{
    struct record r = common(RECORD_DEPARTMENT, "Soporte");
    r.department.profile_as_of = SENT;
    r.department.name = STR_LIT("Soporte");
    r.department.level = 1;
    r.department.is_leaf = false;
    return r;
}

static struct record conversation(void)
{
    static const struct str tags[] = {{"vip", 3}, {"a \"quoted\" one", 14}};
    struct record r = common(RECORD_CONVERSATION, "573001112233");
    struct record_conversation *c = &r.conversation;
    c->channel = STR_LIT("whatsapp");
    c->conversation_kind = STR_LIT("direct");
    c->lifecycle_as_of = SENT;
    c->status = STR_LIT("open");
    c->is_agent_available = 0;
    c->closed_at = SENT + 1;
    c->labels_as_of = SENT;
    c->tags = tags;
    c->tag_count = 2;
    c->started_at = SENT;
    return r;
}

static struct record message_status(void)
{
    struct record r = common(RECORD_MESSAGE_STATUS, "wamid.1\x1fread\x1f\x1f"
                                                    "1772366400000");
    r.message_status.message_external_id = STR_LIT("wamid.1");
    r.message_status.message_id = entity(&r, "message", "wamid.1");
    r.message_status.status = STR_LIT("read");
    r.message_status.occurred_at = SENT;
    return r;
}

static struct record event(void)
{
    struct record r = common(RECORD_EVENT, "wamid.1:reaction");
    r.event.conversation_external_id = STR_LIT("573001112233");
    r.event.conversation_id = entity(&r, "conversation", "573001112233");
    r.event.event_type = STR_LIT("reaction_added");
    r.event.occurred_at = SENT;
    r.event.to_agent_id = entity(&r, "agent", "lrojas");
    r.event.data = STR_LIT("{\"emoji\":\"+1\"}");
    return r;
}

static struct record csat(void)
{
    struct record r = common(RECORD_CSAT, "survey-1");
    r.csat.conversation_external_id = STR_LIT("573001112233");
    r.csat.conversation_id = entity(&r, "conversation", "573001112233");
    r.csat.csat_as_of = SENT;
    r.csat.state = STR_LIT("completed");
    r.csat.rating = STR_LIT("4");
    r.csat.responded_at = SENT;
    r.csat.raw = STR_LIT("[4]");
    return r;
}

static struct record escalation(void)
{
    struct record r = common(RECORD_ESCALATION, "escalation-1");
    r.escalation.conversation_external_id = STR_LIT("573001112233");
    r.escalation.conversation_id = entity(&r, "conversation", "573001112233");
    r.escalation.escalation_as_of = SENT;
    r.escalation.trigger_type = STR_LIT("bot_handoff");
    r.escalation.status = STR_LIT("pending");
    r.escalation.escalated_at = SENT;
    r.escalation.is_inferred = true;
    return r;
}

static struct record (*const makers[RECORD_KINDS])(void) = {
    [RECORD_CONTACT] = contact,       [RECORD_AGENT] = agent,
    [RECORD_DEPARTMENT] = department, [RECORD_CONVERSATION] = conversation,
    [RECORD_MESSAGE] = message,       [RECORD_MESSAGE_STATUS] = message_status,
    [RECORD_EVENT] = event,           [RECORD_CSAT] = csat,
    [RECORD_ESCALATION] = escalation,
};

static struct str encoded(const struct record *record)
{
    struct err err;
    buf_reset(&out);
    if (record_encode(record, &out, &err) != RC_OK)
        fail_msg("%s", err.msg);
    return arena_str(arena, buf_peek(&out));
}

/* ---- tests ---- */

static void every_kind_survives_the_way_there_and_back(void **state)
{
    (void)state;
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        struct record before = makers[kind](), after;
        struct str first = encoded(&before);
        struct err err;
        if (record_decode(first, arena, &after, &err) != RC_OK)
            fail_msg("%s: %s\n%.*s", record_kind_name((enum record_kind)kind), err.msg,
                     STR_ARGS(first));
        struct str second = encoded(&after);
        if (!str_equal(first, second))
            fail_msg("%.*s\n%.*s", STR_ARGS(first), STR_ARGS(second));
        for (int group = RECORD_GROUP_PROFILE; group <= RECORD_GROUP_ESCALATION; group++) {
            unsigned char a[RECORD_VERSION_BYTES] = {0}, b[RECORD_VERSION_BYTES] = {0};
            assert_int_equal(record_version(&before, (enum record_group)group, a),
                             record_version(&after, (enum record_group)group, b));
            assert_memory_equal(a, b, sizeof a);
        }
    }
}

static void a_message_is_written_in_the_fixed_order(void **state)
{
    (void)state;
    struct record r = message_status();
    assert_string_equal(
        encoded(&r).p,
        "{\"schema\":\"sluice.record/1\",\"kind\":\"message_status\",\"tenant\":\"acme\","
        "\"tenant_id\":\"a0367384-35d0-58e5-a438-e46e01c81573\","
        "\"channel_id\":\"66ea75d9-f18b-51b0-897f-5e80f6bc5c54\","
        "\"provider\":\"whatsapp_cloud\",\"id\":\"a3a7dddd-a6c0-5d8c-b6c1-c38b18f01403\","
        "\"external_id\":\"wamid.1\\u001Fread\\u001F\\u001F1772366400000\","
        "\"observed_at\":\"2026-03-01T12:00:01.500000Z\",\"source_kind\":\"webhook\","
        "\"message_id\":\"a0b48ce9-29ef-598f-b634-a93458631c8e\",\"message_external_id\":\"wamid."
        "1\",\"status\":\"read\","
        "\"occurred_at\":\"2026-03-01T12:00:00.000000Z\"}");
}

static void json_given_over_lines_is_written_on_one(void **state)
{
    (void)state;
    struct record r = message();
    r.message.metadata = STR_LIT("{\n\"a\":\r\n1}");
    struct str line = encoded(&r);
    assert_null(memchr(line.p, '\n', line.n));
    assert_non_null(strstr(line.p, "\"metadata\":{ \"a\":  1}"));
}

static void a_record_over_the_maximum_is_refused_and_leaves_no_trace(void **state)
{
    (void)state;
    struct buf small;
    struct err err;
    struct record r = message();
    buf_init(&small, 200);
    assert_true(buf_add_text(&small, "before"));
    assert_int_equal(record_encode(&r, &small, &err), RC_REJECT);
    assert_int_equal(small.n, 6);
    buf_done(&small);
}

/* The first occurrence of "from" in the record's JSON becomes "to". */
struct refusal {
    enum record_kind kind;
    const char *from, *to, *message;
};

static const struct refusal refusals[] = {
    {RECORD_MESSAGE, "{", "[{", "array"},
    {RECORD_MESSAGE, "\"direction\":", "\"direction\"", "JSON at byte"},
    {RECORD_MESSAGE, "sluice.record/1", "sluice.record/2", "schema"},
    {RECORD_MESSAGE, "\"schema\":\"sluice.record/1\",", "", "no schema"},
    {RECORD_MESSAGE, "\"kind\":\"message\"", "\"kind\":\"massage\"", "kind"},
    {RECORD_MESSAGE, "\"kind\":\"message\",", "", "\"kind\" first"},
    {RECORD_MESSAGE, "\"kind\":\"message\"", "\"kind\":7", "strings"},
    {RECORD_MESSAGE, "\"acme\"", "\"acmE\"", "tenant"},
    {RECORD_MESSAGE, "\"acme\"", "\"acm\"", "tenant_id"},
    {RECORD_MESSAGE, "\"acme\"", "\"\"", "no tenant"},
    {RECORD_MESSAGE, "a0367384", "a036738x", "UUID"},
    {RECORD_MESSAGE, "66ea75d9", "66ea75d8", "id is not"},
    {RECORD_MESSAGE, "\"wamid.", "\"wamie.", "member id is not"},
    {RECORD_MESSAGE, "\"573001112233\"", "\"573001112234\"", "conversation_id is not"},
    {RECORD_MESSAGE, "\"contact_external_id\":\"573001112233\",", "", "both or neither"},
    {RECORD_MESSAGE, "\"webhook\"", "\"pigeon\"", "source_kind"},
    {RECORD_MESSAGE, "\"source_kind\":\"webhook\",", "", "no source_kind"},
    {RECORD_MESSAGE, "2026-03-01T12:00:01.5", "2026-02-30T12:00:01.5", "observed_at"},
    {RECORD_MESSAGE, "\"observed_at\":\"2026-03-01T12:00:01.500000Z\"", "\"observed_at\":1",
     "number"},
    {RECORD_MESSAGE, "\"inbound\"", "\"outbound\"", "go together"},
    {RECORD_MESSAGE, "\"sender_type\":\"contact\",", "", "stated as a whole"},
    {RECORD_MESSAGE, "\"content_as_of\":\"2026-03-01T12:00:00.000000Z\",", "", "no content_as_of"},
    {RECORD_MESSAGE, "\"content_as_of\":\"2026", "\"content_as_of\":\"1926", "before 1970"},
    {RECORD_MESSAGE, "\"ordinal\":3", "\"ordinal\":3.5", "whole number"},
    {RECORD_MESSAGE, "\"ordinal\":3", "\"ordinal\":2147483648", "between"},
    {RECORD_MESSAGE, "\"ordinal\":3", "\"ordinal\":\"3\"", "string"},
    {RECORD_MESSAGE, "-0.25", "-10", "between"},
    {RECORD_MESSAGE, "-0.25", "1e999", "between"},
    {RECORD_MESSAGE, "\"9f86", "\"9F86", "attachments[0].sha256"},
    {RECORD_MESSAGE, "\"type\":\"other\",", "", "no type"},
    {RECORD_MESSAGE, "\"ordinal\":1", "\"ordinal\":0", "ascend"},
    {RECORD_MESSAGE, "48213", "-1", "attachments[0].size_bytes"},
    {RECORD_MESSAGE, "\"is_broadcast\":true", "\"is_broadcast\":1", "number"},
    {RECORD_MESSAGE, "\"attachments\":[", "\"attachments\":[1,", "objects"},
    {RECORD_MESSAGE, "\"status\":\"received\"", "\"status\":{}", "object"},
    {RECORD_CONVERSATION, "\"vip\"", "null", "strings"},
    {RECORD_CONVERSATION, "\"started_at\":\"2026-03-01T12:00:00.000000Z\"", "\"x\":1",
     "started_at"},
    {RECORD_CONVERSATION, "\"labels_as_of\":\"2026-03-01T12:00:00.000000Z\",", "", "labels_as_of"},
    {RECORD_MESSAGE_STATUS, "\"read\"", "\"sent\"", "member id is not"},
    {RECORD_CSAT, "\"rating\":4", "\"rating\":6", "scale"},
    {RECORD_CSAT, "\"completed\"", "\"requested\"", "completed"},
    {RECORD_AGENT, "\"name\":\"L. Rojas\"", "\"name\":\"\"", "no name"},
};

static struct str replaced(struct str json, const char *from, const char *to)
{
    const char *at = strstr(json.p, from);
    if (at == NULL)
        fail_msg("no %s in %s", from, json.p);
    return arena_printf(arena, "%.*s%s%s", (int)(at - json.p), json.p, to, at + strlen(from));
}

static void what_cannot_be_stored_is_refused_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *c = &refusals[i];
        struct record before = makers[c->kind](), after;
        struct err err = {0};
        enum rc rc = record_decode(replaced(encoded(&before), c->from, c->to), arena, &after, &err);
        if (rc != RC_REJECT || strstr(err.msg, c->message) == NULL)
            fail_msg("case %zu (%s): %d, \"%s\"", i, c->to, (int)rc, err.msg);
    }
}

static void unknown_members_and_nulls_change_nothing(void **state)
{
    (void)state;
    struct record before = message(), after;
    struct str json = encoded(&before);
    struct str more = replaced(json, "\"direction\"",
                               "\"later\":{\"text\":[{\"kind\":1}],\"a\":null},\"caption\":null,"
                               "\"also\":[[],{}],\"number\":-1e5,\"direction\"");
    struct err err;
    assert_int_equal(record_decode(more, arena, &after, &err), RC_OK);
    struct str again = encoded(&after);
    assert_string_equal(json.p, again.p);
}

static void what_no_database_takes_is_replaced(void **state)
{
    (void)state;
    struct record before = message(), after;
    struct err err;
    struct str json = replaced(encoded(&before), "pedido?", "\\u0000\\udc00");
    json = replaced(json, "\"forwarded\"", "\"\\u0000\"");
    assert_int_equal(record_decode(json, arena, &after, &err), RC_OK);
    assert_non_null(strstr(after.message.text.p, "mi \xEF\xBF\xBD\xEF\xBF\xBD\n"));
    assert_non_null(strstr(after.message.metadata.p, "{\"\xEF\xBF\xBD\":true"));
}

static void nesting_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    struct record before = message(), after;
    struct err err;
    char deep[2 * LIMIT_JSON_DEPTH + 1];
    memset(deep, '[', LIMIT_JSON_DEPTH);
    memset(deep + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
    deep[2 * LIMIT_JSON_DEPTH] = '\0';
    struct str json = replaced(encoded(&before), "[1,2.50,-3e2,null]", deep);
    assert_int_equal(record_decode(json, arena, &after, &err), RC_REJECT);
    assert_non_null(strstr(err.msg, "deeper"));
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        struct record before = makers[kind](), after;
        struct str json = encoded(&before);
        for (size_t n = 0; n < json.n; n++)
            assert_int_equal(record_decode((struct str){json.p, n}, arena, &after, NULL),
                             RC_REJECT);
    }
}

static void a_version_is_time_then_rank_then_content(void **state)
{
    (void)state;
    unsigned char version[RECORD_VERSION_BYTES], other[RECORD_VERSION_BYTES];
    struct record r = department();
    assert_true(record_version(&r, RECORD_GROUP_PROFILE, version));
    /* 1772366400000000 us, rank 3, SHA-256 of
     * "7:Soporte---1:11:f1:t-" */
    static const unsigned char expected[RECORD_VERSION_BYTES] = {0x00, 0x06, 0x4b, 0xf5, 0x35, 0xaf,
                                                                 0x10, 0x00, 3,    0xc8, 0xa3, 0x3f,
                                                                 0x54, 0x28, 0x37, 0x81};
    assert_memory_equal(version, expected, sizeof expected);

    r.source_kind = SOURCE_FILE;
    assert_true(record_version(&r, RECORD_GROUP_PROFILE, other));
    assert_int_equal(other[8], 1);
    assert_memory_equal(version + 9, other + 9, 7);
    r.department.profile_as_of = 0;
    assert_true(record_version(&r, RECORD_GROUP_PROFILE, other));
    assert_int_equal(other[8], 0);
    r.department.profile_as_of = TIME_NONE;
    assert_false(record_version(&r, RECORD_GROUP_PROFILE, other));
    assert_false(record_version(&r, RECORD_GROUP_CRM, other));
}

static void a_version_sees_every_field_of_its_group(void **state)
{
    (void)state;
    struct record a = message(), b = message();
    unsigned char of_a[RECORD_VERSION_BYTES], of_b[RECORD_VERSION_BYTES];
    b.message.attachment_count = 1;
    assert_true(record_version(&a, RECORD_GROUP_CONTENT, of_a));
    assert_true(record_version(&b, RECORD_GROUP_CONTENT, of_b));
    assert_int_not_equal(memcmp(of_a, of_b, sizeof of_a), 0);
    b = message();
    b.message.text = STR_LIT("");
    a.message.text = STR_NULL;
    assert_true(record_version(&a, RECORD_GROUP_CONTENT, of_a));
    assert_true(record_version(&b, RECORD_GROUP_CONTENT, of_b));
    assert_int_not_equal(memcmp(of_a, of_b, sizeof of_a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_survives_the_way_there_and_back),
        cmocka_unit_test(a_message_is_written_in_the_fixed_order),
        cmocka_unit_test(json_given_over_lines_is_written_on_one),
        cmocka_unit_test(a_record_over_the_maximum_is_refused_and_leaves_no_trace),
        cmocka_unit_test(what_cannot_be_stored_is_refused_with_its_reason),
        cmocka_unit_test(unknown_members_and_nulls_change_nothing),
        cmocka_unit_test(what_no_database_takes_is_replaced),
        cmocka_unit_test(nesting_beyond_the_limit_is_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(a_version_is_time_then_rank_then_content),
        cmocka_unit_test(a_version_sees_every_field_of_its_group),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
