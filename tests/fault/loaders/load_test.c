/* The loader among things that break: exactly once in effect, whatever happens in the middle. */
#include "tests/flow/loaders/loading.h"

#include <signal.h>
#include <sys/wait.h>

enum { MESSAGES = 3000, KILLS = 6, CUTS = 6 };

/* Several threads, since a thread is one partition. */
static void put_messages(struct loading *loading, int from, int count)
{
    enum { THREADS = 7 };
    static const char *const threads[THREADS] = {"573001112201", "573001112202", "573001112203",
                                                 "573001112204", "573001112205", "573001112206",
                                                 "573001112207"};
    struct record *records = calloc((size_t)count, sizeof *records);
    char(*names)[32] = calloc((size_t)count, sizeof *names);
    assert_true(records != NULL && names != NULL);
    for (int i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "wamid.%d", from + i);
        records[i] = loading_message_of("acme", names[i], threads[i % THREADS],
                                        LOADING_T0 + (from + i) * US_PER_SECOND, "hello");
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

/* Kafka gives away the partitions of a killed consumer after some seconds only. */
static void wait_for_progress(struct loading *loading, int above)
{
    const int64_t until_us = clock_monotonic_us() + 60 * US_PER_SECOND;
    while (clock_monotonic_us() < until_us && stored_messages(loading) <= above)
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
        pid_t loader = loading_start(loading);
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
    pid_t loader = loading_start(loading);
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
    pid_t overtaken = loading_start(loading);
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

static void kill_loader(pid_t loader)
{
    int status;
    assert_int_equal(kill(loader, SIGKILL), 0);
    assert_int_equal(waitpid(loader, &status, 0), loader);
    assert_true(WIFSIGNALED(status)); /* and did not end by itself before */
}

/* Of two, one waits on the embedded bus; both work on Kafka. Whichever is killed, the other loads
 * what it had, and a third that joins in the middle takes nothing twice. */
static void loaders_of_one_group_leave_each_message_once(struct loading *loading)
{
    loading_run(loading); /* the tenants and channels */
    put_messages(loading, 0, MESSAGES);
    close_producer(loading);
    loading->conf.batch_records = 50;
    loading->conf.until_idle = false;
    pid_t first = loading_start(loading);
    pid_t second = loading_start(loading);
    wait_for_progress(loading, MESSAGES / 10);
    kill_loader(first);
    pid_t third = loading_start(loading);
    wait_for_progress(loading, MESSAGES / 2);
    kill_loader(second);
    wait_for_progress(loading, MESSAGES - 1);
    kill_loader(third);
    expect_each_once(loading, MESSAGES);
}

static void loaders_of_one_embedded_bus_leave_each_message_once(void **state)
{
    loaders_of_one_group_leave_each_message_once(*state);
}

static int setup_kafka(void **state)
{
    struct loading *loading = loading_new();
    static char prefix[64];
    struct err err;
    bus_producer_close(&loading->producer, 1000);
    (void)snprintf(prefix, sizeof prefix, "load%llx", (unsigned long long)clock_now_us());
    loading->bus.kind = BUS_KAFKA;
    loading->bus.brokers = getenv("SLUICE_TEST_KAFKA");
    loading->bus.topic_prefix = prefix;
    loading->conf.group = prefix;
    if (loading->bus.brokers == NULL)
        fail_msg("SLUICE_TEST_KAFKA is not set: run \"scripts/kafka start\" and set it");
    if (bus_prepare(&loading->bus, &err) != RC_OK ||
        bus_producer_open(&loading->bus, &loading->producer, &err) != RC_OK)
        fail_msg("%s", err.msg);
    *state = loading;
    return 0;
}

static void loaders_of_one_kafka_group_leave_each_message_once(void **state)
{
    loaders_of_one_group_leave_each_message_once(*state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_killed_loader_leaves_each_message_once),
        TEST(a_lost_connection_leaves_each_message_once),
        TEST(a_zombie_cannot_commit),
        TEST(a_running_loader_that_was_overtaken_ends),
        TEST(loaders_of_one_embedded_bus_leave_each_message_once),
    };
    const struct CMUnitTest kafka_tests[] = {
        cmocka_unit_test_setup_teardown(loaders_of_one_kafka_group_leave_each_message_once,
                                        setup_kafka, loading_teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    const char *declined = getenv("SLUICE_WITHOUT_KAFKA");
    if (declined != NULL && strcmp(declined, "1") == 0)
        return failed;
    return failed + cmocka_run_group_tests(kafka_tests, NULL, NULL);
}
