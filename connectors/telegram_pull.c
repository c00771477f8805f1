#include "connectors/telegram_pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/telegram_api.h"
#include "lib/arena.h"
#include "lib/conf_value.h"
#include "lib/stop.h"
#include "transform/jpath.h"

#define ENTITY "messages"
#define CURSOR_BYTES (4 * KIB)
#define KEY_BYTES 64
#define DURABLE_MS 60000
#define RUN_US (INT64_C(600) * US_PER_SECOND)

struct reader {
    struct pull *pull;
    struct telegram_api *api;
    struct http_counts calls;
    int64_t offset;    /* 0 = from the oldest that is kept */
    uint64_t mark;     /* of the last answer published */
    bool is_stored;    /* the state says how it stands */
    struct buf cursor; /* for sync_state */
    int64_t began_at;  /* of "run" */
};

/* ---- the cursor ---- */

struct cursor {
    struct str offset;
};

static const struct jpath_rule cursor_rules[] = {
    JPATH_NUMBER("offset", struct cursor, offset),
    JPATH_RULES_END,
};

static int64_t read_cursor(struct str json)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, CURSOR_BYTES, CURSOR_BYTES};
    struct jpath *jpath = jpath_new(cursor_rules);
    struct arena *arena = arena_new("cursor", CURSOR_BYTES);
    struct cursor cursor = {STR_NULL};
    struct err ignored;
    int64_t offset = 0;
    jpath_begin(jpath, &limits, arena, &cursor, NULL);
    if (jpath_feed(jpath, json.p, json.n, &ignored) == RC_OK &&
        jpath_finish(jpath, &ignored) == RC_OK)
        (void)conf_value_int(cursor.offset, &offset);
    arena_free(&arena);
    jpath_free(&jpath);
    return offset;
}

static enum rc load(struct reader *reader, struct err *err)
{
    struct sync_state state = {.cursor = &reader->cursor};
    buf_reset(&reader->cursor);
    enum rc rc = sync_load_state(reader->pull->sync, ENTITY, &state, err);
    if (rc == RC_OK)
        reader->offset = read_cursor(buf_peek(&reader->cursor));
    return rc;
}

static enum rc store(struct reader *reader, struct err *err)
{
    struct sync_state state = {.cursor = &reader->cursor,
                               .succeeded_at = reader->began_at,
                               .last_offset = reader->offset,
                               .last_id = STR_NULL,
                               .counts = pull_run_counts(reader->pull),
                               .took_ms = (clock_now_us() - reader->began_at) / US_PER_MS};
    buf_reset(&reader->cursor);
    (void)buf_printf(&reader->cursor, "{\"offset\": %" PRId64 "}", reader->offset);
    enum rc rc = sync_save_state(reader->pull->sync, ENTITY, &state, err);
    reader->is_stored = rc == RC_OK;
    return rc;
}

/* ---- answers ---- */

static enum rc publish(struct reader *reader, const struct telegram_updates *updates,
                       struct err *err)
{
    char key[KEY_BYTES];
    int n = snprintf(key, sizeof key, "getUpdates/%" PRId64, updates->last_id);
    const struct publish_document document = {
        .about = document_at(clock_now_us(), SOURCE_POLL),
        .provider = STR_NULL,
        .format = STR_LIT("poll"),
        .origin = STR_LIT("poll/getUpdates"),
        .key = {key, (size_t)n},
        .content_type = STR_LIT("application/json"),
        .mark = ++reader->mark,
    };
    enum rc rc = publish_whole(reader->pull->publisher, &document, updates->body, err);
    if (rc == RC_OK)
        rc = publish_wait(reader->pull->publisher, DURABLE_MS, err);
    if (rc == RC_AGAIN && !stop_requested())
        return err_set(err, RC_RETRY, "the bus has not confirmed an answer within %d s",
                       DURABLE_MS / 1000);
    return rc;
}

static enum rc keep(struct reader *reader, const struct telegram_updates *updates, struct err *err)
{
    enum rc rc = pull_begin_run(reader->pull, ENTITY, SYNC_INCREMENTAL, STR_NULL, err);
    if (rc == RC_OK)
        rc = publish(reader, updates, err);
    if (rc != RC_OK)
        return rc;
    reader->offset = updates->last_id + 1;
    return store(reader, err);
}

static enum rc poll_once(struct reader *reader, bool *is_empty_out, struct err *err)
{
    struct telegram_updates updates;
    int wait_s = reader->pull->is_once ? 0 : TELEGRAM_POLL_S;
    enum rc rc = telegram_api_updates(reader->api, reader->offset, wait_s, &updates, err);
    *is_empty_out = rc != RC_OK || updates.count == 0;
    if (rc != RC_OK)
        return rc == RC_AGAIN ? RC_OK : rc; /* stopped while nothing was in hand */
    if (updates.count > 0)
        return keep(reader, &updates, err);
    return reader->is_stored ? RC_OK : store(reader, err);
}

/* ---- the kind ---- */

static enum rc run(void *context, struct err *err)
{
    struct reader *reader = context;
    struct telegram_webhook webhook;
    bool is_empty = false;
    reader->began_at = clock_now_us();
    reader->is_stored = false;
    enum rc rc = telegram_api_webhook(reader->api, &webhook, err);
    if (rc == RC_OK && webhook.is_set)
        return telegram_api_has_webhook(err);
    bool is_over = false;
    while (rc == RC_OK && !is_over && !stop_requested()) {
        rc = poll_once(reader, &is_empty, err);
        is_over = reader->pull->is_once ? is_empty : clock_now_us() - reader->began_at > RUN_US;
    }
    return rc == RC_OK ? pull_end_run(reader->pull, false, STR_NULL, err) : rc;
}

static void close_reader(void **context)
{
    struct reader *reader = *context;
    if (reader == NULL)
        return;
    telegram_api_close(&reader->api);
    buf_done(&reader->cursor);
    free(reader);
    *context = NULL;
}

static struct telegram_api_conf api_conf(const struct pull_conf *conf, bool is_hasty,
                                         struct http_counts *counts)
{
    return (struct telegram_api_conf){conf->url, conf->ca_file, conf->token, is_hasty, counts};
}

static enum rc open_reader(struct pull *pull, void **reader_out, struct err *err)
{
    struct reader *reader = xcalloc(1, sizeof *reader);
    reader->pull = pull;
    buf_init(&reader->cursor, CURSOR_BYTES);
    const struct telegram_api_conf conf = api_conf(pull->conf, false, &reader->calls);
    *reader_out = reader;
    enum rc rc = telegram_api_open(&conf, &reader->api, err);
    if (rc == RC_OK)
        rc = pull_publisher_open(pull, NULL, NULL, NULL, err);
    return rc == RC_OK ? load(reader, err) : rc;
}

static enum rc check(const struct pull_conf *conf, char detail[static PULL_DETAIL_BYTES],
                     struct err *err)
{
    struct http_counts counts = {0};
    const struct telegram_api_conf api_of = api_conf(conf, true, &counts);
    char name[TELEGRAM_NAME_BYTES] = "";
    struct telegram_webhook webhook;
    struct telegram_api *api = NULL;
    enum rc rc = telegram_api_open(&api_of, &api, err);
    if (rc == RC_OK)
        rc = telegram_api_name(api, name, err);
    if (rc == RC_OK)
        rc = telegram_api_webhook(api, &webhook, err);
    telegram_api_close(&api);
    if (rc == RC_OK && webhook.is_set)
        return telegram_api_has_webhook(err);
    if (rc == RC_OK)
        (void)snprintf(detail, PULL_DETAIL_BYTES, "bot @%s, %" PRId64 " updates wait", name,
                       webhook.pending);
    return rc;
}

const struct pull_kind telegram_pull = {
    .channel = "telegram",
    .mode = "poll",
    .entity = ENTITY,
    .open = open_reader,
    .run = run,
    .close = close_reader,
    .check = check,
};
