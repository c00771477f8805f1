/* The loader among things that break: exactly once in effect, whatever happens in the middle. */
#include "tests/flow/loaders/loading.h"

#include <signal.h>
#include <sys/wait.h>

enum { MESSAGES = 3000, KILLS = 6, CUTS = 6 };

static void put_messages(struct loading *loading, int from, int count)
{
    struct record *records = calloc((size_t)count, sizeof *records);
    char(*names)[32] = calloc((size_t)count, sizeof *names);
    assert_true(records != NULL && names != NULL);
    for (int i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "wamid.%d", from + i);
        records[i] = loading_message(names[i], LOADING_T0 + (from + i) * US_PER_SECOND, "hello");
    }
    loading_put_many(loading, records, NULL, (size_t)count);
    free(records);
    free(names);
}

static void expect_each_once(struct loading *loading, int count)
{
    char expected[64];
    (void)snprintf(expected, sizeof expected, "%d|%d", count, count);
    loading_expect(loading, "SELECT count(*), count(DISTINCT external_id) FROM etl.messages",
                   expected);
    (void)snprintf(expected, sizeof expected, "%d", count);
    loading_expect(loading, "SELECT sum(next_offset) FROM etl.bus_offsets", expected);
}

/* A loader in a process of its own; the parent holds nothing of the bus open meanwhile. */
static pid_t start_loader(const struct loading *loading)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    struct load_counts counts;
    struct err err;
    _exit(load_run(&loading->conf, &loading->bus, &counts, &err) == RC_OK ? 0 : 1);
}

static void close_producer(struct loading *loading)
{
    bus_producer_close(&loading->producer, 10000);
}

static void reopen_producer(struct loading *loading)
{
    struct err err;
    if (bus_producer_open(&loading->bus, &loading->producer, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

static int stored_messages(struct loading *loading)
{
    char *text =
        test_database_value(loading->database->connection, "SELECT count(*) FROM etl.messages");
    int count = (int)strtol(text, NULL, 10);
    free(text);
    return count;
}

static void wait_for_progress(struct loading *loading, int above)
{
    for (int i = 0; i < 2000 && stored_messages(loading) <= above; i++)
        (void)usleep(2000);
    if (stored_messages(loading) <= above)
        fail_msg("the loader stores nothing");
}

static void a_killed_loader_leaves_each_message_once(void **state)
{
    struct loading *loading = *state;
    int status;
    put_messages(loading, 0, MESSAGES);
    close_producer(loading);
    loading->conf.batch_records = 50;
    for (int i = 0; i < KILLS; i++) {
        pid_t loader = start_loader(loading);
        wait_for_progress(loading, stored_messages(loading));
        (void)usleep((useconds_t)(i * 1700));
        assert_int_equal(kill(loader, SIGKILL), 0);
        assert_int_equal(waitpid(loader, &status, 0), loader);
    }
    assert_true(stored_messages(loading) < MESSAGES);
    loading_run(loading);
    expect_each_once(loading, MESSAGES);
}

/* The server's side of the connection ends in the middle of whatever the loader does. */
static void a_lost_connection_leaves_each_message_once(void **state)
{
    struct loading *loading = *state;
    int status;
    put_messages(loading, 0, MESSAGES);
    close_producer(loading);
    loading->conf.batch_records = 50;
    pid_t loader = start_loader(loading);
    for (int i = 0; i < CUTS; i++) {
        int before = stored_messages(loading);
        if (before == MESSAGES)
            break;
        wait_for_progress(loading, before);
        (void)usleep((useconds_t)(i * 1300));
        test_database_run(loading->database->connection,
                          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                          " WHERE application_name = 'sluice-load'"
                          " AND datname = current_database()");
    }
    assert_int_equal(waitpid(loader, &status, 0), loader);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect_each_once(loading, MESSAGES);
}

/* Another loader moved the stored offset while this one held the partition: it must not commit. */
static void a_zombie_cannot_commit(void **state)
{
    struct loading *loading = *state;
    struct load_counts counts;
    struct err err;
    put_messages(loading, 0, 10);
    loading_run(loading);
    put_messages(loading, 10, 10);
    test_database_run(loading->database->connection,
                      "CREATE FUNCTION public.steal() RETURNS trigger LANGUAGE plpgsql AS $$"
                      " BEGIN RETURN NULL; END $$;"
                      "CREATE TRIGGER steal BEFORE UPDATE ON etl.bus_offsets FOR EACH ROW"
                      " EXECUTE FUNCTION public.steal()");
    assert_int_equal(load_run(&loading->conf, &loading->bus, &counts, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "another loader moved on"));
    loading_expect(loading, "SELECT count(*) FROM etl.messages", "10");
    test_database_run(loading->database->connection, "DROP TRIGGER steal ON etl.bus_offsets");
    loading_run(loading);
    expect_each_once(loading, 20);
}

/* Somebody else stored an offset while this loader sat on the partition with the old one. */
static void a_running_loader_that_was_overtaken_ends(void **state)
{
    struct loading *loading = *state;
    int status;
    put_messages(loading, 0, 100);
    loading->conf.until_idle = false;
    close_producer(loading);
    pid_t overtaken = start_loader(loading);
    wait_for_progress(loading, 99);
    test_database_run(loading->database->connection,
                      "UPDATE etl.bus_offsets SET next_offset = next_offset + 1"
                      " WHERE topic = 'sluice.records' AND next_offset > 0");
    reopen_producer(loading);
    put_messages(loading, 100, 10);
    assert_int_equal(waitpid(overtaken, &status, 0), overtaken);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    loading_expect(loading, "SELECT count(*) FROM etl.messages", "100");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_killed_loader_leaves_each_message_once),
        TEST(a_lost_connection_leaves_each_message_once),
        TEST(a_zombie_cannot_commit),
        TEST(a_running_loader_that_was_overtaken_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
