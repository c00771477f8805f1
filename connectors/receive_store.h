/* receive_store.h: where an authenticated body goes, and when it is there for good. For
 * connectors/receive*.c only.
 *
 * A body is put on the bus as one set; its connection is suspended until the bus has confirmed all
 * of it. A set that the bus refuses for its size goes once more, as a single dead letter.
 * Owns:    the bus's producer. A store_job belongs to its request, from receive_store_put until
 *          receive_store_forget.
 * Threads: put, settle and forget of one job run on the thread of its connection; the confirmation
 *          comes on a thread of the bus, touches only the job that waits for it, then resumes the
 *          connection. reach, probe, drain and close belong to one thread, the rest is safe from
 *          any.
 * Drain:   once "stopping" is set and "producing" is 0, no further set is produced; once
 *          "unanswered" is 0, every body that was put has been answered. */
#ifndef SLUICE_CONNECTORS_RECEIVE_STORE_H
#define SLUICE_CONNECTORS_RECEIVE_STORE_H

#include "connectors/http_loop.h"
#include "connectors/ingest_pool.h"
#include "connectors/receive_metrics.h"

struct receive_store;

struct receive_store_conf {
    const struct bus_conf *bus;
    struct ingest_pool *ingests;
    struct receive_metrics *metrics;
};

enum store_stage {
    STORE_NEW,
    STORE_WAITS_SET,   /* for the bus to confirm the set */
    STORE_WAITS_LETTER /* for the bus to confirm the dead letter of a set that it refused */
};

struct store_job { /* zero, but for the body, before receive_store_put */
    struct http_suspended suspended;
    struct MHD_Connection *connection;
    const struct route *route;
    struct ingest_body body; /* borrowed from the request */
    enum store_stage stage;
    bool is_unanswered; /* counted there */
    enum rc delivered;  /* written by the bus's thread while the connection is suspended */
    char refusal[sizeof((struct err *)0)->msg]; /* why the bus refused the set */
};

enum store_state {
    STORE_UNDER_WAY,   /* suspended; receive_store_settle is due when the connection goes on */
    STORE_KEPT,        /* confirmed: the sender may forget it */
    STORE_BUSY,        /* a bounded queue is full */
    STORE_UNAVAILABLE, /* the bus is away, or the store is stopping */
};

struct receive_store *receive_store_new(const struct receive_store_conf *conf);
void receive_store_free(struct receive_store **store);

/* Reaches the bus and opens its producer. RC_RETRY: it is away. */
enum rc receive_store_reach(struct receive_store *store, struct err *err) MUST_USE;
/* To be called again and again: tries a bus that has failed now and then, so that readiness comes
 * back without traffic (a balancer sends none while it is not ready). */
void receive_store_probe(struct receive_store *store);

/* The ingest is the caller's and is free again when the call returns. */
enum store_state receive_store_put(struct receive_store *store, struct store_job *job,
                                   struct ingest *ingest);
/* What became of it; STORE_UNDER_WAY: it had to be put another way. */
enum store_state receive_store_settle(struct receive_store *store, struct store_job *job);
/* The request is completed: the job is no longer the store's. */
void receive_store_forget(struct receive_store *store, struct store_job *job);

/* Whether a body would be taken now, as far as is known. */
bool receive_store_is_ready(const struct receive_store *store);

struct receive_store_stats {
    size_t unanswered;
    struct bus_producer_stats bus;
};
/* Not while the store is being closed. */
void receive_store_stats(struct receive_store *store, struct receive_store_stats *stats_out);

/* Takes nothing more and waits, within bounds, until all that was taken is answered. Returns how
 * many were not. */
size_t receive_store_drain(struct receive_store *store);
/* After the drain: fails what is left and waits until it is answered, so that no connection stays
 * suspended. */
void receive_store_close(struct receive_store *store, struct receive_store_stats *last_out);

#endif
