/* What pulls and backfills remember, in a real database, with the rights of their role. */
#include "pipelines/sync_database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/limits.h"
#include "tests/support/database.h"

struct scene {
    struct test_database *database;
    struct pipeline *pipeline;
    struct sync *sync;
    struct err err;
};

#define OK(scene, call)                                                                            \
    do {                                                                                           \
        enum rc rc_ = (call);                                                                      \
        if (rc_ != RC_OK)                                                                          \
            fail_msg("%s gave %d: %s", #call, (int)rc_, (scene)->err.msg);                         \
    } while (0)

static void print_fault(void *context, const char *message)
{
    (void)context;
    print_message("%s\n", message);
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    char yaml[2048];
    scene->database = test_database_new();
    (void)snprintf(yaml, sizeof yaml,
                   "database: { url: \"%s\" }\n"
                   "tenants:\n"
                   "  - slug: acme\n"
                   "    timezone: America/Bogota\n"
                   "    connectors:\n"
                   "      - { name: desk, channel: canonical, account: desk, keys: [k] }\n"
                   "      - { name: other, channel: canonical, account: other, keys: [k] }\n"
                   "  - slug: zeta\n"
                   "    timezone: America/Bogota\n"
                   "    connectors:\n"
                   "      - { name: desk, channel: canonical, account: desk, keys: [k] }\n",
                   scene->database->url);
    OK(scene, pipeline_load_text("test.yaml", str_of(yaml), print_fault, NULL, &scene->pipeline,
                                 &scene->err));
    scene->sync = sync_database_new(scene->pipeline, &scene->pipeline->connectors[0]);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    sync_close(&scene->sync);
    pipeline_free(&scene->pipeline);
    test_database_free(&scene->database);
    free(scene);
    return 0;
}

static void expect_rows(struct scene *scene, const char *sql, const char *expected)
{
    char *rows = test_database_rows(scene->database->connection, sql);
    if (rows[0] != '\0')
        rows[strlen(rows) - 1] = '\0'; /* the last line's end */
    assert_string_equal(rows, expected);
    free(rows);
}

static const struct sync_run backfill = {.entity = "all",
                                         .operation = SYNC_BACKFILL,
                                         .triggered_by = "cli",
                                         .started_at = INT64_C(1772460000000000),
                                         .metadata = STR_LIT("{\"files\":[\"a\"]}")};

static struct uuid begin(struct scene *scene)
{
    struct uuid run;
    OK(scene, sync_lock(scene->sync, "backfill", &scene->err));
    OK(scene, sync_begin_run(scene->sync, &backfill, &run, &scene->err));
    return run;
}

/* No loader has ever run: the channel is written on the way. */
static void a_run_has_a_row_from_beginning_to_end(void **state)
{
    struct scene *scene = *state;
    struct uuid run = begin(scene);
    expect_rows(scene, "SELECT status, operation, triggered_by, completed_at FROM etl.sync_runs",
                "in_progress|backfill|cli|-");
    const struct sync_end end = {.outcome = SYNC_PARTIAL,
                                 .counts = {12, 10, 2},
                                 .message = STR_LIT("two lines cannot be read"),
                                 .metadata = STR_LIT("{\"seconds\":3}")};
    OK(scene, sync_end_run(scene->sync, &run, &end, &scene->err));
    expect_rows(scene,
                "SELECT status, record_count, error_message, metadata, completed_at IS NULL FROM "
                "etl.sync_runs",
                "partial|10|two lines cannot be read|{\"read\": 12, \"files\": [\"a\"], "
                "\"seconds\": 3, \"written\": 10, \"rejected\": 2}|f");
}

static void a_run_that_was_killed_is_ended_by_the_next(void **state)
{
    struct scene *scene = *state;
    (void)begin(scene);
    (void)begin(scene);
    expect_rows(scene, "SELECT status FROM etl.sync_runs ORDER BY status", "error\nin_progress");
}

static void one_runner_holds_the_lock(void **state)
{
    struct scene *scene = *state;
    struct sync *second = sync_database_new(scene->pipeline, &scene->pipeline->connectors[0]);
    struct sync *neighbour = sync_database_new(scene->pipeline, &scene->pipeline->connectors[1]);
    struct sync *tenant = sync_database_new(scene->pipeline, &scene->pipeline->connectors[2]);
    OK(scene, sync_lock(scene->sync, "backfill", &scene->err));
    OK(scene, sync_lock(scene->sync, "backfill", &scene->err));
    assert_int_equal(sync_lock(second, "backfill", &scene->err), RC_AGAIN);
    assert_non_null(strstr(scene->err.msg, "\"desk\""));
    OK(scene, sync_lock(second, "pull", &scene->err));
    OK(scene, sync_lock(neighbour, "backfill", &scene->err));
    OK(scene, sync_lock(tenant, "backfill", &scene->err));
    sync_close(&scene->sync);
    scene->sync = sync_database_new(scene->pipeline, &scene->pipeline->connectors[0]);
    OK(scene, sync_lock(scene->sync, "backfill", &scene->err));
    sync_close(&second);
    sync_close(&neighbour);
    sync_close(&tenant);
}

static void a_state_comes_back_as_it_was_saved(void **state)
{
    struct scene *scene = *state;
    struct buf cursor;
    buf_init(&cursor, 64 * KIB);
    struct sync_state found = {.cursor = &cursor};
    OK(scene, sync_lock(scene->sync, "pull", &scene->err));
    OK(scene, sync_load_state(scene->sync, "chats", &found, &scene->err));
    assert_true(str_is(buf_peek(&cursor), "{}"));
    assert_int_equal(found.succeeded_at, TIME_NONE);

    buf_reset(&cursor);
    (void)buf_add_text(&cursor, "{\"offset\": 42}");
    struct sync_state saved = {.cursor = &cursor,
                               .succeeded_at = INT64_C(1772460000123456),
                               .last_offset = 42,
                               .last_id = STR_LIT("x"),
                               .counts = {3, 2, 1},
                               .took_ms = 17};
    OK(scene, sync_save_state(scene->sync, "chats", &saved, &scene->err));
    saved.succeeded_at = TIME_NONE; /* stays */
    saved.is_error = true;
    OK(scene, sync_save_state(scene->sync, "chats", &saved, &scene->err));
    buf_reset(&cursor);
    OK(scene, sync_load_state(scene->sync, "chats", &found, &scene->err));
    assert_true(str_is(buf_peek(&cursor), "{\"offset\": 42}"));
    assert_int_equal(found.succeeded_at, INT64_C(1772460000123456));
    assert_int_equal(found.last_offset, 42);
    assert_int_equal(found.counts.rejected, 1);
    assert_int_equal(found.took_ms, 17);
    expect_rows(scene, "SELECT sync_status, last_synced_id FROM etl.sync_states", "error|x");
    buf_done(&cursor);
}

static struct sync_found find(struct scene *scene, const char *part, struct buf *marker)
{
    struct sync_found found;
    buf_reset(marker);
    OK(scene, sync_find_checkpoint(scene->sync, SYNC_BACKFILL, "all", str_of(part), marker, &found,
                                   &scene->err));
    return found;
}

static void a_checkpoint_is_found_in_a_later_run(void **state)
{
    struct scene *scene = *state;
    struct buf marker;
    buf_init(&marker, KIB);
    struct uuid first = begin(scene);
    assert_false(find(scene, "file", &marker).is_found);
    struct sync_checkpoint checkpoint = {.entity = "all",
                                         .part = STR_LIT("file"),
                                         .marker = STR_LIT("7"),
                                         .counts = {8, 7, 1},
                                         .total = -1,
                                         .progress = SYNC_ACTIVE};
    OK(scene, sync_save_checkpoint(scene->sync, &first, &checkpoint, &scene->err));
    struct uuid second = begin(scene);
    struct sync_found found = find(scene, "file", &marker);
    assert_true(found.is_found && found.progress == SYNC_ACTIVE);
    assert_memory_equal(&found.run, &first, sizeof first);
    assert_int_equal(found.started_at, backfill.started_at);
    assert_int_equal(found.counts.written, 7);
    assert_true(str_is(buf_peek(&marker), "7"));

    checkpoint.progress = SYNC_COMPLETED;
    checkpoint.marker = STR_LIT("done");
    OK(scene, sync_save_checkpoint(scene->sync, &second, &checkpoint, &scene->err));
    checkpoint.progress = SYNC_ACTIVE; /* newer, says less */
    OK(scene, sync_save_checkpoint(scene->sync, &first, &checkpoint, &scene->err));
    found = find(scene, "file", &marker);
    assert_int_equal(found.progress, SYNC_COMPLETED);
    assert_true(str_is(buf_peek(&marker), "done"));
    assert_false(find(scene, "another", &marker).is_found);
    buf_done(&marker);
}

static void the_last_run_is_found_unless_it_ended_well(void **state)
{
    struct scene *scene = *state;
    struct buf metadata;
    struct uuid run, found;
    buf_init(&metadata, KIB);
    OK(scene, sync_lock(scene->sync, "backfill", &scene->err));
    assert_int_equal(sync_find_run(scene->sync, SYNC_BACKFILL, &metadata, &found, &scene->err),
                     RC_AGAIN);
    run = begin(scene);
    OK(scene, sync_find_run(scene->sync, SYNC_BACKFILL, &metadata, &found, &scene->err));
    assert_memory_equal(&run, &found, sizeof run);
    assert_true(str_is(buf_peek(&metadata), "{\"files\": [\"a\"]}"));
    const struct sync_end end = {.outcome = SYNC_SUCCESS};
    OK(scene, sync_end_run(scene->sync, &run, &end, &scene->err));
    assert_int_equal(sync_find_run(scene->sync, SYNC_BACKFILL, &metadata, &found, &scene->err),
                     RC_AGAIN);
    buf_done(&metadata);
}

static void a_reply_is_kept_byte_for_byte(void **state)
{
    struct scene *scene = *state;
    struct uuid run = begin(scene);
    const struct sync_reply reply = {.source_kind = "poll",
                                     .endpoint = STR_LIT("/chats/export"),
                                     .parameters = STR_LIT("{\"offset\":0}"),
                                     .http_status = 200,
                                     .body = STR_LIT("{\"a\": \"\0\"}"),
                                     .record_count = 1,
                                     .fetched_at = backfill.started_at};
    OK(scene, sync_keep_reply(scene->sync, &run, &reply, &scene->err));
    expect_rows(scene,
                "SELECT endpoint, http_status, response_size, record_count, headers, "
                "sync_run_id = (SELECT id FROM etl.sync_runs), "
                "body_sha256 = sha256('\\x7b2261223a202200227d'::bytea) FROM etl.raw_responses",
                "/chats/export|200|10|1|-|t|t");
}

/* The role sees its tenant, and of other tables nothing. */
static void the_role_may_do_nothing_else(void **state)
{
    struct scene *scene = *state;
    (void)begin(scene);
    expect_rows(scene,
                "SELECT string_agg(DISTINCT table_name || ':' || privilege_type, ' ' ORDER BY "
                "table_name || ':' || privilege_type) FROM information_schema.role_table_grants "
                "WHERE grantee = 'sluice_connector'",
                "raw_responses:INSERT sync_checkpoints:INSERT sync_checkpoints:SELECT "
                "sync_checkpoints:UPDATE sync_runs:INSERT sync_runs:SELECT sync_runs:UPDATE "
                "sync_states:INSERT sync_states:SELECT sync_states:UPDATE");
    test_database_run(scene->database->connection,
                      "SET ROLE sluice_connector; RESET app.user_role; "
                      "SET app.current_tenant_id = '00000000-0000-0000-0000-000000000001'");
    expect_rows(scene, "SELECT count(*) FROM etl.sync_runs", "0");
    test_database_run(scene->database->connection, "RESET ROLE");
}

static void a_lost_session_is_told_and_comes_back(void **state)
{
    struct scene *scene = *state;
    struct uuid run = begin(scene);
    const struct sync_end end = {.outcome = SYNC_SUCCESS};
    test_database_run(scene->database->connection,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                      "application_name = 'sluice-connector'");
    assert_int_equal(sync_end_run(scene->sync, &run, &end, &scene->err), RC_RETRY);
    assert_int_equal(sync_end_run(scene->sync, &run, &end, &scene->err), RC_RETRY);
    OK(scene, sync_lock(scene->sync, "backfill", &scene->err));
    OK(scene, sync_end_run(scene->sync, &run, &end, &scene->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_has_a_row_from_beginning_to_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_that_was_killed_is_ended_by_the_next, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_runner_holds_the_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_comes_back_as_it_was_saved, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_is_found_in_a_later_run, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_run_is_found_unless_it_ended_well, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_reply_is_kept_byte_for_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(the_role_may_do_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_session_is_told_and_comes_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
