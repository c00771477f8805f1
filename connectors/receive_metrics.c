#include "connectors/receive_metrics.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/metrics.h"

#define REJECT_CODES (REJECT_BAD_VALUE + 1)

/* What the HTTP server answers by itself. */
static const char *const http_errors[] = {"400", "408", "411", "413", "414",
                                          "431", "500", "501", "505", "other"};
#define HTTP_ERRORS (sizeof http_errors / sizeof *http_errors)

struct receive_metrics {
    struct metrics *registry;
    size_t route_count;
    struct metric *(*answered)[VERDICTS];    /* by route index; the last row is for no route */
    struct metric *http_errors[HTTP_ERRORS]; /* by place in http_errors; the last is for others */
    struct metric *tls_failed;
    struct metric *rejected[REJECT_CODES];
    struct metric *acknowledged;
    struct metric *records;
    struct metric *ignored;
    struct metric *text_replaced;
    struct metric *bytes;
    struct metric *connections;
    struct metric *unconfirmed;
    struct metric *body_bytes;
    struct metric *ready;
    struct metric *bus_queued_messages;
    struct metric *bus_queued_bytes;
    struct metric *bus_delivered;
    struct metric *bus_failed;
    struct metric *bus_commits;
    struct metric *spooling;
    struct metric *spool_bodies;
    struct metric *spool_bytes;
    struct metric *spool_oldest;
    struct metric *spooled;
    struct metric *forwarded;
};

static const int64_t latency_bounds_us[] = {500,     1000,    2500,    5000,    10000,
                                            25000,   50000,   100000,  250000,  500000,
                                            1000000, 2500000, 5000000, 10000000};

static void add_answered(struct receive_metrics *metrics, size_t index, const char *tenant,
                         const char *connector)
{
    for (int verdict = VERDICT_OPEN + 1; verdict < VERDICTS; verdict++) {
        struct metric_label labels[] = {{"tenant", tenant},
                                        {"connector", connector},
                                        {"verdict", verdict_name((enum verdict)verdict)}};
        metrics->answered[index][verdict] =
            metrics_add(metrics->registry, METRIC_COUNTER, "sluice_receive_requests_total",
                        "Webhook requests by connector and verdict.", labels, 3);
    }
}

static void add_http_errors(struct receive_metrics *metrics)
{
    for (size_t i = 0; i < HTTP_ERRORS; i++) {
        struct metric_label label = {"status", http_errors[i]};
        metrics->http_errors[i] =
            metrics_add(metrics->registry, METRIC_COUNTER, "sluice_receive_http_errors_total",
                        "Requests that are no sound HTTP or whose headers are too large, by the "
                        "status that answered them.",
                        &label, 1);
    }
}

static void add_rejected(struct receive_metrics *metrics)
{
    for (int code = 0; code < REJECT_CODES; code++) {
        struct metric_label label = {"reason", reject_code_name((enum reject_code)code)};
        metrics->rejected[code] = metrics_add(
            metrics->registry, METRIC_COUNTER, "sluice_receive_rejects_total",
            "Elements of authenticated bodies that became dead letters, by reason.", &label, 1);
    }
}

static struct metric *add_plain(struct receive_metrics *metrics, enum metric_type type,
                                const char *name, const char *help)
{
    return metrics_add(metrics->registry, type, name, help, NULL, 0);
}

static void add_gauges(struct receive_metrics *metrics)
{
    metrics->connections =
        add_plain(metrics, METRIC_GAUGE, "sluice_receive_connections", "Open connections.");
    metrics->unconfirmed = add_plain(metrics, METRIC_GAUGE, "sluice_receive_unconfirmed_requests",
                                     "Requests handed to the bus and not answered yet.");
    metrics->body_bytes = add_plain(metrics, METRIC_GAUGE, "sluice_receive_body_bytes",
                                    "Bytes of bodies held in memory.");
    metrics->ready = add_plain(metrics, METRIC_GAUGE, "sluice_receive_ready",
                               "1 while webhooks can be taken, else 0.");
    metrics->bus_queued_messages = add_plain(metrics, METRIC_GAUGE, "sluice_bus_queued_messages",
                                             "Messages that the bus has not confirmed yet.");
    metrics->bus_queued_bytes = add_plain(metrics, METRIC_GAUGE, "sluice_bus_queued_bytes",
                                          "Bytes that the bus has not confirmed yet.");
}

static void add_counters(struct receive_metrics *metrics)
{
    metrics->tls_failed = add_plain(metrics, METRIC_COUNTER, "sluice_receive_tls_failed_total",
                                    "TLS handshakes that failed: no certificate of client_ca, an "
                                    "old version, no TLS at all.");
    metrics->records = add_plain(metrics, METRIC_COUNTER, "sluice_receive_records_total",
                                 "Canonical records made of authenticated bodies.");
    metrics->ignored = add_plain(metrics, METRIC_COUNTER, "sluice_receive_ignored_total",
                                 "Parts of bodies that carry no traffic, or none that this "
                                 "version reads.");
    metrics->text_replaced =
        add_plain(metrics, METRIC_COUNTER, "sluice_receive_text_replaced_total",
                  "NULs and lone surrogates in texts, turned into U+FFFD.");
    metrics->bytes = add_plain(metrics, METRIC_COUNTER, "sluice_receive_bytes_total",
                               "Bytes of authenticated bodies.");
    metrics->bus_delivered = add_plain(metrics, METRIC_COUNTER, "sluice_bus_delivered_total",
                                       "Messages that the bus has confirmed.");
    metrics->bus_failed = add_plain(metrics, METRIC_COUNTER, "sluice_bus_failed_total",
                                    "Messages that the bus has not taken.");
    metrics->bus_commits = add_plain(metrics, METRIC_COUNTER, "sluice_bus_commits_total",
                                     "Transactions of the embedded bus.");
}

static void add_spool(struct receive_metrics *metrics)
{
    metrics->spooling = add_plain(metrics, METRIC_GAUGE, "sluice_spool_active",
                                  "1 while bodies go to the spool, else 0.");
    metrics->spool_bodies = add_plain(metrics, METRIC_GAUGE, "sluice_spool_bodies",
                                      "Bodies in the spool that are not on the bus yet; a large "
                                      "one counts for each of its parts.");
    metrics->spool_bytes =
        add_plain(metrics, METRIC_GAUGE, "sluice_spool_bytes", "Bytes in use of the spool's file.");
    metrics->spool_oldest = add_plain(metrics, METRIC_GAUGE, "sluice_spool_oldest_age_seconds",
                                      "Age of the oldest body in the spool, 0 when it is empty.");
    metrics->spooled = add_plain(metrics, METRIC_COUNTER, "sluice_spool_spooled_total",
                                 "Bodies stored in the spool.");
    metrics->forwarded = add_plain(metrics, METRIC_COUNTER, "sluice_spool_forwarded_total",
                                   "Bodies of the spool that the bus has confirmed.");
}

struct receive_metrics *receive_metrics_new(const struct route_table *routes)
{
    struct receive_metrics *metrics = xcalloc(1, sizeof *metrics);
    metrics->registry = metrics_new();
    metrics->route_count = route_count(routes);
    metrics->answered = xcalloc(metrics->route_count + 1, sizeof *metrics->answered);
    for (size_t i = 0; i < metrics->route_count; i++) {
        const struct route *route = route_at(routes, i);
        add_answered(metrics, i, route->connector->tenant, route->name);
    }
    add_answered(metrics, metrics->route_count, "", "");
    add_http_errors(metrics);
    add_rejected(metrics);
    add_gauges(metrics);
    add_counters(metrics);
    add_spool(metrics);
    metrics->acknowledged = metrics_add_histogram(
        metrics->registry, "sluice_receive_acknowledge_seconds",
        "Time from a request's headers to its 200, the bus or the spool having confirmed the body.",
        latency_bounds_us, sizeof latency_bounds_us / sizeof *latency_bounds_us);
    return metrics;
}

void receive_metrics_free(struct receive_metrics **metrics)
{
    if (metrics == NULL || *metrics == NULL)
        return;
    metrics_free(&(*metrics)->registry);
    free((*metrics)->answered);
    free(*metrics);
    *metrics = NULL;
}

void receive_metrics_answered(struct receive_metrics *metrics, const struct route *route,
                              enum verdict verdict)
{
    size_t index = route != NULL ? route->index : metrics->route_count;
    metric_add(metrics->answered[index][verdict], 1);
}

void receive_metrics_acknowledged(struct receive_metrics *metrics, int64_t us)
{
    metric_observe(metrics->acknowledged, us);
}

void receive_metrics_put(struct receive_metrics *metrics, const struct ingest_set *set,
                         size_t bytes)
{
    metric_add(metrics->records, (int64_t)set->records);
    metric_add(metrics->ignored, (int64_t)set->ignored);
    metric_add(metrics->text_replaced, (int64_t)set->text_replaced);
    metric_add(metrics->bytes, (int64_t)bytes);
}

void receive_metrics_http_error(struct receive_metrics *metrics, unsigned int status)
{
    size_t i = 0;
    while (i + 1 < HTTP_ERRORS && strtoul(http_errors[i], NULL, 10) != status)
        i++;
    metric_add(metrics->http_errors[i], 1);
}

void receive_metrics_tls_failed(struct receive_metrics *metrics)
{
    metric_add(metrics->tls_failed, 1);
}

void receive_metrics_rejected(struct receive_metrics *metrics, const char *reason)
{
    for (int code = 0; code < REJECT_CODES; code++)
        if (strcmp(reject_code_name((enum reject_code)code), reason) == 0)
            metric_add(metrics->rejected[code], 1);
}

bool receive_metrics_write(struct receive_metrics *metrics, const struct receive_metrics_now *now,
                           struct buf *out)
{
    metric_set(metrics->connections, (int64_t)now->connections);
    metric_set(metrics->unconfirmed, (int64_t)now->unconfirmed_requests);
    metric_set(metrics->body_bytes, (int64_t)now->body_bytes);
    metric_set(metrics->ready, now->ready);
    metric_set(metrics->bus_queued_messages, (int64_t)now->bus.queued_messages);
    metric_set(metrics->bus_queued_bytes, (int64_t)now->bus.queued_bytes);
    metric_set(metrics->bus_delivered, (int64_t)now->bus.delivered_messages);
    metric_set(metrics->bus_failed, (int64_t)now->bus.failed_messages);
    metric_set(metrics->bus_commits, (int64_t)now->bus.commits);
    metric_set(metrics->spooling, now->spooling);
    metric_set(metrics->spool_bodies, (int64_t)now->spool_bodies);
    metric_set(metrics->spool_bytes, (int64_t)now->spool_bytes);
    metric_set(metrics->spool_oldest, now->spool_oldest_us / US_PER_SECOND);
    metric_set(metrics->spooled, (int64_t)now->spooled);
    metric_set(metrics->forwarded, (int64_t)now->forwarded);
    return metrics_write(metrics->registry, out);
}
