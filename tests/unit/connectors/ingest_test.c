#include "connectors/ingest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/deadletter.h"
#include "lib/buf.h"
#include "transform/ids.h"

static const char *const secrets[] = {"secret"};

/* ids as the pipeline file gives them */
static struct receive_connector connector(const char *tenant, const char *name, const char *account)
{
    struct receive_connector c = {.tenant = tenant,
                                  .name = name,
                                  .channel = "whatsapp",
                                  .provider = "whatsapp_cloud",
                                  .account = account,
                                  .secrets = secrets,
                                  .secret_count = 1,
                                  .settings = {.api_sender = STR_LIT("agent")}};
    c.tenant_id = ids_tenant(str_of(tenant));
    c.channel_id = ids_channel(&c.tenant_id, str_of(c.provider), str_of(account));
    return c;
}

static void add_change(struct buf *body, const char *account, int number)
{
    (void)buf_printf(body,
                     "%s{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"%"
                     "s\"},\"messages\":"
                     "[{\"from\":\"573001112233\",\"id\":\"wamid.%d\",\"timestamp\":\"1772460000\","
                     "\"type\":\"text\","
                     "\"text\":{\"body\":\"x\"}}]}}",
                     number > 1 ? "," : "", account, number);
}

static void ignore_reason(void *context, const char *reason)
{
    (void)context;
    (void)reason;
}

static size_t count_containing(const struct ingest_set *set, enum bus_topic topic, const char *text)
{
    size_t found = 0;
    for (size_t i = 0; i < set->count; i++)
        if (set->messages[i].topic == topic &&
            memmem(set->messages[i].value.p, set->messages[i].value.n, text, strlen(text)) != NULL)
            found++;
    return found;
}

static void a_body_may_carry_every_number_of_its_tenant_and_no_other(void **state)
{
    (void)state;
    const struct receive_connector connectors[] = {
        connector("acme", "first", "101"),
        connector("acme", "second", "102"),
        connector("zeta", "third", "103"),
    };
    struct route_table *routes;
    struct err err;
    assert_int_equal(route_table_new(connectors, 3, &routes, &err), RC_OK);
    struct ingest *ingest = ingest_new(routes, false, ignore_reason, NULL);

    struct buf text;
    buf_init(&text, 16 * KIB);
    (void)buf_add_text(&text,
                       "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[");
    add_change(&text, "101", 1);
    add_change(&text, "102", 2);
    add_change(&text, "103", 3);
    (void)buf_add_text(&text, "]}]}");

    struct ingest_body body = {.bytes = buf_peek(&text), .request_id = STR_LIT("r1")};
    struct ingest_set set;
    struct str token;
    const struct route *route = route_find(routes, "/hooks/acme/first", &token);
    assert_int_equal(ingest_body(ingest, route, &body, &set, &err), RC_OK);
    for (size_t i = 0; i < 2; i++) {
        char channel_id[UUID_TEXT_BYTES];
        uuid_format(&connectors[i].channel_id, channel_id);
        assert_true(count_containing(&set, BUS_RECORDS, channel_id) > 0);
    }
    assert_int_equal(count_containing(&set, BUS_RECORDS, "wamid.1"), 1);
    assert_int_equal(count_containing(&set, BUS_RECORDS, "wamid.2"), 1);
    assert_int_equal(count_containing(&set, BUS_RECORDS, "wamid.3"), 0);
    assert_int_equal(set.rejects, 1);
    struct deadletter letter;
    deadletter_from_message(&set.messages[set.count - 1], &letter);
    assert_true(str_is(letter.reason, "unknown_account"));
    assert_true(str_equal(letter.payload, body.bytes));

    buf_done(&text);
    ingest_free(&ingest);
    route_table_free(&routes);
}

/* What is skipped or mended is told per body, though the normalizer counts on. */
static void a_body_states_what_was_ignored_and_replaced(void **state)
{
    (void)state;
    static const char text[] =
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":["
        "{\"field\":\"account_alerts\",\"value\":{}},"
        "{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"101\"},"
        "\"messages\":"
        "[{\"from\":\"573001112233\",\"id\":\"wamid.1\",\"timestamp\":\"1772460000\","
        "\"type\":\"text\",\"text\":{\"body\":\"a\\u0000b\\ud800\"}}]}}]}]}";
    const struct receive_connector one = connector("acme", "first", "101");
    struct route_table *routes;
    struct err err;
    assert_int_equal(route_table_new(&one, 1, &routes, &err), RC_OK);
    struct ingest *ingest = ingest_new(routes, false, ignore_reason, NULL);
    struct ingest_body body = {.bytes = STR_LIT(text), .request_id = STR_LIT("r1")};
    for (int turn = 0; turn < 2; turn++) {
        struct ingest_set set;
        assert_int_equal(ingest_body(ingest, route_at(routes, 0), &body, &set, &err), RC_OK);
        assert_int_equal(set.ignored, 1);
        assert_int_equal(set.text_replaced, 2);
    }
    ingest_free(&ingest);
    route_table_free(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_may_carry_every_number_of_its_tenant_and_no_other),
        cmocka_unit_test(a_body_states_what_was_ignored_and_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
