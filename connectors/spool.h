/* spool.h: authenticated bodies on disk until the bus has them.
 *
 * Shape:   an embedded bus of its own (bus/bus.h): its producer gives the group commit, its
 *          consumer the order and the place that survives the process. A body is one message of
 *          the topic "spool.records", or several when it is large; headers say the rest.
 * Promise: a body confirmed with RC_OK survives kill -9, and power loss as far as the disk does.
 *          Bodies are read in the order in which they were put; after a crash some come again.
 * Bounds:  the file by spool_conf.max_bytes; its write-ahead log comes on top. One reader at a
 *          time, whatever the number of processes; any number of them may put.
 * Errors:  RC_AGAIN = the queue is full; RC_RETRY = the disk or the spool is full, or the file is
 *          held; RC_FATAL = the file is damaged or cannot be used.
 * Threads: spool_put from any; a reader belongs to one. */
#ifndef SLUICE_CONNECTORS_SPOOL_H
#define SLUICE_CONNECTORS_SPOOL_H

#include "connectors/ingest.h"

struct spool;

/* Makes the file when it is missing. conf is borrowed. */
enum rc spool_open(const struct spool_conf *conf, struct spool **spool_out,
                   struct err *err) MUST_USE;
/* Confirms what is queued within timeout_ms and fails the rest. */
void spool_close(struct spool **spool, int timeout_ms);

/* path: that of the body's route. Everything is copied. The contract of bus_produce. */
enum rc spool_put(struct spool *spool, const char *path, const struct ingest_body *body,
                  bus_delivered_fn *delivered, void *context, struct err *err) MUST_USE;

/* ---- reading ---- */

struct spooled { /* borrowed until the next spool_reader_next */
    const char *path;
    struct ingest_body body;
    int64_t next; /* the place after it */
};

struct spool_reader;

enum rc spool_reader_open(const struct spool_conf *conf, struct spool_reader **reader_out,
                          struct err *err) MUST_USE;
/* Where it is done, that place is kept. */
void spool_reader_close(struct spool_reader **reader);
/* Begins after the last body that is done. RC_AGAIN: none came within timeout_ms, or another
 * process reads. */
enum rc spool_reader_next(struct spool_reader *reader, int timeout_ms, struct spooled *spooled_out,
                          struct err *err) MUST_USE;
/* False: another process reads, or nobody asked yet. */
bool spool_reader_is_the_one(const struct spool_reader *reader);
/* All before "next" is on the bus: it is dropped, and never read again. */
enum rc spool_reader_done(struct spool_reader *reader, int64_t next, struct err *err) MUST_USE;

/* ---- looking ---- */

struct spool_stats {
    int64_t bodies;    /* not on the bus yet, as far as the reader has said; a large one counts for
                          each of its messages */
    int64_t oldest_us; /* when the first of them was put; TIME_NONE: there is none */
    uint64_t used_bytes; /* of the file */
};

/* A file that does not exist is empty, and is not made. */
enum rc spool_look(const struct spool_conf *conf, struct spool_stats *stats_out,
                   struct err *err) MUST_USE;

#endif
