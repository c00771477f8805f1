/* merge.c: see merge.h. */
#include "loaders/merge.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/limits.h"
#include "loaders/copy.h"
#include "loaders/statement.h"
#include "loaders/threads.h"
#include "queries.h"

#define STATEMENT_MAX_BYTES (64 * KIB)
/* More ids than one batch can hold. */
#define ARRAY_MAX_BYTES LIMIT_BATCH_ARENA_BYTES

enum { NAME_BYTES = 64 };

struct merge {
    PGconn *connection;
    char *copy[TABLES];
    bool staged; /* an earlier tenant of this transaction left rows in the staging tables */
    uint64_t inferred[TABLES]; /* rows that the merge itself staged, for this tenant */
};

/* The statements beyond insert and update, prepared under the name of their file. */
static const struct {
    const char *name;
    const char *sql;
} further[] = {
    {"attachments_outdated", query_load_attachments_outdated},
    {"differences_events", query_load_differences_events},
    {"differences_escalations", query_load_differences_escalations},
    {"statuses_by_thread", query_load_statuses_by_thread},
    {"statuses_left", query_load_statuses_left},
    {"statuses_unplaced", query_load_statuses_unplaced},
    {"messages_refresh", query_load_messages_refresh},
    {"conversation_times", query_load_conversation_times},
    {"conversation_times_recount", query_load_conversation_times_recount},
    {"aliases_lock", query_load_aliases_lock},
    {"aliases_stored", query_load_aliases_stored},
    {"aliases", query_load_aliases},
    {"aliases_touched", query_load_aliases_touched},
    {"twins", query_load_twins},
    {"dirty_conversations", query_load_dirty_conversations},
    {"dirty_days", query_load_dirty_days},
};

/* ---- opening ---- */

static enum rc prepare(PGconn *connection, const char *name, const char *sql, struct err *err)
{
    PGresult *result = PQprepare(connection, name, sql, 0, NULL);
    enum rc rc = PQresultStatus(result) == PGRES_COMMAND_OK
                     ? RC_OK
                     : database_error(connection, result, name, err);
    PQclear(result);
    return rc;
}

/* Lets "write" put a statement about the table into sql, as a C string. */
static const char *written(void (*write)(const struct table *table, struct buf *sql),
                           const struct table *table, struct buf *sql)
{
    buf_reset(sql);
    write(table, sql);
    (void)buf_add(sql, "", 1);
    return buf_is_full(sql) ? "" : sql->p;
}

static enum rc prepare_table(struct merge *merge, enum table_id id, struct buf *sql,
                             struct err *err)
{
    const struct table *table = table_get(id);
    char name[NAME_BYTES];
    merge->copy[id] = xstrdup(written(statement_copy, table, sql));
    enum rc rc = database_run(merge->connection, written(statement_stage, table, sql), err);
    (void)snprintf(name, sizeof name, "insert_%s", table->name);
    if (rc == RC_OK)
        rc = prepare(merge->connection, name, written(statement_insert, table, sql), err);
    (void)snprintf(name, sizeof name, "update_%s", table->name);
    if (rc == RC_OK && !table->fixed)
        rc = prepare(merge->connection, name, written(statement_update, table, sql), err);
    return rc;
}

enum rc merge_open(PGconn *connection, struct merge **merge_out, struct err *err)
{
    struct merge *merge = xcalloc(1, sizeof *merge);
    struct buf sql;
    merge->connection = connection;
    buf_init(&sql, STATEMENT_MAX_BYTES);
    enum rc rc = database_run(connection, query_load_session, err);
    for (size_t i = 0; rc == RC_OK && i < TABLES; i++)
        rc = prepare_table(merge, (enum table_id)i, &sql, err);
    if (rc == RC_OK)
        rc = prepare(connection, "stage_twins",
                     written(statement_twins, table_get(TABLE_MESSAGES), &sql), err);
    for (size_t i = 0; rc == RC_OK && i < sizeof further / sizeof further[0]; i++)
        rc = prepare(connection, further[i].name, further[i].sql, err);
    buf_done(&sql);
    if (rc != RC_OK)
        merge_close(&merge);
    *merge_out = merge;
    return rc;
}

void merge_close(struct merge **merge)
{
    if (merge == NULL || *merge == NULL)
        return;
    for (size_t i = 0; i < TABLES; i++)
        free((*merge)->copy[i]);
    free(*merge);
    *merge = NULL;
}

/* ---- merging ---- */

static enum rc run(struct merge *merge, const char *name, const char *const *values, int count,
                   uint64_t *rows_out, struct err *err)
{
    PGresult *result = PQexecPrepared(merge->connection, name, count, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    enum rc rc = RC_OK;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        rc = database_error(merge->connection, result, name, err);
    else if (rows_out != NULL)
        *rows_out = strtoull(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return rc;
}

struct changes { /* rows of one table */
    uint64_t inserted;
    uint64_t updated;
};

/* Between two snapshots of a conversation, the stored one and a staged one. */
static enum rc infer(struct merge *merge, struct err *err)
{
    enum rc rc = run(merge, "differences_events", NULL, 0, &merge->inferred[TABLE_EVENTS], err);
    return rc == RC_OK ? run(merge, "differences_escalations", NULL, 0,
                             &merge->inferred[TABLE_ESCALATIONS], err)
                       : rc;
}

static enum rc stage(struct merge *merge, struct rowset *set, enum table_id id, struct err *err)
{
    if (set->count == 0)
        return RC_OK;
    rowset_sort(set);
    return copy_rows(merge->connection, merge->copy[id], set, err);
}

/* Rows that were all new need no second look. */
static enum rc merge_table(struct merge *merge, struct rowset *set, enum table_id id,
                           struct changes *changes, struct err *err)
{
    char name[NAME_BYTES];
    uint64_t staged = set->count + merge->inferred[id];
    *changes = (struct changes){0};
    if (staged == 0)
        return RC_OK;
    enum rc rc = stage(merge, set, id, err);
    (void)snprintf(name, sizeof name, "insert_%s", set->table->name);
    if (rc == RC_OK)
        rc = run(merge, name, NULL, 0, &changes->inserted, err);
    bool may_change = rc == RC_OK && changes->inserted < staged;
    if (may_change && id == TABLE_CONVERSATIONS)
        rc = infer(merge, err);
    (void)snprintf(name, sizeof name, "update_%s", set->table->name);
    if (rc == RC_OK && may_change && !set->table->fixed)
        rc = run(merge, name, NULL, 0, &changes->updated, err);
    return rc;
}

/* A new row counts too: the message may stand in another conversation already, with an earlier
 * version's attachments. */
static bool may_outdate(const struct rows *rows, const struct changes *messages)
{
    return messages->updated > 0 ||
           (messages->inserted > 0 && rows->sets[TABLE_ATTACHMENTS].count > 0);
}

static enum rc merge_tables(struct merge *merge, struct rows *rows, struct changes *changes,
                            uint64_t *changed, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < TABLES; i++) {
        rc = merge_table(merge, &rows->sets[i], (enum table_id)i, &changes[i], err);
        if (rc == RC_OK && i == TABLE_MESSAGES && may_outdate(rows, &changes[i]))
            rc = run(merge, "attachments_outdated", NULL, 0, NULL, err);
        *changed += changes[i].inserted + changes[i].updated;
    }
    return rc;
}

/* Finds the messages of statuses that do not say which conversation they are about. */
static enum rc place_statuses(struct merge *merge, struct err *err)
{
    uint64_t left = 0;
    enum rc rc = run(merge, "statuses_by_thread", NULL, 0, NULL, err);
    if (rc == RC_OK)
        rc = run(merge, "statuses_left", NULL, 0, &left, err);
    return rc == RC_OK && left > 0 ? run(merge, "statuses_unplaced", NULL, 0, NULL, err) : rc;
}

static enum rc refresh_statuses(struct merge *merge, const struct rows *rows,
                                const struct changes *changes, uint64_t *changed, struct err *err)
{
    const struct changes *messages = &changes[TABLE_MESSAGES];
    const struct changes *statuses = &changes[TABLE_STATUSES];
    enum rc rc = RC_OK;
    uint64_t refreshed = 0;
    if (rows->unplaced_status && statuses->inserted + statuses->updated > 0)
        rc = place_statuses(merge, err);
    if (rc == RC_OK &&
        messages->inserted + messages->updated + statuses->inserted + statuses->updated > 0)
        rc = run(merge, "messages_refresh", NULL, 0, &refreshed, err);
    *changed += refreshed;
    return rc;
}

static enum rc move_times(struct merge *merge, const struct changes *messages, uint64_t *changed,
                          struct err *err)
{
    enum rc rc = RC_OK;
    uint64_t moved = 0;
    uint64_t recounted = 0;
    if (messages->inserted + messages->updated > 0)
        rc = run(merge, "conversation_times", NULL, 0, &moved, err);
    if (rc == RC_OK && messages->updated > 0)
        rc = run(merge, "conversation_times_recount", NULL, 0, &recounted, err);
    *changed += moved + recounted;
    return rc;
}

/* ---- threads that are one ---- */

static void add_id(struct buf *array, const struct uuid *id)
{
    char *to = buf_reserve(array, UUID_TEXT_BYTES + 1);
    if (to == NULL)
        return;
    *to = array->n == 0 ? '{' : ',';
    uuid_format(id, to + 1);
    array->n += UUID_TEXT_BYTES; /* the comma instead of the NUL */
}

/* Finished, as a C string; "{}" where nothing was added. NULL: too large. */
static const char *array_text(struct buf *array)
{
    (void)buf_add_text(array, array->n == 0 ? "{}" : "}");
    (void)buf_add(array, "", 1);
    return buf_is_full(array) ? NULL : array->p;
}

/* What is known already of the conversations that the batch joins. */
static enum rc read_stored(struct merge *merge, struct threads *threads, struct err *err)
{
    struct buf array;
    buf_init(&array, ARRAY_MAX_BYTES);
    for (size_t i = 0; i < threads_count(threads); i++)
        add_id(&array, threads_id(threads, i));
    const char *text = array_text(&array);
    PGresult *result = PQexecPrepared(merge->connection, "aliases_stored", 1, &text, NULL, NULL, 0);
    enum rc rc = RC_OK;
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        rc = database_error(merge->connection, result, "aliases_stored", err);
    for (int i = 0; rc == RC_OK && i < PQntuples(result); i++) {
        struct uuid from, to;
        if (uuid_from_text(str_of(PQgetvalue(result, i, 0)), &from) &&
            uuid_from_text(str_of(PQgetvalue(result, i, 1)), &to))
            threads_join_stored(threads, &from, &to);
    }
    PQclear(result);
    buf_done(&array);
    return rc;
}

static enum rc write_news(struct merge *merge, struct threads *threads, uint64_t *changed,
                          struct err *err)
{
    struct buf ids, representatives;
    uint64_t joined = 0;
    enum rc rc = RC_OK;
    buf_init(&ids, ARRAY_MAX_BYTES);
    buf_init(&representatives, ARRAY_MAX_BYTES);
    for (size_t i = 0; i < threads_count(threads); i++) {
        const struct uuid *representative;
        if (!threads_is_news(threads, i, &representative))
            continue;
        add_id(&ids, threads_id(threads, i));
        add_id(&representatives, representative);
    }
    bool has_news = ids.n > 0;
    const char *const arrays[] = {array_text(&ids), array_text(&representatives)};
    if (has_news)
        rc = run(merge, "aliases", arrays, 2, &joined, err);
    if (has_news && rc == RC_OK)
        rc = run(merge, "aliases_touched", NULL, 0, NULL, err);
    *changed += joined;
    buf_done(&ids);
    buf_done(&representatives);
    return rc;
}

static enum rc join_aliases(struct merge *merge, const struct rows *rows, uint64_t *changed,
                            struct err *err)
{
    if (rows->aliases == NULL)
        return RC_OK;
    struct threads *threads = threads_new();
    enum rc rc = run(merge, "aliases_lock", NULL, 0, NULL, err);
    for (const struct rows_alias *link = rows->aliases; link != NULL; link = link->next)
        threads_join(threads, &link->a, &link->b);
    if (rc == RC_OK)
        rc = read_stored(merge, threads, err);
    if (rc == RC_OK)
        rc = write_news(merge, threads, changed, err);
    threads_free(&threads);
    return rc;
}

/* Every rule is monotone, so repeating the update until nothing changes ends with equal twins. */
static enum rc match_twins(struct merge *merge, uint64_t *changed, struct err *err)
{
    uint64_t twins = 0;
    uint64_t updated = 0;
    enum rc rc = run(merge, "twins", NULL, 0, &twins, err);
    if (rc != RC_OK || twins == 0)
        return rc;
    rc = database_run(merge->connection, "TRUNCATE stage_messages", err);
    if (rc == RC_OK)
        rc = run(merge, "stage_twins", NULL, 0, NULL, err);
    do {
        if (rc == RC_OK)
            rc = run(merge, "update_messages", NULL, 0, &updated, err);
        *changed += updated;
    } while (rc == RC_OK && updated > 0);
    return rc == RC_OK ? run(merge, "attachments_outdated", NULL, 0, NULL, err) : rc;
}

static enum rc mark_dirty(struct merge *merge, struct err *err)
{
    enum rc rc = run(merge, "dirty_conversations", NULL, 0, NULL, err);
    return rc == RC_OK ? run(merge, "dirty_days", NULL, 0, NULL, err) : rc;
}

static enum rc clear_staging(struct merge *merge, struct err *err)
{
    struct buf sql;
    buf_init(&sql, STATEMENT_MAX_BYTES);
    (void)buf_add_text(&sql, "TRUNCATE touched, joined, twins");
    for (size_t i = 0; i < TABLES; i++)
        (void)buf_printf(&sql, ", stage_%s", table_get((enum table_id)i)->name);
    (void)buf_add(&sql, "", 1);
    enum rc rc = database_run(merge->connection, sql.p, err);
    buf_done(&sql);
    return rc;
}

void merge_begin(struct merge *merge)
{
    merge->staged = false;
}

enum rc merge_rows(struct merge *merge, struct rows *rows, uint64_t *changed, struct err *err)
{
    struct changes changes[TABLES] = {{0}};
    uint64_t before = *changed;
    memset(merge->inferred, 0, sizeof merge->inferred);
    enum rc rc = merge->staged ? clear_staging(merge, err) : RC_OK;
    merge->staged = true;
    if (rc == RC_OK)
        rc = database_set_tenant(merge->connection, &rows->tenant_id, err);
    if (rc == RC_OK)
        rc = merge_tables(merge, rows, changes, changed, err);
    if (rc == RC_OK)
        rc = refresh_statuses(merge, rows, changes, changed, err);
    if (rc == RC_OK)
        rc = move_times(merge, &changes[TABLE_MESSAGES], changed, err);
    if (rc == RC_OK)
        rc = join_aliases(merge, rows, changed, err);
    if (rc == RC_OK && *changed > before)
        rc = match_twins(merge, changed, err);
    if (rc == RC_OK && *changed > before)
        rc = mark_dirty(merge, err);
    return rc;
}
