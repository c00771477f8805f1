#include "loaders/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "queries.h"

#define SHA256_TEXT_BYTES (2 * DIGEST_SHA256_BYTES + 1)

/* One run at a time per database; a second waits, then finds nothing to do. */
static const char lock_sql[] = "SELECT pg_advisory_lock(hashtextextended('sluice migrate', 0))";
static const char unlock_sql[] = "SELECT pg_advisory_unlock(hashtextextended('sluice migrate', 0))";

static void checksum(const struct migrate_migration *migration, char text[static SHA256_TEXT_BYTES])
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(str_of(migration->sql), digest);
    hex_encode(digest, sizeof digest, text);
}

static const struct migrate_migration *find_embedded(const char *name)
{
    for (const struct migrate_migration *m = migrate_migrations; m->name != NULL; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

/* Text of the applied file's checksum, or NULL when it was never applied. */
static const char *applied_checksum(const PGresult *applied, const char *name)
{
    for (int row = 0; row < PQntuples(applied); row++)
        if (strcmp(PQgetvalue(applied, row, 1), name) == 0)
            return PQgetvalue(applied, row, 2);
    return NULL;
}

static bool is_pending(const PGresult *applied, const struct migrate_migration *migration)
{
    char embedded[SHA256_TEXT_BYTES];
    const char *stored = applied_checksum(applied, migration->name);
    checksum(migration, embedded);
    return stored == NULL || strcmp(stored, embedded) != 0;
}

/* The history must be a beginning of the embedded list, unchanged. */
static enum rc check_history(const PGresult *applied, struct err *err)
{
    for (int row = 0; row < PQntuples(applied); row++) {
        const char *name = PQgetvalue(applied, row, 1);
        if (atol(PQgetvalue(applied, row, 0)) == MIGRATE_REPEATABLE)
            continue;
        const struct migrate_migration *migration = find_embedded(name);
        if (migration == NULL)
            return err_set(err, RC_FATAL,
                           "the database has migration %s, which this program does not know; it "
                           "was migrated by a newer sluice: use that one",
                           name);
        if (is_pending(applied, migration))
            return err_set(err, RC_FATAL,
                           "migration %s was applied with another text than this program has; an "
                           "applied migration never changes: use the program that applied it, or "
                           "add a new migration",
                           name);
    }
    return RC_OK;
}

/* Rows (version, name, checksum); none when the schema is not there yet. */
static enum rc read_applied(PGconn *connection, PGresult **applied_out, struct err *err)
{
    PGresult *found = NULL;
    enum rc rc = database_query(connection, "read applied migrations",
                                "SELECT 1 WHERE to_regclass('etl.schema_migrations') IS NOT NULL",
                                0, NULL, &found, err);
    if (rc != RC_OK || PQntuples(found) == 0) {
        *applied_out = found;
        return rc;
    }
    PQclear(found);
    rc = database_query(connection, "read applied migrations", query_migrate_applied, 0, NULL,
                        applied_out, err);
    if (rc == RC_OK)
        rc = check_history(*applied_out, err);
    return rc;
}

enum rc migrate_list(PGconn *connection,
                     void (*report)(void *context, const char *name, bool pending), void *context,
                     struct err *err)
{
    PGresult *applied = NULL;
    enum rc rc = read_applied(connection, &applied, err);
    if (rc == RC_OK)
        for (const struct migrate_migration *m = migrate_migrations; m->name != NULL; m++)
            report(context, m->name, is_pending(applied, m));
    PQclear(applied);
    return rc;
}

enum rc migrate_state(PGconn *connection, struct migrate_state *state_out, struct err *err)
{
    PGresult *applied = NULL;
    enum rc rc = read_applied(connection, &applied, err);
    *state_out = (struct migrate_state){0};
    if (rc == RC_OK) {
        for (const struct migrate_migration *m = migrate_migrations; m->name != NULL; m++) {
            bool pending = is_pending(applied, m);
            state_out->pending += pending;
            if (m->version > state_out->known)
                state_out->known = m->version;
            if (!pending && m->version > state_out->applied)
                state_out->applied = m->version;
        }
    }
    PQclear(applied);
    return rc;
}

enum rc migrate_require(PGconn *connection, struct err *err)
{
    struct migrate_state state;
    enum rc rc = migrate_state(connection, &state, err);
    if (rc != RC_OK || state.applied == state.known)
        return rc;
    return err_set(err, RC_FATAL,
                   "the schema is at version %d, this program needs %d; run \"sluice migrate\"",
                   state.applied, state.known);
}

static enum rc record(PGconn *connection, const struct migrate_migration *migration,
                      int64_t took_ms, struct err *err)
{
    char version[12];
    char sha256[SHA256_TEXT_BYTES];
    char duration[24];
    (void)snprintf(version, sizeof version, "%d", migration->version);
    (void)snprintf(duration, sizeof duration, "%" PRId64, took_ms);
    checksum(migration, sha256);
    const char *parameters[] = {version, migration->name, sha256, duration};
    return database_query(connection, "record migration", query_migrate_record, 4, parameters, NULL,
                          err);
}

static enum rc run_file(PGconn *connection, const struct migrate_migration *migration,
                        struct err *err)
{
    PGresult *result = PQexec(connection, migration->sql);
    ExecStatusType status = PQresultStatus(result);
    enum rc rc = RC_OK;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        rc = database_error(connection, result, migration->name, err);
        if (rc == RC_REJECT) /* no input here: the file or the stored rows are at fault */
            err->rc = rc = RC_FATAL;
    }
    PQclear(result);
    return rc;
}

static enum rc apply_one(PGconn *connection, const struct migrate_migration *migration,
                         int64_t *took_ms_out, struct err *err)
{
    int64_t start = clock_monotonic_us();
    enum rc rc = database_run(connection, "BEGIN", err);
    if (rc == RC_OK)
        rc = run_file(connection, migration, err);
    *took_ms_out = (clock_monotonic_us() - start) / US_PER_MS;
    if (rc == RC_OK)
        rc = record(connection, migration, *took_ms_out, err);
    if (rc == RC_OK)
        rc = database_commit(connection, err);
    database_rollback(connection);
    return rc;
}

static enum rc apply_pending(PGconn *connection,
                             void (*report)(void *context, const char *name, int64_t took_ms),
                             void *context, struct err *err)
{
    PGresult *applied = NULL;
    enum rc rc = database_run(connection, query_migrate_prepare, err);
    if (rc == RC_OK)
        rc = read_applied(connection, &applied, err);
    for (const struct migrate_migration *m = migrate_migrations; rc == RC_OK && m->name != NULL;
         m++) {
        int64_t took_ms = 0;
        if (!is_pending(applied, m))
            continue;
        rc = apply_one(connection, m, &took_ms, err);
        if (rc == RC_OK && report != NULL)
            report(context, m->name, took_ms);
    }
    PQclear(applied);
    return rc;
}

enum rc migrate_apply(PGconn *connection,
                      void (*report)(void *context, const char *name, int64_t took_ms),
                      void *context, struct err *err)
{
    enum rc rc = database_run(connection, lock_sql, err);
    if (rc != RC_OK)
        return rc;
    rc = apply_pending(connection, report, context, err);
    PQclear(PQexec(connection, unlock_sql));
    return rc;
}
