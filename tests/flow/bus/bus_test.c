/* The contract of bus.h, the same tests against both implementations. */
#include "tests/flow/bus/fixture.h"

#define BIG_BYTES (4 * MIB)

static enum bus_kind kind_tested;

static int set_up(void **state)
{
    struct fixture *fixture = fixture_new(kind_tested);
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

/* ---- what goes in comes out ---- */

static void messages_come_back_as_they_were(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    char *big = noise_new(BIG_BYTES);
    const struct bus_header headers[] = {{STR_LIT("schema"), STR_LIT("sluice.record/1")},
                                         {STR_LIT("tenant"), STR_LIT("acme")},
                                         {STR_LIT("empty"), STR_LIT("")}};
    const struct bus_message sent[] = {
        {.topic = BUS_RECORDS,
         .key = {"\0\x01\xff", 3},
         .value = {"\xfe\0{}", 4},
         .headers = headers,
         .header_count = 3},
        {.topic = BUS_RECORDS, .key = STR_LIT("k"), .value = STR_LIT("")},
        {.topic = BUS_RECORDS, .key = STR_LIT("k"), .value = STR_NULL},
        {.topic = BUS_RECORDS, .key = STR_NULL, .value = STR_LIT("no key")},
        {.topic = BUS_RECORDS, .key = STR_LIT("big"), .value = {big, BIG_BYTES}},
    };
    const size_t count = sizeof sent / sizeof *sent;
    int64_t before_us = clock_now_us();
    OK(fixture, bus_produce_wait(producer, sent, count, &fixture->error));
    bus_producer_close(&producer, 5000);

    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    for (size_t i = 0; i < count;) {
        struct bus_batch batch = next_batch(fixture, consumer, 20000);
        assert_true(batch.count > 0);
        for (size_t j = 0; j < batch.count; j++, i++) {
            const struct bus_consumed *came = &batch.messages[j];
            assert_int_equal(came->message.topic, BUS_RECORDS);
            assert_int_equal(came->partition, 0);
            assert_int_equal(came->offset, i);
            assert_true(str_equal(came->message.key, sent[i].key));
            assert_true(str_equal(came->message.value, sent[i].value));
            assert_in_range(came->timestamp_us, before_us - 1000, clock_now_us());
            assert_int_equal(came->message.header_count, sent[i].header_count);
            for (size_t h = 0; h < sent[i].header_count; h++) {
                assert_true(str_equal(came->message.headers[h].name, headers[h].name));
                assert_true(str_equal(came->message.headers[h].value, headers[h].value));
            }
        }
    }
    bus_consumer_close(&consumer);
    free(big);
}

static void a_key_keeps_its_order(void **state)
{
    struct fixture *fixture = *state;
    char prefix[80];
    (void)snprintf(prefix, sizeof prefix, "%s-parts", fixture->prefix);
    fixture->conf.topic_prefix = prefix;
    fixture->conf.partitions = 3;
    OK(fixture, bus_prepare(&fixture->conf, &fixture->error));
    struct bus_producer *producer = producer_on(fixture);
    produce_numbers(fixture, producer, BUS_RECORDS, 0, 2000);
    bus_producer_close(&producer, 5000);

    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    size_t next[10] = {0};
    for (size_t key = 0; key < 10; key++)
        next[key] = key;
    for (size_t came = 0; came < 2000;) {
        struct bus_batch batch = next_batch(fixture, consumer, 20000);
        assert_true(batch.count > 0);
        for (size_t i = 0; i < batch.count; i++, came++) {
            size_t number = number_of(batch.messages[i].message.value);
            assert_int_equal(number, next[number % 10]);
            next[number % 10] += 10;
        }
    }
    bus_consumer_close(&consumer);
}

/* ---- sets ---- */

static struct bus_partition_range range_of(struct fixture *fixture, enum bus_topic topic)
{
    struct bus_partition_range range = {0};
    size_t count = 0;
    OK(fixture, bus_ranges(&fixture->conf, topic, &range, 1, &count, &fixture->error));
    assert_int_equal(count, 1);
    return range;
}

static void a_set_is_confirmed_once_for_all_topics(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    struct tally tally = {0};
    const struct bus_message set[] = {
        text_message(BUS_RAW, "k", "raw"), text_message(BUS_RECORDS, "k", "1"),
        text_message(BUS_RECORDS, "k", "2"), text_message(BUS_DEADLETTER, "k", "dead")};
    produce_patiently(fixture, producer, set, 4, &tally);
    tally_wait(&tally, 1);
    assert_int_equal(tally.ok, 1);
    assert_int_equal(range_of(fixture, BUS_RAW).next_offset, 1);
    assert_int_equal(range_of(fixture, BUS_RECORDS).next_offset, 2);
    assert_int_equal(range_of(fixture, BUS_DEADLETTER).next_offset, 1);

    OK(fixture, bus_produce(producer, NULL, 0, tally_delivered, &tally, &fixture->error));
    assert_int_equal(tally.ok, 2);
    struct bus_producer_stats stats;
    bus_producer_stats(producer, &stats);
    assert_int_equal(stats.delivered_messages, 4);
    bus_producer_close(&producer, 5000);
    assert_int_equal(tally.ok + tally.failed, 2);
}

static void what_is_too_large_is_rejected(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    char *huge = calloc(1, LIMIT_BUS_MESSAGE_BYTES + 1);
    assert_non_null(huge);
    struct bus_message set[2] = {
        text_message(BUS_RECORDS, "k", "small"),
        {.topic = BUS_RECORDS, .value = {huge, LIMIT_BUS_MESSAGE_BYTES + 1}}};
    struct tally tally = {0};
    assert_int_equal(bus_produce(producer, set, 2, tally_delivered, &tally, &fixture->error),
                     RC_REJECT);
    assert_non_null(strstr(fixture->error.msg, "8388609 bytes"));

    struct bus_message many[9];
    for (size_t i = 0; i < 9; i++)
        many[i] =
            (struct bus_message){.topic = BUS_RECORDS, .value = {huge, LIMIT_BUS_MESSAGE_BYTES}};
    assert_int_equal(bus_produce(producer, many, 9, tally_delivered, &tally, &fixture->error),
                     RC_REJECT);
    set[1].value.n = LIMIT_BUS_MESSAGE_BYTES; /* the largest that is promised */
    OK(fixture, bus_produce_wait(producer, set, 2, &fixture->error));
    bus_producer_close(&producer, 5000);
    assert_int_equal(tally.ok + tally.failed, 0);
    assert_int_equal(range_of(fixture, BUS_RECORDS).next_offset, 2);
    free(huge);
}

static void a_full_queue_says_again(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    char *big = noise_new(BIG_BYTES);
    const struct bus_message message = {.topic = BUS_RAW, .value = {big, BIG_BYTES}};
    struct tally tally = {0};
    size_t accepted = 0;
    enum rc rc = RC_OK;
    while (rc == RC_OK && accepted < 1000) {
        rc = bus_produce(producer, &message, 1, tally_delivered, &tally, &fixture->error);
        accepted += rc == RC_OK;
    }
    assert_int_equal(rc, RC_AGAIN);
    struct bus_producer_stats stats;
    bus_producer_stats(producer, &stats);
    assert_true(stats.queued_bytes <= LIMIT_BUS_QUEUE_BYTES);
    tally_wait(&tally, accepted);
    OK(fixture, bus_produce_wait(producer, &message, 1, &fixture->error));
    bus_producer_close(&producer, 5000);
    assert_int_equal(tally.ok, accepted);
    assert_int_equal(range_of(fixture, BUS_RAW).next_offset, accepted + 1);
    free(big);
}

static void closing_confirms_what_is_queued(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    struct tally tally = {0};
    const struct bus_message message = text_message(BUS_RECORDS, "k", "1");
    for (size_t i = 0; i < 500; i++)
        produce_patiently(fixture, producer, &message, 1, &tally);
    bus_producer_close(&producer, 20000);
    assert_null(producer);
    assert_int_equal(tally.ok, 500);
    bus_producer_close(&producer, 0);
}

/* ---- reading ---- */

static void reading_begins_where_start_offset_says(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    produce_numbers(fixture, producer, BUS_RECORDS, 0, 100);
    bus_producer_close(&producer, 5000);
    const int64_t starts[] = {-1, 40, 40, 99, 0};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        fixture->start_at = starts[i];
        struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
        struct bus_batch batch = next_batch(fixture, consumer, 20000);
        assert_true(batch.count > 0);
        assert_int_equal(batch.messages[0].offset, starts[i] < 0 ? 0 : starts[i]);
        OK(fixture,
           bus_consumer_done(consumer, BUS_RECORDS, 0, batch.messages[0].offset, &fixture->error));
        bus_consumer_close(&consumer);
    }
}

static void an_offset_beyond_the_end_is_fatal(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    produce_numbers(fixture, producer, BUS_RECORDS, 0, 10);
    bus_producer_close(&producer, 5000);
    fixture->start_at = 1000;
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    struct bus_batch batch;
    enum rc rc = RC_AGAIN;
    for (int i = 0; i < 200 && rc == RC_AGAIN; i++)
        rc = bus_consumer_poll(consumer, 100, 10, MIB, &batch, &fixture->error);
    assert_int_equal(rc, RC_FATAL);
    assert_non_null(strstr(fixture->error.msg, "reset"));
    bus_consumer_close(&consumer);
}

static void batches_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    char value[1000];
    memset(value, 'x', sizeof value);
    struct bus_message messages[50];
    for (size_t i = 0; i < 50; i++)
        messages[i] = (struct bus_message){.topic = BUS_RECORDS, .value = {value, sizeof value}};
    OK(fixture, bus_produce_wait(producer, messages, 50, &fixture->error));
    bus_producer_close(&producer, 5000);

    static const struct bound {
        size_t max_messages, max_bytes, largest;
    } bounds[] = {{7, MIB, 7}, {100, 3500, 3}, {100, 1, 1}};
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
        int64_t next = 0;
        size_t largest = 0;
        for (int polls = 0; next < 50 && polls < 500; polls++) {
            struct bus_batch batch = {0};
            enum rc rc = bus_consumer_poll(consumer, 100, bounds[b].max_messages,
                                           bounds[b].max_bytes, &batch, &fixture->error);
            if (rc != RC_AGAIN)
                OK(fixture, rc);
            largest = batch.count > largest ? batch.count : largest;
            for (size_t i = 0; i < batch.count; i++)
                assert_int_equal(batch.messages[i].offset, next++);
        }
        assert_int_equal(next, 50);
        assert_int_equal(largest, bounds[b].largest);
        bus_consumer_close(&consumer);
    }
}

static enum rc refuse_once(void *context, enum bus_topic topic, int32_t partition,
                           int64_t *offset_out, struct err *err)
{
    (void)topic, (void)partition;
    int *calls = context;
    *offset_out = 5;
    return ++*calls == 1 ? err_set(err, RC_RETRY, "the database is away") : RC_OK;
}

static void a_failed_start_offset_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    produce_numbers(fixture, producer, BUS_RECORDS, 0, 10);
    bus_producer_close(&producer, 5000);
    int calls = 0;
    const enum bus_topic topic = BUS_RECORDS;
    const struct bus_consumer_conf conf = {.group = fixture->prefix,
                                           .topics = &topic,
                                           .topic_count = 1,
                                           .start_offset = refuse_once,
                                           .context = &calls};
    struct bus_consumer *consumer = NULL;
    struct bus_batch batch = {0};
    OK(fixture, bus_consumer_open(&fixture->conf, &conf, &consumer, &fixture->error));
    enum rc rc = RC_AGAIN;
    for (int i = 0; i < 200 && rc == RC_AGAIN; i++)
        rc = bus_consumer_poll(consumer, 100, 100, MIB, &batch, &fixture->error);
    assert_int_equal(rc, RC_RETRY);
    assert_string_equal(fixture->error.msg, "the database is away");
    batch = next_batch(fixture, consumer, 20000);
    assert_true(batch.count > 0);
    assert_int_equal(batch.messages[0].offset, 5);
    assert_int_equal(calls, 2);
    bus_consumer_close(&consumer);
}

static void messages_wake_a_waiting_consumer(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    assert_int_equal(next_batch(fixture, consumer, 3000).count, 0);
    produce_numbers(fixture, producer, BUS_RECORDS, 7, 1);
    int64_t confirmed_us = clock_monotonic_us();
    struct bus_batch batch = next_batch(fixture, consumer, 5000);
    assert_int_equal(batch.count, 1);
    assert_true(clock_monotonic_us() - confirmed_us < US_PER_SECOND);
    bus_consumer_close(&consumer);
    bus_producer_close(&producer, 5000);
}

static void offsets_go_on_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    for (size_t round = 0; round < 3; round++) {
        struct bus_producer *producer = producer_on(fixture);
        produce_numbers(fixture, producer, BUS_RECORDS, round * 10, 10);
        bus_producer_close(&producer, 5000);
        OK(fixture, bus_prepare(&fixture->conf, &fixture->error));
        struct bus_partition_range range = range_of(fixture, BUS_RECORDS);
        assert_int_equal(range.first_offset, 0);
        assert_int_equal(range.next_offset, 10 * (round + 1));
    }
    unsigned seen[30] = {0};
    count_numbers(fixture, BUS_RECORDS, seen, 30, 30);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(seen[i], 1);
}

/* ---- several at once ---- */

#define THREADS 4
#define EACH 2000

struct writer {
    struct fixture *fixture;
    struct bus_producer *producer;
    size_t first;
    pthread_t thread;
};

static void *write_numbers(void *context)
{
    struct writer *writer = context;
    produce_numbers(writer->fixture, writer->producer, BUS_RECORDS, writer->first, EACH);
    return NULL;
}

static void threads_share_a_producer(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = producer_on(fixture);
    struct writer writers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){fixture, producer, i * EACH, 0};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_numbers, &writers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
    struct bus_producer_stats stats;
    bus_producer_stats(producer, &stats);
    assert_int_equal(stats.delivered_messages, THREADS * EACH);
    assert_int_equal(stats.failed_messages, 0);
    assert_int_equal(stats.queued_messages, 0);
    bus_producer_close(&producer, 5000);
    static unsigned seen[THREADS * EACH];
    memset(seen, 0, sizeof seen);
    count_numbers(fixture, BUS_RECORDS, seen, THREADS * EACH, THREADS * EACH);
    for (size_t i = 0; i < THREADS * EACH; i++)
        assert_int_equal(seen[i], 1);
}

static struct child start_writer(struct fixture *fixture, size_t first, size_t count)
{
    char kind[8], from[24], many[24];
    (void)snprintf(kind, sizeof kind, "%d", (int)fixture->conf.kind);
    (void)snprintf(from, sizeof from, "%zu", first);
    (void)snprintf(many, sizeof many, "%zu", count);
    char *const argv[] = {(char *)(uintptr_t) "bus_test",
                          (char *)(uintptr_t) "write",
                          kind,
                          fixture->path,
                          fixture->prefix,
                          from,
                          many,
                          NULL};
    return child_start(argv);
}

/* Reads the confirmed numbers that a writer prints, until it has printed "wanted" or ended. */
static size_t read_confirmed(const struct child *child, unsigned *confirmed, size_t wanted)
{
    uint32_t number;
    size_t count = 0;
    while (count < wanted && read(child->out, &number, sizeof number) == sizeof number) {
        confirmed[number]++;
        count++;
    }
    return count;
}

static void processes_share_the_bus(void **state)
{
    struct fixture *fixture = *state;
    static unsigned seen[2 * EACH];
    memset(seen, 0, sizeof seen);
    struct child one = start_writer(fixture, 0, EACH);
    struct child two = start_writer(fixture, EACH, EACH);
    static unsigned confirmed[2 * EACH];
    assert_int_equal(read_confirmed(&one, confirmed, EACH), EACH);
    assert_int_equal(read_confirmed(&two, confirmed, EACH), EACH);
    assert_int_equal(child_end(&one, 0), 0);
    assert_int_equal(child_end(&two, 0), 0);
    count_numbers(fixture, BUS_RECORDS, seen, 2 * EACH, 2 * EACH);
    for (size_t i = 0; i < 2 * EACH; i++)
        assert_int_equal(seen[i], 1);
}

#define KILLS 5
#define KILLED_EACH 200000

static void what_a_killed_producer_confirmed_is_there(void **state)
{
    struct fixture *fixture = *state;
    unsigned *confirmed = calloc(KILLED_EACH, sizeof *confirmed);
    unsigned *seen = calloc(KILLED_EACH, sizeof *seen);
    assert_non_null(confirmed);
    assert_non_null(seen);
    size_t total = 0;
    for (size_t round = 0; round < KILLS; round++) {
        struct child child =
            start_writer(fixture, round * (KILLED_EACH / KILLS), KILLED_EACH / KILLS);
        total += read_confirmed(&child, confirmed, 300 + 200 * round);
        (void)kill(child.pid, SIGKILL);
        total += read_confirmed(&child, confirmed, SIZE_MAX); /* what it still said */
        int status = child_end(&child, 0);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    assert_true(total >= KILLS * 300);
    count_numbers(fixture, BUS_RECORDS, seen, KILLED_EACH, total);
    for (size_t i = 0; i < KILLED_EACH; i++)
        assert_true(seen[i] >= confirmed[i]);
    free(confirmed);
    free(seen);
}

/* ---- a second consumer ---- */

static void a_second_consumer_waits_or_shares(void **state)
{
    struct fixture *fixture = *state;
    char prefix[80];
    (void)snprintf(prefix, sizeof prefix, "%s-parts", fixture->prefix);
    fixture->conf.topic_prefix = prefix;
    fixture->conf.partitions = 4;
    OK(fixture, bus_prepare(&fixture->conf, &fixture->error));
    struct bus_consumer *first = consumer_on(fixture, BUS_RECORDS);
    assert_int_equal(next_batch(fixture, first, 4000).count, 0);
    struct bus_consumer *second = consumer_on(fixture, BUS_RECORDS);
    struct bus_producer *producer = producer_on(fixture);
    for (int i = 0; i < 50; i++) { /* both must poll for partitions to move */
        (void)next_batch(fixture, second, 100);
        (void)next_batch(fixture, first, 100);
    }
    produce_numbers(fixture, producer, BUS_RECORDS, 0, 100);
    size_t came[2] = {0};
    for (int i = 0; i < 200 && came[0] + came[1] < 100; i++) {
        came[0] += next_batch(fixture, first, 0).count;
        came[1] += next_batch(fixture, second, 0).count;
    }
    assert_int_equal(came[0] + came[1], 100);
    if (fixture->conf.kind == BUS_EMBEDDED) {
        assert_int_equal(came[1], 0);
    } else {
        assert_true(came[0] > 0);
        assert_true(came[1] > 0);
    }
    bus_consumer_close(&first); /* the other takes over, from the beginning here */
    size_t taken_over = 0;
    for (int i = 0; i < 200 && taken_over < (size_t)(fixture->conf.kind == BUS_EMBEDDED ? 100 : 1);
         i++)
        taken_over += next_batch(fixture, second, 100).count;
    assert_true(taken_over > 0);
    bus_consumer_close(&second);
    bus_producer_close(&producer, 5000);
}

/* ---- the writing child ---- */

struct printed {
    uint32_t number;
};

static void print_number(void *context, enum rc rc, const struct err *err)
{
    (void)err;
    struct printed *printed = context;
    if (rc == RC_OK && write(STDOUT_FILENO, &printed->number, sizeof printed->number) < 0)
        _exit(3);
}

static int write_child(char **argv)
{
    const struct bus_conf conf = {.kind = (enum bus_kind)strtol(argv[2], NULL, 10),
                                  .path = argv[3],
                                  .topic_prefix = argv[4],
                                  .retention_days = 30,
                                  .brokers = getenv("SLUICE_TEST_KAFKA"),
                                  .delivery_timeout_ms = 10000};
    const size_t first = strtoul(argv[5], NULL, 10);
    const size_t count = strtoul(argv[6], NULL, 10);
    struct bus_producer *producer = NULL;
    struct err err = {0};
    if (bus_producer_open(&conf, &producer, &err) != RC_OK)
        return 4;
    struct printed *printed = calloc(count, sizeof *printed);
    if (printed == NULL)
        return 5;
    for (size_t i = 0; i < count; i++) {
        char value[32];
        (void)snprintf(value, sizeof value, "%zu", first + i);
        const struct bus_message message = text_message(BUS_RECORDS, "key", value);
        printed[i].number = (uint32_t)(first + i);
        enum rc rc;
        while ((rc = bus_produce(producer, &message, 1, print_number, &printed[i], &err)) ==
               RC_AGAIN)
            (void)usleep(1000);
        if (rc != RC_OK)
            return 6;
    }
    bus_producer_close(&producer, 20000);
    free(printed);
    return 0;
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc == 7)
        return write_child(argv);
    const struct CMUnitTest tests[] = {
        BUS_TEST(messages_come_back_as_they_were),
        BUS_TEST(a_key_keeps_its_order),
        BUS_TEST(a_set_is_confirmed_once_for_all_topics),
        BUS_TEST(what_is_too_large_is_rejected),
        BUS_TEST(a_full_queue_says_again),
        BUS_TEST(closing_confirms_what_is_queued),
        BUS_TEST(reading_begins_where_start_offset_says),
        BUS_TEST(an_offset_beyond_the_end_is_fatal),
        BUS_TEST(batches_are_bounded),
        BUS_TEST(a_failed_start_offset_is_asked_again),
        BUS_TEST(messages_wake_a_waiting_consumer),
        BUS_TEST(offsets_go_on_after_a_restart),
        BUS_TEST(threads_share_a_producer),
        BUS_TEST(processes_share_the_bus),
        BUS_TEST(what_a_killed_producer_confirmed_is_there),
        BUS_TEST(a_second_consumer_waits_or_shares),
    };
    kind_tested = BUS_EMBEDDED;
    int failed = cmocka_run_group_tests_name("embedded bus", tests, NULL, NULL);
    if (kafka_wanted()) {
        kind_tested = BUS_KAFKA;
        failed += cmocka_run_group_tests_name("kafka bus", tests, NULL, NULL);
    }
    return failed;
}
