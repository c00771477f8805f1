/* One person whom some webhooks name by number, some by BSUID and some by both: two threads in the
 * tables, one conversation in the analytics, and a message of both threads counts once
 * (reference/whatsapp.md 3 and 4, canonical-model 11.2). */
#include "loaders/rollup.h"
#include "tests/flow/loaders/loading.h"
#include "transform/normalizer.h"

#define PERSON "\"contacts\":[{\"wa_id\":\"573005550178\",\"user_id\":\"CO.20481937750162938471\"}]"
#define BSUID_OF(member) "\"" member "\":\"CO.20481937750162938471\""
#define NUMBER_OF(member) "\"" member "\":\"573005550178\""
#define TEXT(id, at, from)                                                                         \
    "\"messages\":[{\"id\":\"" id "\",\"timestamp\":\"" at "\"," from                              \
    ",\"type\":\"text\",\"text\":{\"body\":\"a\"}}]"

/* Asked by number alone, answered through the API with both, failed with the number alone (as Meta
 * does), asked again by BSUID alone. */
static const char *const values[] = {
    TEXT("wamid.1", "1785840000", NUMBER_OF("from")),
    PERSON ",\"statuses\":[{\"id\":\"wamid.2\",\"status\":\"sent\",\"timestamp\":\"1785840100\","
           "" NUMBER_OF("recipient_id") "," BSUID_OF("recipient_user_id") "}]",
    "\"statuses\":[{\"id\":\"wamid.2\",\"status\":\"failed\",\"timestamp\":\"1785840101\","
    "" NUMBER_OF("recipient_id") ",\"errors\":[{\"code\":131026,\"title\":\"Undeliverable\"}]}]",
    TEXT("wamid.3", "1785840200", BSUID_OF("from_user_id")),
};
enum { VALUES = sizeof values / sizeof values[0] };

static enum rc put_record(void *context, const struct record *record, struct err *err)
{
    (void)err;
    loading_put(context, record);
    return RC_OK;
}

static enum rc refuse(void *context, const struct reject *reject, struct err *err)
{
    (void)context;
    (void)err;
    fail_msg("rejected: %.*s", STR_ARGS(reject->path));
    return RC_FATAL;
}

static void receive(struct loading *loading, const char *value)
{
    const struct normalizer_sink sink = {put_record, refuse, loading};
    struct normalizer_conf conf = {
        .channel = STR_LIT("whatsapp"), .tenant = STR_LIT("acme"), .any_account = true};
    struct normalizer *normalizer = NULL;
    struct err err;
    char body[1024];
    int n =
        snprintf(body, sizeof body,
                 "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":"
                 "\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"" LOADING_ACCOUNT
                 "\"},%s}}]}]}",
                 value);
    assert_in_range(n, 1, sizeof body - 1);
    conf.tenant_id = ids_tenant(conf.tenant);
    assert_int_equal(normalizer_new(&conf, &sink, &normalizer, &err), RC_OK);
    const struct document document = document_at(LOADING_T0, SOURCE_WEBHOOK);
    normalizer_begin(normalizer, &document);
    assert_int_equal(normalizer_feed(normalizer, body, (size_t)n, &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_free(&normalizer);
}

static void rollup(struct loading *loading)
{
    const struct rollup_conf conf = {.as_of_us = INT64_C(1786200000000000)};
    struct rollup_counts counts;
    struct err err;
    PGconn *connection = NULL;
    assert_int_equal(
        database_open(loading->database->url, "test", "sluice_loader", &connection, &err), RC_OK);
    if (rollup_run(connection, &conf, &counts, &err) != RC_OK)
        fail_msg("%s", err.msg);
    database_close(&connection);
}

static void expect(struct loading *loading, const char *sql, const char *expected)
{
    char *rows = test_database_rows(loading->database->connection, sql);
    assert_string_equal(rows, expected);
    free(rows);
}

static void expect_one_conversation(struct loading *loading)
{
    assert_int_equal(loading->counts.dead_letters, 0);
    rollup(loading);
    expect(loading, "SELECT count(*), count(DISTINCT id) FROM etl.messages", "4|3\n");
    expect(loading, "SELECT count(*) FROM etl.conversation_aliases", "1\n");
    expect(loading,
           "SELECT date, total_conversations, total_messages, user_messages, human_agent_messages"
           " FROM etl.daily_analytics WHERE channel IS NULL AND agent_id IS NULL",
           "2026-08-04|1|3|2|1\n");
    expect(loading, "SELECT inbound_count, agent_count FROM etl.conversation_sessions", "2|1\n");
}

static void a_message_of_joined_threads_counts_once(void **state)
{
    for (size_t i = 0; i < VALUES; i++)
        receive(*state, values[i]);
    loading_run(*state);
    expect_one_conversation(*state);
}

/* The news that the threads are one comes last, in a batch of its own. */
static void the_order_of_arrival_changes_nothing(void **state)
{
    static const size_t order[VALUES] = {3, 2, 0, 1};
    for (size_t i = 0; i < VALUES; i++) {
        receive(*state, values[order[i]]);
        loading_run(*state);
    }
    expect_one_conversation(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_of_joined_threads_counts_once, loading_setup,
                                        loading_teardown),
        cmocka_unit_test_setup_teardown(the_order_of_arrival_changes_nothing, loading_setup,
                                        loading_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
