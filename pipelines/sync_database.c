#include "pipelines/sync_database.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "lib/arena.h"
#include "lib/digest.h"
#include "lib/stop.h"
#include "loaders/database.h"
#include "queries.h"

#define ROLE "sluice_connector"
#define NUMBER_BYTES 24
#define LOCK_NAME_BYTES 128
#define WORK_BYTES 32
/* How long the session of a process that was killed may take to end on the server. */
#define LOCK_WAIT_MS 3000
#define LOCK_STEP_MS 50

enum { BINARY = 1 };

struct sync_database {
    struct sync base;
    const struct pipeline *pipeline;
    const struct connector *connector;
    PGconn *connection;    /* NULL: not open */
    char work[WORK_BYTES]; /* "" = not locked */
    char tenant_id[UUID_TEXT_BYTES];
    char channel_id[UUID_TEXT_BYTES];
};

static const char *const operations[] = {"full", "incremental", "manual", "backfill"};
static const char *const outcomes[] = {"success", "partial", "error", "cancelled"};
static const char *const progresses[] = {"active", "completed", "failed"};

/* ---- the session ---- */

static void drop(struct sync_database *database)
{
    database_close(&database->connection);
    database->work[0] = '\0';
}

/* A lost session has lost its lock. */
static enum rc query(struct sync_database *database, const char *what, const char *sql, int count,
                     const char *const *parameters, PGresult **result_out, struct err *err)
{
    enum rc rc =
        database->connection != NULL
            ? database_query(database->connection, what, sql, count, parameters, result_out, err)
            : err_set(err, RC_RETRY, "the database session was lost");
    if (rc != RC_OK && database->connection != NULL &&
        PQstatus(database->connection) == CONNECTION_BAD)
        drop(database);
    return rc;
}

/* With a loader's rights, which configured channels are written with. */
static enum rc write_catalog(const struct sync_database *database, struct err *err)
{
    PGconn *connection;
    const struct pipeline *pipeline = database->pipeline;
    enum rc rc =
        database_open(pipeline->database_url, "connector", "sluice_loader", &connection, err);
    if (rc == RC_OK)
        rc = catalog_apply(connection, &pipeline->catalog, err);
    database_close(&connection);
    return rc;
}

static enum rc require_channel(struct sync_database *database, struct err *err)
{
    PGresult *result = NULL;
    const char *parameters[] = {database->channel_id};
    enum rc rc =
        query(database, "look for the channel", query_sync_channel, 1, parameters, &result, err);
    bool is_missing = rc == RC_OK && PQntuples(result) == 0;
    PQclear(result);
    return is_missing ? write_catalog(database, err) : rc;
}

static enum rc open_session(struct sync_database *database, struct err *err)
{
    if (database->connection != NULL)
        return RC_OK;
    const char *parameters[] = {database->tenant_id};
    enum rc rc = database_open(database->pipeline->database_url, "connector", ROLE,
                               &database->connection, err);
    if (rc == RC_OK)
        rc = query(database, "set tenant", "SELECT set_config('app.current_tenant_id', $1, false)",
                   1, parameters, NULL, err);
    if (rc == RC_OK)
        rc = require_channel(database, err);
    if (rc != RC_OK)
        drop(database);
    return rc;
}

static enum rc try_lock(struct sync_database *database, const char *name, bool *is_held_out,
                        struct err *err)
{
    PGresult *result = NULL;
    const char *parameters[] = {name};
    enum rc rc =
        query(database, "lock the connector", query_sync_lock, 1, parameters, &result, err);
    *is_held_out = rc == RC_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return rc;
}

static enum rc lock_session(struct sync_database *database, const char *work, struct err *err)
{
    char name[LOCK_NAME_BYTES];
    bool is_held = false;
    (void)snprintf(name, sizeof name, "sluice %s %s", work, database->channel_id);
    enum rc rc = try_lock(database, name, &is_held, err);
    for (int waited = 0; rc == RC_OK && !is_held && waited < LOCK_WAIT_MS && !stop_requested();
         waited += LOCK_STEP_MS) {
        stop_sleep_ms(LOCK_STEP_MS);
        rc = try_lock(database, name, &is_held, err);
    }
    if (rc != RC_OK)
        return rc;
    if (!is_held)
        return err_set(err, RC_AGAIN,
                       "another process runs the %s of connector \"%s\"; wait until it has ended",
                       work, database->connector->name);
    (void)snprintf(database->work, sizeof database->work, "%s", work);
    return RC_OK;
}

static enum rc lock(struct sync *base, const char *work, struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    if (strcmp(database->work, work) == 0)
        return RC_OK;
    enum rc rc = open_session(database, err);
    return rc == RC_OK ? lock_session(database, work, err) : rc;
}

/* ---- values ---- */

static const char *number(int64_t value, char text[static NUMBER_BYTES])
{
    (void)snprintf(text, NUMBER_BYTES, "%" PRId64, value);
    return text;
}

static const char *instant(int64_t us, char text[static CLOCK_TEXT_BYTES])
{
    if (us == TIME_NONE)
        return NULL;
    clock_format(us, text);
    return text;
}

/* Terminated, for libpq; NULL stays NULL. */
static char *terminated(struct str text)
{
    if (str_is_null(text))
        return NULL;
    char *copy = xmalloc(text.n + 1);
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

static int64_t number_at(const PGresult *result, int column)
{
    return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

/* "2026-03-01 12:00:00+00", as the session's settings make it. */
static int64_t instant_at(const PGresult *result, int column)
{
    int64_t us;
    char text[64];
    if (PQgetisnull(result, 0, column))
        return TIME_NONE;
    (void)snprintf(text, sizeof text, "%s:00", PQgetvalue(result, 0, column));
    return clock_parse(str_of(text), &us) ? us : TIME_NONE;
}

/* ---- runs ---- */

static enum rc begin_run(struct sync *base, const struct sync_run *run, struct uuid *id_out,
                         struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    char started_at[CLOCK_TEXT_BYTES];
    char *metadata = terminated(run->metadata);
    const char *parameters[] = {database->tenant_id,
                                database->channel_id,
                                run->entity,
                                operations[run->operation],
                                run->triggered_by,
                                instant(run->started_at, started_at),
                                metadata != NULL ? metadata : "{}"};
    PGresult *result = NULL;
    enum rc rc = query(database, "begin a run", query_sync_run_begin, 7, parameters, &result, err);
    if (rc == RC_OK && !uuid_from_text(str_of(PQgetvalue(result, 0, 0)), id_out))
        rc = err_set(err, RC_FATAL, "begin a run: no id came back");
    PQclear(result);
    free(metadata);
    return rc;
}

static enum rc end_run(struct sync *base, const struct uuid *run, const struct sync_end *end,
                       struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    char id[UUID_TEXT_BYTES], read[NUMBER_BYTES], written[NUMBER_BYTES], rejected[NUMBER_BYTES];
    char *message = terminated(end->message);
    char *metadata = terminated(end->metadata);
    uuid_format(run, id);
    const char *parameters[] = {database->tenant_id,
                                id,
                                outcomes[end->outcome],
                                number(end->counts.written, written),
                                message,
                                metadata != NULL ? metadata : "{}",
                                number(end->counts.read, read),
                                number(end->counts.rejected, rejected)};
    enum rc rc = query(database, "end a run", query_sync_run_end, 8, parameters, NULL, err);
    free(message);
    free(metadata);
    return rc;
}

static enum rc find_run(struct sync *base, enum sync_operation operation, struct buf *metadata,
                        struct uuid *run_out, struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    const char *parameters[] = {database->tenant_id, database->channel_id, operations[operation]};
    PGresult *result = NULL;
    enum rc rc = query(database, "find a run", query_sync_run_find, 3, parameters, &result, err);
    if (rc == RC_OK && PQntuples(result) == 0)
        rc = RC_AGAIN;
    if (rc == RC_OK && (!uuid_from_text(str_of(PQgetvalue(result, 0, 0)), run_out) ||
                        !buf_add_text(metadata, PQgetvalue(result, 0, 1))))
        rc = err_set(err, RC_FATAL, "find a run: its metadata is too large");
    PQclear(result);
    return rc;
}

/* ---- states ---- */

static void read_state(const PGresult *result, struct sync_state *state)
{
    state->succeeded_at = instant_at(result, 1);
    state->last_offset = number_at(result, 2);
    state->counts =
        (struct sync_counts){number_at(result, 3), number_at(result, 4), number_at(result, 5)};
    state->took_ms = number_at(result, 6);
}

static enum rc load_state(struct sync *base, const char *entity, struct sync_state *state,
                          struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    const char *parameters[] = {database->tenant_id, database->channel_id, entity};
    PGresult *result = NULL;
    struct buf *cursor = state->cursor;
    enum rc rc =
        query(database, "load the state", query_sync_state_load, 3, parameters, &result, err);
    *state = (struct sync_state){.cursor = cursor, .succeeded_at = TIME_NONE};
    bool is_there = rc == RC_OK && PQntuples(result) > 0;
    if (is_there)
        read_state(result, state);
    if (rc == RC_OK && !buf_add_text(cursor, is_there ? PQgetvalue(result, 0, 0) : "{}"))
        rc = err_set(err, RC_FATAL, "load the state: its cursor is too large");
    PQclear(result);
    return rc;
}

static enum rc save_state(struct sync *base, const char *entity, const struct sync_state *state,
                          struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    char succeeded_at[CLOCK_TEXT_BYTES], offset[NUMBER_BYTES], took[NUMBER_BYTES];
    char read[NUMBER_BYTES], written[NUMBER_BYTES], rejected[NUMBER_BYTES];
    char *id = terminated(state->last_id);
    char *cursor = terminated(buf_peek(state->cursor));
    const char *parameters[] = {database->tenant_id,
                                database->channel_id,
                                entity,
                                state->is_error ? "error" : "idle",
                                instant(state->succeeded_at, succeeded_at),
                                id,
                                state->last_offset != 0 ? number(state->last_offset, offset) : NULL,
                                cursor,
                                number(state->counts.read, read),
                                number(state->counts.written, written),
                                number(state->counts.rejected, rejected),
                                number(state->took_ms, took)};
    enum rc rc =
        query(database, "save the state", query_sync_state_save, 12, parameters, NULL, err);
    free(id);
    free(cursor);
    return rc;
}

/* ---- checkpoints ---- */

static enum rc save_checkpoint(struct sync *base, const struct uuid *run,
                               const struct sync_checkpoint *checkpoint, struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    char id[UUID_TEXT_BYTES], total[NUMBER_BYTES];
    char read[NUMBER_BYTES], written[NUMBER_BYTES], rejected[NUMBER_BYTES];
    char *part = terminated(checkpoint->part);
    char *failures = terminated(checkpoint->failures);
    char *marker = terminated(checkpoint->marker);
    uuid_format(run, id);
    const char *parameters[] = {database->tenant_id,
                                id,
                                checkpoint->entity,
                                part,
                                checkpoint->total >= 0 ? number(checkpoint->total, total) : NULL,
                                number(checkpoint->counts.read, read),
                                number(checkpoint->counts.written, written),
                                number(checkpoint->counts.rejected, rejected),
                                failures,
                                marker,
                                progresses[checkpoint->progress]};
    enum rc rc = query(database, "save the checkpoint", query_sync_checkpoint_save, 11, parameters,
                       NULL, err);
    free(part);
    free(failures);
    free(marker);
    return rc;
}

static enum sync_progress progress_of(const char *word)
{
    size_t i = 0;
    while (i + 1 < sizeof progresses / sizeof *progresses && strcmp(progresses[i], word) != 0)
        i++;
    return (enum sync_progress)i;
}

static bool read_found(const PGresult *result, struct buf *marker, struct sync_found *found)
{
    *found = (struct sync_found){
        .is_found = true,
        .started_at = instant_at(result, 2),
        .updated_at = instant_at(result, 3),
        .progress = progress_of(PQgetvalue(result, 0, 4)),
        .counts = {number_at(result, 5), number_at(result, 6), number_at(result, 7)},
    };
    return uuid_from_text(str_of(PQgetvalue(result, 0, 1)), &found->run) &&
           buf_add_text(marker, PQgetvalue(result, 0, 0));
}

static enum rc find_checkpoint(struct sync *base, enum sync_operation operation, const char *entity,
                               struct str part, struct buf *marker, struct sync_found *found_out,
                               struct err *err)
{
    struct sync_database *database = (struct sync_database *)base;
    char *text = terminated(part);
    const char *parameters[] = {database->tenant_id, database->channel_id, operations[operation],
                                entity, text};
    PGresult *result = NULL;
    enum rc rc = query(database, "find a checkpoint", query_sync_checkpoint_find, 5, parameters,
                       &result, err);
    *found_out = (struct sync_found){.is_found = false};
    if (rc == RC_OK && PQntuples(result) > 0 && !read_found(result, marker, found_out))
        rc = err_set(err, RC_FATAL, "find a checkpoint: its marker is too large");
    PQclear(result);
    free(text);
    return rc;
}

/* ---- raw replies ---- */

struct packed {
    Bytef *p;
    uLongf n;
};

static struct packed pack(struct str body)
{
    struct packed packed = {.n = compressBound((uLong)body.n)};
    packed.p = xmalloc(packed.n);
    if (compress2(packed.p, &packed.n, (const Bytef *)body.p, (uLong)body.n, 1) != Z_OK)
        packed.n = 0; /* only without memory, which xmalloc has */
    return packed;
}

static enum rc insert_reply(struct sync_database *database, const char *const *parameters,
                            const int *lengths, const int *formats, struct err *err)
{
    PGresult *result = PQexecParams(database->connection, query_sync_reply_keep, 13, NULL,
                                    parameters, lengths, formats, 0);
    enum rc rc = RC_OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        rc = database_error(database->connection, result, "keep a reply", err);
    PQclear(result);
    if (rc != RC_OK && PQstatus(database->connection) == CONNECTION_BAD)
        drop(database);
    return rc;
}

static enum rc keep_reply(struct sync *base, const struct uuid *run, const struct sync_reply *reply,
                          struct err *err)
{
    enum { BODY = 8, DIGEST = 9, PARAMETERS = 13 };
    struct sync_database *database = (struct sync_database *)base;
    if (database->connection == NULL)
        return err_set(err, RC_RETRY, "the database session was lost");
    char id[UUID_TEXT_BYTES], status[NUMBER_BYTES], size[NUMBER_BYTES], records[NUMBER_BYTES];
    char fetched_at[CLOCK_TEXT_BYTES];
    unsigned char digest[DIGEST_SHA256_BYTES];
    char *endpoint = terminated(reply->endpoint);
    char *given = terminated(reply->parameters);
    char *headers = terminated(reply->headers);
    struct packed packed = pack(reply->body);
    digest_sha256(reply->body, digest);
    if (run != NULL)
        uuid_format(run, id);
    const char *parameters[PARAMETERS] = {
        database->tenant_id,
        database->channel_id,
        run != NULL ? id : NULL,
        reply->source_kind,
        endpoint,
        given != NULL ? given : "{}",
        reply->http_status != 0 ? number(reply->http_status, status) : NULL,
        headers,
        (const char *)packed.p,
        (const char *)digest,
        number((int64_t)reply->body.n, size),
        number(reply->record_count, records),
        instant(reply->fetched_at, fetched_at)};
    const int lengths[PARAMETERS] = {[BODY] = (int)packed.n, [DIGEST] = sizeof digest};
    const int formats[PARAMETERS] = {[BODY] = BINARY, [DIGEST] = BINARY};
    enum rc rc = insert_reply(database, parameters, lengths, formats, err);
    free(packed.p);
    free(endpoint);
    free(given);
    free(headers);
    return rc;
}

/* ---- opening and closing ---- */

static void close_sync(struct sync *base)
{
    struct sync_database *database = (struct sync_database *)base;
    drop(database);
    free(database);
}

static const struct sync_ops ops = {lock,       begin_run,       end_run,         load_state,
                                    save_state, save_checkpoint, find_checkpoint, find_run,
                                    keep_reply, close_sync};

struct sync *sync_database_new(const struct pipeline *pipeline, const struct connector *connector)
{
    struct sync_database *database = xcalloc(1, sizeof *database);
    database->base.ops = &ops;
    database->pipeline = pipeline;
    database->connector = connector;
    uuid_format(&connector->tenant_id, database->tenant_id);
    uuid_format(&connector->channel_id, database->channel_id);
    return &database->base;
}
