#include "loaders/health.h"

#include <stdlib.h>

#include "queries.h"

enum rc health_open(const char *url, PGconn **connection_out, struct err *err)
{
    enum rc rc = database_open(url, "status", "sluice_admin", connection_out, err);
    if (rc == RC_OK)
        rc = database_run(*connection_out, "SET app.user_role = 'master_admin'", err);
    return rc;
}

/* ---- rows into structs ---- */

struct reading {
    PGconn *connection;
    struct arena *arena;
    struct err *err;
    bool full; /* the arena */
};

static const char *text_at(struct reading *r, const PGresult *rows, int row, int column)
{
    if (PQgetisnull(rows, row, column))
        return NULL;
    struct str value = {PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column)};
    struct str copy = arena_str(r->arena, value);
    r->full = r->full || str_is_null(copy);
    return copy.p;
}

static int64_t number_at(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

typedef void take_row(struct reading *r, const PGresult *rows, int row, void *element);

static void take_channel(struct reading *r, const PGresult *rows, int row, void *element)
{
    *(struct health_channel *)element =
        (struct health_channel){text_at(r, rows, row, 0), text_at(r, rows, row, 1),
                                text_at(r, rows, row, 2), text_at(r, rows, row, 3)};
}

static void take_pull(struct reading *r, const PGresult *rows, int row, void *element)
{
    *(struct health_pull *)element = (struct health_pull){
        text_at(r, rows, row, 0), text_at(r, rows, row, 1), text_at(r, rows, row, 2),
        text_at(r, rows, row, 3), text_at(r, rows, row, 4), number_at(rows, row, 5),
        number_at(rows, row, 6),  text_at(r, rows, row, 7)};
}

static void take_letters(struct reading *r, const PGresult *rows, int row, void *element)
{
    *(struct health_letters *)element =
        (struct health_letters){text_at(r, rows, row, 0), text_at(r, rows, row, 1),
                                text_at(r, rows, row, 2), number_at(rows, row, 3)};
}

static void take_offset(struct reading *r, const PGresult *rows, int row, void *element)
{
    *(struct health_offset *)element =
        (struct health_offset){text_at(r, rows, row, 0), text_at(r, rows, row, 1),
                               (int32_t)number_at(rows, row, 2), number_at(rows, row, 3)};
}

static void take_dirty(struct reading *r, const PGresult *rows, int row, void *element)
{
    (void)r;
    ((int64_t *)element)[0] = number_at(rows, row, 0);
    ((int64_t *)element)[1] = number_at(rows, row, 1);
}

/* Runs a statement with at most one parameter and takes its rows into a list in the arena. */
static enum rc read_list(struct reading *r, const char *sql, const char *parameter, take_row *take,
                         size_t element_bytes, void **list_out, size_t *count_out)
{
    PGresult *rows =
        PQexecParams(r->connection, sql, parameter != NULL, NULL, &parameter, NULL, NULL, 0);
    enum rc rc = RC_OK;
    if (PQresultStatus(rows) != PGRES_TUPLES_OK) {
        rc = database_error(r->connection, rows, "read the state", r->err);
        goto out;
    }
    size_t count = (size_t)PQntuples(rows);
    char *list = arena_alloc(r->arena, count * element_bytes);
    for (size_t i = 0; list != NULL && i < count; i++)
        take(r, rows, (int)i, list + i * element_bytes);
    if (list == NULL || r->full)
        rc = err_set(r->err, RC_REJECT, "the state of the database is larger than expected");
    *list_out = list;
    *count_out = count;
out:
    PQclear(rows);
    return rc;
}

static enum rc read_schema(struct reading *r, struct health *health)
{
    enum rc rc = migrate_state(r->connection, &health->schema, r->err);
    if (rc == RC_OK && health->schema.applied == 0)
        rc = err_set(r->err, RC_FATAL, "the database has no schema yet; run \"sluice migrate\"");
    return rc;
}

enum rc health_read(PGconn *connection, const char *group, struct arena *arena,
                    struct health *health_out, struct err *err)
{
    struct reading r = {connection, arena, err, false};
    struct health *h = health_out;
    void *list = NULL;
    size_t one = 0;
    *h = (struct health){0};
    enum rc rc = read_schema(&r, h);
    if (rc == RC_OK) {
        rc = read_list(&r, query_status_channels, NULL, take_channel, sizeof *h->channels, &list,
                       &h->channel_count);
        h->channels = list;
    }
    if (rc == RC_OK) {
        rc = read_list(&r, query_status_pulls, NULL, take_pull, sizeof *h->pulls, &list,
                       &h->pull_count);
        h->pulls = list;
    }
    if (rc == RC_OK) {
        rc = read_list(&r, query_status_dead_letters, NULL, take_letters, sizeof *h->letters, &list,
                       &h->letters_count);
        h->letters = list;
    }
    if (rc == RC_OK) {
        rc = read_list(&r, query_status_offsets, group, take_offset, sizeof *h->offsets, &list,
                       &h->offset_count);
        h->offsets = list;
    }
    if (rc == RC_OK) {
        rc = read_list(&r, query_status_dirty, NULL, take_dirty, 2 * sizeof(int64_t), &list, &one);
        h->dirty_days = rc == RC_OK ? ((int64_t *)list)[0] : 0;
        h->dirty_conversations = rc == RC_OK ? ((int64_t *)list)[1] : 0;
    }
    return rc;
}
