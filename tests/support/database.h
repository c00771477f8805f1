/* database.h: a fresh database for one flow test.
 *
 * Needs SLUICE_TEST_DATABASE_URL: a maintenance database of a role that may create databases and
 * roles; without it the test fails and says "run scripts/test".
 * Owns:    the database, from test_database_new (which migrates it) to test_database_free (which
 * drops it). Errors: fails the running cmocka test. */
#ifndef SLUICE_TESTS_SUPPORT_DATABASE_H
#define SLUICE_TESTS_SUPPORT_DATABASE_H

#include <libpq-fe.h>

struct test_database {
    char *name;
    char *url;          /* of the fresh database */
    PGconn *connection; /* as its owner, app.user_role = master_admin: sees every tenant */
};

/* empty: without the schema. */
struct test_database *test_database_new(void);
struct test_database *test_database_new_empty(void);
void test_database_free(struct test_database **database);

/* url with another user, and no password. The caller frees it. */
char *test_database_url_as(const struct test_database *database, const char *user);

/* Runs statements; fails the test with the server's message and the statement's name. */
void test_database_run(PGconn *connection, const char *sql);
/* First column of the first row, or "" (also for SQL NULL). The caller frees it. */
char *test_database_value(PGconn *connection, const char *sql);
/* All rows, columns joined by '|', rows by '\n'; NULL as "-". The caller frees it. */
char *test_database_rows(PGconn *connection, const char *sql);
/* Runs the statements of a file, relative to the top of the source tree. */
void test_database_run_file(PGconn *connection, const char *path);

#endif
