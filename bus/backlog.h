/* backlog.h: how far a consumer group of an embedded bus is behind, for whoever only looks on.
 *
 * Owns:    nothing. Errors: those of bus_ranges. Threads: safe from any; opens the file each time.
 */
#ifndef SLUICE_BUS_BACKLOG_H
#define SLUICE_BUS_BACKLOG_H

#include "bus/bus.h"

struct bus_backlog {
    int64_t messages;  /* not done, as far as bus_consumer_done has stored it */
    int64_t oldest_us; /* when the batch of the first of them was begun; TIME_NONE: there is none */
    uint64_t used_bytes; /* of the file: what it holds, without pages that wait for use */
};

/* A group that never read is behind by all that is kept. */
enum rc bus_backlog_read(const struct bus_conf *conf, const char *group, enum bus_topic topic,
                         struct bus_backlog *backlog_out, struct err *err) MUST_USE;

#endif
