#include "tests/support/database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "loaders/database.h"
#include "loaders/migrate.h"

#define ROWS_MAX_BYTES (size_t)(64 << 20)

static const char *maintenance_url(void)
{
    const char *url = getenv("SLUICE_TEST_DATABASE_URL");
    if (url == NULL || url[0] == '\0')
        fail_msg("SLUICE_TEST_DATABASE_URL is not set: run scripts/test");
    return url;
}

static PGconn *open_or_fail(const char *url)
{
    struct err err;
    PGconn *connection = NULL;
    if (database_open(url, "test", NULL, &connection, &err) != RC_OK)
        fail_msg("%s", err.msg);
    return connection;
}

/* The maintenance url with keywords replaced, as a keyword string. */
static char *replace(const char *url, const char *keyword, const char *value)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    struct buf text;
    assert_non_null(options);
    buf_init(&text, 8192);
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
        if (o->val != NULL && strcmp(o->keyword, keyword) != 0)
            assert_true(buf_printf(&text, "%s='%s' ", o->keyword, o->val));
    assert_true(buf_printf(&text, "%s='%s'", keyword, value));
    char *copy = strndup(text.p, text.n);
    buf_done(&text);
    PQconninfoFree(options);
    assert_non_null(copy);
    return copy;
}

char *test_database_url_as(const struct test_database *database, const char *user)
{
    return replace(database->url, "user", user);
}

void test_database_run(PGconn *connection, const char *sql)
{
    struct err err;
    if (database_run(connection, sql, &err) != RC_OK)
        fail_msg("%s\nin: %.400s", err.msg, sql);
}

struct test_database *test_database_new_empty(void)
{
    char sql[160];
    char name[64];
    PGconn *maintenance = open_or_fail(maintenance_url());
    struct test_database *database = calloc(1, sizeof *database);
    assert_non_null(database);
    (void)snprintf(name, sizeof name, "sluice_test_%d_%llx", (int)getpid(),
                   (unsigned long long)clock_monotonic_us());
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0", name);
    test_database_run(maintenance, sql);
    database_close(&maintenance);

    database->name = strdup(name);
    database->url = replace(maintenance_url(), "dbname", name);
    database->connection = open_or_fail(database->url);
    test_database_run(database->connection, "SET app.user_role = 'master_admin'");
    return database;
}

struct test_database *test_database_new(void)
{
    struct err err;
    struct test_database *database = test_database_new_empty();
    if (migrate_apply(database->connection, NULL, NULL, &err) != RC_OK)
        fail_msg("%s", err.msg);
    return database;
}

/* Not WITH (FORCE): it refuses while an autovacuum worker, which has no role, is in the database
 * (PostgreSQL 15, 42501). The plain form sends such workers away itself; sessions that a killed
 * process left behind are ended first. */
static void drop(const char *name)
{
    char sql[256];
    PGconn *maintenance = open_or_fail(maintenance_url());
    (void)snprintf(sql, sizeof sql,
                   "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                   " WHERE datname = '%s' AND backend_type = 'client backend'",
                   name);
    test_database_run(maintenance, sql);
    (void)snprintf(sql, sizeof sql, "DROP DATABASE %s", name);
    test_database_run(maintenance, sql);
    database_close(&maintenance);
}

void test_database_free(struct test_database **database)
{
    if (*database == NULL)
        return;
    database_close(&(*database)->connection);
    drop((*database)->name);
    free((*database)->name);
    free((*database)->url);
    free(*database);
    *database = NULL;
}

static PGresult *select_rows(PGconn *connection, const char *sql)
{
    struct err err;
    PGresult *result = NULL;
    if (database_query(connection, "test", sql, 0, NULL, &result, &err) != RC_OK)
        fail_msg("%s\nin: %.400s", err.msg, sql);
    return result;
}

char *test_database_value(PGconn *connection, const char *sql)
{
    PGresult *result = select_rows(connection, sql);
    char *value = strdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    assert_non_null(value);
    return value;
}

char *test_database_rows(PGconn *connection, const char *sql)
{
    PGresult *result = select_rows(connection, sql);
    struct buf text;
    buf_init(&text, ROWS_MAX_BYTES);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++) {
            if (column > 0)
                assert_true(buf_add_text(&text, "|"));
            assert_true(buf_add_text(
                &text, PQgetisnull(result, row, column) ? "-" : PQgetvalue(result, row, column)));
        }
        assert_true(buf_add_text(&text, "\n"));
    }
    PQclear(result);
    char *copy = strndup(text.n > 0 ? text.p : "", text.n);
    buf_done(&text);
    assert_non_null(copy);
    return copy;
}

void test_database_run_file(PGconn *connection, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("cannot open %s: run from the top of the source tree", path);
    struct buf text;
    buf_init(&text, ROWS_MAX_BYTES);
    for (;;) {
        char *space = buf_reserve(&text, 65536);
        assert_non_null(space);
        size_t n = fread(space, 1, 65536, file);
        text.n += n;
        if (n == 0)
            break;
    }
    assert_int_equal(ferror(file), 0);
    (void)fclose(file);
    assert_true(buf_add(&text, "", 1));
    test_database_run(connection, text.p);
    buf_done(&text);
}
