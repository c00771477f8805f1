/* offsets.h: where the loader stands in each partition; stored in the transaction of the rows.
 *
 * A stored offset moves only from the value that this loader read or wrote itself: a loader whose
 * expectation no longer holds (a zombie) gets RC_FATAL and cannot commit.
 * Owns:    the list of partitions.
 * Errors:  as database.h.
 * Threads: that of the connection. */
#ifndef SLUICE_LOADERS_OFFSETS_H
#define SLUICE_LOADERS_OFFSETS_H

#include "bus/bus.h"
#include "loaders/database.h"

struct offsets_partition {
    enum bus_topic topic;
    int32_t partition;
    int64_t next;   /* as stored */
    unsigned epoch; /* counts assignments: what was read under an older one is dropped */
    bool owned;
};

struct offsets {
    const char *group;
    const struct bus_conf *bus;
    char identity[BUS_IDENTITY_BYTES];     /* of the log in which the offsets count */
    struct offsets_partition **partitions; /* each at one address for good */
    size_t count;
};

void offsets_init(struct offsets *offsets, const char *group, const struct bus_conf *bus);
/* Asks the bus which log it is; before the first assignment. */
enum rc offsets_identify(struct offsets *offsets, struct err *err) MUST_USE;
void offsets_done(struct offsets *offsets);

/* NULL = never assigned. */
struct offsets_partition *offsets_find(const struct offsets *offsets, enum bus_topic topic,
                                       int32_t partition);
/* Reads the stored offset, or makes it; the partition then belongs to this loader. */
enum rc offsets_assign(struct offsets *offsets, PGconn *connection, enum bus_topic topic,
                       int32_t partition, int64_t *next_out, struct err *err) MUST_USE;
void offsets_revoke(struct offsets *offsets, enum bus_topic topic, int32_t partition);
/* Within a transaction; partition->next changes only when the caller says so after its COMMIT. */
enum rc offsets_move(const struct offsets *offsets, PGconn *connection,
                     const struct offsets_partition *partition, int64_t next,
                     struct err *err) MUST_USE;

#endif
