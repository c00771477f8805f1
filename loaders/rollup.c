#include "loaders/rollup.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/stop.h"
#include "queries.h"

/* What one transaction takes: enough to be set-based, little enough to hold locks and memory for a
 * moment only. */
enum { CHUNK_CONVERSATIONS = 1000, CHUNK_DAYS = 31 };

struct step {
    const char *what;
    const char *sql;
    int parameter_count; /* $1 tenant, $2 as of */
};

static const struct step session_steps[] = {
    {"count conversations", "ANALYZE rollup_member", 0}, /* or the planner guesses */
    {"rebuild sessions", query_rollup_rebuild_sessions, 2},
    {"count sessions", "ANALYZE rollup_fresh", 0},
    {"compare sessions", query_rollup_find_changes, 0},
    {"mark days of changed sessions", query_rollup_mark_days, 1},
    {"delete old sessions", query_rollup_delete_sessions, 0},
    {"write sessions", query_rollup_write_sessions, 0},
    {"report impossible timings", query_rollup_report_negative, 2},
    {"set conversation status", query_rollup_set_status, 1},
    {NULL, NULL, 0}};

static const struct step day_steps[] = {{"count days", "ANALYZE rollup_day", 0},
                                        {"delete days", query_rollup_delete_days, 1},
                                        {"write days", query_rollup_write_days, 2},
                                        {NULL, NULL, 0}};

/* One kind of dirty thing: how a chunk of it is taken from its queue and then recomputed. */
struct work {
    const char *what;
    const char *take_sql; /* $1 tenant, $2 limit; returns how many were taken */
    unsigned limit;
    const struct step *steps;
};

static const struct work conversations = {"take dirty conversations",
                                          query_rollup_take_conversations, CHUNK_CONVERSATIONS,
                                          session_steps};
static const struct work days = {"take dirty days", query_rollup_take_days, CHUNK_DAYS, day_steps};

struct run {
    PGconn *connection;
    const struct rollup_conf *conf;
    const char *tenant;
    char as_of[CLOCK_TEXT_BYTES];
};

static enum rc begin(const struct run *run, struct err *err)
{
    const char *parameters[] = {run->tenant};
    enum rc rc = database_run(run->connection, "BEGIN", err);
    if (rc == RC_OK)
        rc = database_query(run->connection, "begin rollup", query_rollup_begin, 1, parameters,
                            NULL, err);
    if (rc == RC_OK)
        rc = database_query(run->connection, "wait for another rollup", query_rollup_lock, 1,
                            parameters, NULL, err);
    return rc;
}

static enum rc run_steps(const struct run *run, const struct step *steps, struct err *err)
{
    const char *parameters[] = {run->tenant, run->as_of};
    enum rc rc = RC_OK;
    for (const struct step *step = steps; rc == RC_OK && step->sql != NULL; step++)
        rc = database_query(run->connection, step->what, step->sql, step->parameter_count,
                            parameters, NULL, err);
    return rc;
}

static enum rc take(const struct run *run, const struct work *work, uint64_t *taken_out,
                    struct err *err)
{
    char limit[16];
    const char *parameters[] = {run->tenant, limit};
    PGresult *result = NULL;
    (void)snprintf(limit, sizeof limit, "%u", work->limit);
    enum rc rc =
        database_query(run->connection, work->what, work->take_sql, 2, parameters, &result, err);
    *taken_out = rc == RC_OK ? strtoull(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return rc;
}

static enum rc run_chunk(const struct run *run, const struct work *work, uint64_t *taken_out,
                         struct err *err)
{
    enum rc rc = begin(run, err);
    if (rc == RC_OK)
        rc = take(run, work, taken_out, err);
    if (rc == RC_OK && *taken_out > 0)
        rc = run_steps(run, work->steps, err);
    if (rc == RC_OK)
        rc = database_commit(run->connection, err);
    database_rollback(run->connection);
    return rc;
}

/* Until the queue was seen to its end: what a loader adds meanwhile is left to the next run, so
 * that this one ends. */
static enum rc drain(const struct run *run, const struct work *work, uint64_t *count,
                     struct err *err)
{
    uint64_t taken = work->limit;
    enum rc rc = RC_OK;
    while (rc == RC_OK && taken >= work->limit && !stop_requested()) {
        taken = 0;
        rc = run_chunk(run, work, &taken, err);
        if (rc == RC_OK)
            *count += taken;
    }
    return rc;
}

/* What becomes dirty without a load: the clock, or the caller's wish. */
static enum rc mark(const struct run *run, struct err *err)
{
    const char *idle[] = {run->tenant, run->as_of};
    const char *range[] = {run->tenant, run->conf->from, run->conf->to};
    enum rc rc = begin(run, err);
    if (rc == RC_OK)
        rc = database_query(run->connection, "mark ended sessions", query_rollup_mark_idle, 2, idle,
                            NULL, err);
    if (rc == RC_OK && run->conf->rebuild)
        rc = database_query(run->connection, "mark range", query_rollup_mark_range, 3, range, NULL,
                            err);
    if (rc == RC_OK)
        rc = database_commit(run->connection, err);
    database_rollback(run->connection);
    return rc;
}

/* Conversations first: their changed sessions mark days. */
static enum rc run_tenant(const struct run *run, struct rollup_counts *counts, struct err *err)
{
    enum rc rc = mark(run, err);
    if (rc == RC_OK)
        rc = drain(run, &conversations, &counts->conversations, err);
    if (rc == RC_OK)
        rc = drain(run, &days, &counts->days, err);
    return rc;
}

static enum rc list_tenants(PGconn *connection, PGresult **tenants_out, struct err *err)
{
    enum rc rc = database_run(
        connection, "BEGIN; SELECT set_config('app.user_role', 'master_admin', true)", err);
    if (rc == RC_OK)
        rc = database_query(connection, "list tenants", query_rollup_tenants, 0, NULL, tenants_out,
                            err);
    if (rc == RC_OK)
        rc = database_commit(connection, err);
    database_rollback(connection);
    return rc;
}

enum rc rollup_run(PGconn *connection, const struct rollup_conf *conf,
                   struct rollup_counts *counts_out, struct err *err)
{
    struct run run = {.connection = connection, .conf = conf};
    PGresult *tenants = NULL;
    *counts_out = (struct rollup_counts){0};
    clock_format(conf->as_of_us != TIME_NONE ? conf->as_of_us : clock_now_us(), run.as_of);

    enum rc rc = database_run(connection, query_rollup_prepare, err);
    if (rc == RC_OK)
        rc = list_tenants(connection, &tenants, err);
    for (int row = 0; rc == RC_OK && row < PQntuples(tenants) && !stop_requested(); row++) {
        run.tenant = PQgetvalue(tenants, row, 0);
        rc = run_tenant(&run, counts_out, err);
    }
    PQclear(tenants);
    if (rc == RC_OK && counts_out->conversations == 0 && counts_out->days == 0)
        return RC_AGAIN;
    return rc;
}
