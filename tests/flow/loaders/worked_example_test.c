/* The worked example of reference/canonical-model.md 9: every cell of its sessions and of its eight
 * rows of daily analytics, derived there by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "loaders/rollup.h"
#include "tests/support/database.h"

static int setup(void **state)
{
    struct test_database *database = test_database_new();
    test_database_run_file(database->connection, "tests/sql/fixtures.sql");
    test_database_run_file(database->connection, "tests/sql/worked_example.sql");
    *state = database;
    return 0;
}

static int teardown(void **state)
{
    struct test_database *database = *state;
    test_database_free(&database);
    return 0;
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
    "s.csat_score_pct, s.escalated, s.contact_id IS NOT NULL, s.department_id "
    "FROM etl.conversation_sessions s JOIN etl.conversations c ON c.id = s.conversation_id "
    "LEFT JOIN etl.agents a ON a.id = s.agent_id ORDER BY s.started_at";

static const char sessions_expected[] =
    "573001112233|1|whatsapp|ana|contact|03-04 14:00:00|03-04 14:11:00|03-04 14:11:00|resolved|"
    "03-04 14:11:00|-|03-04 14:00:00|-|03-04 14:00:00|03-04 14:04:00|-|3|2|0|0|"
    "-|-|240|240|660|660|150.00|2|{240000000,60000000}|-|-|-|f|t|-\n"
    "7b1f6a52-0c7d-4a5e-9a63-3f0f0a0d9c11|1|whatsapp|lrojas|contact|03-04 14:12:30|"
    "03-04 15:02:40|03-04 15:02:40|resolved|03-04 15:02:40|-|03-04 14:12:30|03-04 14:15:00|"
    "03-04 14:12:07|03-04 14:19:00|03-04 14:12:10|3|2|1|0|"
    "0|150|390|390|3010|3010|251.50|2|{413000000,90000000}|-|-|75.00|t|t|-\n"
    "573001112233|2|whatsapp|-|contact|03-06 03:30:00|03-06 03:40:00|03-06 03:40:00|abandoned|"
    "-|03-06 03:40:00|03-06 03:30:00|-|03-06 03:30:00|-|-|2|0|0|0|"
    "-|-|-|-|-|600|-|0|{}|-|-|-|f|t|-\n";

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

static void every_cell_is_as_derived_by_hand(void **state)
{
    struct test_database *database = *state;
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

static void office_hours_count_only_open_seconds(void **state)
{
    struct test_database *database = *state;
    expect_rows(database->connection,
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
    struct test_database *database = *state;
    struct err err = {0};
    struct rollup_counts counts;
    struct rollup_conf conf = {.as_of_us = INT64_C(1741392000000000)};
    rollup(database);
    assert_int_equal(rollup_run(database->connection, &conf, &counts, &err), RC_AGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_cell_is_as_derived_by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(office_hours_count_only_open_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_dirty_means_nothing_to_do, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
