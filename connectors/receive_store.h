/* receive_store.h: where an authenticated body goes, and when it is there for good. For
 * connectors/receive*.c only.
 *
 * A body is put on the bus as one set; its connection is suspended until the bus has confirmed all
 * of it. A set that the bus refuses for its size goes once more, as a single dead letter.
 * Spool:   with one, a body that the bus does not take, and every body after it, is kept there
 *          (spool.h) and forwarded (forward.h); once all of them are on the bus, bodies go straight
 *          again. Of two bodies, the second sent after the first was answered, the bus so gets the
 *          first one first. Bodies that come while the last of the spool are on their way to the
 *          bus wait for that, else the spool were never empty under load. "always": each body goes
 *          that way.
 * Owns:    the bus's producer, the spool. A store_job belongs to its request, from
 *          receive_store_put until receive_store_forget.
 * Threads: put, settle and forget of one job run on the thread of its connection; the confirmation
 *          comes on a thread of the bus or the spool, touches only the job that waits for it, then
 *          resumes the connection. open, reach, watch, drain and close belong to one thread, the
 *          rest is safe from any.
 * Drain:   once "stopping" is set and "producing" is 0, no further set is produced for the bus;
 *          once "unanswered" is 0, every body that was put has been answered. What the bus fails
 *          meanwhile still goes to the spool. */
#ifndef SLUICE_CONNECTORS_RECEIVE_STORE_H
#define SLUICE_CONNECTORS_RECEIVE_STORE_H

#include "connectors/http_loop.h"
#include "connectors/ingest_pool.h"
#include "connectors/receive_metrics.h"

struct receive_store;

struct receive_store_conf {
    const struct bus_conf *bus;
    const struct spool_conf *spool; /* its path NULL: none */
    const struct route_table *routes;
    struct ingest_pool *ingests;
    struct receive_metrics *metrics;
};

enum store_stage {
    STORE_NEW,
    STORE_WAITS_SET,    /* for the bus to confirm the set */
    STORE_WAITS_LETTER, /* for the bus to confirm the dead letter of a set that it refused */
    STORE_WAITS_SPOOL,
    STORE_WAITS_TURN /* until it is decided whether it goes to the bus or to the spool */
};

struct store_job { /* zero, but for what the request fills in, before receive_store_put */
    struct receive_store *store;
    struct store_job *next_waiting; /* for its turn */
    struct http_suspended suspended;
    struct MHD_Connection *connection; /* the request's */
    const struct route *route;         /* the request's */
    struct ingest_body body;           /* the request's, borrowed */
    enum store_stage stage;
    bool is_unanswered; /* counted there */
    enum rc delivered;  /* written by another thread while the connection is suspended */
    char why[sizeof((struct err *)0)->msg]; /* it was not delivered */
};

enum store_state {
    STORE_UNDER_WAY,   /* suspended; receive_store_settle is due when the connection goes on */
    STORE_KEPT,        /* confirmed: the sender may forget it */
    STORE_BUSY,        /* a bounded queue is full */
    STORE_UNAVAILABLE, /* neither the bus nor a spool takes it, or the store is stopping */
};

struct receive_store *receive_store_new(const struct receive_store_conf *conf);
void receive_store_free(struct receive_store **store);

bool receive_store_has_spool(const struct receive_store *store);
/* Opens the spool, and begins to forward what is in it: from here on bodies are taken, whether the
 * bus is there or not. RC_RETRY: its file is held, or there is no room to make it. */
enum rc receive_store_open_spool(struct receive_store *store, struct err *err) MUST_USE;
/* Without a spool: reaches the bus and opens its producer. RC_RETRY: it is away. */
enum rc receive_store_reach(struct receive_store *store, struct err *err) MUST_USE;
/* To be called again and again: looks after what has failed now and then, so that readiness comes
 * back without traffic (a balancer sends none while it is not ready). Another result than RC_OK:
 * this process cannot go on. */
enum rc receive_store_watch(struct receive_store *store, struct err *err) MUST_USE;

/* The ingest is the caller's and is free again when the call returns. */
enum store_state receive_store_put(struct receive_store *store, struct store_job *job,
                                   struct ingest *ingest);
/* What became of it; STORE_UNDER_WAY: it had to be put another way. */
enum store_state receive_store_settle(struct receive_store *store, struct store_job *job);
/* The request is completed: the job is no longer the store's. */
void receive_store_forget(struct receive_store *store, struct store_job *job);

/* Whether a body would be taken now, as far as is known. */
bool receive_store_is_ready(struct receive_store *store);

struct receive_store_stats {
    size_t unanswered;
    struct bus_producer_stats bus;
    bool is_spooling;   /* bodies go to the spool */
    uint64_t spooled;   /* bodies answered from there */
    uint64_t forwarded; /* of those, by this process or before: on the bus */
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
