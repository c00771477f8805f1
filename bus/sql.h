/* sql.h: the few SQLite calls of the embedded bus, with errors as enum rc.
 *
 * Errors:  RC_RETRY = busy, disk full, input/output error; RC_FATAL = not our file, damaged, not
 * accessible. Threads: one owner for each connection. */
#ifndef SLUICE_BUS_SQL_H
#define SLUICE_BUS_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "lib/err.h"

/* Fills err from the connection's last error; what = "write to the bus". */
enum rc sql_fail(sqlite3 *db, const char *what, struct err *err);

enum rc sql_exec(sqlite3 *db, const char *text, struct err *err) MUST_USE;
/* *stmt_out is kept when it is there already: statements are prepared at first use. */
enum rc sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **stmt_out,
                    struct err *err) MUST_USE;
/* Steps to the end, expecting no row, and resets. */
enum rc sql_run(sqlite3 *db, sqlite3_stmt *stmt, struct err *err) MUST_USE;
/* Steps once and reads the first column of a single row; RC_AGAIN = no row, or NULL. */
enum rc sql_get_int(sqlite3 *db, sqlite3_stmt *stmt, int64_t *value_out, struct err *err) MUST_USE;

#endif
