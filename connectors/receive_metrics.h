/* receive_metrics.h: what /metrics of the webhook endpoint shows.
 *
 * Owns:    its registry.
 * Threads: counting is safe from any thread; receive_metrics_write too. */
#ifndef SLUICE_CONNECTORS_RECEIVE_METRICS_H
#define SLUICE_CONNECTORS_RECEIVE_METRICS_H

#include "connectors/ingest.h"
#include "connectors/receive_answer.h"
#include "connectors/route.h"
#include "lib/buf.h"

struct receive_metrics;

struct receive_metrics *receive_metrics_new(const struct route_table *routes);
void receive_metrics_free(struct receive_metrics **metrics);

/* route NULL: no route was found. */
void receive_metrics_answered(struct receive_metrics *metrics, const struct route *route,
                              enum verdict verdict);
/* From the request's headers to the answer, of a stored body. */
void receive_metrics_acknowledged(struct receive_metrics *metrics, int64_t us);
void receive_metrics_put(struct receive_metrics *metrics, const struct ingest_set *set,
                         size_t bytes);
/* The HTTP server has answered itself: no handler has seen the request. */
void receive_metrics_http_error(struct receive_metrics *metrics, unsigned int status);
void receive_metrics_tls_failed(struct receive_metrics *metrics);
void receive_metrics_rejected(struct receive_metrics *metrics, const char *reason);

struct receive_metrics_now { /* looked up when somebody asks */
    uint64_t connections;
    uint64_t unconfirmed_requests;
    uint64_t body_bytes;
    bool ready;
    struct bus_producer_stats bus;
    bool spooling;
    uint64_t spooled, forwarded;
    uint64_t spool_bodies, spool_bytes;
    int64_t spool_oldest_us; /* its age */
};

/* Appends the text form. false: larger than out's maximum. */
bool receive_metrics_write(struct receive_metrics *metrics, const struct receive_metrics_now *now,
                           struct buf *out);

#endif
