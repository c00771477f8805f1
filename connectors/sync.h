/* sync.h: what pulls and backfills remember between runs: runs, states, checkpoints, raw replies;
 * and that a connector has one runner.
 *
 * Connectors know no SQL: pipelines/sync_database.h makes a struct sync for one connector, on
 * PostgreSQL. The words and their meaning are canonical-model's (3.5, 4.6, b2chat.md 10.2).
 *
 *     sync_lock                 one runner per connector and work, across processes
 *     sync_begin_run            a row of sync_runs, in_progress
 *     sync_load_state           the cursor that the last run stored
 *       sync_save_checkpoint      after everything before it is durable (publish.h)
 *       sync_save_state
 *     sync_end_run              outcome and counts
 *
 * Promise: a stored cursor or checkpoint says that all before it is durable: it is the caller's,
 *          who stores it only then.
 * Errors:  RC_RETRY: the database is away, or its session was lost and with it the lock: wait,
 *          then begin again at sync_lock and sync_load_state (another runner may have moved on).
 *          RC_AGAIN of sync_lock: somebody else runs. RC_REJECT: a value that the database
 *          refuses. RC_FATAL: schema, rights.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_SYNC_H
#define SLUICE_CONNECTORS_SYNC_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/uuid.h"

enum sync_operation { SYNC_FULL, SYNC_INCREMENTAL, SYNC_MANUAL, SYNC_BACKFILL };
enum sync_outcome { SYNC_SUCCESS, SYNC_PARTIAL, SYNC_ERROR, SYNC_CANCELLED };
enum sync_progress { SYNC_ACTIVE, SYNC_COMPLETED, SYNC_FAILED }; /* of a checkpoint */

/* read = written + rejected, when all is durable. */
struct sync_counts {
    int64_t read;
    int64_t written;
    int64_t rejected;
};

struct sync_run {
    const char *entity; /* chats, contacts, agents, departments, messages, events, all */
    enum sync_operation operation;
    const char *triggered_by; /* scheduler, cli, ... */
    int64_t started_at;
    struct str metadata; /* JSON object: what was asked for; STR_NULL = {} */
};

struct sync_end {
    enum sync_outcome outcome;
    struct sync_counts counts;
    struct str message;  /* what went wrong; STR_NULL = nothing */
    struct str metadata; /* JSON object, its members are added to those of the beginning */
};

struct sync_state {
    struct buf *cursor;        /* JSON object; load: appended to, "{}" where there is none */
    int64_t succeeded_at;      /* start of the last run that ended well; TIME_NONE: none, or (save)
                                  as it was */
    int64_t last_offset;       /* 0: none */
    struct str last_id;        /* save only; STR_NULL: as it was */
    struct sync_counts counts; /* of the last run */
    int64_t took_ms;           /* of the last run */
    bool is_error;             /* the last run failed */
};

struct sync_checkpoint {
    const char *entity;
    struct str part;   /* of the run: a day, a folder, a file's fingerprint */
    struct str marker; /* opaque; load: appended to the buffer that is given */
    struct sync_counts counts;
    int64_t total; /* records expected; -1: not known */
    enum sync_progress progress;
    struct str failures; /* JSON array of at most 100 {"id", "error"}; STR_NULL: none */
};

struct sync_found { /* a checkpoint of an earlier run */
    bool is_found;
    struct uuid run;
    int64_t started_at; /* of that run */
    int64_t updated_at;
    enum sync_progress progress;
    struct sync_counts counts;
};

struct sync_reply {          /* a reply as it came: a row of raw_responses */
    const char *source_kind; /* poll, file */
    struct str endpoint;     /* without secrets */
    struct str parameters;   /* JSON object without secrets; STR_NULL = {} */
    int http_status;         /* 0 = no HTTP */
    struct str headers;      /* JSON object of selected ones; STR_NULL = none */
    struct str body;         /* stored compressed */
    int64_t record_count;
    int64_t fetched_at;
};

struct sync; /* begins with its ops */

struct sync_ops {
    enum rc (*lock)(struct sync *sync, const char *work, struct err *err);
    enum rc (*begin_run)(struct sync *sync, const struct sync_run *run, struct uuid *id_out,
                         struct err *err);
    enum rc (*end_run)(struct sync *sync, const struct uuid *run, const struct sync_end *end,
                       struct err *err);
    enum rc (*load_state)(struct sync *sync, const char *entity, struct sync_state *state,
                          struct err *err);
    enum rc (*save_state)(struct sync *sync, const char *entity, const struct sync_state *state,
                          struct err *err);
    enum rc (*save_checkpoint)(struct sync *sync, const struct uuid *run,
                               const struct sync_checkpoint *checkpoint, struct err *err);
    enum rc (*find_checkpoint)(struct sync *sync, enum sync_operation operation, const char *entity,
                               struct str part, struct buf *marker, struct sync_found *found_out,
                               struct err *err);
    enum rc (*find_run)(struct sync *sync, enum sync_operation operation, struct buf *metadata,
                        struct uuid *run_out, struct err *err);
    enum rc (*keep_reply)(struct sync *sync, const struct uuid *run, const struct sync_reply *reply,
                          struct err *err);
    void (*close)(struct sync *sync);
};

struct sync {
    const struct sync_ops *ops;
};

/* Holds the connector for one kind of work ("pull", "backfill") until the sync is closed or its
 * session ends, however that comes. Asked again, it is a no-op. */
static inline enum rc sync_lock(struct sync *sync, const char *work, struct err *err)
{
    return sync->ops->lock(sync, work, err);
}

/* Runs of this connector that are still "in_progress" are ended as "error": their process is dead,
 * since this one holds the lock. */
static inline enum rc sync_begin_run(struct sync *sync, const struct sync_run *run,
                                     struct uuid *id_out, struct err *err)
{
    return sync->ops->begin_run(sync, run, id_out, err);
}

static inline enum rc sync_end_run(struct sync *sync, const struct uuid *run,
                                   const struct sync_end *end, struct err *err)
{
    return sync->ops->end_run(sync, run, end, err);
}

/* entity: one of sync_run, or one with a part of its own: "messages:INBOX". */
static inline enum rc sync_load_state(struct sync *sync, const char *entity,
                                      struct sync_state *state, struct err *err)
{
    return sync->ops->load_state(sync, entity, state, err);
}

static inline enum rc sync_save_state(struct sync *sync, const char *entity,
                                      const struct sync_state *state, struct err *err)
{
    return sync->ops->save_state(sync, entity, state, err);
}

static inline enum rc sync_save_checkpoint(struct sync *sync, const struct uuid *run,
                                           const struct sync_checkpoint *checkpoint,
                                           struct err *err)
{
    return sync->ops->save_checkpoint(sync, run, checkpoint, err);
}

/* The newest of this connector's checkpoints for this part, of whatever run of the operation; a
 * completed one before all others. Its marker is appended to "marker". */
static inline enum rc sync_find_checkpoint(struct sync *sync, enum sync_operation operation,
                                           const char *entity, struct str part, struct buf *marker,
                                           struct sync_found *found_out, struct err *err)
{
    return sync->ops->find_checkpoint(sync, operation, entity, part, marker, found_out, err);
}

/* The newest run of the operation that did not end in success, unless one behind it did: its
 * metadata is appended. RC_AGAIN: there is none. */
static inline enum rc sync_find_run(struct sync *sync, enum sync_operation operation,
                                    struct buf *metadata, struct uuid *run_out, struct err *err)
{
    return sync->ops->find_run(sync, operation, metadata, run_out, err);
}

/* run NULL: of no run. */
static inline enum rc sync_keep_reply(struct sync *sync, const struct uuid *run,
                                      const struct sync_reply *reply, struct err *err)
{
    return sync->ops->keep_reply(sync, run, reply, err);
}

static inline void sync_close(struct sync **sync)
{
    if (sync != NULL && *sync != NULL)
        (*sync)->ops->close(*sync);
    if (sync != NULL)
        *sync = NULL;
}

#endif
