/* Opening, schema and transactions. Segments are in embedded_segment.c, reading in
 * embedded_read.c. */
#include "bus/embedded_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/sql.h"
#include "lib/arena.h"
#include "lib/clock.h"

#define SCHEMA_VERSION 2
#define PAGE_BYTES 8192 /* as set below */
/* How long the file may be held by other writers before a call gives up. */
#define BUSY_WAIT_US (10 * US_PER_SECOND)

static const char schema[] =
    "CREATE TABLE topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " next_offset INTEGER NOT NULL DEFAULT 0, segment INTEGER NOT NULL DEFAULT 0,"
    " segment_first INTEGER NOT NULL DEFAULT 0, segment_bytes INTEGER NOT NULL DEFAULT 0,"
    " segment_created_us INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE segment (id INTEGER PRIMARY KEY AUTOINCREMENT, topic INTEGER NOT NULL,"
    " first_offset INTEGER NOT NULL, created_us INTEGER NOT NULL, UNIQUE (topic, first_offset));"
    "CREATE TABLE consumer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    " topic INTEGER NOT NULL, next_offset INTEGER NOT NULL, UNIQUE (topic, name));"
    "CREATE TABLE identity (text TEXT NOT NULL);"
    "INSERT INTO identity VALUES ('embedded-' || lower(hex(randomblob(16))));"
    "PRAGMA user_version = 2;";

/* Waits in steps of a millisecond: SQLite's own handler sleeps up to 100 ms while the file is free.
 */
static int wait_while_busy(void *context, int tries)
{
    struct embedded_log *log = context;
    int64_t now_us = clock_monotonic_us();
    if (tries == 0)
        log->busy_since_us = now_us;
    if (now_us - log->busy_since_us > BUSY_WAIT_US || (log->hurry != NULL && *log->hurry))
        return 0;
    (void)usleep(1000);
    return 1;
}

static enum rc make_folders(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    if ((size_t)snprintf(folder, sizeof folder, "%s", path) >= sizeof folder)
        return err_set(err, RC_FATAL, "the path of the bus file is too long: \"%s\"", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return err_set(err, RC_FATAL, "cannot make the folder \"%s\" of the bus file: %s",
                           folder, strerror(errno));
        *slash = '/';
    }
    return RC_OK;
}

/* SQLite makes files with the umask's mode: the file is made here, its companions copy its mode.
 * An existing file is left alone: closing a second descriptor of it would drop SQLite's locks. */
static enum rc make_file(const char *path, struct err *err)
{
    enum rc rc = make_folders(path, err);
    if (rc != RC_OK || access(path, F_OK) == 0)
        return rc;
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return err_set(err, RC_FATAL, "cannot make the bus file \"%s\": %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return RC_OK;
}

/* Switching to WAL needs the file alone and does not ask the busy handler. */
static enum rc set_wal(struct embedded_log *log, struct err *err)
{
    int tries = 0;
    enum rc rc;
    while ((rc = sql_exec(log->db, "PRAGMA journal_mode = WAL", err)) == RC_RETRY)
        if (!wait_while_busy(log, tries++))
            break;
    return rc;
}

/* SQLite keeps it by itself: what would make the file larger fails as on a full disk. */
static enum rc set_bound(struct embedded_log *log, struct err *err)
{
    char text[64];
    if (log->conf->max_bytes == 0)
        return RC_OK;
    (void)snprintf(text, sizeof text, "PRAGMA max_page_count = %llu",
                   (unsigned long long)(log->conf->max_bytes / PAGE_BYTES));
    return sql_exec(log->db, text, err);
}

static enum rc version_of(struct embedded_log *log, int64_t *version_out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum rc rc = sql_prepare(log->db, "PRAGMA user_version", &stmt, err);
    if (rc == RC_OK)
        rc = sql_get_int(log->db, stmt, version_out, err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

static enum rc make_schema(struct embedded_log *log, struct err *err)
{
    int64_t version = 0;
    enum rc rc = version_of(log, &version, err);
    if (rc == RC_OK && version == 0) {
        if ((rc = sql_exec(log->db, "BEGIN IMMEDIATE", err)) != RC_OK)
            return rc;
        rc = version_of(log, &version, err); /* another process may have been faster */
        if (rc == RC_OK && version == 0)
            rc = sql_exec(log->db, schema, err);
        if (rc == RC_OK)
            rc = sql_exec(log->db, "COMMIT", err);
        if (rc != RC_OK)
            (void)sqlite3_exec(log->db, "ROLLBACK", NULL, NULL, NULL);
    }
    if (rc == RC_OK && version != 0 && version != SCHEMA_VERSION)
        return err_set(
            err, RC_FATAL,
            "the bus file \"%s\" has layout %lld, this program knows %d; read it to its end "
            "with the program that wrote it, then move it away, or use another path",
            log->conf->path, (long long)version, SCHEMA_VERSION);
    return rc;
}

static enum rc find_topic(struct embedded_log *log, enum bus_topic topic, struct err *err)
{
    char name[BUS_TOPIC_NAME_BYTES];
    bus_topic_name(log->conf, topic, name);
    sqlite3_stmt *add = NULL;
    sqlite3_stmt *find = NULL;
    enum rc rc = sql_prepare(log->db, "SELECT id FROM topic WHERE name = ?", &find, err);
    if (rc == RC_OK)
        rc = sql_prepare(log->db, "INSERT OR IGNORE INTO topic (name) VALUES (?)", &add, err);
    if (rc == RC_OK) {
        (void)sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(add, 1, name, -1, SQLITE_STATIC);
        rc = sql_get_int(log->db, find, &log->topics[topic].id, err);
    }
    if (rc == RC_AGAIN) {
        rc = sql_run(log->db, add, err);
        if (rc == RC_OK)
            rc = sql_get_int(log->db, find, &log->topics[topic].id, err);
    }
    (void)sqlite3_finalize(add);
    (void)sqlite3_finalize(find);
    return rc;
}

static enum rc set_up(struct embedded_log *log, struct err *err)
{
    if (sqlite3_open_v2(log->conf->path, &log->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return sql_fail(log->db, "open the bus file", err);
    (void)sqlite3_busy_handler(log->db, wait_while_busy, log);
    /* secure_delete=FAST: Debian's SQLite would otherwise overwrite every page of a dropped
     * segment.
     */
    enum rc rc = sql_exec(log->db, "PRAGMA page_size = 8192; PRAGMA secure_delete = FAST;", err);
    if (rc == RC_OK)
        rc = set_wal(log, err);
    if (rc == RC_OK)
        rc = sql_exec(log->db, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;",
                      err);
    if (rc == RC_OK)
        rc = set_bound(log, err);
    if (rc == RC_OK)
        rc = make_schema(log, err);
    for (int i = 0; rc == RC_OK && i < BUS_TOPICS; i++)
        rc = find_topic(log, (enum bus_topic)i, err);
    return rc;
}

enum rc embedded_log_open(const struct bus_conf *conf, const atomic_bool *hurry,
                          struct embedded_log **log_out, struct err *err)
{
    enum rc rc = make_file(conf->path, err);
    if (rc != RC_OK)
        return rc;
    struct embedded_log *log = xcalloc(1, sizeof *log);
    log->conf = conf;
    log->hurry = hurry;
    for (int i = 0; i < BUS_TOPICS; i++)
        embedded_rows_init(&log->topics[i].rows);
    rc = set_up(log, err);
    if (rc != RC_OK)
        embedded_log_close(&log);
    *log_out = log;
    return rc;
}

void embedded_log_close(struct embedded_log **log)
{
    if (log == NULL || *log == NULL)
        return;
    sqlite3_stmt *stmt;
    while ((stmt = sqlite3_next_stmt((*log)->db, NULL)) != NULL)
        (void)sqlite3_finalize(stmt);
    (void)sqlite3_close((*log)->db);
    for (int i = 0; i < BUS_TOPICS; i++)
        embedded_rows_done(&(*log)->topics[i].rows);
    (void)ZSTD_freeDCtx((*log)->unpacker);
    free(*log);
    *log = NULL;
}

/* ---- transactions ---- */

enum rc embedded_log_begin(struct embedded_log *log, struct err *err)
{
    for (int i = 0; i < BUS_TOPICS; i++)
        log->topics[i].loaded = log->topics[i].changed = false;
    enum rc rc = sql_prepare(log->db, "BEGIN IMMEDIATE", &log->begin, err);
    return rc == RC_OK ? sql_run(log->db, log->begin, err) : rc;
}

static enum rc store_topic(struct embedded_log *log, const struct embedded_topic *topic,
                           struct err *err)
{
    enum rc rc = sql_prepare(log->db,
                             "UPDATE topic SET next_offset = ?2, segment = ?3, segment_first = ?4,"
                             " segment_bytes = ?5, segment_created_us = ?6 WHERE id = ?1",
                             &log->topic_store, err);
    if (rc != RC_OK)
        return rc;
    const int64_t values[] = {topic->id,
                              topic->next_offset,
                              topic->segment,
                              topic->segment_first,
                              topic->segment_bytes,
                              topic->segment_created_us};
    for (int i = 0; i < (int)(sizeof values / sizeof *values); i++)
        (void)sqlite3_bind_int64(log->topic_store, i + 1, values[i]);
    return sql_run(log->db, log->topic_store, err);
}

enum rc embedded_log_commit(struct embedded_log *log, struct err *err)
{
    enum rc rc = sql_prepare(log->db, "COMMIT", &log->commit, err);
    for (int i = 0; rc == RC_OK && i < BUS_TOPICS; i++)
        if (log->topics[i].changed)
            rc = store_topic(log, &log->topics[i], err);
    return rc == RC_OK ? sql_run(log->db, log->commit, err) : rc;
}

void embedded_log_rollback(struct embedded_log *log)
{
    /* SQLite may have rolled back by itself, after a full disk for example. */
    if (!sqlite3_get_autocommit(log->db))
        (void)sqlite3_exec(log->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- consumer groups ---- */

static enum rc find_consumer(struct embedded_log *log, int64_t *consumer_out, struct err *err)
{
    enum rc rc = sql_get_int(log->db, log->consumer_find, consumer_out, err);
    if (rc != RC_AGAIN)
        return rc;
    rc = sql_run(log->db, log->consumer_add, err);
    return rc == RC_OK ? sql_get_int(log->db, log->consumer_find, consumer_out, err) : rc;
}

enum rc embedded_log_register(struct embedded_log *log, const char *group, enum bus_topic topic,
                              int64_t *consumer_out, struct err *err)
{
    enum rc rc = sql_prepare(
        log->db, "INSERT OR IGNORE INTO consumer (topic, name, next_offset) VALUES (?, ?, 0)",
        &log->consumer_add, err);
    if (rc == RC_OK)
        rc = sql_prepare(log->db, "SELECT id FROM consumer WHERE topic = ? AND name = ?",
                         &log->consumer_find, err);
    if (rc != RC_OK)
        return rc;
    sqlite3_stmt *const both[] = {log->consumer_add, log->consumer_find};
    for (size_t i = 0; i < 2; i++) {
        (void)sqlite3_bind_int64(both[i], 1, log->topics[topic].id);
        (void)sqlite3_bind_text(both[i], 2, group, -1, SQLITE_TRANSIENT);
    }
    return find_consumer(log, consumer_out, err);
}

enum rc embedded_log_position(struct embedded_log *log, const char *group, enum bus_topic topic,
                              int64_t *next_offset_out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum rc rc = sql_prepare(
        log->db, "SELECT next_offset FROM consumer WHERE topic = ? AND name = ?", &stmt, err);
    if (rc != RC_OK)
        return rc;
    (void)sqlite3_bind_int64(stmt, 1, log->topics[topic].id);
    (void)sqlite3_bind_text(stmt, 2, group, -1, SQLITE_STATIC);
    rc = sql_get_int(log->db, stmt, next_offset_out, err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

static enum rc end_of_segment_at(struct embedded_log *log, enum bus_topic topic, int64_t offset,
                                 int64_t *end_out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum rc rc = sql_prepare(
        log->db, "SELECT min(first_offset) FROM segment WHERE topic = ? AND first_offset > ?",
        &stmt, err);
    if (rc != RC_OK)
        return rc;
    (void)sqlite3_bind_int64(stmt, 1, log->topics[topic].id);
    (void)sqlite3_bind_int64(stmt, 2, offset);
    rc = sql_get_int(log->db, stmt, end_out, err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

enum rc embedded_log_done(struct embedded_log *log, int64_t consumer, enum bus_topic topic,
                          int64_t next_offset, int64_t *again_at_out, struct err *err)
{
    enum rc rc = sql_prepare(log->db, "UPDATE consumer SET next_offset = ? WHERE id = ?",
                             &log->consumer_store, err);
    if (rc == RC_OK)
        rc = embedded_log_begin(log, err);
    if (rc != RC_OK)
        return rc;
    (void)sqlite3_bind_int64(log->consumer_store, 1, next_offset);
    (void)sqlite3_bind_int64(log->consumer_store, 2, consumer);
    rc = sql_run(log->db, log->consumer_store, err);
    if (rc == RC_OK)
        rc = embedded_log_prune(log, topic, err);
    if (rc == RC_OK)
        rc = end_of_segment_at(log, topic, next_offset, again_at_out, err);
    if (rc == RC_AGAIN) { /* the segment is still being written: its end is unknown */
        *again_at_out = next_offset + SEGMENT_MESSAGES / 4;
        rc = RC_OK;
    }
    if (rc == RC_OK)
        rc = embedded_log_commit(log, err);
    if (rc != RC_OK)
        embedded_log_rollback(log);
    return rc;
}
