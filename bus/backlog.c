#include "bus/backlog.h"

#include "bus/embedded_log.h"
#include "bus/sql.h"
#include "lib/clock.h"

static bool take_time(void *context, const struct embedded_row *row)
{
    *(int64_t *)context = row->time_us;
    return false; /* the first is enough */
}

static enum rc read_bytes(struct embedded_log *log, uint64_t *bytes_out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t bytes = 0;
    enum rc rc = sql_prepare(log->db,
                             "SELECT (page_count - freelist_count) * page_size FROM"
                             " pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
                             &stmt, err);
    if (rc == RC_OK)
        rc = sql_get_int(log->db, stmt, &bytes, err);
    (void)sqlite3_finalize(stmt);
    *bytes_out = (uint64_t)bytes;
    return rc;
}

static enum rc read_place(struct embedded_log *log, const char *group, enum bus_topic topic,
                          struct bus_backlog *backlog, struct err *err)
{
    int64_t first = 0, next = 0, done = 0;
    enum rc rc = embedded_log_position(log, group, topic, &done, err);
    if (rc == RC_OK || rc == RC_AGAIN)
        rc = embedded_log_range(log, topic, &first, &next, err);
    if (rc != RC_OK)
        return rc;
    done = done > first ? done : first;
    backlog->messages = next - done;
    if (next == done)
        return RC_OK;
    rc = embedded_log_read(log, topic, done, take_time, &backlog->oldest_us, err);
    /* The reader went on between the two looks, and what it had read is gone. */
    bool moved =
        rc != RC_OK && embedded_log_range(log, topic, &first, &next, NULL) == RC_OK && first > done;
    return moved ? RC_AGAIN : rc;
}

enum rc bus_backlog_read(const struct bus_conf *conf, const char *group, enum bus_topic topic,
                         struct bus_backlog *backlog_out, struct err *err)
{
    struct embedded_log *log = NULL;
    *backlog_out = (struct bus_backlog){.oldest_us = TIME_NONE};
    enum rc rc = embedded_log_open(conf, NULL, &log, err);
    if (rc == RC_OK)
        while ((rc = read_place(log, group, topic, backlog_out, err)) == RC_AGAIN)
            ;
    if (rc == RC_OK)
        rc = read_bytes(log, &backlog_out->used_bytes, err);
    embedded_log_close(&log);
    return rc;
}
