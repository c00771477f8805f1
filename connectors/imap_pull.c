#include <stdio.h>
#include <stdlib.h>

#include "connectors/imap_folder.h"
#include "connectors/mail_pull.h"
#include "lib/log.h"
#include "lib/stop.h"

/* A connection stays open between runs that are not further apart. */
#define IDLE_MOST_MS 240000
#define ENTITY_BYTES (sizeof MAIL_ENTITY + 1 + LIMIT_IMAP_NAME_BYTES)
#define CURSOR_BYTES (16 * KIB)
#define DAY_BYTES 16
#define DAY_US (INT64_C(86400) * US_PER_SECOND)
#define PART_BYTES (LIMIT_IMAP_NAME_BYTES + 64)

struct reader {
    struct pull *pull;
    struct imap_session *session; /* NULL: none */
    struct mail_flow flow;
    struct buf cursor; /* JSON, of one folder */
    char since[DAY_BYTES];
    char before[DAY_BYTES];
    const struct pull_days *days; /* of the backfill under way */
    bool is_resumed;
};

/* ---- the connection ---- */

static enum rc open_session(void *context, const struct mail_link_conf *conf, struct err *err)
{
    return imap_session_open(conf, context, err);
}

static enum rc connect(struct reader *reader, struct err *err)
{
    struct err lost;
    if (reader->session != NULL && imap_session_ping(reader->session, &lost) != RC_OK)
        imap_session_close(&reader->session);
    if (reader->session != NULL)
        return RC_OK;
    return mail_login_open(&reader->pull->conf->login, open_session, &reader->session, err);
}

/* ---- a folder's place ---- */

static void entity_of(const struct imap_choice *folder, char entity[static ENTITY_BYTES])
{
    (void)snprintf(entity, ENTITY_BYTES, MAIL_ENTITY ":%.*s", STR_ARGS(folder->name));
}

static enum rc load_place(struct reader *reader, const struct imap_choice *folder,
                          struct imap_cursor *cursor_out, struct err *err)
{
    char entity[ENTITY_BYTES];
    struct sync_state state = {.cursor = &reader->cursor};
    entity_of(folder, entity);
    buf_reset(&reader->cursor);
    enum rc rc = sync_load_state(reader->pull->sync, entity, &state, err);
    *cursor_out = imap_cursor_read(buf_peek(&reader->cursor));
    return rc;
}

static enum rc save_place(void *context, const struct imap_choice *folder,
                          const struct imap_cursor *cursor, struct err *err)
{
    struct reader *reader = context;
    char entity[ENTITY_BYTES];
    struct sync_state state = {.cursor = &reader->cursor,
                               .succeeded_at = TIME_NONE,
                               .last_offset = cursor->last_uid,
                               .counts = pull_run_counts(reader->pull)};
    entity_of(folder, entity);
    buf_reset(&reader->cursor);
    imap_cursor_write(&reader->cursor, cursor, folder->shown);
    return sync_save_state(reader->pull->sync, entity, &state, err);
}

/* ---- a run ---- */

/* day, "2025-03-04", and some days more or less, as IMAP writes days. Servers know days by zones of
 * their own: a day too many does no harm. */
static void set_day(char text[static DAY_BYTES], const char *day, int shift)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char instant[CLOCK_TEXT_BYTES];
    int64_t us;
    text[0] = '\0';
    if (day == NULL)
        return;
    (void)snprintf(instant, sizeof instant, "%.10sT00:00:00Z", day);
    if (!clock_parse(str_of(instant), &us))
        return;
    clock_format(us + shift * DAY_US, instant);
    int month = (instant[5] - '0') * 10 + (instant[6] - '0');
    (void)snprintf(text, DAY_BYTES, "%.2s-%.3s-%.4s", instant + 8, months + (month - 1) * 3,
                   instant);
}

static void tell(const struct reader *reader, const struct imap_choice *folder,
                 const struct imap_folder_result *result)
{
    const struct connector *connector = reader->pull->conf->connector;
    if (result->was_reset || result->went_back)
        LOG_WARN(result->was_reset
                     ? "the mail server numbers the folder anew; it is read from the beginning"
                     : "the folder lost mails that were read; its last ones are read again",
                 LOG_STR("tenant", connector->tenant), LOG_STR("connector", connector->name),
                 LOG_STRN("folder", folder->shown));
}

static struct imap_folder_work work_on(struct reader *reader, const struct imap_choice *folder)
{
    return (struct imap_folder_work){
        .session = reader->session,
        .flow = &reader->flow,
        .folder = folder,
        .span = {.since = reader->since[0] != '\0' ? reader->since : NULL,
                 .before = reader->before[0] != '\0' ? reader->before : NULL},
        .save = save_place,
        .context = reader,
    };
}

static enum rc pull_folder(struct reader *reader, const struct imap_choice *folder, struct err *err)
{
    struct imap_cursor cursor;
    struct imap_folder_result result;
    struct imap_folder_work work = work_on(reader, folder);
    enum rc rc = load_place(reader, folder, &cursor, err);
    if (rc != RC_OK)
        return rc;
    rc = imap_folder_pull(&work, &cursor, &result, err);
    tell(reader, folder, &result);
    return rc;
}

/* One folder that cannot be opened does not keep the others from being read. */
static void tell_refusal(const struct reader *reader, struct str shown, const char *why)
{
    const struct connector *connector = reader->pull->conf->connector;
    LOG_WARN("a folder cannot be read", LOG_STR("tenant", connector->tenant),
             LOG_STR("connector", connector->name), LOG_STRN("folder", shown), LOG_STR("why", why));
}

typedef enum rc folder_fn(struct reader *reader, const struct imap_choice *folder, struct err *err);

static enum rc each_folder(struct reader *reader, folder_fn *each, bool *is_partial_out,
                           struct err *err)
{
    const struct pull_conf *conf = reader->pull->conf;
    struct imap_folders folders;
    enum rc rc =
        imap_folders_choose(reader->session, conf->folders, conf->folder_count, &folders, err);
    *is_partial_out = !str_is_null(folders.missing);
    if (rc == RC_OK && *is_partial_out)
        tell_refusal(reader, folders.missing, "the mailbox has none of this name");
    for (size_t i = 0; rc == RC_OK && i < folders.count; i++) {
        rc = each(reader, &folders.chosen[i], err);
        if (rc == RC_REJECT) {
            tell_refusal(reader, folders.chosen[i].shown, err->msg);
            *is_partial_out = true;
            rc = RC_OK;
        }
    }
    imap_folders_done(&folders);
    return rc;
}

static enum rc work(struct reader *reader, folder_fn *each, struct err *err)
{
    bool is_partial = false;
    enum rc rc = connect(reader, err);
    if (rc == RC_OK)
        rc = each_folder(reader, each, &is_partial, err);
    if (rc == RC_OK)
        rc = pull_end_run(reader->pull, is_partial, STR_NULL, err);
    if (rc != RC_OK || reader->pull->is_once || reader->pull->conf->every_ms > IDLE_MOST_MS)
        imap_session_close(&reader->session);
    return rc;
}

static enum rc run(void *context, struct err *err)
{
    struct reader *reader = context;
    int64_t started_at = clock_now_us();
    reader->flow.operation = SYNC_INCREMENTAL;
    reader->before[0] = '\0';
    set_day(reader->since, reader->pull->conf->from_day, -1);
    enum rc rc = work(reader, pull_folder, err);
    if (rc == RC_OK)
        rc = mail_flow_succeeded(&reader->flow, started_at, err);
    return mail_flow_end(rc, err);
}

/* ---- a backfill ---- */

static void part_of(const struct reader *reader, const struct imap_choice *folder,
                    char part[static PART_BYTES])
{
    (void)snprintf(part, PART_BYTES, "%.*s %.10s..%.10s", STR_ARGS(folder->name),
                   reader->days->from != NULL ? reader->days->from : "",
                   reader->days->to != NULL ? reader->days->to : "");
}

static enum rc save_checkpoint(struct reader *reader, const struct imap_choice *folder,
                               const struct imap_cursor *cursor, enum sync_progress progress,
                               struct err *err)
{
    char part[PART_BYTES];
    part_of(reader, folder, part);
    buf_reset(&reader->cursor);
    imap_cursor_write(&reader->cursor, cursor, folder->shown);
    const struct sync_checkpoint checkpoint = {.entity = MAIL_ENTITY,
                                               .part = str_of(part),
                                               .marker = buf_peek(&reader->cursor),
                                               .counts = pull_run_counts(reader->pull),
                                               .total = -1,
                                               .progress = progress};
    return sync_save_checkpoint(reader->pull->sync, &reader->pull->run.id, &checkpoint, err);
}

static enum rc save_active(void *context, const struct imap_choice *folder,
                           const struct imap_cursor *cursor, struct err *err)
{
    return save_checkpoint(context, folder, cursor, SYNC_ACTIVE, err);
}

static enum rc backfill_folder(struct reader *reader, const struct imap_choice *folder,
                               struct err *err)
{
    struct imap_cursor cursor = {0, 0, 0, 0};
    struct imap_folder_result result;
    struct imap_folder_work work = work_on(reader, folder);
    struct sync_found found = {.is_found = false};
    char part[PART_BYTES];
    enum rc rc = RC_OK;
    work.save = save_active;
    part_of(reader, folder, part);
    buf_reset(&reader->cursor);
    if (reader->is_resumed)
        rc = sync_find_checkpoint(reader->pull->sync, SYNC_BACKFILL, MAIL_ENTITY, str_of(part),
                                  &reader->cursor, &found, err);
    if (rc != RC_OK || (found.is_found && found.progress == SYNC_COMPLETED))
        return rc;
    if (found.is_found)
        cursor = imap_cursor_read(buf_peek(&reader->cursor));
    rc = imap_folder_pull(&work, &cursor, &result, err);
    return rc == RC_OK ? save_checkpoint(reader, folder, &cursor, SYNC_COMPLETED, err) : rc;
}

static enum rc backfill(void *context, const struct pull_days *days, bool is_resumed,
                        struct err *err)
{
    struct reader *reader = context;
    reader->flow.operation = SYNC_BACKFILL;
    reader->days = days;
    reader->is_resumed = is_resumed;
    set_day(reader->since, days->from, -1);
    set_day(reader->before, days->to, 2);
    enum rc rc = pull_begin_run(reader->pull, MAIL_ENTITY, SYNC_BACKFILL, STR_NULL, err);
    if (rc == RC_OK)
        rc = work(reader, backfill_folder, err);
    return mail_flow_end(rc, err);
}

/* ---- the kind ---- */

static enum rc open_reader(struct pull *pull, void **reader_out, struct err *err)
{
    struct reader *reader = xcalloc(1, sizeof *reader);
    reader->pull = pull;
    reader->flow = (struct mail_flow){.pull = pull};
    buf_init(&reader->cursor, CURSOR_BYTES);
    *reader_out = reader;
    return pull_publisher_open(pull, NULL, NULL, NULL, err);
}

static void close_reader(void **context)
{
    struct reader *reader = *context;
    if (reader == NULL)
        return;
    imap_session_close(&reader->session);
    buf_done(&reader->cursor);
    free(reader);
    *context = NULL;
}

/* ---- a look ---- */

static enum rc describe(struct imap_session *session, const struct imap_folders *folders,
                        char detail[static PULL_DETAIL_BYTES], struct err *err)
{
    size_t n = 0;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < folders->count; i++) {
        struct imap_box box;
        rc = imap_session_examine(session, folders->chosen[i].name, &box, err);
        if (rc == RC_OK && n < PULL_DETAIL_BYTES)
            n +=
                (size_t)snprintf(detail + n, PULL_DETAIL_BYTES - n, "%s%.*s%s: %lld mails",
                                 i > 0 ? ", " : "", STR_ARGS(folders->chosen[i].shown),
                                 folders->chosen[i].is_sent ? " (sent)" : "", (long long)box.count);
    }
    return rc;
}

static enum rc check(const struct pull_conf *conf, char detail[static PULL_DETAIL_BYTES],
                     struct err *err)
{
    struct imap_session *session = NULL;
    struct imap_folders folders;
    enum rc rc = mail_login_open(&conf->login, open_session, &session, err);
    if (rc != RC_OK)
        return rc;
    rc = imap_folders_choose(session, conf->folders, conf->folder_count, &folders, err);
    if (rc == RC_OK && !str_is_null(folders.missing))
        rc = err_set(err, RC_REJECT, "the mailbox has no folder \"%.*s\"",
                     STR_ARGS(folders.missing));
    if (rc == RC_OK)
        rc = describe(session, &folders, detail, err);
    imap_folders_done(&folders);
    imap_session_close(&session);
    return rc;
}

const struct pull_kind imap_pull = {
    .channel = "email",
    .mode = "imap",
    .entity = MAIL_ENTITY,
    .open = open_reader,
    .run = run,
    .backfill = backfill,
    .close = close_reader,
    .check = check,
};
