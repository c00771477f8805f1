/* Promise 5: after rows in random slices with rollups in between, every cell of sessions and daily
 * analytics equals a recount of the rows by the reference's own SQL
 * (tests/sql/reference_metrics.sql). SLUICE_TEST_SEED chooses other data; the seed of a failure is
 * in its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "loaders/catalog.h"
#include "loaders/rollup.h"
#include "tests/support/database.h"
#include "transform/ids.h"

#define SLICES 10
#define AS_OF_FIRST "2025-11-05T00:00:00Z"
#define AS_OF_LAST "2025-11-16T00:00:00Z"

static int setup(void **state)
{
    struct test_database *database = test_database_new();
    test_database_run_file(database->connection, "tests/sql/fixtures.sql");
    test_database_run_file(database->connection, "tests/sql/random_conversations.sql");
    test_database_run_file(database->connection, "tests/sql/reference_metrics.sql");
    test_database_run(database->connection, "SET search_path = etl, public");
    *state = database;
    return 0;
}

static int teardown(void **state)
{
    struct test_database *database = *state;
    test_database_free(&database);
    return 0;
}

static unsigned long first_seed(void)
{
    const char *text = getenv("SLUICE_TEST_SEED");
    return text != NULL ? strtoul(text, NULL, 10) : 1;
}

static int64_t instant(const char *text)
{
    int64_t us = 0;
    assert_true(clock_parse(str_of(text), &us));
    return us;
}

static void rollup(const struct test_database *database, const struct rollup_conf *conf)
{
    struct err err = {0};
    struct rollup_counts counts;
    PGconn *connection = NULL;
    assert_int_equal(database_open(database->url, "test", "sluice_loader", &connection, &err),
                     RC_OK);
    enum rc rc = rollup_run(connection, conf, &counts, &err);
    if (rc != RC_OK && rc != RC_AGAIN)
        fail_msg("%s", err.msg);
    database_close(&connection);
}

/* Zones whose clocks change inside the data (2 November 2025 in New York; never in Bogota; Lord
 * Howe is half an hour off and had changed on 5 October; Chatham lies 13:45 ahead). */
static void plan(const struct test_database *database, unsigned long seed)
{
    char sql[600];
    (void)snprintf(sql, sizeof sql,
                   "SELECT setseed(%lu::double precision / 1000003); "
                   "SELECT fixture.plan_tenant('york', 'America/New_York', '2025-10-25Z', 60); "
                   "SELECT fixture.plan_tenant('bogota', 'America/Bogota', '2025-10-25Z', 30); "
                   "SELECT fixture.plan_tenant('howe', 'Australia/Lord_Howe', '2025-09-28Z', 30); "
                   "SELECT fixture.plan_tenant('chatham', 'Pacific/Chatham', '2025-10-28Z', 30)",
                   seed % 1000003);
    test_database_run(database->connection, sql);
}

static void load(const struct test_database *database)
{
    char sql[64];
    for (int slice = 0; slice < SLICES; slice++) {
        (void)snprintf(sql, sizeof sql, "SELECT fixture.slice(%d)", slice);
        test_database_run(database->connection, sql);
        struct rollup_conf conf = {.as_of_us = instant(AS_OF_FIRST)};
        if (slice % 2 == 0)
            rollup(database, &conf);
    }
    struct rollup_conf last = {.as_of_us = instant(AS_OF_LAST)};
    rollup(database, &last);
}

static void expect_equal(const struct test_database *database, unsigned long seed)
{
    test_database_run(database->connection, "SELECT oracle.recompute('" AS_OF_LAST "')");
    char *differences = test_database_rows(
        database->connection, "SELECT * FROM oracle.differences() ORDER BY 1, 2, 3 LIMIT 20");
    if (differences[0] != '\0')
        fail_msg("seed %lu: stored | expected\n%s", seed, differences);
    free(differences);
}

/* A comparison of nothing with nothing would pass. */
static void expect_substance(const struct test_database *database)
{
    char *thin = test_database_rows(
        database->connection,
        "SELECT outcome, count(*) FROM etl.conversation_sessions GROUP BY 1 HAVING count(*) < 3 "
        "UNION ALL SELECT 'outcomes', count(DISTINCT outcome) FROM etl.conversation_sessions "
        "HAVING count(DISTINCT outcome) < 5 "
        "UNION ALL SELECT 'joined', count(*) FROM etl.conversation_aliases HAVING count(*) < 3 "
        "UNION ALL SELECT 'days', count(*) FROM etl.daily_analytics HAVING count(*) < 300 "
        "UNION ALL SELECT 'negative', count(*) FROM etl.error_logs "
        "WHERE error_code = 'metric_negative' HAVING count(*) < 3");
    assert_string_equal(thin, "");
    free(thin);
}

static void rollups_equal_a_recount(void **state)
{
    const struct test_database *database = *state;
    unsigned long seed = first_seed();
    plan(database, seed);
    load(database);
    expect_substance(database);
    expect_equal(database, seed);
}

/* The same through the other door: everything again, and after the tenant's zone was changed. */
static void rebuild_and_new_time_zone_equal_a_recount(void **state)
{
    const struct test_database *database = *state;
    unsigned long seed = first_seed() + 1;
    struct rollup_conf rebuild = {.as_of_us = instant(AS_OF_LAST), .rebuild = true};
    struct rollup_conf range = rebuild;
    plan(database, seed);
    load(database);
    test_database_run(database->connection,
                      "UPDATE etl.tenants SET timezone = 'Asia/Kathmandu' WHERE slug = 'york'; "
                      "DELETE FROM etl.daily_analytics");
    rollup(database, &rebuild);
    expect_equal(database, seed);

    test_database_run(
        database->connection,
        "UPDATE etl.daily_analytics SET user_messages = 7 WHERE date = '2025-11-01'; "
        "DELETE FROM etl.conversation_sessions s USING etl.tenants t WHERE t.id = s.tenant_id "
        "AND (s.started_at AT TIME ZONE t.timezone)::date = '2025-11-01'");
    range.from = range.to = "2025-11-01";
    rollup(database, &range);
    expect_equal(database, seed);
}

/* What a pipeline file with another zone does, while days are still marked: no rebuild is asked
 * for. */
static void a_new_time_zone_moves_every_day(void **state)
{
    const struct test_database *database = *state;
    const struct rollup_conf last = {.as_of_us = instant(AS_OF_LAST)};
    const struct catalog_tenant tenant = {.id = ids_tenant(STR_LIT("york")),
                                          .slug = "york",
                                          .name = "york",
                                          .timezone = "Pacific/Kiritimati"};
    const struct catalog catalog = {.tenants = &tenant, .tenant_count = 1};
    struct err err;
    unsigned long seed = first_seed() + 2;
    plan(database, seed);
    load(database);
    test_database_run(database->connection,
                      "SELECT fixture.mark(tenant_id, NULL, responded_at) FROM etl.csat_responses");
    if (catalog_apply(database->connection, &catalog, &err) != RC_OK)
        fail_msg("%s", err.msg);
    rollup(database, &last);
    expect_equal(database, seed);
}

/* Clocks that were never set: the differences fit no column. The rollup must go on. */
static void impossible_times_do_not_stop_the_rollup(void **state)
{
    const struct test_database *database = *state;
    const struct rollup_conf last = {.as_of_us = instant(AS_OF_LAST)};
    test_database_run(
        database->connection,
        "SELECT fixture.tenant('acme', 'America/Bogota');"
        "SELECT fixture.channel(etl.uuid5('tenant/acme'), 'b2chat', 'other', 'desk', true);"
        "INSERT INTO etl.office_hours (tenant_id, timezone, schedule) VALUES"
        " (etl.uuid5('tenant/acme'), 'UTC', '[{\"day\":1,\"start\":\"00:00\",\"end\":\"00:00\"},"
        "{\"day\":2,\"start\":\"00:00\",\"end\":\"00:00\"}]');"
        "SELECT fixture.conversation(id, 'chat', '0001-01-01Z') FROM etl.channels;"
        "UPDATE etl.conversations SET source_created_at = '0001-01-01Z', opened_at = '0001-01-01Z',"
        " picked_up_at = '2025-11-01Z', provider_response_at = '2025-11-01Z', closed_at ="
        " '9999-11-02Z';"
        "SELECT fixture.message(id, 'm1', '0001-01-01Z', 'contact') FROM etl.conversations;"
        "SELECT fixture.message(id, 'm2', '9999-11-01Z', 'agent') FROM etl.conversations;");
    rollup(database, &last);
    char *row = test_database_rows(database->connection,
                                   "SELECT pickup_s, first_response_s, resolution_s, duration_s,"
                                   " resolution_bh_s FROM etl.conversation_sessions");
    assert_string_equal(row, "-|-|-|-|-\n");
    free(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rollups_equal_a_recount, setup, teardown),
        cmocka_unit_test_setup_teardown(rebuild_and_new_time_zone_equal_a_recount, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_time_zone_moves_every_day, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_times_do_not_stop_the_rollup, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
