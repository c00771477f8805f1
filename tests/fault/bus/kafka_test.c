/* Brokers that are away, die, or misbehave. The broker that is killed is one of its own, so that
 * tests which run beside are left alone. */
#include "tests/flow/bus/fixture.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define OWN_PORT "19592"
#define OWN_BROKER "127.0.0.1:" OWN_PORT

static int set_up(void **state)
{
    *state = fixture_new(BUS_KAFKA);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

/* ---- away ---- */

static void brokers_that_are_away_are_told_in_time(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = NULL;
    fixture->conf.brokers = "127.0.0.1:1";
    fixture->conf.delivery_timeout_ms = 1500;
    OK(fixture, bus_producer_open(&fixture->conf, &producer, &fixture->error));
    const struct bus_message message = text_message(BUS_RECORDS, "k", "1");
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(bus_produce_wait(producer, &message, 1, &fixture->error), RC_RETRY);
    assert_in_range(clock_monotonic_us() - began_us, 1000000, 5000000);
    assert_non_null(strstr(fixture->error.msg, "127.0.0.1:1"));
    struct tally tally = {0};
    produce_patiently(fixture, producer, &message, 1, &tally);
    bus_producer_close(&producer, 100);
    assert_int_equal(tally.failed, 1);
    assert_int_equal(tally.last_rc, RC_RETRY);

    assert_int_equal(bus_prepare(&fixture->conf, &fixture->error), RC_RETRY);
    assert_non_null(strstr(fixture->error.msg, "127.0.0.1:1"));
}

static void closing_a_consumer_ends_though_brokers_are_away(void **state)
{
    struct fixture *fixture = *state;
    fixture->conf.brokers = "127.0.0.1:1";
    struct bus_consumer *consumer = consumer_on(fixture, BUS_RECORDS);
    struct bus_batch batch;
    assert_int_equal(bus_consumer_poll(consumer, 300, 10, MIB, &batch, &fixture->error), RC_AGAIN);
    int64_t began_us = clock_monotonic_us();
    bus_consumer_close(&consumer);
    assert_true(clock_monotonic_us() - began_us < 10 * US_PER_SECOND);
}

/* ---- properties ---- */

static void properties_are_passed_or_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct refused {
        struct bus_property property;
        const char *word;
    } cases[] = {{{"no.such.property", "1"}, "no.such.property"},
                 {{"linger.ms", "soon"}, "linger.ms"},
                 {{"acks", "1"}, "sets it itself"},
                 {{"enable.idempotence", "false"}, "sets it itself"},
                 {{"bootstrap.servers", "x:1"}, "sets it itself"}};
    fixture->conf.brokers = "127.0.0.1:1";
    fixture->conf.property_count = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bus_producer *producer = NULL;
        fixture->conf.properties = &cases[i].property;
        assert_int_equal(bus_producer_open(&fixture->conf, &producer, &fixture->error), RC_FATAL);
        assert_null(producer);
        assert_non_null(strstr(fixture->error.msg, cases[i].word));
    }
}

/* ---- a fatal error of the idempotent producer ---- */

static void a_fatal_error_fails_what_is_out_and_passes(void **state)
{
    struct fixture *fixture = *state;
    char why[256];
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    assert_non_null(host);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    assert_non_null(cluster);
    fixture->conf.brokers = rd_kafka_mock_cluster_bootstraps(cluster);
    char topic[BUS_TOPIC_NAME_BYTES];
    bus_topic_name(&fixture->conf, BUS_RECORDS, topic);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, topic, 1, 1), 0);

    struct bus_producer *producer = NULL;
    OK(fixture, bus_producer_open(&fixture->conf, &producer, &fixture->error));
    const struct bus_message message = text_message(BUS_RECORDS, "k", "1");
    OK(fixture, bus_produce_wait(producer, &message, 1, &fixture->error));
    const int16_t produce_key = 0;
    rd_kafka_mock_push_request_errors(cluster, produce_key, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_int_equal(bus_produce_wait(producer, &message, 1, &fixture->error), RC_RETRY);
    enum rc rc = RC_RETRY;
    for (int i = 0; i < 100 && rc == RC_RETRY; i++) {
        rc = bus_produce_wait(producer, &message, 1, &fixture->error);
        (void)usleep(100000);
    }
    OK(fixture, rc);
    bus_producer_close(&producer, 5000);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
}

/* ---- a broker that is killed and comes back ---- */

static void run(const char *command)
{
    int status = system(command); // NOLINT(cert-env33-c): a constant of this file
    if (status != 0)
        fail_msg("\"%s\" gave %d", command, status);
}

#define OWN_KAFKA                                                                                  \
    "env KAFKA_PORT=" OWN_PORT " SLUICE_VAR=/tmp/sluice-test-kafka"                                \
    " KAFKA_HOME=\"${KAFKA_HOME:-$(pwd)/var/kafka}\" scripts/kafka "

#define NUMBERS 20000

#define CONFIRMED_BEFORE 100 /* on a busy machine that takes a while */

static void *kill_and_restart(void *context)
{
    const struct tally *tally = context;
    int64_t until_us = clock_monotonic_us() + 20 * US_PER_SECOND;
    while (tally->ok < CONFIRMED_BEFORE && clock_monotonic_us() < until_us)
        (void)usleep(1000);
    run(OWN_KAFKA "kill");
    (void)usleep(500000);
    run(OWN_KAFKA "start");
    return NULL;
}

struct attempt {
    uint8_t *confirmed; /* one for each number */
    size_t number;
    struct tally *tally;
};

static void attempt_delivered(void *context, enum rc rc, const struct err *err)
{
    struct attempt *attempt = context;
    if (rc == RC_OK)
        attempt->confirmed[attempt->number] = 1;
    tally_delivered(attempt->tally, rc, err);
}

static void what_was_confirmed_survives_a_killed_broker(void **state)
{
    struct fixture *fixture = *state;
    struct bus_producer *producer = NULL;
    run(OWN_KAFKA "start");
    fixture->conf.brokers = OWN_BROKER;
    fixture->conf.delivery_timeout_ms = 3000;
    OK(fixture, bus_prepare(&fixture->conf, &fixture->error));
    OK(fixture, bus_producer_open(&fixture->conf, &producer, &fixture->error));
    struct tally tally = {0};
    pthread_t killer;
    assert_int_equal(pthread_create(&killer, NULL, kill_and_restart, &tally), 0);

    uint8_t *confirmed = calloc(NUMBERS, 1);
    struct attempt *attempts = calloc(NUMBERS, sizeof *attempts);
    size_t queued = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        char value[32];
        (void)snprintf(value, sizeof value, "%zu", i);
        attempts[i] = (struct attempt){confirmed, i, &tally};
        const struct bus_message message = text_message(BUS_RECORDS, "k", value);
        queued += bus_produce(producer, &message, 1, attempt_delivered, &attempts[i],
                              &fixture->error) == RC_OK;
        if (i % 10 == 0)
            (void)usleep(2000); /* about 4 s: before, during and after */
    }
    assert_int_equal(pthread_join(killer, NULL), 0);
    tally_wait(&tally, queued);
    assert_true(tally.ok >= CONFIRMED_BEFORE);
    const struct bus_message last = text_message(BUS_RECORDS, "k", "0");
    enum rc rc = RC_RETRY;
    for (int i = 0; i < 100 && rc == RC_RETRY; i++)
        rc = bus_produce_wait(producer, &last, 1, &fixture->error);
    OK(fixture, rc);
    bus_producer_close(&producer, 10000);

    unsigned *seen = calloc(NUMBERS, sizeof *seen);
    assert_non_null(seen);
    count_numbers(fixture, BUS_RECORDS, seen, NUMBERS, tally.ok + 1);
    for (size_t i = 0; i < NUMBERS; i++)
        assert_true(seen[i] >= confirmed[i]);
    free(seen);
    free(attempts);
    free(confirmed);
    run(OWN_KAFKA "stop");
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUS_TEST(properties_are_passed_or_refused),
        BUS_TEST(brokers_that_are_away_are_told_in_time),
        BUS_TEST(closing_a_consumer_ends_though_brokers_are_away),
        BUS_TEST(a_fatal_error_fails_what_is_out_and_passes),
        BUS_TEST(what_was_confirmed_survives_a_killed_broker),
    };
    return kafka_wanted() ? cmocka_run_group_tests_name("kafka faults", tests, NULL, NULL) : 0;
}
