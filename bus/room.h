/* room.h: what a producer holds unconfirmed, against LIMIT_BUS_QUEUE_*.
 *
 * Owns:    nothing. Threads: the owner locks. */
#ifndef SLUICE_BUS_ROOM_H
#define SLUICE_BUS_ROOM_H

#include "bus/bus.h"
#include "lib/limits.h"

/* Takes room for a set; RC_AGAIN when the queue has none. */
static inline enum rc room_take(struct bus_producer_stats *stats, size_t messages, uint64_t bytes)
{
    if (stats->queued_messages + messages > LIMIT_BUS_QUEUE_MESSAGES ||
        stats->queued_bytes + bytes > LIMIT_BUS_QUEUE_BYTES)
        return RC_AGAIN;
    stats->queued_messages += messages;
    stats->queued_bytes += bytes;
    return RC_OK;
}

/* Gives back the room of a set that was never queued. */
static inline void room_return(struct bus_producer_stats *stats, size_t messages, uint64_t bytes)
{
    stats->queued_messages -= messages;
    stats->queued_bytes -= bytes;
}

/* Gives back the room of a set whose fate is known. */
static inline void room_settle(struct bus_producer_stats *stats, size_t messages, uint64_t bytes,
                               enum rc rc)
{
    room_return(stats, messages, bytes);
    if (rc == RC_OK)
        stats->delivered_messages += messages;
    else
        stats->failed_messages += messages;
}

#endif
