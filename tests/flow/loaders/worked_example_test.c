/* The worked example of reference/canonical-model.md 9: enters as canonical records
 * (worked_example.jsonl) on the bus, leaves as sessions and as eight rows of daily analytics. Every
 * cell was derived there by hand, whatever the order of the records. */
#include "lib/arena.h"
#include "loaders/rollup.h"
#include "tests/flow/loaders/loading.h"

enum { LINES_MAX = 64, AS_THEY_ARE = 0, REVERSED, SHUFFLED, LINE_BYTES = 4096 };

struct worked_example {
    struct loading *loading;
    struct catalog_channel channels[2];
    char lines[LINES_MAX][LINE_BYTES];
    size_t count;
};

static void read_lines(struct worked_example *example)
{
    FILE *file = fopen("tests/flow/loaders/worked_example.jsonl", "re");
    if (file == NULL)
        fail_msg("cannot open the records: run from the top of the source tree");
    while (example->count < LINES_MAX &&
           fgets(example->lines[example->count], LINE_BYTES, file) != NULL) {
        char *line = example->lines[example->count++];
        assert_int_equal(line[strlen(line) - 1], '\n');
        line[strlen(line) - 1] = '\0';
    }
    assert_int_equal(ferror(file), 0);
    (void)fclose(file);
    assert_int_equal(example->count, 23);
}

/* The tenant has a WhatsApp account and a desk whose chats the provider opens and closes. */
static int setup(void **state)
{
    struct worked_example *example = calloc(1, sizeof *example);
    assert_non_null(example);
    example->loading = loading_new();
    struct catalog_tenant *acme = &example->loading->tenants[0];
    example->channels[0] = acme->channels[0];
    example->channels[1] = (struct catalog_channel){
        .id = ids_channel(&acme->id, STR_LIT("b2chat"), STR_LIT("acme-main")),
        .provider = "b2chat",
        .medium = "other",
        .account = "acme-main",
        .name = "desk",
        .source_timezone = "America/Bogota",
        .provider_sessioned = true,
        .session_gap_s = 86400,
        .outbound_visible = true};
    acme->channels = example->channels;
    acme->channel_count = 2;
    read_lines(example);
    *state = example;
    return 0;
}

static int teardown(void **state)
{
    struct worked_example *example = *state;
    loading_free(example->loading);
    free(example);
    return 0;
}

static void put_line(struct worked_example *example, size_t i)
{
    struct arena *arena = arena_new("record", LIMIT_RECORD_BYTES);
    struct str line = str_of(example->lines[i]);
    struct record record;
    struct err err;
    char key[UUID_TEXT_BYTES];
    if (record_decode(line, arena, &record, &err) != RC_OK)
        fail_msg("line %zu: %s", i + 1, err.msg);
    const struct uuid id = record_bus_key(&record);
    uuid_format(&id, key);
    loading_put_bytes(example->loading, BUS_RECORDS, str_of(key), line);
    arena_free(&arena);
}

/* SHUFFLED: each record twice, in an order that keeps nothing together; loaded in small batches. */
static void load(struct worked_example *example, int order)
{
    const size_t n = example->count;
    example->loading->conf.batch_records = order == SHUFFLED ? 4 : 5000;
    for (size_t i = 0; i < (order == SHUFFLED ? 2 * n : n); i++) {
        const size_t places[] = {i, n - 1 - i, (i * 7 + i / n * 5) % n};
        put_line(example, places[order]);
    }
    loading_run(example->loading);
    assert_int_equal(example->loading->counts.dead_letters, 0);
}

static void rollup(const struct test_database *database)
{
    struct err err = {0};
    struct rollup_counts counts;
    struct rollup_conf conf = {.as_of_us = INT64_C(1741392000000000)}; /* 2025-03-08T00:00Z */
    PGconn *connection = NULL;
    assert_int_equal(database_open(database->url, "test", "sluice_loader", &connection, &err),
                     RC_OK);
    enum rc rc = rollup_run(connection, &conf, &counts, &err);
    if (rc != RC_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(counts.conversations, 2);
    database_close(&connection);
}

static void expect_rows(PGconn *connection, const char *sql, const char *expected)
{
    char *rows = test_database_rows(connection, sql);
    assert_string_equal(rows, expected);
    free(rows);
}

static const char sessions_sql[] =
    "SELECT c.external_id, s.seq, s.channel, coalesce(a.external_id, '-'), s.initiated_by, "
    "to_char(s.started_at, 'MM-DD HH24:MI:SS'), to_char(s.last_activity_at, 'MM-DD HH24:MI:SS'), "
    "to_char(s.ended_at, 'MM-DD HH24:MI:SS'), s.outcome, "
    "to_char(s.resolved_at, 'MM-DD HH24:MI:SS'), to_char(s.abandoned_at, 'MM-DD HH24:MI:SS'), "
    "to_char(s.opened_at, 'MM-DD HH24:MI:SS'), to_char(s.picked_up_at, 'MM-DD HH24:MI:SS'), "
    "to_char(s.first_inbound_at, 'MM-DD HH24:MI:SS'), "
    "to_char(s.first_response_at, 'MM-DD HH24:MI:SS'), "
    "to_char(s.first_bot_response_at, 'MM-DD HH24:MI:SS'), "
    "s.inbound_count, s.agent_count, s.bot_count, s.broadcast_count, "
    "s.queue_s, s.pickup_s, s.response_s, s.first_response_s, s.resolution_s, s.duration_s, "
    "s.avg_response_s, s.response_count, s.waited_us, s.first_response_bh_s, s.resolution_bh_s, "
    "s.csat_score_pct, s.escalated, p.external_id, d.name "
    "FROM etl.conversation_sessions s JOIN etl.conversations c ON c.id = s.conversation_id "
    "LEFT JOIN etl.agents a ON a.id = s.agent_id "
    "LEFT JOIN etl.contacts p ON p.id = s.contact_id "
    "LEFT JOIN etl.departments d ON d.id = s.department_id ORDER BY s.started_at";

static const char sessions_expected[] =
    "573001112233|1|whatsapp|ana|contact|03-04 14:00:00|03-04 14:11:00|03-04 14:11:00|resolved|"
    "03-04 14:11:00|-|03-04 14:00:00|-|03-04 14:00:00|03-04 14:04:00|-|3|2|0|0|"
    "-|-|240|240|660|660|150.00|2|{240000000,60000000}|-|-|-|f|573001112233|-\n"
    "7b1f6a52-0c7d-4a5e-9a63-3f0f0a0d9c11|1|whatsapp|lrojas|contact|03-04 14:12:30|"
    "03-04 15:02:40|03-04 15:02:40|resolved|03-04 15:02:40|-|03-04 14:12:30|03-04 14:15:00|"
    "03-04 14:12:07|03-04 14:19:00|03-04 14:12:10|3|2|1|0|"
    "0|150|390|390|3010|3010|251.50|2|{413000000,90000000}|-|-|75.00|t|48210377|Soporte Técnico\n"
    "573001112233|2|whatsapp|-|contact|03-06 03:30:00|03-06 03:40:00|03-06 03:40:00|abandoned|"
    "-|03-06 03:40:00|03-06 03:30:00|-|03-06 03:30:00|-|-|2|0|0|0|"
    "-|-|-|-|-|600|-|0|{}|-|-|-|f|573001112233|-\n";

static const char days_sql[] =
    "SELECT d.date, coalesce(d.channel, '*'), coalesce(a.external_id, '*'), total_conversations, "
    "new_conversations, resolved_conversations, escalated_conversations, abandoned_conversations, "
    "outreach_conversations, total_messages, user_messages, ai_messages, human_agent_messages, "
    "broadcast_messages, avg_response_time, response_time_s_sum::numeric(12,2), "
    "response_time_count, avg_first_response_time, first_response_time_s_sum::numeric(12,2), "
    "first_response_time_count, avg_conversation_duration, "
    "conversation_duration_s_sum::numeric(12,2), conversation_duration_count, "
    "avg_messages_per_conversation, avg_confidence_score, confidence_score_sum, "
    "confidence_score_count, avg_sentiment_score, sentiment_score_sum, sentiment_score_count, "
    "total_tokens_used, rag_queries_count, avg_rag_relevance, estimated_cost, csat_responses, "
    "avg_csat_pct, csat_pct_sum "
    "FROM etl.daily_analytics d LEFT JOIN etl.agents a ON a.id = d.agent_id "
    "ORDER BY d.date, d.channel NULLS FIRST, a.external_id NULLS FIRST";

#define NOTHING_GIVEN "-|0|0|-|0|0|0|0|-|-|"
#define BOTH                                                                                       \
    "2|2|2|1|0|0|11|6|1|4|0|200.75|803.00|4|315.00|630.00|2|1835.00|3670.00|2|"                    \
    "5.50|" NOTHING_GIVEN "1|75.00|75.00\n"
#define ANA                                                                                        \
    "1|1|1|0|0|0|5|3|0|2|0|150.00|300.00|2|240.00|240.00|1|660.00|660.00|1|5.00|" NOTHING_GIVEN    \
    "0|-|0\n"
#define ROJAS                                                                                      \
    "1|1|1|1|0|0|6|3|1|2|0|251.50|503.00|2|390.00|390.00|1|3010.00|3010.00|1|6.00|" NOTHING_GIVEN  \
    "1|75.00|75.00\n"
#define SECOND                                                                                     \
    "1|1|0|0|1|0|2|2|0|0|0|-|0.00|0|-|0.00|0|600.00|600.00|1|2.00|" NOTHING_GIVEN "0|-|0\n"

static const char days_expected[] =
    "2025-03-04|*|*|" BOTH "2025-03-04|*|ana|" ANA "2025-03-04|*|lrojas|" ROJAS
    "2025-03-04|whatsapp|*|" BOTH "2025-03-04|whatsapp|ana|" ANA "2025-03-04|whatsapp|lrojas|" ROJAS
    "2025-03-05|*|*|" SECOND "2025-03-05|whatsapp|*|" SECOND;

static void expect_every_cell(struct worked_example *example, int order)
{
    struct test_database *database = example->loading->database;
    load(example, order);
    rollup(database);
    expect_rows(database->connection, sessions_sql, sessions_expected);
    expect_rows(database->connection, days_sql, days_expected);
    expect_rows(database->connection,
                "SELECT external_id, status FROM etl.conversations ORDER BY external_id",
                "573001112233|abandoned\n7b1f6a52-0c7d-4a5e-9a63-3f0f0a0d9c11|resolved\n");
    expect_rows(database->connection,
                "SELECT id FROM etl.conversation_sessions s WHERE EXISTS (SELECT FROM "
                "etl.channels c WHERE c.id = s.channel_id AND c.provider = 'b2chat')",
                "c1bd547a-0e8f-5491-a332-05acf73e6dde\n");
}

static void every_cell_is_as_derived_by_hand(void **state)
{
    expect_every_cell(*state, AS_THEY_ARE);
}

static void reversed_records_give_the_same_cells(void **state)
{
    expect_every_cell(*state, REVERSED);
}

static void shuffled_and_repeated_records_give_the_same_cells(void **state)
{
    expect_every_cell(*state, SHUFFLED);
}

static void office_hours_count_only_open_seconds(void **state)
{
    struct worked_example *example = *state;
    expect_rows(example->loading->database->connection,
                "SELECT etl.business_seconds("
                "'[{\"day\":1,\"start\":\"08:00\",\"end\":\"18:00\"},"
                "{\"day\":2,\"start\":\"08:00\",\"end\":\"18:00\"},"
                "{\"day\":3,\"start\":\"08:00\",\"end\":\"18:00\"},"
                "{\"day\":4,\"start\":\"08:00\",\"end\":\"18:00\"},"
                "{\"day\":5,\"start\":\"08:00\",\"end\":\"17:00\"}]', 'America/Bogota', '{}', "
                "'2025-03-07 21:30Z', '2025-03-10 13:20Z')",
                "3000\n");
}

static void nothing_dirty_means_nothing_to_do(void **state)
{
    struct worked_example *example = *state;
    struct test_database *database = example->loading->database;
    struct err err = {0};
    struct rollup_counts counts;
    struct rollup_conf conf = {.as_of_us = INT64_C(1741392000000000)};
    load(example, AS_THEY_ARE);
    rollup(database);
    assert_int_equal(rollup_run(database->connection, &conf, &counts, &err), RC_AGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_cell_is_as_derived_by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(reversed_records_give_the_same_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(shuffled_and_repeated_records_give_the_same_cells, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(office_hours_count_only_open_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_dirty_means_nothing_to_do, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
