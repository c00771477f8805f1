#include "bus/sql.h"

#include <stddef.h>

static enum rc rc_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_MISUSE:
        return RC_FATAL;
    default:
        return RC_RETRY;
    }
}

enum rc sql_fail(sqlite3 *db, const char *what, struct err *err)
{
    int code = sqlite3_extended_errcode(db);
    const char *path = sqlite3_db_filename(db, "main");
    enum rc rc = err_set(err, rc_of(code), "cannot %s \"%s\": %s", what, path != NULL ? path : "?",
                         sqlite3_errmsg(db));
    if (err != NULL)
        err->code = code;
    return rc;
}

enum rc sql_exec(sqlite3 *db, const char *text, struct err *err)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        return sql_fail(db, "use the bus file", err);
    return RC_OK;
}

enum rc sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **stmt_out, struct err *err)
{
    if (*stmt_out != NULL)
        return RC_OK;
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, stmt_out, NULL) != SQLITE_OK)
        return sql_fail(db, "use the bus file", err);
    return RC_OK;
}

enum rc sql_run(sqlite3 *db, sqlite3_stmt *stmt, struct err *err)
{
    int step = sqlite3_step(stmt);
    enum rc rc = step == SQLITE_DONE ? RC_OK : sql_fail(db, "write to the bus file", err);
    (void)sqlite3_reset(stmt);
    return rc;
}

enum rc sql_get_int(sqlite3 *db, sqlite3_stmt *stmt, int64_t *value_out, struct err *err)
{
    enum rc rc = RC_AGAIN;
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
        *value_out = sqlite3_column_int64(stmt, 0);
        rc = RC_OK;
    } else if (step != SQLITE_ROW && step != SQLITE_DONE) {
        rc = sql_fail(db, "read the bus file", err);
    }
    (void)sqlite3_reset(stmt);
    return rc;
}
