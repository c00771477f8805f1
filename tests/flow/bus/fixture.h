/* fixture.h: a fresh bus for each test, and the few steps that every bus test makes.
 *
 * Embedded: a file in a folder of its own below /tmp. Kafka: topics with a prefix of their own on
 * the brokers of SLUICE_TEST_KAFKA. */
#ifndef SLUICE_TESTS_FLOW_BUS_FIXTURE_H
#define SLUICE_TESTS_FLOW_BUS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "tests/flow/bus/c11_threads.h"

struct fixture {
    struct bus_conf conf;
    char folder[64];
    char path[96];
    char prefix[64];
    int64_t start_at; /* what start_offset answers */
    struct err error; /* of the last call that was given one */
};

#define OK(fixture, call)                                                                          \
    do {                                                                                           \
        enum rc rc_ = (call);                                                                      \
        if (rc_ != RC_OK)                                                                          \
            fail_msg("%s gave %d: %s", #call, (int)rc_, (fixture)->error.msg);                     \
    } while (0)

static inline struct fixture *fixture_new(enum bus_kind kind)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/sluice-bus-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/a/b/bus.db", fixture->folder);
    (void)snprintf(fixture->prefix, sizeof fixture->prefix, "test%d-%" PRId64, (int)getpid(),
                   clock_now_us());
    fixture->start_at = -1;
    fixture->conf = (struct bus_conf){.kind = kind,
                                      .topic_prefix = fixture->prefix,
                                      .path = fixture->path,
                                      .retention_days = 30,
                                      .brokers = getenv("SLUICE_TEST_KAFKA"),
                                      .partitions = 1,
                                      .replication = 1,
                                      .delivery_timeout_ms = 10000};
    return fixture;
}

static inline void fixture_free(struct fixture *fixture)
{
    static const char *const files[] = {
        "a/b/bus.db", "a/b/bus.db-wal", "a/b/bus.db-shm", "a/b/bus.db-consumers", "a/b", "a", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, files[i]);
        (void)remove(path);
    }
    free(fixture);
}

static inline struct bus_message text_message(enum bus_topic topic, const char *key,
                                              const char *value)
{
    return (struct bus_message){.topic = topic, .key = str_of(key), .value = str_of(value)};
}

/* Bytes that do not compress; the caller frees them. */
static inline char *noise_new(size_t bytes)
{
    char *noise = malloc(bytes);
    assert_non_null(noise);
    uint64_t mixer = 1;
    for (size_t i = 0; i < bytes; i++) {
        mixer = mixer * UINT64_C(6364136223846793005) + 1;
        noise[i] = (char)(mixer >> 56);
    }
    return noise;
}

/* ---- producing ---- */

struct tally { /* of confirmations */
    atomic_size_t ok, failed;
    atomic_int last_rc;
};

static inline void tally_delivered(void *context, enum rc rc, const struct err *err)
{
    struct tally *tally = context;
    assert_true((rc == RC_OK) == (err == NULL));
    tally->last_rc = (int)rc;
    if (rc == RC_OK)
        tally->ok++;
    else
        tally->failed++;
}

static inline void tally_wait(const struct tally *tally, size_t count)
{
    int64_t until_us = clock_monotonic_us() + 60 * US_PER_SECOND;
    while (tally->ok + tally->failed < count && clock_monotonic_us() < until_us)
        (void)usleep(1000);
    assert_int_equal(tally->ok + tally->failed, count);
}

/* Produces one set, patiently while the queue is full. */
static inline void produce_patiently(struct fixture *fixture, struct bus_producer *producer,
                                     const struct bus_message *messages, size_t count,
                                     struct tally *tally)
{
    enum rc rc;
    struct err err = {0};
    while ((rc = bus_produce(producer, messages, count, tally_delivered, tally, &err)) == RC_AGAIN)
        (void)usleep(1000);
    if (rc != RC_OK)
        fixture->error = err;
    OK(fixture, rc);
}

/* Produces count messages "<first>", "<first+1>", ... one a set, and waits for all. */
static inline void produce_numbers(struct fixture *fixture, struct bus_producer *producer,
                                   enum bus_topic topic, size_t first, size_t count)
{
    struct tally tally = {0};
    for (size_t i = first; i < first + count; i++) {
        char key[16], value[32];
        (void)snprintf(key, sizeof key, "key-%zu", i % 10);
        (void)snprintf(value, sizeof value, "%zu", i);
        struct bus_message message = text_message(topic, key, value);
        produce_patiently(fixture, producer, &message, 1, &tally);
    }
    tally_wait(&tally, count);
    assert_int_equal(tally.failed, 0);
}

/* ---- consuming ---- */

static inline enum rc start_at(void *context, enum bus_topic topic, int32_t partition,
                               int64_t *offset_out, struct err *err)
{
    (void)topic, (void)partition, (void)err;
    *offset_out = ((struct fixture *)context)->start_at;
    return RC_OK;
}

static inline struct bus_consumer *consumer_on(struct fixture *fixture, enum bus_topic topic)
{
    static const enum bus_topic topics[BUS_TOPICS] = {BUS_RECORDS, BUS_RAW, BUS_DEADLETTER};
    struct bus_consumer *consumer = NULL;
    const struct bus_consumer_conf conf = {.group = fixture->prefix,
                                           .topics = &topics[topic],
                                           .topic_count = 1,
                                           .start_offset = start_at,
                                           .context = fixture};
    OK(fixture, bus_consumer_open(&fixture->conf, &conf, &consumer, &fixture->error));
    return consumer;
}

/* A batch, or an empty one when nothing came for wait_ms. */
static inline struct bus_batch next_batch(struct fixture *fixture, struct bus_consumer *consumer,
                                          int wait_ms)
{
    struct bus_batch batch = {0};
    int64_t until_us = clock_monotonic_us() + wait_ms * US_PER_MS;
    enum rc rc;
    do
        rc = bus_consumer_poll(consumer, 100, LIMIT_BATCH_RECORDS, LIMIT_BATCH_BYTES, &batch,
                               &fixture->error);
    while (rc == RC_AGAIN && clock_monotonic_us() < until_us);
    if (rc != RC_AGAIN)
        OK(fixture, rc);
    return batch;
}

static inline size_t number_of(struct str value)
{
    size_t number = 0;
    assert_true(value.n > 0);
    for (size_t i = 0; i < value.n; i++) {
        assert_in_range(value.p[i], '0', '9');
        number = number * 10 + (size_t)(value.p[i] - '0');
    }
    return number;
}

/* Counts how often each number below max comes, until wanted messages came; then none may follow.
 */
static inline void count_numbers(struct fixture *fixture, enum bus_topic topic, unsigned *seen,
                                 size_t max, size_t wanted)
{
    struct bus_consumer *consumer = consumer_on(fixture, topic);
    size_t came = 0;
    for (struct bus_batch batch = next_batch(fixture, consumer, 20000); batch.count > 0;
         batch = next_batch(fixture, consumer, came < wanted ? 20000 : 300)) {
        for (size_t i = 0; i < batch.count; i++) {
            size_t number = number_of(batch.messages[i].message.value);
            assert_in_range(number, 0, max - 1);
            seen[number]++;
        }
        came += batch.count;
    }
    assert_true(came >= wanted);
    bus_consumer_close(&consumer);
}

/* ---- other processes: the test program runs itself with arguments ---- */

extern char **environ;

struct child {
    pid_t pid;
    int out; /* read end of its stdout */
};

static inline struct child child_start(char *const argv[])
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&actions, ends[0]), 0);
    struct child child = {.out = ends[0]};
    assert_int_equal(posix_spawn(&child.pid, "/proc/self/exe", &actions, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    return child;
}

static inline int child_end(struct child *child, int signal_number)
{
    int status = 0;
    if (signal_number != 0)
        (void)kill(child->pid, signal_number);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    (void)close(child->out);
    return status;
}

/* 1 when the tests against Kafka are to run, 0 when they were declined; ends the program when
 * neither is said: a missing broker is a failure, not a skip. */
static inline int kafka_wanted(void)
{
    const char *declined = getenv("SLUICE_WITHOUT_KAFKA");
    if (declined != NULL && strcmp(declined, "1") == 0)
        return 0;
    if (getenv("SLUICE_TEST_KAFKA") != NULL)
        return 1;
    (void)fprintf(stderr, "SLUICE_TEST_KAFKA is not set: run \"scripts/kafka start\" and set it to "
                          "what \"scripts/kafka env\" prints, or set SLUICE_WITHOUT_KAFKA=1\n");
    exit(1);
}

#endif
