/* forward.h: takes bodies out of the spool and puts them on the bus, in their order, on a thread of
 * its own.
 *
 * Many sets are on their way at a time; what the bus has confirmed is dropped from the spool in
 * ranges, about once a second. When a set fails, all that were on their way are awaited, then
 * everything from the first unconfirmed body on goes again: a body may come twice, none is left
 * out. A body that the bus refuses for its size, and one whose connector is gone from the pipeline
 * file, go as dead letters.
 * Errors:  a bus that is away is waited for, with growing pauses. A spool that cannot be read, or a
 *          bus that cannot be used, ends the thread: forward_has_failed.
 * Threads: start, stop and free belong to one, forward_has_failed and forward_count to any. The
 *          functions of forward_conf are called on the forwarder's own thread. */
#ifndef SLUICE_CONNECTORS_FORWARD_H
#define SLUICE_CONNECTORS_FORWARD_H

#include "connectors/ingest_pool.h"
#include "connectors/receive_metrics.h"

struct forward;

struct forward_look {
    uint64_t mark;   /* what "drained" is given */
    bool in_a_hurry; /* somebody waits for the spool to be empty */
};

struct forward_conf {
    const struct spool_conf *spool;
    const struct route_table *routes;
    struct ingest_pool *ingests;
    struct receive_metrics *metrics;
    /* Reaches the bus. The producer stays open until forward_free has returned. */
    enum rc (*reach)(void *context, struct bus_producer **producer_out, struct err *err);
    /* Before each look into the spool. */
    struct forward_look (*look)(void *context);
    /* Nothing was found there just now; what was found before may still be on its way. */
    void (*caught_up)(void *context);
    /* Nothing was found there, and all that was found before is confirmed. Only the spool's one
     * reader says this and the above. */
    void (*drained)(void *context, uint64_t mark);
    /* The thread pauses or ends; is_away: because the bus takes nothing. */
    void (*interrupted)(void *context, bool is_away);
    void *context;
};

enum rc forward_start(const struct forward_conf *conf, struct forward **forward_out,
                      struct err *err) MUST_USE;
/* The bus has failed somebody else: it is reached anew before anything more is sent. Any thread. */
void forward_doubt(struct forward *forward);
/* Asks the thread to end; what is on its way has a moment to be confirmed. */
void forward_stop(struct forward *forward);
/* Waits for the thread, and notes in the spool how far it came. */
void forward_join(struct forward *forward);
/* Joined, and after the producer was closed: it may still confirm until then. */
void forward_free(struct forward **forward);

/* err_out is written when it has. */
bool forward_has_failed(struct forward *forward, struct err *err_out);
uint64_t forward_count(struct forward *forward); /* bodies confirmed by the bus */

#endif
