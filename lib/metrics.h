/* metrics.h: counters, gauges and histograms, shown in Prometheus' text format (version 0.0.4).
 *
 * Owns:    the registry owns every metric; a pointer to one stays valid until metrics_free.
 * Units:   histograms observe microseconds and are shown in seconds; name them "..._seconds".
 * Errors:  none; registering twice the same name and labels is a broken invariant.
 * Threads: registering belongs to the start, one thread; changing a metric and metrics_write are
 *          safe from any thread afterwards and never lock.
 * Source:  reference/ecosystem.md 1.8; "promtool check metrics" is the test. */
#ifndef SLUICE_LIB_METRICS_H
#define SLUICE_LIB_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_LABELS_MAX 4

struct metrics;
struct metric;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_label {
    const char *name;
    const char *value; /* copied */
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics **metrics);

/* name and help are literals. Metrics of one name must agree in type and help; labels tell them
 * apart (NULL, 0: none). */
struct metric *metrics_add(struct metrics *metrics, enum metric_type type, const char *name,
                           const char *help, const struct metric_label *labels, size_t label_count);
/* A histogram with the bounds given in ascending microseconds (a static array). */
struct metric *metrics_add_histogram(struct metrics *metrics, const char *name, const char *help,
                                     const int64_t *bounds_us, size_t bound_count);

void metric_add(struct metric *metric, int64_t by);
/* Gauges, and counters that mirror a count kept elsewhere. */
void metric_set(struct metric *metric, int64_t value);
void metric_observe(struct metric *metric, int64_t us);

/* Appends the whole registry as text. false: larger than the buffer's maximum. */
bool metrics_write(const struct metrics *metrics, struct buf *out);

#endif
