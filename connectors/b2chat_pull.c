#include "connectors/b2chat_pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/b2chat_cursor.h"
#include "connectors/b2chat_window.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/stop.h"

#define CHATS "chats"
#define CONTACTS "contacts"
#define HOUR_US (INT64_C(3600) * US_PER_SECOND)
#define OPEN_EVERY_US HOUR_US
#define OPEN_MOST_DAYS 60
#define DEEP_DAYS 30
#define DEEP_AFTER_US (3 * HOUR_US) /* of the day */
#define CONTACTS_EVERY_US (HOUR_US / 2)
#define CONTACTS_FULL_US (7 * DAY_US)
#define CONTACTS_OVERLAP_US (26 * HOUR_US)
#define CONTACTS_FROM 10957 /* 2000-01-01: all of them */
#define SKEW_MOST_US (INT64_C(300) * US_PER_SECOND)
#define METADATA_BYTES 300
#define RESUMED_US                                                                                 \
    (7 * DAY_US) /* a window that was completed so lately is left out of a backfill */

struct reader {
    struct pull *pull;
    struct b2chat_api *api;
    struct zone *zone;
    struct http_counts calls;
    struct b2chat_windows windows;
    struct b2chat_cursor cursor;
    struct buf json;   /* of the cursor */
    struct buf marker; /* of a checkpoint */
    int64_t began_at;  /* of the run, by this machine's clock */
    int64_t now;       /* the same by the server's */
    int32_t today;
    bool is_told_of_skew;
    struct http_counts calls_before; /* the run */
    struct b2chat_totals totals_before;
};

/* ---- state ---- */

static enum rc load(struct reader *reader, struct err *err)
{
    struct sync_state state = {.cursor = &reader->json};
    buf_reset(&reader->json);
    enum rc rc = sync_load_state(reader->pull->sync, CHATS, &state, err);
    if (rc == RC_OK)
        b2chat_cursor_read(&reader->cursor, buf_peek(&reader->json));
    return rc;
}

/* succeeded_at: TIME_NONE = as it was. */
static enum rc store(struct reader *reader, const char *entity, int64_t succeeded_at,
                     struct err *err)
{
    struct sync_state state = {.cursor = &reader->json,
                               .succeeded_at = succeeded_at,
                               .last_id = STR_NULL,
                               .counts = pull_run_counts(reader->pull),
                               .took_ms = (clock_now_us() - reader->began_at) / US_PER_MS};
    buf_reset(&reader->json);
    if (strcmp(entity, CHATS) == 0)
        b2chat_cursor_write(&reader->cursor, &reader->json);
    else
        (void)buf_add_text(&reader->json, "{}");
    return sync_save_state(reader->pull->sync, entity, &state, err);
}

/* ---- runs ---- */

static enum rc begin(struct reader *reader, const char *entity, enum sync_operation operation,
                     struct err *err)
{
    reader->began_at = clock_now_us();
    reader->calls_before = reader->calls;
    reader->totals_before = reader->windows.totals;
    return pull_begin_run(reader->pull, entity, operation, STR_NULL, err);
}

static enum rc end(struct reader *reader, const char *entity, struct err *err)
{
    char metadata[METADATA_BYTES];
    const struct b2chat_totals *now = &reader->windows.totals, *before = &reader->totals_before;
    int64_t unsteady = now->unsteady - before->unsteady;
    (void)snprintf(metadata, sizeof metadata,
                   "{\"windows\": %" PRId64 ", \"pages\": %" PRId64 ", \"api_calls\": %" PRId64
                   ", \"retries\": %" PRId64 ", \"unsteady_windows\": %" PRId64 "}",
                   now->windows - before->windows, now->pages - before->pages,
                   reader->calls.calls - reader->calls_before.calls,
                   reader->calls.retries - reader->calls_before.retries, unsteady);
    enum rc rc = store(reader, entity, reader->began_at, err);
    return rc == RC_OK ? pull_end_run(reader->pull, unsteady > 0, str_of(metadata), err) : rc;
}

/* ---- windows of chats ---- */

static enum rc read_days(struct reader *reader, int32_t from, struct err *err)
{
    const struct b2chat_window window = {.list = B2CHAT_CHATS,
                                         .from = from,
                                         .to = from + B2CHAT_WINDOW_DAYS - 1,
                                         .is_settled =
                                             from + B2CHAT_WINDOW_DAYS - 1 < reader->today};
    enum rc rc = b2chat_window_read(&reader->windows, &window, err);
    for (int place = 0; rc == RC_OK && place < B2CHAT_WINDOW_DAYS; place++)
        b2chat_cursor_set_open(&reader->cursor, from + place, reader->windows.is_open[place]);
    return rc;
}

/* Days from a first one to today. */
static enum rc read_range(struct reader *reader, int32_t from, int32_t *next, struct err *err)
{
    enum rc rc = RC_OK;
    for (int32_t day = from; rc == RC_OK && day <= reader->today; day += B2CHAT_WINDOW_DAYS) {
        rc = read_days(reader, day, err);
        if (rc == RC_OK && next != NULL) {
            *next = day + B2CHAT_WINDOW_DAYS;
            rc = store(reader, CHATS, TIME_NONE, err);
        }
    }
    return rc;
}

static enum rc read_first(struct reader *reader, struct err *err)
{
    struct b2chat_cursor *cursor = &reader->cursor;
    int32_t from = reader->today - DEEP_DAYS + 1;
    const char *wanted = reader->pull->conf->from_day;
    if (wanted != NULL && !day_parse(str_of(wanted), &from))
        return err_set(err, RC_REJECT, "backfill_from: there is no day \"%s\"", wanted);
    if (cursor->full_next != B2CHAT_NO_DAY)
        from = cursor->full_next;
    enum rc rc = read_range(reader, from, &cursor->full_next, err);
    if (rc != RC_OK)
        return rc;
    cursor->is_full_done = true;
    cursor->deep_day = cursor->fresh_day = reader->today;
    cursor->open_at = reader->now;
    return RC_OK;
}

/* From the last day that was read, which was not over then. */
static enum rc read_fresh(struct reader *reader, int32_t *first_out, struct err *err)
{
    struct b2chat_cursor *cursor = &reader->cursor;
    int32_t first = reader->today - 1;
    if (cursor->fresh_day != B2CHAT_NO_DAY && cursor->fresh_day < first)
        first = cursor->fresh_day;
    *first_out = first;
    enum rc rc = read_range(reader, first, NULL, err);
    if (rc == RC_OK)
        cursor->fresh_day = reader->today;
    return rc;
}

/* Which days are to be read again, by their age in days. */
struct plan {
    bool is_wanted[B2CHAT_OPEN_DAYS];
};

static bool plan_deep(const struct reader *reader, struct plan *plan)
{
    int64_t since_midnight = zone_to_local(reader->zone, reader->now) - reader->today * DAY_US;
    if (reader->cursor.deep_day >= reader->today || since_midnight < DEEP_AFTER_US)
        return false;
    for (int age = 0; age < DEEP_DAYS; age++)
        plan->is_wanted[age] = true;
    return true;
}

/* Days that are too old are forgotten: whatever is still open there will hardly be closed. */
static bool plan_open(struct reader *reader, struct plan *plan)
{
    struct b2chat_cursor *cursor = &reader->cursor;
    if (cursor->open_at != TIME_NONE && reader->now - cursor->open_at < OPEN_EVERY_US)
        return false;
    while (cursor->open_count > 0 && cursor->open_days[0] < reader->today - OPEN_MOST_DAYS) {
        char day[DAY_TEXT_BYTES];
        day_format(cursor->open_days[0], day);
        LOG_WARN("chats are open after 60 days and are not looked at again",
                 LOG_STR("connector", reader->pull->conf->connector->name), LOG_STR("day", day));
        b2chat_cursor_set_open(cursor, cursor->open_days[0], false);
    }
    for (size_t i = 0; i < cursor->open_count; i++)
        if (cursor->open_days[i] <= reader->today)
            plan->is_wanted[reader->today - cursor->open_days[i]] = true;
    return true;
}

/* Oldest first; first: from this day on everything was just read. */
static enum rc read_planned(struct reader *reader, const struct plan *plan, int32_t first,
                            struct err *err)
{
    enum rc rc = RC_OK;
    for (int age = B2CHAT_OPEN_DAYS - 1; rc == RC_OK && age > reader->today - first; age--) {
        if (!plan->is_wanted[age])
            continue;
        rc = read_days(reader, reader->today - age, err);
        if (rc == RC_OK)
            rc = store(reader, CHATS, TIME_NONE, err);
        age -= B2CHAT_WINDOW_DAYS - 1;
    }
    return rc;
}

static enum rc read_again(struct reader *reader, struct err *err)
{
    struct b2chat_cursor *cursor = &reader->cursor;
    struct plan plan = {{false}};
    int32_t first;
    enum rc rc = read_fresh(reader, &first, err);
    if (rc != RC_OK)
        return rc;
    bool is_deep = plan_deep(reader, &plan);
    bool is_open = plan_open(reader, &plan);
    rc = read_planned(reader, &plan, first, err);
    if (rc == RC_OK && is_deep)
        cursor->deep_day = reader->today;
    if (rc == RC_OK && is_open)
        cursor->open_at = reader->now;
    return rc;
}

static enum rc run_chats(struct reader *reader, struct err *err)
{
    bool is_first = !reader->cursor.is_full_done;
    enum rc rc = begin(reader, CHATS, is_first ? SYNC_FULL : SYNC_INCREMENTAL, err);
    if (rc == RC_OK)
        rc = is_first ? read_first(reader, err) : read_again(reader, err);
    return rc == RC_OK ? end(reader, CHATS, err) : rc;
}

/* ---- contacts ---- */

static enum rc read_contacts(struct reader *reader, bool is_full, struct err *err)
{
    int64_t since = reader->cursor.contacts_at - CONTACTS_OVERLAP_US;
    const struct b2chat_window window = {
        .list = B2CHAT_CONTACTS,
        .from = is_full ? CONTACTS_FROM : day_of(zone_to_local(reader->zone, since)),
        .to = reader->today + 1,
    };
    return b2chat_window_read(&reader->windows, &window, err);
}

static enum rc run_contacts(struct reader *reader, struct err *err)
{
    struct b2chat_cursor *cursor = &reader->cursor;
    int64_t now = reader->now;
    bool is_full = cursor->contacts_full_at == TIME_NONE || cursor->contacts_at == TIME_NONE ||
                   now - cursor->contacts_full_at >= CONTACTS_FULL_US;
    if (!is_full && now - cursor->contacts_at < CONTACTS_EVERY_US)
        return RC_OK;
    enum rc rc = begin(reader, CONTACTS, is_full ? SYNC_FULL : SYNC_INCREMENTAL, err);
    if (rc == RC_OK)
        rc = read_contacts(reader, is_full, err);
    if (rc != RC_OK)
        return rc;
    cursor->contacts_at = now;
    if (is_full)
        cursor->contacts_full_at = now;
    rc = end(reader, CONTACTS, err);
    return rc == RC_OK ? store(reader, CHATS, TIME_NONE, err) : rc;
}

/* ---- the kind ---- */

/* The token's reply is the first to tell the server's time; a token that is still good leaves what
 * the last run learned. */
static enum rc look_at_clock(struct reader *reader, struct err *err)
{
    enum rc rc = b2chat_api_login(reader->api, err);
    if (rc != RC_OK)
        return rc;
    int64_t skew = b2chat_api_skew_us(reader->api);
    reader->now = b2chat_api_now(reader->api);
    reader->today = day_of(zone_to_local(reader->zone, reader->now));
    bool is_far = skew > SKEW_MOST_US || skew < -SKEW_MOST_US;
    if (is_far && !reader->is_told_of_skew)
        LOG_WARN("the clocks of this machine and of the API differ; days are read by the API's",
                 LOG_STR("connector", reader->pull->conf->connector->name),
                 LOG_INT("seconds", skew / US_PER_SECOND));
    reader->is_told_of_skew = is_far;
    return RC_OK;
}

static enum rc run(void *context, struct err *err)
{
    struct reader *reader = context;
    enum rc rc = look_at_clock(reader, err);
    if (rc == RC_OK)
        rc = run_chats(reader, err);
    return rc == RC_OK ? run_contacts(reader, err) : rc;
}

/* A window that an earlier backfill has completed. */
static enum rc was_read(struct reader *reader, int32_t day, bool *was_out, struct err *err)
{
    char part[DAY_TEXT_BYTES];
    struct sync_found found;
    day_format(day, part);
    buf_reset(&reader->marker);
    enum rc rc = sync_find_checkpoint(reader->pull->sync, SYNC_BACKFILL, CHATS, str_of(part),
                                      &reader->marker, &found, err);
    *was_out = rc == RC_OK && found.is_found && found.progress == SYNC_COMPLETED &&
               clock_now_us() - found.updated_at < RESUMED_US;
    return rc;
}

static enum rc read_history(struct reader *reader, int32_t from, int32_t to, bool is_resumed,
                            struct err *err)
{
    enum rc rc = RC_OK;
    for (int32_t day = from; rc == RC_OK && day <= to; day += B2CHAT_WINDOW_DAYS) {
        bool is_done = false;
        if (is_resumed)
            rc = was_read(reader, day, &is_done, err);
        if (rc == RC_OK && !is_done)
            rc = read_days(reader, day, err);
    }
    return rc;
}

static enum rc find_days(const struct reader *reader, const struct pull_days *days, int32_t *from,
                         int32_t *to, struct err *err)
{
    *to = reader->today;
    if (days->from == NULL)
        return err_set(err, RC_REJECT, "--from is missing: the API is asked day by day");
    if (!day_parse(str_of(days->from), from))
        return err_set(err, RC_REJECT, "there is no day \"%s\"", days->from);
    if (days->to != NULL && !day_parse(str_of(days->to), to))
        return err_set(err, RC_REJECT, "there is no day \"%s\"", days->to);
    return RC_OK;
}

/* Writes no state: a pull may be under way beside it. */
static enum rc backfill(void *context, const struct pull_days *days, bool is_resumed,
                        struct err *err)
{
    struct reader *reader = context;
    int32_t from, to;
    enum rc rc = look_at_clock(reader, err);
    if (rc == RC_OK)
        rc = find_days(reader, days, &from, &to, err);
    if (rc == RC_OK)
        rc = begin(reader, CHATS, SYNC_BACKFILL, err);
    if (rc == RC_OK)
        rc = read_history(reader, from, to, is_resumed, err);
    return rc == RC_OK
               ? pull_end_run(reader->pull, reader->windows.totals.unsteady > 0, STR_NULL, err)
               : rc;
}

static void close_reader(void **context)
{
    struct reader *reader = *context;
    if (reader == NULL)
        return;
    b2chat_api_close(&reader->api);
    zone_close(&reader->zone);
    buf_done(&reader->json);
    buf_done(&reader->marker);
    free(reader);
    *context = NULL;
}

static enum rc open_api(const struct pull_conf *conf, bool is_hasty, struct zone **zone,
                        struct b2chat_pace *pace, struct http_counts *counts,
                        struct b2chat_api **api_out, struct err *err)
{
    struct str name = conf->connector->settings.timezone;
    *zone = zone_open(name);
    if (*zone == NULL)
        return err_set(err, RC_REJECT, "timezone: there is no zone \"%.*s\"", STR_ARGS(name));
    const struct b2chat_api_conf api = {.url = conf->url,
                                        .ca_file = conf->ca_file,
                                        .client_id = conf->client_id,
                                        .client_secret = conf->client_secret,
                                        .calls_per_second = conf->calls_per_second,
                                        .calls_per_day = conf->calls_per_day,
                                        .zone = *zone,
                                        .is_hasty = is_hasty,
                                        .pace = pace,
                                        .counts = counts};
    return b2chat_api_open(&api, api_out, err);
}

static enum rc open_reader(struct pull *pull, void **reader_out, struct err *err)
{
    struct reader *reader = xcalloc(1, sizeof *reader);
    reader->pull = pull;
    buf_init(&reader->json, PULL_CURSOR_BYTES);
    buf_init(&reader->marker, PULL_CURSOR_BYTES);
    *reader_out = reader;
    enum rc rc = load(reader, err);
    if (rc == RC_OK)
        rc = open_api(pull->conf, false, &reader->zone, &reader->cursor.pace, &reader->calls,
                      &reader->api, err);
    reader->windows =
        (struct b2chat_windows){.pull = pull, .api = reader->api, .zone = reader->zone};
    if (rc == RC_OK)
        rc = pull_publisher_open(pull, NULL, b2chat_window_wants, &reader->windows, err);
    return rc;
}

static enum rc check(const struct pull_conf *conf, char detail[static PULL_DETAIL_BYTES],
                     struct err *err)
{
    struct b2chat_api *api = NULL;
    struct zone *zone = NULL;
    struct b2chat_pace pace = {0};
    struct http_counts counts = {0};
    struct b2chat_reply reply;
    enum rc rc = open_api(conf, true, &zone, &pace, &counts, &api, err);
    if (rc == RC_OK)
        rc = b2chat_api_login(api, err);
    if (rc == RC_OK) {
        int32_t today = day_of(zone_to_local(zone, b2chat_api_now(api)));
        const struct b2chat_query query = {B2CHAT_CHATS, today - 1, today, 0};
        rc = b2chat_api_page(api, &query, &reply, err);
    }
    if (rc == RC_OK)
        (void)snprintf(detail, PULL_DETAIL_BYTES, "%" PRId64 " chats since yesterday",
                       reply.page.total);
    b2chat_api_close(&api);
    zone_close(&zone);
    return rc;
}

const struct pull_kind b2chat_pull = {
    .channel = "b2chat",
    .entity = CHATS,
    .open = open_reader,
    .run = run,
    .backfill = backfill,
    .close = close_reader,
    .check = check,
};
