#include "connectors/b2chat_window.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/stop.h"

#define PARAMETERS_BYTES 200
#define MARKER_BYTES 80
#define KEY_BYTES 120
#define DURABLE_MS 60000

static const char *const entities[] = {"chats", "contacts"};

/* ---- what is open ---- */

static bool is_open(const struct record_conversation *conversation)
{
    bool is_over =
        str_is(conversation->status, "resolved") || str_is(conversation->status, "abandoned");
    return !is_over || str_is(conversation->survey_state, "requested");
}

bool b2chat_window_wants(void *context, const struct record *record)
{
    struct b2chat_windows *windows = context;
    if (record->kind != RECORD_CONVERSATION || record->conversation.source_created_at == TIME_NONE)
        return true;
    int64_t created_at = zone_to_local(windows->zone, record->conversation.source_created_at);
    int32_t place = day_of(created_at) - windows->first_day;
    if (place >= 0 && place < B2CHAT_WINDOW_DAYS && is_open(&record->conversation))
        windows->is_open[place] = true;
    return true;
}

/* ---- one page ---- */

static void describe(const struct b2chat_window *window, int64_t offset, int64_t limit,
                     char text[static PARAMETERS_BYTES])
{
    char from[DAY_TEXT_BYTES], to[DAY_TEXT_BYTES];
    day_format(window->from, from);
    day_format(window->to, to);
    (void)snprintf(text, PARAMETERS_BYTES,
                   "{\"from\": \"%s\", \"to\": \"%s\", \"offset\": %" PRId64 ", \"limit\": %" PRId64
                   "}",
                   from, to, offset, limit);
}

static enum rc keep_reply(struct b2chat_windows *windows, const struct b2chat_window *window,
                          int64_t offset, const struct b2chat_reply *reply, struct err *err)
{
    char parameters[PARAMETERS_BYTES];
    struct pull *pull = windows->pull;
    if (!pull->archive_raw)
        return RC_OK;
    describe(window, offset, reply->limit, parameters);
    const struct sync_reply row = {.source_kind = "poll",
                                   .endpoint = str_of(b2chat_api_path(window->list)),
                                   .parameters = str_of(parameters),
                                   .http_status = 200,
                                   .headers = STR_NULL,
                                   .body = reply->body,
                                   .record_count = (int64_t)reply->page.count,
                                   .fetched_at = reply->fetched_at};
    return sync_keep_reply(pull->sync, pull->run.is_begun ? &pull->run.id : NULL, &row, err);
}

static enum rc publish(struct b2chat_windows *windows, const struct b2chat_window *window,
                       int64_t offset, const struct b2chat_reply *reply, struct err *err)
{
    char key[KEY_BYTES], day[DAY_TEXT_BYTES];
    day_format(window->from, day);
    int n = snprintf(key, sizeof key, "%s/%s/%" PRId64, b2chat_api_path(window->list), day, offset);
    const struct publish_document document = {
        .about = document_at(reply->fetched_at, SOURCE_POLL),
        .provider = STR_NULL,
        .format = STR_LIT("export"),
        .origin = window->list == B2CHAT_CHATS ? STR_LIT("poll/chats/export")
                                               : STR_LIT("poll/contacts/export"),
        .key = {key, (size_t)n},
        .content_type = STR_LIT("application/json"),
        .mark = ++windows->mark,
    };
    enum rc rc = publish_whole(windows->pull->publisher, &document, reply->body, err);
    if (rc == RC_OK)
        rc = publish_wait(windows->pull->publisher, DURABLE_MS, err);
    if (rc == RC_AGAIN && !stop_requested())
        return err_set(err, RC_RETRY, "the bus has not confirmed a page within %d s",
                       DURABLE_MS / 1000);
    return rc;
}

static enum rc save_checkpoint(struct b2chat_windows *windows, const struct b2chat_window *window,
                               const struct b2chat_walk *walk, int64_t total,
                               enum sync_progress progress, struct err *err)
{
    char day[DAY_TEXT_BYTES], marker[MARKER_BYTES];
    day_format(window->from, day);
    (void)snprintf(marker, sizeof marker, "{\"offset\": %" PRId64 ", \"repeats\": %d}",
                   walk->offset, walk->repeats);
    const struct sync_checkpoint checkpoint = {.entity = entities[window->list],
                                               .part = str_of(day),
                                               .marker = str_of(marker),
                                               .counts = {walk->seen, walk->seen, 0},
                                               .total = total,
                                               .progress = progress,
                                               .failures = STR_NULL};
    return sync_save_checkpoint(windows->pull->sync, &windows->pull->run.id, &checkpoint, err);
}

/* ---- all pages ---- */

static enum rc read_page(struct b2chat_windows *windows, const struct b2chat_window *window,
                         struct b2chat_walk *walk, enum b2chat_step *step_out, struct err *err)
{
    const struct b2chat_query query = {window->list, window->from, window->to, walk->offset};
    struct b2chat_reply reply;
    int64_t offset = walk->offset;
    enum rc rc = b2chat_api_page(windows->api, &query, &reply, err);
    if (rc != RC_OK)
        return rc;
    if (offset == 0)
        memset(windows->is_open, 0, sizeof windows->is_open);
    rc = keep_reply(windows, window, offset, &reply, err);
    if (rc == RC_OK)
        rc = publish(windows, window, offset, &reply, err);
    if (rc != RC_OK)
        return rc;
    windows->totals.pages++;
    *step_out = b2chat_walk_take(walk, &reply.page, reply.limit);
    return save_checkpoint(windows, window, walk, reply.page.total,
                           *step_out == B2CHAT_DONE ? SYNC_COMPLETED : SYNC_ACTIVE, err);
}

enum rc b2chat_window_read(struct b2chat_windows *windows, const struct b2chat_window *window,
                           struct err *err)
{
    struct b2chat_walk walk;
    enum b2chat_step step = B2CHAT_MORE;
    enum rc rc = RC_OK;
    windows->first_day = window->from;
    b2chat_walk_begin(&walk, window->is_settled);
    while (rc == RC_OK && step == B2CHAT_MORE && !stop_requested())
        rc = read_page(windows, window, &walk, &step, err);
    if (rc == RC_OK && step == B2CHAT_MORE)
        return err_set(err, RC_AGAIN, "a stop was requested");
    windows->totals.windows++;
    windows->totals.unsteady += walk.is_unsteady;
    return rc;
}
