#include "loaders/database.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* SQLSTATE prefixes, the longer before the shorter; the first match says what the caller does. */
static const struct {
    const char *prefix;
    enum rc rc;
} outcomes[] = {
    {"08", RC_RETRY},    /* connection lost or refused */
    {"57P0", RC_RETRY},  /* shutting down, crashed, starting up */
    {"53", RC_RETRY},    /* out of connections, disk or memory: not the data's fault */
    {"40001", RC_RETRY}, /* serialization */
    {"40P01", RC_RETRY}, /* deadlock */
    {"55P03", RC_RETRY}, /* lock timeout */
    {"22", RC_REJECT},   /* value out of range, bad encoding, ... */
    {"23", RC_REJECT},   /* constraint */
    {"54", RC_REJECT},   /* larger than an index entry or a row may be */
};

static enum rc outcome_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (strncmp(sqlstate, outcomes[i].prefix, strlen(outcomes[i].prefix)) == 0)
            return outcomes[i].rc;
    return RC_FATAL;
}

static int first_line(const char *text)
{
    return text != NULL ? (int)strcspn(text, "\n") : 0;
}

/* No SQLSTATE: libpq itself failed, so the server is away. */
static enum rc connection_error(PGconn *connection, const char *what, struct err *err)
{
    const char *text = connection != NULL ? PQerrorMessage(connection) : "out of memory";
    return err_set(err, RC_RETRY, "%s: %.*s", what, first_line(text), text);
}

static const char *field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text != NULL ? text : "";
}

enum rc database_error(PGconn *connection, const PGresult *result, const char *what,
                       struct err *err)
{
    const char *sqlstate = result != NULL ? field(result, PG_DIAG_SQLSTATE) : "";
    if (sqlstate[0] == '\0')
        return connection_error(connection, what, err);

    const char *message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *column = field(result, PG_DIAG_COLUMN_NAME);
    const char *hint = field(result, PG_DIAG_MESSAGE_HINT);
    enum rc rc = err_set(err, outcome_of(sqlstate), "%s: %s%s%s (SQLSTATE %s)%s%s", what, message,
                         column[0] != '\0' ? ", column " : "", column, sqlstate,
                         hint[0] != '\0' ? "; " : "", hint);
    if (err != NULL)
        (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%.5s", sqlstate);
    return rc;
}

static bool succeeded(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

enum rc database_run(PGconn *connection, const char *sql, struct err *err)
{
    PGresult *result = PQexec(connection, sql);
    enum rc rc = succeeded(result) ? RC_OK : database_error(connection, result, "database", err);
    PQclear(result);
    return rc;
}

enum rc database_query(PGconn *connection, const char *what, const char *sql, int parameter_count,
                       const char *const *parameters, PGresult **result_out, struct err *err)
{
    PGresult *result =
        PQexecParams(connection, sql, parameter_count, NULL, parameters, NULL, NULL, 0);
    if (!succeeded(result)) {
        enum rc rc = database_error(connection, result, what, err);
        PQclear(result);
        return rc;
    }
    if (result_out != NULL)
        *result_out = result;
    else
        PQclear(result);
    return RC_OK;
}

enum rc database_commit(PGconn *connection, struct err *err)
{
    PGresult *result = PQexec(connection, "COMMIT");
    enum rc rc = RC_OK;
    if (!succeeded(result)) {
        rc = database_error(connection, result, "commit", err);
        if (PQstatus(connection) == CONNECTION_BAD)
            rc = RC_UNCERTAIN;
        if (err != NULL)
            err->rc = rc;
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        rc =
            err_set(err, RC_FATAL, "commit: the transaction had failed before and was rolled back");
    }
    PQclear(result);
    return rc;
}

void database_rollback(PGconn *connection)
{
    if (PQtransactionStatus(connection) != PQTRANS_IDLE)
        PQclear(PQexec(connection, "ROLLBACK"));
}

enum rc database_set_tenant(PGconn *connection, const struct uuid *tenant_id, struct err *err)
{
    char text[UUID_TEXT_BYTES];
    uuid_format(tenant_id, text);
    const char *parameters[] = {text};
    return database_query(connection, "set tenant",
                          "SELECT set_config('app.current_tenant_id', $1, true)", 1, parameters,
                          NULL, err);
}

static enum rc set_role(PGconn *connection, const char *db_role, struct err *err)
{
    char *name = PQescapeIdentifier(connection, db_role, strlen(db_role));
    char sql[128];
    if (name == NULL)
        return connection_error(connection, "database", err);
    (void)snprintf(sql, sizeof sql, "SET ROLE %s", name);
    PQfreemem(name);
    enum rc rc = database_run(connection, sql, err);
    if (rc == RC_OK || rc == RC_RETRY)
        return rc;
    return err_set(
        err, RC_FATAL,
        "the connection may not act as %s; is the schema applied? run \"sluice migrate\"", db_role);
}

/* libpq quotes a URL that it cannot read, password included; so the URL is tried apart first. */
static enum rc check_url(const char *url, struct err *err)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    enum rc rc = RC_OK;
    if (options == NULL)
        rc = err_set(err, RC_FATAL,
                     "database url cannot be read; expected postgresql://USER@HOST:PORT/DATABASE");
    PQconninfoFree(options);
    PQfreemem(message);
    return rc;
}

/* A refusal at connect comes without a SQLSTATE; a ping tells a server that is away or starting
 * from one that answered no (password, unknown database or role). */
static enum rc connect_error(PGconn *connection, const char *url, struct err *err)
{
    const char *text = PQerrorMessage(connection);
    bool answered = PQping(url) == PQPING_OK && strstr(text, "too many clients") == NULL &&
                    strstr(text, "connection slots") == NULL;
    return err_set(err, answered ? RC_FATAL : RC_RETRY, "%.*s", first_line(text), text);
}

static enum rc prepare_session(PGconn *connection, const char *db_role, struct err *err)
{
    enum rc rc = database_run(connection,
                              "SET client_min_messages = warning; SET timezone = 'UTC'; "
                              "SET search_path = etl, public",
                              err);
    if (rc == RC_OK && db_role != NULL)
        rc = set_role(connection, db_role, err);
    return rc;
}

enum rc database_open(const char *url, const char *role, const char *db_role,
                      PGconn **connection_out, struct err *err)
{
    char application[64];
    (void)snprintf(application, sizeof application, "sluice-%s", role);
    /* a later keyword wins, so the url may set a timeout of its own */
    const char *keywords[] = {"connect_timeout", "dbname", "application_name", "client_encoding",
                              NULL};
    const char *values[] = {"10", url, application, "UTF8", NULL};

    *connection_out = NULL;
    enum rc rc = check_url(url, err);
    if (rc != RC_OK)
        return rc;
    PGconn *connection = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(connection) != CONNECTION_OK)
        rc = connect_error(connection, url, err);
    else
        rc = prepare_session(connection, db_role, err);
    if (rc == RC_OK)
        *connection_out = connection;
    else
        PQfinish(connection);
    return rc;
}

void database_close(PGconn **connection)
{
    PQfinish(*connection);
    *connection = NULL;
}
