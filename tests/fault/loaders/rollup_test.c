/* The rollup beside loaders, beside itself and killed in the middle: at the end every cell equals a
 * recount of the rows (tests/sql/reference_metrics.sql), and nobody waited in a circle. */
#include <signal.h>
#include <sys/wait.h>

#include "loaders/rollup.h"
#include "tests/flow/loaders/random_records.h"

enum { RECORDS = 6000, ROLLUPS = 2, KILLS = 12 };

#define AS_OF "2026-03-20T00:00:00Z"

static enum rc rollup_once(const struct loading *loading, struct rollup_counts *counts,
                           struct err *err)
{
    struct rollup_conf conf = {0};
    PGconn *connection = NULL;
    if (!clock_parse(STR_LIT(AS_OF), &conf.as_of_us))
        return RC_FATAL;
    enum rc rc = database_open(loading->database->url, "rollup", "sluice_loader", &connection, err);
    if (rc == RC_OK)
        rc = rollup_run(connection, &conf, counts, err);
    database_close(&connection);
    return rc;
}

/* A process of its own that rolls up again and again; it ends by itself only in failure. */
static pid_t start_rollup(const struct loading *loading)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    struct rollup_counts counts;
    struct err err;
    enum rc rc = RC_OK;
    while (rc == RC_OK || rc == RC_AGAIN)
        rc = rollup_once(loading, &counts, &err);
    (void)fprintf(stderr, "rollup: %s\n", err.msg);
    _exit(1);
}

static void kill_one(pid_t process)
{
    int status;
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    if (!WIFSIGNALED(status))
        fail_msg("a rollup ended by itself with status %d", WEXITSTATUS(status));
}

static void put_records(struct loading *loading)
{
    struct random_records set;
    random_records_init(&set, RECORDS, 20260303);
    loading_put_many(loading, set.records, NULL, RECORDS);
    random_records_done(&set);
    bus_producer_close(&loading->producer, 10000);
    loading->conf.batch_records = 40;
}

static void expect_no_deadlock(struct loading *loading)
{
    loading_expect(
        loading, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", "0");
}

static void expect_a_recount(struct loading *loading)
{
    PGconn *connection = loading->database->connection;
    struct rollup_counts counts;
    struct err err;
    enum rc rc = rollup_once(loading, &counts, &err);
    if (rc != RC_OK && rc != RC_AGAIN)
        fail_msg("%s", err.msg);
    assert_int_equal(rollup_once(loading, &counts, &err), RC_AGAIN);
    test_database_run_file(connection, "tests/sql/reference_metrics.sql");
    test_database_run(connection, "SELECT oracle.recompute('" AS_OF "')");
    loading_expect(loading, "SELECT * FROM oracle.differences() ORDER BY 1, 2, 3 LIMIT 20", "");
    loading_expect(loading,
                   "SELECT (SELECT count(*) FROM etl.conversation_sessions) > 0, count(*) > 10,"
                   " sum(total_messages + broadcast_messages) > 100 FROM etl.daily_analytics",
                   "t|t|t");
}

/* Deadlocks are counted when a backend ends or has nothing to do for a second. */
static void a_rollup_beside_a_loader_ends_as_a_recount(void **state)
{
    struct loading *loading = *state;
    int status;
    pid_t rollups[ROLLUPS];
    loading_run(loading); /* the tenants and channels */
    put_records(loading);
    pid_t loader = loading_start(loading);
    for (size_t i = 0; i < ROLLUPS; i++)
        rollups[i] = start_rollup(loading);
    assert_int_equal(waitpid(loader, &status, 0), loader);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (size_t i = 0; i < ROLLUPS; i++)
        kill_one(rollups[i]);
    expect_a_recount(loading);
    (void)usleep(1500000);
    expect_no_deadlock(loading);
}

static void a_killed_rollup_loses_no_mark(void **state)
{
    struct loading *loading = *state;
    int status;
    loading_run(loading);
    put_records(loading);
    pid_t loader = loading_start(loading);
    for (int i = 0; i < KILLS; i++) {
        pid_t rollup = start_rollup(loading);
        (void)usleep((useconds_t)(20000 + i * 7300));
        kill_one(rollup);
    }
    assert_int_equal(waitpid(loader, &status, 0), loader);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pid_t last = start_rollup(loading);
    (void)usleep(30000);
    kill_one(last);
    expect_a_recount(loading);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rollup_beside_a_loader_ends_as_a_recount),
        TEST(a_killed_rollup_loses_no_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
