/* What only the embedded bus promises: segments, limits of the disk, its file. */
#include "tests/flow/bus/fixture.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "bus/backlog.h"
#include "bus/embedded_log.h"

static int set_up(void **state)
{
    struct fixture *fixture = fixture_new(BUS_EMBEDDED);
    *state = fixture;
    OK(fixture, bus_prepare(&fixture->conf, &fixture->error));
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static struct bus_producer *producer_on(struct fixture *fixture)
{
    struct bus_producer *producer = NULL;
    OK(fixture, bus_producer_open(&fixture->conf, &producer, &fixture->error));
    return producer;
}

static struct bus_partition_range range_of(struct fixture *fixture, enum bus_topic topic)
{
    struct bus_partition_range range = {0};
    size_t count = 0;
    OK(fixture, bus_ranges(&fixture->conf, topic, &range, 1, &count, &fixture->error));
    return range;
}

#define NOISE_BYTES 64 /* of each message */

/* Sets that fill a batch each, so that segments end where SEGMENT_MESSAGES says. */
static void produce_many(struct fixture *fixture, enum bus_topic topic, size_t count)
{
    struct bus_producer *producer = producer_on(fixture);
    char *noise = noise_new((size_t)EMBEDDED_BATCH_MESSAGES * NOISE_BYTES);
    struct bus_message *set = calloc(EMBEDDED_BATCH_MESSAGES, sizeof *set);
    assert_non_null(set);
    for (size_t i = 0; i < EMBEDDED_BATCH_MESSAGES; i++)
        set[i] =
            (struct bus_message){.topic = topic, .value = {noise + i * NOISE_BYTES, NOISE_BYTES}};
    for (size_t done = 0, n; done < count; done += n) {
        n = count - done < EMBEDDED_BATCH_MESSAGES ? count - done : EMBEDDED_BATCH_MESSAGES;
        OK(fixture, bus_produce_wait(producer, set, n, &fixture->error));
    }
    free(set);
    free(noise);
    bus_producer_close(&producer, 5000);
}

/* Takes the group's lock, which the first poll does, and says how far it is. */
static void say_done(struct fixture *fixture, enum bus_topic topic, int64_t next_offset)
{
    struct bus_consumer *consumer = consumer_on(fixture, topic);
    (void)next_batch(fixture, consumer, 100);
    OK(fixture, bus_consumer_done(consumer, topic, 0, next_offset, &fixture->error));
    bus_consumer_close(&consumer);
}

static void files_are_for_their_owner_alone(void **state)
{
    struct fixture *fixture = *state;
    produce_many(fixture, BUS_RECORDS, 1);
    static const struct expected {
        const char *path;
        mode_t mode;
    } files[] = {{"a", 0700}, {"a/b", 0700}, {"a/b/bus.db", 0600}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        struct stat status;
        (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, files[i].path);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, files[i].mode);
    }
}

static void read_segments_are_dropped_and_offsets_never_return(void **state)
{
    struct fixture *fixture = *state;
    const int64_t count = 2 * SEGMENT_MESSAGES + 100;
    produce_many(fixture, BUS_RECORDS, (size_t)count);
    assert_int_equal(range_of(fixture, BUS_RECORDS).first_offset, 0);

    say_done(fixture, BUS_RECORDS, SEGMENT_MESSAGES - 1);
    assert_int_equal(range_of(fixture, BUS_RECORDS).first_offset, 0);
    say_done(fixture, BUS_RECORDS, SEGMENT_MESSAGES);
    assert_int_equal(range_of(fixture, BUS_RECORDS).first_offset, SEGMENT_MESSAGES);
    fixture->start_at = SEGMENT_MESSAGES;
    say_done(fixture, BUS_RECORDS, count);
    struct bus_partition_range range = range_of(fixture, BUS_RECORDS);
    assert_int_equal(range.first_offset, 2 * SEGMENT_MESSAGES);
    assert_int_equal(range.next_offset, count);

    /* A group that starts below what is kept must not skip in silence. */
    fixture->start_at = 5;
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    struct bus_batch batch;
    assert_int_equal(bus_consumer_poll(consumer, 100, 10, MIB, &batch, &fixture->error), RC_FATAL);
    bus_consumer_close(&consumer);
}

static void the_slowest_group_holds_segments(void **state)
{
    struct fixture *fixture = *state;
    produce_many(fixture, BUS_DEADLETTER, (size_t)SEGMENT_MESSAGES + 1);
    struct bus_consumer *slow = consumer_on(fixture, BUS_DEADLETTER);

    const enum bus_topic topic = BUS_DEADLETTER;
    const struct bus_consumer_conf fast_conf = {.group = "fast",
                                                .topics = &topic,
                                                .topic_count = 1,
                                                .start_offset = start_at,
                                                .context = fixture};
    struct bus_consumer *fast = NULL;
    OK(fixture, bus_consumer_open(&fixture->conf, &fast_conf, &fast, &fixture->error));
    (void)next_batch(fixture, fast, 100);
    OK(fixture, bus_consumer_done(fast, topic, 0, SEGMENT_MESSAGES + 1, &fixture->error));
    assert_int_equal(range_of(fixture, topic).first_offset, 0);

    (void)next_batch(fixture, slow, 100);
    OK(fixture, bus_consumer_done(slow, topic, 0, SEGMENT_MESSAGES + 1, &fixture->error));
    assert_int_equal(range_of(fixture, topic).first_offset, SEGMENT_MESSAGES);
    bus_consumer_close(&slow);
    bus_consumer_close(&fast);
}

static void raw_is_kept_until_it_is_old(void **state)
{
    struct fixture *fixture = *state;
    produce_many(fixture, BUS_RAW, (size_t)SEGMENT_MESSAGES + 1);
    say_done(fixture, BUS_RAW, SEGMENT_MESSAGES + 1);
    assert_int_equal(range_of(fixture, BUS_RAW).first_offset, 0);
    OK(fixture, bus_prepare(&fixture->conf, &fixture->error));
    assert_int_equal(range_of(fixture, BUS_RAW).first_offset, 0);
    fixture->conf.retention_days = 0;
    OK(fixture, bus_prepare(&fixture->conf, &fixture->error));
    assert_int_equal(range_of(fixture, BUS_RAW).first_offset, SEGMENT_MESSAGES);
}

/* The file may not grow while segments come and go: their pages are used again. */
static void a_drained_bus_does_not_grow(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    off_t after_two = 0;
    fixture->start_at = 0;
    say_done(fixture, BUS_RECORDS, 0);
    for (int64_t round = 1; round <= 6; round++) {
        produce_many(fixture, BUS_RECORDS, (size_t)SEGMENT_MESSAGES);
        fixture->start_at = range_of(fixture, BUS_RECORDS).first_offset;
        say_done(fixture, BUS_RECORDS, round * SEGMENT_MESSAGES);
        assert_int_equal(stat(fixture->path, &status), 0);
        if (round == 2)
            after_two = status.st_size;
    }
    assert_true(status.st_size <= after_two + after_two / 10);
}

static void a_full_disk_is_told_and_passes(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    char *value = noise_new(MIB);
    const struct bus_message message = {.topic = BUS_RAW, .value = {value, MIB}};
    OK(fixture, bus_produce_wait(producer, &message, 1, &fixture->error));

    struct rlimit before, limited;
    void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limited = before;
    limited.rlim_cur = 6 * MIB;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
    int64_t stored = 1;
    enum rc rc = RC_OK;
    for (int i = 0; i < 20 && rc == RC_OK; i++) {
        rc = bus_produce_wait(producer, &message, 1, &fixture->error);
        stored += rc == RC_OK;
    }
    enum rc again = bus_produce_wait(producer, &message, 1, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, old_handler);

    assert_int_equal(rc, RC_RETRY);
    assert_non_null(strstr(fixture->error.msg, "bus.db"));
    assert_int_equal(again, RC_RETRY);
    OK(fixture, bus_produce_wait(producer, &message, 1, &fixture->error));
    struct bus_producer_stats stats;
    bus_producer_stats(producer, &stats);
    assert_int_equal(stats.failed_messages, 2);
    assert_int_equal(stats.queued_messages, 0);
    bus_producer_close(&producer, 5000);
    assert_int_equal(range_of(fixture, BUS_RAW).next_offset, stored + 1);
    free(value);
}

static int64_t ask_number(struct fixture *fixture, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return number;
}

/* ---- a log with a bound, read by one who keeps the place here ---- */

static void produce_noise(struct fixture *fixture, size_t count, size_t bytes)
{
    struct bus_producer *producer = producer_on(fixture);
    char *noise = noise_new(bytes);
    const struct bus_message message = {.topic = BUS_RECORDS, .value = {noise, bytes}};
    for (size_t i = 0; i < count; i++)
        OK(fixture, bus_produce_wait(producer, &message, 1, &fixture->error));
    bus_producer_close(&producer, 5000);
    free(noise);
}

static struct bus_backlog backlog_of(struct fixture *fixture)
{
    struct bus_backlog backlog;
    OK(fixture,
       bus_backlog_read(&fixture->conf, fixture->prefix, BUS_RECORDS, &backlog, &fixture->error));
    return backlog;
}

static void a_reader_goes_on_where_it_was_done(void **state)
{
    struct fixture *fixture = *state;
    struct bus_batch batch;
    fixture->start_at = BUS_OFFSET_DONE;
    produce_noise(fixture, 10, 100);
    assert_int_equal(backlog_of(fixture).messages, 10);
    for (int64_t done = 0; done < 9; done += 3) {
        struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
        OK(fixture, bus_consumer_poll(consumer, 1000, 5, MIB, &batch, &fixture->error));
        assert_int_equal(batch.messages[0].offset, done);
        OK(fixture, bus_consumer_done(consumer, BUS_RECORDS, 0, done + 3, &fixture->error));
        assert_int_equal(backlog_of(fixture).messages, 10 - done - 3); /* before it is closed */
        bus_consumer_close(&consumer);
    }
    assert_in_range(clock_now_us() - backlog_of(fixture).oldest_us, 0, 60 * US_PER_SECOND);
}

/* Eight times what fits passes through; each full log takes more once something was read. */
static void a_bound_is_kept_and_space_comes_back(void **state)
{
    struct fixture *fixture = *state;
    enum { PIECE = 64 * 1024 };
    fixture->conf.max_bytes = 4 * MIB;
    fixture->start_at = BUS_OFFSET_DONE;
    struct bus_producer *producer = producer_on(fixture);
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    char *noise = noise_new(PIECE);
    const struct bus_message message = {.topic = BUS_RECORDS, .value = {noise, PIECE}};
    int64_t stored = 0, read = 0;
    for (int round = 0; round < 8; round++) {
        enum rc rc;
        while ((rc = bus_produce_wait(producer, &message, 1, &fixture->error)) == RC_OK)
            stored++;
        assert_int_equal(rc, RC_RETRY);
        assert_true(stored - read > (int64_t)(3 * MIB / PIECE));
        struct stat status;
        assert_int_equal(stat(fixture->path, &status), 0);
        assert_true((uint64_t)status.st_size <= fixture->conf.max_bytes);
        assert_in_range(backlog_of(fixture).used_bytes, 3 * MIB, fixture->conf.max_bytes);
        read += (int64_t)next_batch(fixture, consumer, 1000).count;
        OK(fixture, bus_consumer_done(consumer, BUS_RECORDS, 0, read, &fixture->error));
        assert_int_equal(read, stored);
    }
    assert_int_equal(backlog_of(fixture).messages, 0);
    assert_int_equal(backlog_of(fixture).oldest_us, TIME_NONE);
    assert_true(backlog_of(fixture).used_bytes < 256 * KIB);
    bus_consumer_close(&consumer);
    bus_producer_close(&producer, 5000);
    free(noise);
}

static void a_bounded_log_gives_back_many_segments(void **state)
{
    struct fixture *fixture = *state;
    fixture->conf.max_bytes = 1 * MIB; /* segments of 128 KiB */
    fixture->start_at = BUS_OFFSET_DONE;
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    produce_noise(fixture, 10, 60000);
    produce_noise(fixture, 1, 100);
    for (int64_t read = 0; read < 11;) {
        read += (int64_t)next_batch(fixture, consumer, 1000).count;
        OK(fixture, bus_consumer_done(consumer, BUS_RECORDS, 0, read, &fixture->error));
    }
    assert_int_equal(range_of(fixture, BUS_RECORDS).first_offset, 11);
    assert_int_equal(ask_number(fixture, "SELECT count(*) FROM segment"), 0);
    produce_noise(fixture, 1, 100);
    assert_int_equal(next_batch(fixture, consumer, 1000).messages[0].offset, 11);
    bus_consumer_close(&consumer);
}

/* ---- other writers ---- */

static void run_sql(struct fixture *fixture, sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s in %s", text, sqlite3_errmsg(db), fixture->path);
}

static void a_blocked_file_fails_what_is_queued_at_close(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    run_sql(fixture, db, "BEGIN IMMEDIATE");
    struct tally tally = {0};
    const struct bus_message message = text_message(BUS_RECORDS, "k", "1");
    for (int i = 0; i < 3; i++)
        produce_patiently(fixture, producer, &message, 1, &tally);
    int64_t began_us = clock_monotonic_us();
    bus_producer_close(&producer, 200);
    assert_true(clock_monotonic_us() - began_us < 3 * US_PER_SECOND);
    assert_int_equal(tally.failed, 3);
    assert_int_equal(tally.last_rc, RC_RETRY);
    run_sql(fixture, db, "ROLLBACK");
    (void)sqlite3_close(db);
    assert_int_equal(range_of(fixture, BUS_RECORDS).next_offset, 0);
}

static void a_group_is_stored_in_one_transaction(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    run_sql(fixture, db, "BEGIN IMMEDIATE"); /* holds the writer until all are queued */
    struct tally tally = {0};
    const struct bus_message set[] = {text_message(BUS_RECORDS, "k", "1"),
                                      text_message(BUS_RAW, "k", "1")};
    for (int i = 0; i < 1000; i++)
        produce_patiently(fixture, producer, set, 2, &tally);
    run_sql(fixture, db, "ROLLBACK");
    (void)sqlite3_close(db);
    tally_wait(&tally, 1000);
    struct bus_producer_stats stats;
    bus_producer_stats(producer, &stats);
    assert_int_equal(tally.ok, 1000);
    assert_in_range(stats.commits, 1, 2);
    bus_producer_close(&producer, 5000);
}

static int hold_child(char **argv)
{
    struct fixture fixture = {
        .start_at = -1, .conf = {.kind = BUS_EMBEDDED, .path = argv[2], .retention_days = 30}};
    (void)snprintf(fixture.prefix, sizeof fixture.prefix, "%s", argv[3]);
    fixture.conf.topic_prefix = fixture.prefix;
    struct bus_consumer *consumer = NULL;
    const enum bus_topic topic = BUS_RECORDS;
    const struct bus_consumer_conf conf = {.group = fixture.prefix,
                                           .topics = &topic,
                                           .topic_count = 1,
                                           .start_offset = start_at,
                                           .context = &fixture};
    struct bus_batch batch;
    if (bus_consumer_open(&fixture.conf, &conf, &consumer, &fixture.error) != RC_OK ||
        bus_consumer_poll(consumer, 5000, 1, MIB, &batch, &fixture.error) != RC_OK ||
        write(STDOUT_FILENO, "!", 1) != 1)
        return 1;
    for (int i = 0; i < 60; i++)
        (void)sleep(1);
    return 2;
}

static void a_killed_consumer_gives_way(void **state)
{
    struct fixture *fixture = *state;
    produce_many(fixture, BUS_RECORDS, 10);
    char *const argv[] = {(char *)(uintptr_t) "embedded_test", (char *)(uintptr_t) "hold",
                          fixture->path, fixture->prefix, NULL};
    struct child child = child_start(argv);
    char ready = 0;
    assert_int_equal(read(child.out, &ready, 1), 1);
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    assert_int_equal(next_batch(fixture, consumer, 500).count, 0);
    (void)child_end(&child, SIGKILL);
    assert_int_equal(next_batch(fixture, consumer, 2000).count, 10);
    bus_consumer_close(&consumer);
}

/* ---- batches ---- */

static void produce_set(struct fixture *fixture, size_t count, size_t value_bytes)
{
    struct bus_producer *producer = producer_on(fixture);
    char *noise = noise_new(count * value_bytes);
    struct bus_message *set = calloc(count, sizeof *set);
    assert_non_null(set);
    for (size_t i = 0; i < count; i++)
        set[i] = (struct bus_message){.topic = BUS_RECORDS,
                                      .value = {noise + i * value_bytes, value_bytes}};
    OK(fixture, bus_produce_wait(producer, set, count, &fixture->error));
    bus_producer_close(&producer, 5000);
    free(set);
    free(noise);
}

static void reading_begins_within_a_batch(void **state)
{
    struct fixture *fixture = *state;
    produce_set(fixture, 100, 32);
    produce_set(fixture, 50, 32);
    assert_int_equal(ask_number(fixture, "SELECT count(*) FROM segment_1"), 2);
    char *noise = noise_new((size_t)100 * 32);
    static const int64_t starts[] = {0, 1, 40, 99, 100, 149};
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        fixture->start_at = starts[s];
        struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
        struct bus_batch batch;
        for (int64_t next = starts[s]; next < 150;) {
            OK(fixture, bus_consumer_poll(consumer, 1000, 7, MIB, &batch, &fixture->error));
            for (size_t i = 0; i < batch.count; i++, next++) {
                assert_int_equal(batch.messages[i].offset, next);
                assert_memory_equal(batch.messages[i].message.value.p, noise + next % 100 * 32, 32);
            }
        }
        assert_int_equal(bus_consumer_poll(consumer, 20, 7, MIB, &batch, &fixture->error),
                         RC_AGAIN);
        bus_consumer_close(&consumer);
    }
    free(noise);
}

static void a_large_group_becomes_several_batches(void **state)
{
    struct fixture *fixture = *state;
    produce_set(fixture, 30, 100000);
    assert_int_equal(ask_number(fixture, "SELECT count(*) FROM segment_1"), 3);
    assert_in_range(ask_number(fixture, "SELECT max(unpacked_bytes) FROM segment_1"), 1000000,
                    EMBEDDED_BATCH_BYTES);
    produce_set(fixture, 3, 3 * MIB);
    assert_int_equal(ask_number(fixture, "SELECT count(*) FROM segment_1"), 6);
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    assert_int_equal(next_batch(fixture, consumer, 1000).count, 33);
    bus_consumer_close(&consumer);
}

static void a_damaged_batch_is_told(void **state)
{
    struct fixture *fixture = *state;
    static const struct damage {
        const char *sql;
        int64_t offset;
    } cases[] = {
        {"UPDATE segment_1 SET messages = substr(messages, 1, 900) || x'00' ||"
         " substr(messages, 902) WHERE first_offset = 100",
         100},
        {"UPDATE segment_1 SET messages = substr(messages, 1, length(messages) - 1)"
         " WHERE first_offset = 100",
         100},
        {"UPDATE segment_1 SET messages = x'' WHERE first_offset = 100", 100},
        {"UPDATE segment_1 SET unpacked_bytes = unpacked_bytes - 1 WHERE first_offset = 100", 100},
        {"UPDATE segment_1 SET unpacked_bytes = 1 << 40 WHERE first_offset = 100", 100},
        {"UPDATE segment_1 SET unpacked_bytes = -1 WHERE first_offset = 100", 100},
        {"UPDATE segment_1 SET count = 0 WHERE first_offset = 100", 100},
        {"UPDATE segment_1 SET count = 101 WHERE first_offset = 100", 200},
        {"DELETE FROM segment_1 WHERE first_offset = 100", 100},
        {"DELETE FROM segment_1 WHERE first_offset = 0", 0},
    };
    produce_set(fixture, 100, 32);
    produce_set(fixture, 100, 32);
    produce_set(fixture, 100, 32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sqlite3 *db = NULL;
        char place[64];
        (void)snprintf(place, sizeof place, "records/0 at offset %" PRId64, cases[i].offset);
        assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
        run_sql(fixture, db, "CREATE TABLE kept AS SELECT * FROM segment_1");
        run_sql(fixture, db, cases[i].sql);
        struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
        struct bus_batch batch;
        enum rc rc = RC_OK;
        size_t came = 0;
        for (int polls = 0; polls < 10 && rc == RC_OK; polls++, came += batch.count)
            rc = bus_consumer_poll(consumer, 20, 1000, MIB, &batch, &fixture->error);
        bus_consumer_close(&consumer);
        if (rc != RC_FATAL || came != (size_t)cases[i].offset ||
            strstr(fixture->error.msg, place) == NULL ||
            strstr(fixture->error.msg, fixture->path) == NULL ||
            strstr(fixture->error.msg, "restore the file") == NULL)
            fail_msg("case %zu: %zu messages, then %d: %s", i, came, (int)rc, fixture->error.msg);
        run_sql(fixture, db, "DELETE FROM segment_1");
        run_sql(fixture, db, "INSERT INTO segment_1 SELECT * FROM kept");
        run_sql(fixture, db, "DROP TABLE kept");
        (void)sqlite3_close(db);
    }
}

/* ---- files that are not ours ---- */

static void a_foreign_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    static const int layouts[] = {1, 99};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "PRAGMA user_version = %d", layouts[i]);
        run_sql(fixture, db, text);
        assert_int_equal(bus_prepare(&fixture->conf, &fixture->error), RC_FATAL);
        (void)snprintf(text, sizeof text, "has layout %d, this program knows 2", layouts[i]);
        assert_non_null(strstr(fixture->error.msg, text));
    }
    (void)sqlite3_close(db);

    FILE *file = fopen(fixture->path, "we");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        (void)fputs("this is no database\n", file);
    (void)fclose(file);
    struct bus_producer *producer = NULL;
    assert_int_equal(bus_producer_open(&fixture->conf, &producer, &fixture->error), RC_FATAL);
    assert_null(producer);

    fixture->conf.path = "/proc/none/bus.db";
    assert_int_equal(bus_prepare(&fixture->conf, &fixture->error), RC_FATAL);
    assert_non_null(strstr(fixture->error.msg, "/proc/none"));
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc == 4)
        return hold_child(argv);
    const struct CMUnitTest tests[] = {
        BUS_TEST(files_are_for_their_owner_alone),
        BUS_TEST(read_segments_are_dropped_and_offsets_never_return),
        BUS_TEST(the_slowest_group_holds_segments),
        BUS_TEST(raw_is_kept_until_it_is_old),
        BUS_TEST(a_drained_bus_does_not_grow),
        BUS_TEST(a_full_disk_is_told_and_passes),
        BUS_TEST(a_reader_goes_on_where_it_was_done),
        BUS_TEST(a_bound_is_kept_and_space_comes_back),
        BUS_TEST(a_bounded_log_gives_back_many_segments),
        BUS_TEST(a_blocked_file_fails_what_is_queued_at_close),
        BUS_TEST(a_group_is_stored_in_one_transaction),
        BUS_TEST(a_killed_consumer_gives_way),
        BUS_TEST(reading_begins_within_a_batch),
        BUS_TEST(a_large_group_becomes_several_batches),
        BUS_TEST(a_damaged_batch_is_told),
        BUS_TEST(a_foreign_file_is_refused),
    };
    return cmocka_run_group_tests_name("embedded bus alone", tests, NULL, NULL);
}
