#include "connectors/pull.h"

#include "connectors/b2chat_pull.h"
#include "connectors/mail_pull.h"
#include "connectors/telegram_pull.h"

/* ---- kinds ---- */

static const struct pull_kind *const kinds[] = {&b2chat_pull, &telegram_pull, &imap_pull,
                                                &pop3_pull, NULL};

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const struct pull_kind *pull_kind_find(const char *channel, const char *mode)
{
    for (const struct pull_kind *const *kind = kinds; *kind != NULL; kind++)
        if (same((*kind)->channel, channel) && same((*kind)->mode, mode))
            return *kind;
    return NULL;
}

/* ---- the publisher ---- */

enum rc pull_publisher_open(struct pull *pull,
                            void (*durable)(void *context, const struct publish_durable *durable),
                            bool (*wants)(void *context, const struct record *record),
                            void *context, struct err *err)
{
    const struct publisher_conf conf = {.connector = pull->conf->connector,
                                        .connectors = pull->connectors,
                                        .connector_count = pull->connector_count,
                                        .producer = pull->producer,
                                        .archive_raw = pull->archive_raw,
                                        .durable = durable,
                                        .wants = wants,
                                        .context = context};
    return publisher_new(&conf, &pull->publisher, err);
}

static struct publish_counts durable_counts(const struct pull *pull)
{
    if (pull->publisher == NULL)
        return (struct publish_counts){0};
    return publish_durable(pull->publisher).counts;
}

void pull_close(struct pull *pull)
{
    publisher_free(&pull->publisher);
}

/* ---- runs ---- */

struct sync_counts pull_run_counts(const struct pull *pull)
{
    struct publish_counts now = durable_counts(pull);
    int64_t written = (int64_t)(now.records - pull->run.before.records);
    int64_t rejected = (int64_t)(now.rejects - pull->run.before.rejects);
    return (struct sync_counts){written + rejected, written, rejected};
}

enum rc pull_begin_run(struct pull *pull, const char *entity, enum sync_operation operation,
                       struct str metadata, struct err *err)
{
    if (pull->run.is_begun)
        return RC_OK;
    const struct sync_run run = {.entity = entity,
                                 .operation = operation,
                                 .triggered_by = pull->triggered_by,
                                 .started_at = clock_now_us(),
                                 .metadata = metadata};
    enum rc rc = sync_begin_run(pull->sync, &run, &pull->run.id, err);
    pull->run.is_begun = rc == RC_OK;
    pull->run.entity = entity;
    pull->run.started_at = run.started_at;
    pull->run.before = durable_counts(pull);
    return rc;
}

static enum rc end_run(struct pull *pull, enum sync_outcome outcome, struct str message,
                       struct str metadata, struct err *err)
{
    const struct sync_end end = {.outcome = outcome,
                                 .counts = pull_run_counts(pull),
                                 .message = message,
                                 .metadata = metadata};
    pull->run.is_begun = false;
    return sync_end_run(pull->sync, &pull->run.id, &end, err);
}

enum rc pull_end_run(struct pull *pull, bool is_partial, struct str metadata, struct err *err)
{
    if (!pull->run.is_begun)
        return RC_OK;
    is_partial = is_partial || pull_run_counts(pull).rejected > 0;
    return end_run(pull, is_partial ? SYNC_PARTIAL : SYNC_SUCCESS, STR_NULL, metadata, err);
}

/* The cursor stays where it is. */
static void mark_state(struct pull *pull)
{
    struct err ignored;
    struct buf cursor;
    const char *entity = pull->conf->kind->entity;
    struct sync_state state = {.cursor = &cursor};
    buf_init(&cursor, PULL_CURSOR_BYTES);
    enum rc rc = sync_load_state(pull->sync, entity, &state, &ignored);
    state.succeeded_at = TIME_NONE;
    state.is_error = true;
    if (rc == RC_OK)
        rc = sync_save_state(pull->sync, entity, &state, &ignored);
    buf_done(&cursor);
}

void pull_fail_run(struct pull *pull, enum sync_outcome outcome, const char *message)
{
    struct err ignored;
    const char *entity = pull->conf->kind->entity;
    if (pull_begin_run(pull, entity, SYNC_INCREMENTAL, STR_NULL, &ignored) != RC_OK)
        return;
    (void)end_run(pull, outcome, str_of(message), STR_NULL, &ignored);
    if (outcome == SYNC_ERROR)
        mark_state(pull);
}
