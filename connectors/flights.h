/* flights.h: the sets that are on their way to the bus, in the order in which they left.
 *
 * A log is passed on piece by piece; each flight knows the place in the log behind its piece. The
 * bus may confirm them in any order: "confirmed" is the place up to which nothing is missing.
 * Owns:    nothing beside itself; it must live until every flight has landed.
 * Bounds:  FLIGHTS_MOST at a time.
 * Threads: flights_landed may come on any thread; the rest belongs to one. */
#ifndef SLUICE_CONNECTORS_FLIGHTS_H
#define SLUICE_CONNECTORS_FLIGHTS_H

#include "bus/bus.h"

#define FLIGHTS_MOST 4096

struct flights;

struct flights *flights_new(void);
void flights_free(struct flights **flights);

/* The context for flights_landed; NULL: too many are out. next: the place behind the piece. */
void *flights_begin(struct flights *flights, int64_t next);
/* The last one begun never left: it is forgotten. */
void flights_cancel(struct flights *flights);
/* A bus_delivered_fn. */
void flights_landed(void *flight, enum rc rc, const struct err *err);

struct flights_state {
    size_t out;        /* begun and not landed */
    bool has_failed;   /* one that landed has; nothing behind it is confirmed */
    int64_t confirmed; /* -1: nothing yet */
    uint64_t count;    /* of flights that were confirmed in order, ever */
};
struct flights_state flights_state(struct flights *flights);

/* Waits until one lands or the time is over; one that landed just before does not count. */
void flights_wait(struct flights *flights, int timeout_ms);
/* Waits until all have landed; false: the time is over. */
bool flights_wait_for_all(struct flights *flights, int timeout_ms);

/* With nothing out: forgets a failure, so that everything behind "confirmed" may go again. Says
 * which was the first to fail: its place, and why. */
void flights_restart(struct flights *flights, int64_t *failed_out, struct err *why_out);

#endif
