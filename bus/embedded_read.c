/* Reading the embedded log by offset. */
#include <stdio.h>
#include <stdlib.h>

#include "bus/embedded_log.h"
#include "bus/sql.h"

#define STATEMENT_BYTES 300

static enum rc next_offset_of(struct embedded_log *log, const struct embedded_topic *topic,
                              int64_t *next_out, struct err *err)
{
    enum rc rc =
        sql_prepare(log->db, "SELECT next_offset FROM topic WHERE id = ?", &log->topic_next, err);
    if (rc != RC_OK)
        return rc;
    (void)sqlite3_bind_int64(log->topic_next, 1, topic->id);
    return sql_get_int(log->db, log->topic_next, next_out, err);
}

static enum rc first_offset_of(struct embedded_log *log, const struct embedded_topic *topic,
                               int64_t next_offset, int64_t *first_out, struct err *err)
{
    enum rc rc = sql_prepare(log->db, "SELECT min(first_offset) FROM segment WHERE topic = ?",
                             &log->segment_first, err);
    if (rc != RC_OK)
        return rc;
    *first_out = next_offset;
    (void)sqlite3_bind_int64(log->segment_first, 1, topic->id);
    rc = sql_get_int(log->db, log->segment_first, first_out, err);
    return rc == RC_AGAIN ? RC_OK : rc;
}

/* One read transaction keeps segments and their rows together while others prune. */
static enum rc begin_read(struct embedded_log *log, struct err *err)
{
    enum rc rc = sql_prepare(log->db, "BEGIN", &log->read_begin, err);
    return rc == RC_OK ? sql_run(log->db, log->read_begin, err) : rc;
}

enum rc embedded_log_range(struct embedded_log *log, enum bus_topic topic, int64_t *first_out,
                           int64_t *next_out, struct err *err)
{
    enum rc rc = begin_read(log, err);
    if (rc != RC_OK)
        return rc;
    rc = next_offset_of(log, &log->topics[topic], next_out, err);
    if (rc == RC_OK)
        rc = first_offset_of(log, &log->topics[topic], *next_out, first_out, err);
    embedded_log_rollback(log);
    return rc;
}

static enum rc segment_holding(struct embedded_log *log, const struct embedded_topic *topic,
                               int64_t offset, int64_t *segment_out, struct err *err)
{
    enum rc rc = sql_prepare(log->db,
                             "SELECT id FROM segment WHERE topic = ? AND first_offset <= ?"
                             " ORDER BY first_offset DESC LIMIT 1",
                             &log->segment_at, err);
    if (rc != RC_OK)
        return rc;
    (void)sqlite3_bind_int64(log->segment_at, 1, topic->id);
    (void)sqlite3_bind_int64(log->segment_at, 2, offset);
    return sql_get_int(log->db, log->segment_at, segment_out, err);
}

/* From the batch that holds the offset on. */
static enum rc prepare_select(struct embedded_log *log, struct embedded_topic *topic,
                              int64_t segment, struct err *err)
{
    if (topic->select_segment == segment)
        return RC_OK;
    (void)sqlite3_finalize(topic->select);
    topic->select = NULL;
    char text[STATEMENT_BYTES];
    (void)snprintf(text, sizeof text,
                   "SELECT first_offset, count, unpacked_bytes, messages FROM segment_%lld WHERE"
                   " first_offset >= (SELECT max(first_offset) FROM segment_%lld"
                   " WHERE first_offset <= ?) ORDER BY first_offset",
                   (long long)segment, (long long)segment);
    enum rc rc = sql_prepare(log->db, text, &topic->select, err);
    topic->select_segment = rc == RC_OK ? segment : 0;
    return rc;
}

static enum rc damaged(const struct embedded_log *log, enum bus_topic which, int64_t offset,
                       const struct err *cause, struct err *err)
{
    char name[BUS_TOPIC_NAME_BYTES];
    bus_topic_name(log->conf, which, name);
    return err_set(err, RC_FATAL,
                   "the bus file \"%s\" is damaged: the batch of %s/0 at offset %lld cannot be "
                   "read: %s; check the disk, then restore the file, or move it away to begin a "
                   "new log without what was unread",
                   log->conf->path, name, (long long)offset, cause->msg);
}

/* Hands out what is unpacked, from *offset on; *more is false once a row was refused. */
static enum rc take_rows(struct embedded_rows *rows, int64_t *offset, embedded_row_fn *row_fn,
                         void *context, bool *more, struct err *err)
{
    enum rc rc = RC_OK;
    while (*more && *offset < rows->end) {
        struct embedded_rows before = *rows;
        struct embedded_row row;
        rc = embedded_rows_next(rows, &row, err);
        if (rc != RC_OK)
            return rc;
        *more = row.offset < *offset || row_fn(context, &row);
        if (!*more)
            *rows = before;
        else if (row.offset == *offset)
            ++*offset;
    }
    return rc;
}

static enum rc unpack_row(struct embedded_log *log, struct embedded_topic *topic, int64_t offset,
                          struct err *err)
{
    sqlite3_stmt *stmt = topic->select;
    const struct embedded_packed packed = {
        .first_offset = sqlite3_column_int64(stmt, 0),
        .count = sqlite3_column_int64(stmt, 1),
        .unpacked = sqlite3_column_int64(stmt, 2),
        .bytes = {sqlite3_column_blob(stmt, 3), (size_t)sqlite3_column_bytes(stmt, 3)}};
    if (packed.first_offset > offset || packed.first_offset + packed.count <= offset)
        return err_set(err, RC_FATAL, "it is missing");
    if (log->unpacker == NULL && (log->unpacker = ZSTD_createDCtx()) == NULL)
        abort(); /* out of memory */
    return embedded_rows_unpack(&topic->rows, log->unpacker, &packed, err);
}

/* Moves *offset past the messages that were taken. */
static enum rc read_segment(struct embedded_log *log, enum bus_topic which, int64_t *offset,
                            embedded_row_fn *row_fn, void *context, bool *more, struct err *err)
{
    struct embedded_topic *topic = &log->topics[which];
    struct err cause = {0};
    enum rc rc = RC_OK;
    (void)sqlite3_bind_int64(topic->select, 1, *offset);
    int step = SQLITE_DONE;
    while (rc == RC_OK && *more && (step = sqlite3_step(topic->select)) == SQLITE_ROW) {
        rc = unpack_row(log, topic, *offset, &cause);
        if (rc == RC_OK)
            rc = take_rows(&topic->rows, offset, row_fn, context, more, &cause);
    }
    if (rc != RC_OK)
        rc = damaged(log, which, *offset, &cause, err);
    else if (step != SQLITE_ROW && step != SQLITE_DONE)
        rc = sql_fail(log->db, "read the bus file", err);
    (void)sqlite3_reset(topic->select);
    return rc;
}

static enum rc read_from(struct embedded_log *log, enum bus_topic which, int64_t from,
                         int64_t next_offset, embedded_row_fn *row_fn, void *context,
                         struct err *err)
{
    struct embedded_topic *topic = &log->topics[which];
    const struct err missing = {.msg = "it is missing"};
    enum rc rc = RC_OK;
    bool more = true;
    int64_t offset = from;
    while (rc == RC_OK && more && offset < next_offset) {
        int64_t before = offset;
        int64_t segment = 0;
        rc = segment_holding(log, topic, offset, &segment, err);
        if (rc == RC_OK)
            rc = prepare_select(log, topic, segment, err);
        if (rc == RC_OK)
            rc = read_segment(log, which, &offset, row_fn, context, &more, err);
        if (rc == RC_OK && more && offset == before)
            rc = damaged(log, which, offset, &missing, err);
    }
    return rc;
}

static enum rc check_position(struct embedded_log *log, enum bus_topic which, int64_t from,
                              int64_t first, int64_t next, struct err *err)
{
    if (from >= first && from <= next)
        return RC_OK;
    char name[BUS_TOPIC_NAME_BYTES];
    bus_topic_name(log->conf, which, name);
    return err_set(err, RC_FATAL,
                   "offset %lld of %s/0 is not in the bus file \"%s\", which holds %lld to %lld; "
                   "the file was replaced, or records were removed unread after %d days: restore "
                   "the file, or reset the stored offsets to begin at the earliest",
                   (long long)from, name, log->conf->path, (long long)first, (long long)next,
                   log->conf->retention_days);
}

static enum rc read_file(struct embedded_log *log, enum bus_topic which, int64_t from,
                         embedded_row_fn *row_fn, void *context, struct err *err)
{
    struct embedded_topic *topic = &log->topics[which];
    int64_t next = 0;
    enum rc rc = next_offset_of(log, topic, &next, err);
    if (rc != RC_OK)
        return rc;
    if (from == next)
        return RC_AGAIN;
    rc = begin_read(log, err);
    if (rc != RC_OK)
        return rc;
    int64_t first = 0;
    rc = first_offset_of(log, topic, next, &first, err);
    if (rc == RC_OK)
        rc = check_position(log, which, from, first, next, err);
    if (rc == RC_OK)
        rc = read_from(log, which, from, next, row_fn, context, err);
    embedded_log_rollback(log);
    return rc;
}

enum rc embedded_log_read(struct embedded_log *log, enum bus_topic which, int64_t from,
                          embedded_row_fn *row_fn, void *context, struct err *err)
{
    struct embedded_rows *rows = &log->topics[which].rows;
    struct err cause = {0};
    bool more = true;
    int64_t offset = from;
    enum rc rc = RC_OK;
    if (from == rows->offset) /* the rest of a batch that was begun */
        rc = take_rows(rows, &offset, row_fn, context, &more, &cause);
    if (rc != RC_OK)
        return damaged(log, which, offset, &cause, err);
    if (!more)
        return RC_OK;
    rc = read_file(log, which, offset, row_fn, context, err);
    return rc == RC_AGAIN && offset > from ? RC_OK : rc;
}
