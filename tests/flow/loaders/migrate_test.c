/* The schema from nothing: repeatable, guarded, described, and closed to other tenants' readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loaders/catalog.h"
#include "loaders/database.h"
#include "loaders/migrate.h"
#include "tests/support/database.h"

static int setup_empty(void **state)
{
    *state = test_database_new_empty();
    return 0;
}

static int setup(void **state)
{
    *state = test_database_new();
    return 0;
}

static int teardown(void **state)
{
    struct test_database *database = *state;
    test_database_free(&database);
    return 0;
}

static void count(void *context, const char *name, int64_t took_ms)
{
    (void)name;
    (void)took_ms;
    ++*(int *)context;
}

static void expect_rows(PGconn *connection, const char *sql, const char *expected)
{
    char *rows = test_database_rows(connection, sql);
    assert_string_equal(rows, expected);
    free(rows);
}

static void a_fresh_database_is_migrated_once(void **state)
{
    struct test_database *database = *state;
    struct err err = {0};
    struct migrate_state before;
    struct migrate_state after;
    int applied = 0;
    int again = 0;
    assert_int_equal(migrate_state(database->connection, &before, &err), RC_OK);
    assert_int_equal(before.applied, 0);
    assert_true(before.known > 0);
    assert_int_equal(migrate_apply(database->connection, count, &applied, &err), RC_OK);
    assert_int_equal(applied, before.pending);
    assert_int_equal(migrate_apply(database->connection, count, &again, &err), RC_OK);
    assert_int_equal(again, 0);
    assert_int_equal(migrate_state(database->connection, &after, &err), RC_OK);
    assert_int_equal(after.applied, after.known);
    assert_int_equal(after.pending, 0);
}

static void a_changed_or_unknown_migration_is_refused(void **state)
{
    struct test_database *database = *state;
    struct err err = {0};
    struct migrate_state now;
    test_database_run(database->connection, "BEGIN; UPDATE etl.schema_migrations SET sha256 = "
                                            "decode(repeat('00', 32), 'hex') WHERE version = 1");
    assert_int_equal(migrate_state(database->connection, &now, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "0001-create-tables"));
    test_database_run(database->connection,
                      "ROLLBACK; INSERT INTO etl.schema_migrations SELECT 9999, '9999-later', "
                      "sha256, now(), 0 FROM etl.schema_migrations LIMIT 1");
    assert_int_equal(migrate_apply(database->connection, NULL, NULL, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "9999-later"));
}

static void changed_views_are_applied_again(void **state)
{
    struct test_database *database = *state;
    struct err err = {0};
    int applied = 0;
    test_database_run(database->connection,
                      "UPDATE etl.schema_migrations SET sha256 = decode(repeat('00', 32), 'hex') "
                      "WHERE version IS NULL");
    assert_int_equal(migrate_apply(database->connection, count, &applied, &err), RC_OK);
    assert_int_equal(applied, 1);
}

static void everything_is_described(void **state)
{
    struct test_database *database = *state;
    expect_rows(database->connection,
                "SELECT c.oid::regclass, a.attname FROM pg_class c JOIN pg_attribute a ON "
                "a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relnamespace "
                "IN ('etl'::regnamespace, 'bi'::regnamespace) AND c.relkind IN ('r', 'v') AND "
                "(col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)",
                "");
}

static void every_table_has_row_level_security(void **state)
{
    struct test_database *database = *state;
    expect_rows(database->connection,
                "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'etl'::regnamespace AND "
                "c.relkind = 'r' AND NOT (c.relrowsecurity AND (c.relforcerowsecurity OR c.relname "
                "= 'schema_migrations'))",
                "");
    expect_rows(database->connection,
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'sluice\\_%' AND (rolsuper OR "
                "rolbypassrls OR rolcreaterole) AND NOT rolcanlogin",
                "");
}

#define TWO_TENANTS                                                                                \
    "INSERT INTO etl.tenants (id, slug, name) VALUES "                                             \
    "(etl.uuid5('tenant/acme'), 'acme', 'acme'), (etl.uuid5('tenant/zeta'), 'zeta', 'zeta'); "     \
    "INSERT INTO etl.daily_analytics (tenant_id, date, computed_at) "                              \
    "SELECT id, '2026-03-01', now() FROM etl.tenants; "

static void a_loader_sees_only_the_tenant_it_names(void **state)
{
    struct test_database *database = *state;
    test_database_run(database->connection,
                      TWO_TENANTS "SET app.user_role = ''; SET ROLE sluice_loader");
    expect_rows(database->connection, "SELECT slug FROM etl.tenants", "");
    test_database_run(database->connection, "SELECT set_config('app.current_tenant_id', "
                                            "etl.uuid5('tenant/acme')::text, false)");
    expect_rows(database->connection, "SELECT slug FROM etl.tenants", "acme\n");
    expect_rows(database->connection, "SELECT count(*) FROM etl.daily_analytics", "1\n");
    struct err err = {0};
    assert_int_equal(database_run(database->connection,
                                  "INSERT INTO etl.daily_analytics (tenant_id, date, computed_at) "
                                  "VALUES (etl.uuid5('tenant/zeta'), '2026-03-02', now())",
                                  &err),
                     RC_FATAL);
    assert_string_equal(err.sqlstate, "42501");
}

static void a_reader_sees_its_tenants_whatever_it_sets(void **state)
{
    struct test_database *database = *state;
    struct err err = {0};
    char login[40];
    char sql[600];
    PGconn *reader = NULL;
    (void)snprintf(login, sizeof login, "sluice_test_reader_%d", (int)getpid());
    (void)snprintf(sql, sizeof sql,
                   TWO_TENANTS "CREATE ROLE %s LOGIN IN ROLE sluice_reader; INSERT INTO "
                               "etl.reader_tenants SELECT '%s', id FROM etl.tenants WHERE slug = "
                               "'acme'",
                   login, login);
    test_database_run(database->connection, sql);
    char *url = test_database_url_as(database, login);
    assert_int_equal(database_open(url, "test", NULL, &reader, &err), RC_OK);
    free(url);

    test_database_run(reader, "SET app.user_role = 'master_admin'; SELECT "
                              "set_config('app.current_tenant_id', "
                              "'00000000-0000-0000-0000-000000000000', false)");
    expect_rows(reader, "SELECT tenant, date FROM bi.daily_analytics", "acme|2026-03-01\n");
    expect_rows(reader, "SELECT count(*) FROM bi.messages", "0\n");
    static const char *const forbidden[] = {"SELECT 1 FROM etl.daily_analytics",
                                            "SELECT 1 FROM etl.reader_tenants",
                                            "SET ROLE sluice_views",
                                            "SET ROLE sluice_loader",
                                            "SET SESSION AUTHORIZATION sluice_admin",
                                            "DROP VIEW bi.sessions",
                                            "DELETE FROM bi.daily_analytics"};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (database_run(reader, forbidden[i], &err) == RC_OK)
            fail_msg("allowed: %s", forbidden[i]);
    database_close(&reader);
    (void)snprintf(sql, sizeof sql, "DROP ROLE %s", login);
    test_database_run(database->connection, sql);
}

static void the_catalog_is_written_and_its_faults_are_named(void **state)
{
    struct test_database *database = *state;
    struct err err = {0};
    struct catalog_channel channel = {.id = {{1}},
                                      .provider = "whatsapp_cloud",
                                      .medium = "whatsapp",
                                      .account = "1",
                                      .name = "wa-main",
                                      .session_gap_s = 86400,
                                      .outbound_visible = true};
    struct catalog_tenant tenant = {.id = {{2}},
                                    .slug = "acme",
                                    .name = "ACME",
                                    .timezone = "America/Bogota",
                                    .channels = &channel,
                                    .channel_count = 1};
    struct catalog catalog = {&tenant, 1};
    test_database_run(database->connection, "SET app.user_role = ''; SET ROLE sluice_loader");
    for (int i = 0; i < 2; i++)
        if (catalog_apply(database->connection, &catalog, &err) != RC_OK)
            fail_msg("%s", err.msg);
    test_database_run(database->connection, "SET app.user_role = 'master_admin'");
    expect_rows(database->connection,
                "SELECT t.slug, t.timezone, c.name, c.session_gap_s FROM etl.tenants t JOIN "
                "etl.channels c ON c.tenant_id = t.id",
                "acme|America/Bogota|wa-main|86400\n");

    test_database_run(database->connection,
                      "INSERT INTO etl.daily_analytics (tenant_id, date, computed_at) SELECT id, "
                      "'2026-03-01', now() FROM etl.tenants");
    tenant.timezone = "Asia/Tokyo";
    assert_int_equal(catalog_apply(database->connection, &catalog, &err), RC_OK);
    expect_rows(database->connection, "SELECT day FROM etl.rollup_dirty_days ORDER BY day",
                "2026-02-27\n2026-02-28\n2026-03-01\n2026-03-02\n2026-03-03\n");

    tenant.timezone = "America/Bogata";
    assert_int_equal(catalog_apply(database->connection, &catalog, &err), RC_REJECT);
    assert_non_null(strstr(err.msg, "tenant \"acme\""));
    assert_non_null(strstr(err.msg, "America/Bogata"));
}

static void failures_say_what_to_do_next(void **state)
{
    struct test_database *database = *state;
    struct err err = {0};
    PGconn *connection = NULL;
    assert_int_equal(
        database_open("postgresql://u:secret@[localhost/db", "test", NULL, &connection, &err),
        RC_FATAL);
    assert_null(strstr(err.msg, "secret"));
    assert_int_equal(database_open("host=/nowhere", "test", NULL, &connection, &err), RC_RETRY);
    assert_int_equal(database_run(database->connection, "SELECT 1/0", &err), RC_REJECT);
    assert_int_equal(database_run(database->connection, "SELECT nothing", &err), RC_FATAL);
    assert_int_equal(
        database_run(database->connection, "SELECT pg_terminate_backend(pg_backend_pid())", &err),
        RC_RETRY);
    assert_int_equal(database_commit(database->connection, &err), RC_UNCERTAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fresh_database_is_migrated_once, setup_empty, teardown),
        cmocka_unit_test_setup_teardown(a_changed_or_unknown_migration_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_views_are_applied_again, setup, teardown),
        cmocka_unit_test_setup_teardown(everything_is_described, setup, teardown),
        cmocka_unit_test_setup_teardown(every_table_has_row_level_security, setup, teardown),
        cmocka_unit_test_setup_teardown(a_loader_sees_only_the_tenant_it_names, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_sees_its_tenants_whatever_it_sets, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_catalog_is_written_and_its_faults_are_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(failures_say_what_to_do_next, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
