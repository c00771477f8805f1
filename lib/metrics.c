#include "lib/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/arena.h"

#define LABEL_TEXT_MOST_BYTES 4096

struct metric {
    struct metric *next;
    char *labels; /* name="value",... ; empty for none */
    const int64_t *bounds_us;
    size_t bound_count;
    atomic_int_fast64_t value;    /* histograms: the sum in microseconds */
    atomic_int_fast64_t *buckets; /* one per bound, then those above; not cumulative */
};

struct family {
    struct family *next;
    const char *name;
    const char *help;
    enum metric_type type;
    struct metric *first;
    struct metric *last;
};

struct metrics {
    struct family *first;
    struct family *last;
};

static const char *const type_names[] = {"counter", "gauge", "histogram"};

struct metrics *metrics_new(void)
{
    return xcalloc(1, sizeof(struct metrics));
}

static void free_family(struct family *family)
{
    for (struct metric *metric = family->first, *next; metric != NULL; metric = next) {
        next = metric->next;
        free(metric->labels);
        free(metric->buckets);
        free(metric);
    }
    free(family);
}

void metrics_free(struct metrics **metrics)
{
    if (metrics == NULL || *metrics == NULL)
        return;
    for (struct family *family = (*metrics)->first, *next; family != NULL; family = next) {
        next = family->next;
        free_family(family);
    }
    free(*metrics);
    *metrics = NULL;
}

static struct family *family_of(struct metrics *metrics, enum metric_type type, const char *name,
                                const char *help)
{
    for (struct family *family = metrics->first; family != NULL; family = family->next)
        if (strcmp(family->name, name) == 0) {
            assert(family->type == type && strcmp(family->help, help) == 0);
            return family;
        }
    struct family *family = xcalloc(1, sizeof *family);
    family->name = name;
    family->help = help;
    family->type = type;
    if (metrics->last != NULL)
        metrics->last->next = family;
    else
        metrics->first = family;
    metrics->last = family;
    return family;
}

static void add_escaped(struct buf *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            (void)buf_add(out, "\\n", 2);
            continue;
        }
        if (*value == '\\' || *value == '"')
            (void)buf_add(out, "\\", 1);
        (void)buf_add(out, value, 1);
    }
}

static char *labels_text(const struct metric_label *labels, size_t count)
{
    struct buf text;
    buf_init(&text, LABEL_TEXT_MOST_BYTES);
    for (size_t i = 0; i < count; i++) {
        (void)buf_printf(&text, "%s%s=\"", i > 0 ? "," : "", labels[i].name);
        add_escaped(&text, labels[i].value);
        (void)buf_add(&text, "\"", 1);
    }
    (void)buf_add(&text, "", 1);
    assert(!buf_is_full(&text));
    return text.p;
}

static struct metric *append(struct family *family, const struct metric_label *labels,
                             size_t label_count)
{
    struct metric *metric = xcalloc(1, sizeof *metric);
    metric->labels = labels_text(labels, label_count);
    for (struct metric *other = family->first; other != NULL; other = other->next)
        assert(strcmp(other->labels, metric->labels) != 0);
    if (family->last != NULL)
        family->last->next = metric;
    else
        family->first = metric;
    family->last = metric;
    return metric;
}

struct metric *metrics_add(struct metrics *metrics, enum metric_type type, const char *name,
                           const char *help, const struct metric_label *labels, size_t label_count)
{
    assert(type != METRIC_HISTOGRAM && label_count <= METRICS_LABELS_MAX);
    return append(family_of(metrics, type, name, help), labels, label_count);
}

struct metric *metrics_add_histogram(struct metrics *metrics, const char *name, const char *help,
                                     const int64_t *bounds_us, size_t bound_count)
{
    struct metric *metric = append(family_of(metrics, METRIC_HISTOGRAM, name, help), NULL, 0);
    metric->bounds_us = bounds_us;
    metric->bound_count = bound_count;
    metric->buckets = xcalloc(bound_count + 1, sizeof *metric->buckets);
    return metric;
}

void metric_add(struct metric *metric, int64_t by)
{
    atomic_fetch_add_explicit(&metric->value, by, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe(struct metric *metric, int64_t us)
{
    size_t i = 0;
    while (i < metric->bound_count && us > metric->bounds_us[i])
        i++;
    atomic_fetch_add_explicit(&metric->buckets[i], 1, memory_order_relaxed);
    metric_add(metric, us);
}

static int64_t value_of(const atomic_int_fast64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void write_plain(const struct family *family, const struct metric *metric, struct buf *out)
{
    (void)buf_add_text(out, family->name);
    if (metric->labels[0] != '\0')
        (void)buf_printf(out, "{%s}", metric->labels);
    (void)buf_printf(out, " %" PRId64 "\n", value_of(&metric->value));
}

/* Seconds with six digits from whole microseconds: no floating point, no locale. */
static void add_seconds(struct buf *out, int64_t us)
{
    (void)buf_printf(out, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
}

static void write_histogram(const struct family *family, const struct metric *metric,
                            struct buf *out)
{
    int64_t count = 0;
    for (size_t i = 0; i < metric->bound_count; i++) {
        count += value_of(&metric->buckets[i]);
        (void)buf_printf(out, "%s_bucket{le=\"", family->name);
        add_seconds(out, metric->bounds_us[i]);
        (void)buf_printf(out, "\"} %" PRId64 "\n", count);
    }
    count += value_of(&metric->buckets[metric->bound_count]);
    (void)buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", family->name, count);
    (void)buf_printf(out, "%s_sum ", family->name);
    add_seconds(out, value_of(&metric->value));
    (void)buf_printf(out, "\n%s_count %" PRId64 "\n", family->name, count);
}

bool metrics_write(const struct metrics *metrics, struct buf *out)
{
    for (const struct family *family = metrics->first; family != NULL; family = family->next) {
        (void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help,
                         family->name, type_names[family->type]);
        for (const struct metric *metric = family->first; metric != NULL; metric = metric->next) {
            if (family->type == METRIC_HISTOGRAM)
                write_histogram(family, metric, out);
            else
                write_plain(family, metric, out);
        }
    }
    return !buf_is_full(out);
}
