#include "lib/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const int64_t bounds_us[] = {1000, 50000, 2500000};

static struct metrics *sample(void)
{
    struct metrics *metrics = metrics_new();
    const struct metric_label plain[] = {{"tenant", "acme"}, {"verdict", "stored"}};
    const struct metric_label odd[] = {{"tenant", "a\"b\\c\nd"}, {"verdict", "busy"}};
    struct metric *stored =
        metrics_add(metrics, METRIC_COUNTER, "sluice_requests_total", "Requests.", plain, 2);
    struct metric *depth =
        metrics_add(metrics, METRIC_GAUGE, "sluice_queue_bytes", "Queued bytes.", NULL, 0);
    struct metric *busy =
        metrics_add(metrics, METRIC_COUNTER, "sluice_requests_total", "Requests.", odd, 2);
    struct metric *latency =
        metrics_add_histogram(metrics, "sluice_latency_seconds", "Latency.", bounds_us, 3);
    metric_add(stored, 2);
    metric_add(stored, 3);
    metric_add(busy, 1);
    metric_set(depth, -7);
    static const int64_t seen_us[] = {1, 1000, 1001, 3000000};
    for (size_t i = 0; i < 4; i++)
        metric_observe(latency, seen_us[i]);
    return metrics;
}

static const char expected[] =
    "# HELP sluice_requests_total Requests.\n"
    "# TYPE sluice_requests_total counter\n"
    "sluice_requests_total{tenant=\"acme\",verdict=\"stored\"} 5\n"
    "sluice_requests_total{tenant=\"a\\\"b\\\\c\\nd\",verdict=\"busy\"} 1\n"
    "# HELP sluice_queue_bytes Queued bytes.\n"
    "# TYPE sluice_queue_bytes gauge\n"
    "sluice_queue_bytes -7\n"
    "# HELP sluice_latency_seconds Latency.\n"
    "# TYPE sluice_latency_seconds histogram\n"
    "sluice_latency_seconds_bucket{le=\"0.001000\"} 2\n"
    "sluice_latency_seconds_bucket{le=\"0.050000\"} 3\n"
    "sluice_latency_seconds_bucket{le=\"2.500000\"} 3\n"
    "sluice_latency_seconds_bucket{le=\"+Inf\"} 4\n"
    "sluice_latency_seconds_sum 3.002002\n"
    "sluice_latency_seconds_count 4\n";

static void writes_families_together(void **state)
{
    (void)state;
    struct metrics *metrics = sample();
    struct buf text;
    buf_init(&text, 1 << 16);
    assert_true(metrics_write(metrics, &text));
    assert_int_equal(text.n, sizeof expected - 1);
    assert_memory_equal(text.p, expected, text.n);
    buf_done(&text);
    metrics_free(&metrics);
    assert_null(metrics);
}

static void reports_a_text_that_does_not_fit(void **state)
{
    (void)state;
    struct metrics *metrics = sample();
    struct buf text;
    buf_init(&text, 100);
    assert_false(metrics_write(metrics, &text));
    buf_done(&text);
    metrics_free(&metrics);
}

static void promtool_has_nothing_to_say(void **state)
{
    (void)state;
    struct metrics *metrics = sample();
    struct buf text;
    buf_init(&text, 1 << 16);
    assert_true(metrics_write(metrics, &text));
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(text.p, 1, text.n, promtool), text.n);
    assert_int_equal(pclose(promtool), 0);
    buf_done(&text);
    metrics_free(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_families_together),
        cmocka_unit_test(reports_a_text_that_does_not_fit),
        cmocka_unit_test(promtool_has_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
