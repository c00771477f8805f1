#include "bus/embedded.h"

#include <stdio.h>

#include "bus/embedded_log.h"
#include "bus/sql.h"

static enum rc prune_all(struct embedded_log *log, struct err *err)
{
    enum rc rc = embedded_log_begin(log, err);
    for (int i = 0; rc == RC_OK && i < BUS_TOPICS; i++)
        rc = embedded_log_prune(log, (enum bus_topic)i, err);
    if (rc == RC_OK)
        rc = embedded_log_commit(log, err);
    if (rc != RC_OK)
        embedded_log_rollback(log);
    return rc;
}

/* Prunes too: a bus to which nothing is written would otherwise never let go of old records. */
static enum rc prepare(const struct bus_conf *conf, struct err *err)
{
    struct embedded_log *log = NULL;
    enum rc rc = embedded_log_open(conf, NULL, &log, err);
    if (rc == RC_OK)
        rc = prune_all(log, err);
    embedded_log_close(&log);
    return rc;
}

static enum rc identity(const struct bus_conf *conf, char text[static BUS_IDENTITY_BYTES],
                        struct err *err)
{
    struct embedded_log *log = NULL;
    sqlite3_stmt *select = NULL;
    enum rc rc = embedded_log_open(conf, NULL, &log, err);
    if (rc == RC_OK)
        rc = sql_prepare(log->db, "SELECT text FROM identity", &select, err);
    if (rc == RC_OK && sqlite3_step(select) != SQLITE_ROW)
        rc = err_set(err, RC_FATAL, "the bus file \"%s\" does not say which log it is: %s",
                     conf->path, sqlite3_errmsg(log->db));
    if (rc == RC_OK)
        (void)snprintf(text, BUS_IDENTITY_BYTES, "%s",
                       (const char *)sqlite3_column_text(select, 0));
    (void)sqlite3_finalize(select);
    embedded_log_close(&log);
    return rc;
}

static enum rc ranges(const struct bus_conf *conf, enum bus_topic topic,
                      struct bus_partition_range *ranges_out, size_t max, size_t *count_out,
                      struct err *err)
{
    struct embedded_log *log = NULL;
    struct bus_partition_range range = {0};
    *count_out = 1;
    enum rc rc = embedded_log_open(conf, NULL, &log, err);
    if (rc == RC_OK)
        rc = embedded_log_range(log, topic, &range.first_offset, &range.next_offset, err);
    if (rc == RC_OK && max > 0)
        ranges_out[0] = range;
    embedded_log_close(&log);
    return rc;
}

const struct bus_driver bus_embedded_driver = {
    .prepare = prepare,
    .identity = identity,
    .ranges = ranges,
    .producer_open = embedded_producer_open,
    .produce = embedded_produce,
    .producer_stats = embedded_producer_stats,
    .producer_close = embedded_producer_close,
    .consumer_open = embedded_consumer_open,
    .consumer_poll = embedded_consumer_poll,
    .consumer_done = embedded_consumer_done,
    .consumer_close = embedded_consumer_close,
};
