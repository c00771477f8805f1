/* database.h: one libpq connection, and what is said of its failures.
 *
 * Errors:  RC_RETRY = not reachable, or lost before COMMIT was sent; RC_UNCERTAIN = lost after;
 * RC_REJECT = the server refused the data (SQLSTATE classes 22, 23); RC_FATAL = anything else
 * (schema, rights, wrong password). Threads: a connection belongs to one thread. */
#ifndef SLUICE_LOADERS_DATABASE_H
#define SLUICE_LOADERS_DATABASE_H

#include <libpq-fe.h>

#include "lib/err.h"
#include "lib/uuid.h"

/* url: libpq URI or keyword string. Sets application_name "sluice-<role>", time zone UTC,
 * search_path etl, and, if db_role is not NULL, SET ROLE db_role (sluice_loader, sluice_admin,
 * ...). Messages never contain the password. */
enum rc database_open(const char *url, const char *role, const char *db_role,
                      PGconn **connection_out, struct err *err) MUST_USE;
void database_close(PGconn **connection);

/* Runs one or more statements without parameters and drops the results. */
enum rc database_run(PGconn *connection, const char *sql, struct err *err) MUST_USE;
/* Fills err from a failed result (or the connection) and returns its rc. what: "merge messages". */
enum rc database_error(PGconn *connection, const PGresult *result, const char *what,
                       struct err *err);
/* set_config('app.current_tenant_id', id, true): within a transaction. */
enum rc database_set_tenant(PGconn *connection, const struct uuid *tenant_id,
                            struct err *err) MUST_USE;

#endif
