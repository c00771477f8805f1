/* backfill.h: history out of files, once, resumable at any point.
 *
 * Several items (files, archives, folders of mails) are read at a time, each by a thread with a
 * publisher of its own; one producer takes what they publish. The calling thread stores a
 * checkpoint of each item now and then: how many of its outputs (publish.h) are durable. An
 * item that is read again is parsed from its beginning, and what is durable is dropped before it is
 * encoded, so that nothing needs to be sought in a stream.
 * Repeats: an item is known by its name, size, time of change, first and last bytes, and all that
 *          decides what becomes of it (settings of the connector, format, range); when a
 *          checkpoint says that it was read to its end, it is left alone.
 * Errors:  one item that fails takes no other along: result and notices tell. RC_AGAIN: the same
 *          connector is backfilled by another process. RC_REJECT: nothing to read. RC_RETRY: bus or
 *          database are away for longer than BACKFILL_PATIENCE_US. RC_FATAL: configuration.
 *          A stop (lib/stop.h) ends it with what is durable in the checkpoints: result.is_stopped.
 * Threads: the calling thread; conf's functions are called on it. */
#ifndef SLUICE_CONNECTORS_BACKFILL_H
#define SLUICE_CONNECTORS_BACKFILL_H

#include "connectors/publish.h"
#include "connectors/sync.h"

#define BACKFILL_PATIENCE_US (10 * 60 * US_PER_SECOND)
#define BACKFILL_WORKERS_MOST 16

struct backfill_progress {
    size_t items, finished; /* finished: done, failed, or done before */
    const char *item;       /* one that is being read; NULL: none */
    int64_t read_bytes, total_bytes;
    int64_t outputs; /* records and rejects that are durable, of this process */
};

enum backfill_word { BACKFILL_NOTE, BACKFILL_FAULT };

struct backfill_conf {
    const struct connector *connector;
    const struct connector *connectors;
    size_t connector_count;
    const struct bus_conf *bus;
    struct sync *sync;
    const char *const *paths; /* none: those of the last run, which is resumed */
    size_t path_count;
    struct str format; /* STR_NULL: found out */
    int64_t from, to;  /* messages, statuses, events and surveys in [from, to) only; TIME_NONE */
    bool resume;       /* go on at the checkpoints of an earlier run; else begin anew */
    bool again;        /* also what was read to its end before */
    int workers;       /* 0: one per processor */
    int64_t checkpoint_us; /* how often checkpoints are stored; 0: every two seconds */
    void (*progress)(void *context, const struct backfill_progress *progress); /* often */
    /* Something that a person should know; place may be STR_NULL. */
    void (*tell)(void *context, enum backfill_word word, struct str place, const char *text);
    void *context;
};

struct backfill_result {
    size_t items;
    size_t done;
    size_t done_before;
    size_t failed;             /* of which parts are missing, or all */
    size_t unfinished;         /* --resume goes on with them */
    size_t left_out;           /* files of folders that are something else */
    struct sync_counts counts; /* of the items, what an interrupted run had done included */
    uint64_t unwanted;         /* records outside of the range; parts without traffic */
    uint64_t letters;
    int64_t bytes;
    int64_t took_us;
    bool is_stopped;
};

enum rc backfill_run(const struct backfill_conf *conf, struct backfill_result *result_out,
                     struct err *err) MUST_USE;

#endif
