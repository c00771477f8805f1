/* database.h: one libpq connection, and what is said of its failures.
 *
 * Errors:  RC_RETRY = not reachable, busy, or lost before COMMIT was sent; RC_UNCERTAIN = lost
 * after (database_commit only); RC_REJECT = the server refused the data (SQLSTATE classes 22, 23,
 * 54); RC_FATAL = anything else (schema, rights, wrong password). Messages hold the server's first
 * line, the constraint and the column, never its DETAIL, which may quote a row, and never the
 * password. Threads: a connection belongs to one thread. */
#ifndef SLUICE_LOADERS_DATABASE_H
#define SLUICE_LOADERS_DATABASE_H

#include <libpq-fe.h>

#include "lib/err.h"
#include "lib/uuid.h"

/* url: libpq URI or keyword string. Sets application_name "sluice-<role>", time zone UTC,
 * search_path etl, and, if db_role is not NULL, SET ROLE db_role (sluice_loader, sluice_admin,
 * ...). */
enum rc database_open(const char *url, const char *role, const char *db_role,
                      PGconn **connection_out, struct err *err) MUST_USE;
void database_close(PGconn **connection);

/* Runs one or more statements without parameters and drops the results. */
enum rc database_run(PGconn *connection, const char *sql, struct err *err) MUST_USE;
/* Runs one statement with text parameters ($1 ...; NULL = SQL NULL) and text results. what: "merge
 * messages". The caller clears *result_out; NULL = the result is not wanted. */
enum rc database_query(PGconn *connection, const char *what, const char *sql, int parameter_count,
                       const char *const *parameters, PGresult **result_out,
                       struct err *err) MUST_USE;
/* COMMIT. RC_UNCERTAIN when the answer was lost: the transaction may stand or not. */
enum rc database_commit(PGconn *connection, struct err *err) MUST_USE;
/* Gives up the open transaction, if any, after a failure; keeps quiet about it. */
void database_rollback(PGconn *connection);
/* Fills err from a failed result (or, with NULL, from the connection) and returns its rc. */
enum rc database_error(PGconn *connection, const PGresult *result, const char *what,
                       struct err *err);
/* set_config('app.current_tenant_id', id, true): within a transaction. */
enum rc database_set_tenant(PGconn *connection, const struct uuid *tenant_id,
                            struct err *err) MUST_USE;

#endif
