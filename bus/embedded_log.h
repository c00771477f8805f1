/* embedded_log.h: the file of the embedded bus: an append-only log in SQLite (WAL,
 * synchronous=FULL).
 *
 * Shape:   one table per segment of a topic, one row per batch of messages (embedded_batch.h).
 * Offsets count messages, run from 0 without gaps and are never given twice, whatever was pruned.
 * Segments are dropped as a whole: deleting rows one by one would cost as much as writing them
 * (reference/limits.md 6).
 * Owns:    one connection; several processes may hold one each.
 * Errors:  those of sql.h. Threads: one owner for each struct embedded_log. */
#ifndef SLUICE_BUS_EMBEDDED_LOG_H
#define SLUICE_BUS_EMBEDDED_LOG_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "bus/bus.h"
#include "bus/embedded_batch.h"

/* A segment is closed when it has so many messages or (packed) bytes, or is so old. One of a log
 * with a bound ends sooner, so that several fit. */
#define SEGMENT_MESSAGES INT64_C(100000)
#define SEGMENT_BYTES (INT64_C(32) << 20)
#define SEGMENTS_IN_BOUND 8
#define SEGMENT_AGE_US (INT64_C(86400) * 1000000)

struct embedded_topic { /* a row of the table "topic", and what this connection keeps beside it */
    int64_t id;
    int64_t next_offset;
    int64_t segment; /* the one that is written; 0 = none yet */
    int64_t segment_first;
    int64_t segment_bytes;
    int64_t segment_created_us;
    bool loaded; /* read in this transaction */
    bool changed;
    sqlite3_stmt *insert;
    int64_t insert_segment; /* of which "insert" was made */
    sqlite3_stmt *select;
    int64_t select_segment;
    struct embedded_rows rows; /* what was read last and not taken yet */
};

struct embedded_log {
    sqlite3 *db;
    const struct bus_conf *conf;
    const atomic_bool *hurry; /* true: do not wait for other writers any longer; may be NULL */
    int64_t busy_since_us;
    struct embedded_topic topics[BUS_TOPICS];
    ZSTD_DCtx *unpacker; /* made at the first read */
    sqlite3_stmt *begin, *commit, *rollback, *read_begin;
    sqlite3_stmt *topic_load, *topic_store, *topic_next;
    sqlite3_stmt *segment_add, *segment_remove, *segment_list, *segment_at, *segment_first;
    sqlite3_stmt *consumer_add, *consumer_find, *consumer_store, *consumer_floor;
};

/* Makes the file (0600) and its folders (0700) when missing. */
enum rc embedded_log_open(const struct bus_conf *conf, const atomic_bool *hurry,
                          struct embedded_log **log_out, struct err *err) MUST_USE;
void embedded_log_close(struct embedded_log **log);

/* ---- writing: begin, then any number of appends, then commit; rollback after any failure ---- */

enum rc embedded_log_begin(struct embedded_log *log, struct err *err) MUST_USE;
/* The batch must be packed. */
enum rc embedded_log_append(struct embedded_log *log, const struct embedded_batch *batch,
                            struct err *err) MUST_USE;
enum rc embedded_log_commit(struct embedded_log *log, struct err *err) MUST_USE;
void embedded_log_rollback(struct embedded_log *log);

/* Drops the segments that every registered group has read (raw: never for that reason) and those
 * past retention. The segment that is written stays, but in a log with a bound, where it goes too
 * once all of it was read. Within a transaction. */
enum rc embedded_log_prune(struct embedded_log *log, enum bus_topic topic,
                           struct err *err) MUST_USE;

/* ---- reading ---- */

enum rc embedded_log_range(struct embedded_log *log, enum bus_topic topic, int64_t *first_out,
                           int64_t *next_out, struct err *err) MUST_USE;

/* The row is borrowed during the call. Returns false to stop before this row. */
typedef bool embedded_row_fn(void *context, const struct embedded_row *row);
/* Calls back for each message from offset "from" on, in order. RC_AGAIN = there is none. RC_FATAL =
 * the offset is not, or no longer, in the log, or a batch is damaged. A batch that was not taken to
 * its end is kept for the next call. */
enum rc embedded_log_read(struct embedded_log *log, enum bus_topic topic, int64_t from,
                          embedded_row_fn *row, void *context, struct err *err) MUST_USE;

/* ---- consumer groups: what holds segments back ---- */

/* Registers the group for the topic and gives it a number that never changes. */
enum rc embedded_log_register(struct embedded_log *log, const char *group, enum bus_topic topic,
                              int64_t *consumer_out, struct err *err) MUST_USE;
/* RC_AGAIN: nothing is known of such a group. */
enum rc embedded_log_position(struct embedded_log *log, const char *group, enum bus_topic topic,
                              int64_t *next_offset_out, struct err *err) MUST_USE;
/* Stores how far the group is and prunes. again_at_out: below this offset another call is in vain.
 */
enum rc embedded_log_done(struct embedded_log *log, int64_t consumer, enum bus_topic topic,
                          int64_t next_offset, int64_t *again_at_out, struct err *err) MUST_USE;

#endif
