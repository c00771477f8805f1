/* Segments of the embedded log: appending, rotating, dropping. */
#include <stdio.h>

#include "bus/embedded_log.h"
#include "bus/sql.h"
#include "lib/clock.h"

#define STATEMENT_BYTES 300
/* Dropped in one transaction at most, so that writers never wait long. */
#define PRUNE_AT_ONCE 8

static enum rc load_topic(struct embedded_log *log, struct embedded_topic *topic, struct err *err)
{
    enum rc rc = sql_prepare(log->db,
                             "SELECT next_offset, segment, segment_first, segment_bytes,"
                             " segment_created_us FROM topic WHERE id = ?",
                             &log->topic_load, err);
    if (rc != RC_OK)
        return rc;
    sqlite3_stmt *stmt = log->topic_load;
    (void)sqlite3_bind_int64(stmt, 1, topic->id);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        topic->next_offset = sqlite3_column_int64(stmt, 0);
        topic->segment = sqlite3_column_int64(stmt, 1);
        topic->segment_first = sqlite3_column_int64(stmt, 2);
        topic->segment_bytes = sqlite3_column_int64(stmt, 3);
        topic->segment_created_us = sqlite3_column_int64(stmt, 4);
        topic->loaded = true;
    } else {
        rc = sql_fail(log->db, "find the topic in the bus file", err);
    }
    (void)sqlite3_reset(stmt);
    return rc;
}

static int64_t most_segment_bytes(const struct bus_conf *conf)
{
    int64_t share = (int64_t)(conf->max_bytes / SEGMENTS_IN_BOUND);
    return share > 0 && share < SEGMENT_BYTES ? share : SEGMENT_BYTES;
}

static bool is_segment_full(const struct embedded_log *log, const struct embedded_topic *topic,
                            int64_t now_us)
{
    return topic->segment == 0 || topic->next_offset - topic->segment_first >= SEGMENT_MESSAGES ||
           topic->segment_bytes >= most_segment_bytes(log->conf) ||
           now_us - topic->segment_created_us >= SEGMENT_AGE_US;
}

static enum rc add_segment(struct embedded_log *log, struct embedded_topic *topic, int64_t now_us,
                           struct err *err)
{
    enum rc rc = sql_prepare(
        log->db, "INSERT INTO segment (topic, first_offset, created_us) VALUES (?, ?, ?)",
        &log->segment_add, err);
    if (rc != RC_OK)
        return rc;
    (void)sqlite3_bind_int64(log->segment_add, 1, topic->id);
    (void)sqlite3_bind_int64(log->segment_add, 2, topic->next_offset);
    (void)sqlite3_bind_int64(log->segment_add, 3, now_us);
    rc = sql_run(log->db, log->segment_add, err);
    if (rc != RC_OK)
        return rc;
    topic->segment = sqlite3_last_insert_rowid(log->db);
    topic->segment_first = topic->next_offset;
    topic->segment_bytes = 0;
    topic->segment_created_us = now_us;
    topic->changed = true;
    char text[STATEMENT_BYTES];
    (void)snprintf(
        text, sizeof text,
        "CREATE TABLE segment_%lld (first_offset INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
        " time_us INTEGER NOT NULL, unpacked_bytes INTEGER NOT NULL, messages BLOB NOT NULL)",
        (long long)topic->segment);
    return sql_exec(log->db, text, err);
}

static enum rc prepare_insert(struct embedded_log *log, struct embedded_topic *topic,
                              struct err *err)
{
    if (topic->insert_segment == topic->segment)
        return RC_OK;
    (void)sqlite3_finalize(topic->insert);
    topic->insert = NULL;
    char text[STATEMENT_BYTES];
    (void)snprintf(
        text, sizeof text,
        "INSERT INTO segment_%lld (first_offset, count, time_us, unpacked_bytes, messages)"
        " VALUES (?, ?, ?, ?, ?)",
        (long long)topic->segment);
    enum rc rc = sql_prepare(log->db, text, &topic->insert, err);
    topic->insert_segment = rc == RC_OK ? topic->segment : 0;
    return rc;
}

static enum rc make_ready(struct embedded_log *log, enum bus_topic which, int64_t now_us,
                          struct err *err)
{
    struct embedded_topic *topic = &log->topics[which];
    enum rc rc = topic->loaded ? RC_OK : load_topic(log, topic, err);
    if (rc == RC_OK && is_segment_full(log, topic, now_us)) {
        rc = add_segment(log, topic, now_us, err);
        if (rc == RC_OK)
            rc = embedded_log_prune(log, which, err);
    }
    return rc == RC_OK ? prepare_insert(log, topic, err) : rc;
}

enum rc embedded_log_append(struct embedded_log *log, const struct embedded_batch *batch,
                            struct err *err)
{
    enum rc rc = make_ready(log, batch->topic, batch->time_us, err);
    if (rc != RC_OK)
        return rc;
    struct embedded_topic *topic = &log->topics[batch->topic];
    (void)sqlite3_bind_int64(topic->insert, 1, topic->next_offset);
    (void)sqlite3_bind_int64(topic->insert, 2, (int64_t)batch->count);
    (void)sqlite3_bind_int64(topic->insert, 3, batch->time_us);
    (void)sqlite3_bind_int64(topic->insert, 4, (int64_t)batch->unpacked);
    (void)sqlite3_bind_blob64(topic->insert, 5, batch->bytes.p, batch->bytes.n, SQLITE_STATIC);
    rc = sql_run(log->db, topic->insert, err);
    if (rc != RC_OK)
        return rc;
    topic->next_offset += (int64_t)batch->count;
    topic->segment_bytes += (int64_t)batch->bytes.n;
    topic->changed = true;
    return RC_OK;
}

/* ---- dropping ---- */

/* All below this offset was read by every registered group; 0 while there is none. */
static enum rc find_floor(struct embedded_log *log, const struct embedded_topic *topic,
                          int64_t *floor_out, struct err *err)
{
    enum rc rc = sql_prepare(log->db, "SELECT min(next_offset) FROM consumer WHERE topic = ?",
                             &log->consumer_floor, err);
    if (rc != RC_OK)
        return rc;
    *floor_out = 0;
    (void)sqlite3_bind_int64(log->consumer_floor, 1, topic->id);
    rc = sql_get_int(log->db, log->consumer_floor, floor_out, err);
    return rc == RC_AGAIN ? RC_OK : rc;
}

/* The segment that is written has no successor and is therefore never listed. */
static enum rc list_droppable(struct embedded_log *log, const struct embedded_topic *topic,
                              int64_t floor, int64_t ids_out[static PRUNE_AT_ONCE], int *count_out,
                              struct err *err)
{
    enum rc rc = sql_prepare(
        log->db,
        "SELECT id FROM (SELECT id, lead(first_offset) OVER next AS end_offset,"
        " lead(created_us) OVER next AS closed_us FROM segment WHERE topic = ?1"
        " WINDOW next AS (ORDER BY first_offset)) WHERE end_offset <= ?2 OR closed_us < ?3"
        " ORDER BY end_offset LIMIT ?4",
        &log->segment_list, err);
    if (rc != RC_OK)
        return rc;
    int64_t oldest_us =
        clock_now_us() - (int64_t)log->conf->retention_days * INT64_C(86400) * US_PER_SECOND;
    sqlite3_stmt *stmt = log->segment_list;
    (void)sqlite3_bind_int64(stmt, 1, topic->id);
    (void)sqlite3_bind_int64(stmt, 2, floor);
    (void)sqlite3_bind_int64(stmt, 3, oldest_us);
    (void)sqlite3_bind_int(stmt, 4, PRUNE_AT_ONCE);
    int step;
    *count_out = 0;
    while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
        ids_out[(*count_out)++] = sqlite3_column_int64(stmt, 0);
    if (step != SQLITE_DONE)
        rc = sql_fail(log->db, "list the segments of the bus file", err);
    (void)sqlite3_reset(stmt);
    return rc;
}

static enum rc drop_segment(struct embedded_log *log, int64_t id, struct err *err)
{
    enum rc rc =
        sql_prepare(log->db, "DELETE FROM segment WHERE id = ?", &log->segment_remove, err);
    if (rc != RC_OK)
        return rc;
    (void)sqlite3_bind_int64(log->segment_remove, 1, id);
    rc = sql_run(log->db, log->segment_remove, err);
    if (rc != RC_OK)
        return rc;
    char text[STATEMENT_BYTES];
    (void)snprintf(text, sizeof text, "DROP TABLE segment_%lld", (long long)id);
    return sql_exec(log->db, text, err);
}

/* The space of what was read is what a log with a bound is short of; and bodies that are stored
 * elsewhere need not lie here until others come. */
static enum rc drop_read_tail(struct embedded_log *log, struct embedded_topic *topic, int64_t floor,
                              struct err *err)
{
    enum rc rc = topic->loaded ? RC_OK : load_topic(log, topic, err);
    bool is_empty = topic->segment == 0 || topic->segment_first == topic->next_offset;
    if (rc != RC_OK || is_empty || floor < topic->next_offset)
        return rc;
    rc = drop_segment(log, topic->segment, err);
    topic->segment = 0;
    topic->segment_bytes = 0;
    topic->changed = true;
    return rc;
}

enum rc embedded_log_prune(struct embedded_log *log, enum bus_topic which, struct err *err)
{
    struct embedded_topic *topic = &log->topics[which];
    int64_t ids[PRUNE_AT_ONCE];
    int count = 0;
    int64_t floor = 0;
    enum rc rc = which == BUS_RAW ? RC_OK : find_floor(log, topic, &floor, err);
    if (rc == RC_OK)
        rc = list_droppable(log, topic, floor, ids, &count, err);
    for (int i = 0; rc == RC_OK && i < count; i++)
        rc = drop_segment(log, ids[i], err);
    /* Last of all: a segment without a successor is not listed. */
    if (rc == RC_OK && log->conf->max_bytes > 0 && count < PRUNE_AT_ONCE)
        rc = drop_read_tail(log, topic, floor, err);
    return rc;
}
