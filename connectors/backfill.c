#include "connectors/backfill.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connectors/backfill_part.h"
#include "connectors/backfill_read.h"
#include "lib/arena.h"
#include "lib/stop.h"
#include "transform/jpath.h"
#include "transform/json.h"
#include "transform/text.h"

#define ENTITY "all"
#define WORK "backfill"
#define LOOK_MS 100
#define CHECKPOINT_US (2 * US_PER_SECOND)
#define WAIT_MS 1000
#define PAUSE_FIRST_MS 200
#define PAUSE_MOST_MS 10000
#define PRODUCER_CLOSE_MS 20000
#define MARKER_BYTES (16 * KIB)
#define METADATA_BYTES (16 * MIB)
#define REJECTS_TOLD 20 /* by name; the rest are counted */
#define MESSAGE_BYTES sizeof((struct err *)0)->msg

enum stage { WAITING, ACTIVE, DONE, DONE_BEFORE, FAILED };

struct item {
    const struct file_item *file;
    char *part;
    struct backfill_marker begun; /* where an interrupted run had come */
    struct sync_counts begun_counts;

    /* guarded by the lock */
    enum stage stage;
    struct publish_durable durable; /* of this process */
    int64_t read_bytes;
    bool is_news; /* its checkpoint is to be stored */
    size_t faults;
    char *message; /* the first fault */
};

struct note { /* for conf.tell, from another thread */
    struct note *next;
    enum backfill_word word;
    char *place, *text;
};

struct backfill {
    const struct backfill_conf *conf;
    struct backfill_conf resumed; /* conf, with what the last run was asked for */
    struct arena *resumed_texts;
    struct file_list *list;
    struct item *items;
    struct bus_producer *producer;
    struct uuid run;
    bool has_run;
    int64_t began_us, saved_us;
    int64_t total_bytes;

    pthread_mutex_t lock; /* guards what follows, and what items say */
    pthread_cond_t changed;
    size_t next_item;
    int workers;    /* that have not ended */
    bool is_ending; /* no further item is begun */
    size_t left_out;
    size_t rejects_told;
    struct note *notes, **last_note;
    struct err fatal; /* rc RC_OK: none */
};

struct worker {
    struct backfill *backfill;
    struct item *item;
    struct publisher *publisher;
    pthread_t thread;
};

/* ---- what a person is told ---- */

static char *copy_of(struct str text)
{
    char *copy = xmalloc(text.n + 1);
    memcpy(copy, text.n > 0 ? text.p : "", text.n);
    copy[text.n] = '\0';
    return copy;
}

/* By the calling thread, later. */
static void note(struct backfill *backfill, enum backfill_word word, struct str place,
                 const char *text)
{
    struct note *added = xcalloc(1, sizeof *added);
    *added = (struct note){
        .word = word, .place = str_is_null(place) ? NULL : copy_of(place), .text = xstrdup(text)};
    (void)pthread_mutex_lock(&backfill->lock);
    *backfill->last_note = added;
    backfill->last_note = &added->next;
    (void)pthread_mutex_unlock(&backfill->lock);
}

static void tell_notes(struct backfill *backfill)
{
    (void)pthread_mutex_lock(&backfill->lock);
    struct note *notes = backfill->notes;
    backfill->notes = NULL;
    backfill->last_note = &backfill->notes;
    (void)pthread_mutex_unlock(&backfill->lock);
    for (struct note *next; notes != NULL; notes = next) {
        next = notes->next;
        backfill->conf->tell(backfill->conf->context, notes->word, str_of(notes->place),
                             notes->text);
        free(notes->place);
        free(notes->text);
        free(notes);
    }
}

/* ---- workers: reading items ---- */

static void on_durable(void *context, const struct publish_durable *durable)
{
    struct worker *worker = context;
    (void)pthread_mutex_lock(&worker->backfill->lock);
    worker->item->durable = *durable;
    worker->item->is_news = true;
    (void)pthread_mutex_unlock(&worker->backfill->lock);
}

static void on_moved(void *context, int64_t read_bytes)
{
    struct worker *worker = context;
    (void)pthread_mutex_lock(&worker->backfill->lock);
    worker->item->read_bytes = read_bytes;
    (void)pthread_mutex_unlock(&worker->backfill->lock);
}

static void on_fault(void *context, struct str place, const char *message)
{
    struct worker *worker = context;
    (void)pthread_mutex_lock(&worker->backfill->lock);
    worker->item->faults++;
    if (worker->item->message == NULL)
        worker->item->message = xstrdup(message);
    (void)pthread_mutex_unlock(&worker->backfill->lock);
    note(worker->backfill, BACKFILL_FAULT, place, message);
}

static void on_reject(void *context, const struct reject *reject, struct str origin)
{
    struct worker *worker = context;
    struct backfill *backfill = worker->backfill;
    (void)pthread_mutex_lock(&backfill->lock);
    size_t number = ++backfill->rejects_told;
    (void)pthread_mutex_unlock(&backfill->lock);
    if (number > REJECTS_TOLD)
        return;
    char text[MESSAGE_BYTES];
    (void)snprintf(text, sizeof text, "%.*s: %s: %.*s (at byte %lld); kept as a dead letter%s",
                   STR_ARGS(reject->path), reject_code_name(reject->code), STR_ARGS(reject->detail),
                   (long long)reject->offset,
                   number == REJECTS_TOLD ? "; further ones are only counted" : "");
    if (str_starts_with(origin, "file/"))
        origin = (struct str){origin.p + 5, origin.n - 5};
    note(backfill, BACKFILL_NOTE, origin, text);
}

static bool is_within(const struct backfill_conf *conf, int64_t at)
{
    return at == TIME_NONE || ((conf->from == TIME_NONE || at >= conf->from) &&
                               (conf->to == TIME_NONE || at < conf->to));
}

/* Of the days asked for; people and conversations come whole. */
static bool wants(void *context, const struct record *record)
{
    const struct backfill_conf *conf = ((struct worker *)context)->backfill->conf;
    switch (record->kind) {
    case RECORD_MESSAGE:
        return is_within(conf, record->message.sent_at);
    case RECORD_MESSAGE_STATUS:
        return is_within(conf, record->message_status.occurred_at);
    case RECORD_EVENT:
        return is_within(conf, record->event.occurred_at);
    case RECORD_CSAT:
        return is_within(conf, record->csat.requested_at);
    case RECORD_ESCALATION:
        return is_within(conf, record->escalation.escalated_at);
    default:
        return true;
    }
}

/* RC_AGAIN: a stop was requested. */
static enum rc read_once(struct worker *worker, struct err *err)
{
    struct backfill *backfill = worker->backfill;
    const struct backfill_conf *conf = backfill->conf;
    struct backfill_read read;
    const struct backfill_read_conf read_conf = {.connector = conf->connector,
                                                 .format = conf->format,
                                                 .observed_at = worker->item->begun.observed_at,
                                                 .moved = on_moved,
                                                 .fault = on_fault,
                                                 .context = worker};
    enum rc rc = backfill_read(worker->item->file, &read_conf, worker->publisher, &read, err);
    while (rc == RC_OK) {
        rc = publish_wait(worker->publisher, WAIT_MS, err);
        if (rc == RC_OK)
            break;
        if (rc == RC_AGAIN && !stop_requested())
            rc = RC_OK; /* it is still under way */
    }
    (void)pthread_mutex_lock(&backfill->lock);
    backfill->left_out += rc == RC_OK ? read.left_out : 0;
    (void)pthread_mutex_unlock(&backfill->lock);
    return rc;
}

/* The faults of a reading that is made again are found again. */
static void forget_faults(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->backfill->lock);
    worker->item->faults = 0;
    (void)pthread_mutex_unlock(&worker->backfill->lock);
}

/* As long as something becomes durable now and then, a bus that comes and goes is waited for. */
static enum rc read_patiently(struct worker *worker, struct err *err)
{
    int pause_ms = PAUSE_FIRST_MS;
    uint64_t durable = worker->item->begun.outputs;
    int64_t since_us = clock_monotonic_us();
    for (;;) {
        publish_restart_from(worker->publisher, durable);
        enum rc rc = read_once(worker, err);
        if (rc != RC_RETRY)
            return rc;
        uint64_t now = publish_durable(worker->publisher).outputs;
        if (now > durable) {
            durable = now;
            since_us = clock_monotonic_us();
            pause_ms = PAUSE_FIRST_MS;
        }
        if (clock_monotonic_us() - since_us > BACKFILL_PATIENCE_US)
            return rc;
        note(worker->backfill, BACKFILL_NOTE, STR_NULL, err->msg);
        stop_sleep_ms(pause_ms);
        if (stop_requested())
            return RC_AGAIN;
        pause_ms = 2 * pause_ms < PAUSE_MOST_MS ? 2 * pause_ms : PAUSE_MOST_MS;
        forget_faults(worker);
    }
}

static enum rc read_item(struct worker *worker, struct err *err)
{
    const struct backfill_conf *conf = worker->backfill->conf;
    bool has_range = conf->from != TIME_NONE || conf->to != TIME_NONE;
    const struct publisher_conf publisher_conf = {.connector = conf->connector,
                                                  .connectors = conf->connectors,
                                                  .connector_count = conf->connector_count,
                                                  .producer = worker->backfill->producer,
                                                  .durable = on_durable,
                                                  .wants = has_range ? wants : NULL,
                                                  .rejected = on_reject,
                                                  .context = worker};
    enum rc rc = publisher_new(&publisher_conf, &worker->publisher, err);
    if (rc == RC_OK)
        rc = read_patiently(worker, err);
    if (rc != RC_OK && worker->publisher != NULL)
        publish_settle(worker->publisher);
    publisher_free(&worker->publisher);
    return rc;
}

/* What one item cannot do without, the others cannot either: RC_RETRY and RC_FATAL end it all. */
static void end_item(struct worker *worker, enum rc rc, const struct err *err)
{
    struct backfill *backfill = worker->backfill;
    struct item *item = worker->item;
    if (rc == RC_REJECT)
        on_fault(worker, str_of(item->file->path), err->msg);
    (void)pthread_mutex_lock(&backfill->lock);
    if (rc == RC_OK || rc == RC_REJECT)
        item->stage = item->faults > 0 ? FAILED : DONE;
    else if (rc != RC_AGAIN && backfill->fatal.rc == RC_OK)
        backfill->fatal = *err;
    backfill->is_ending |= backfill->fatal.rc != RC_OK || rc == RC_AGAIN;
    item->is_news = true;
    (void)pthread_cond_signal(&backfill->changed);
    (void)pthread_mutex_unlock(&backfill->lock);
}

static struct item *take_item(struct backfill *backfill)
{
    struct item *item = NULL;
    (void)pthread_mutex_lock(&backfill->lock);
    while (item == NULL && !backfill->is_ending && !stop_requested() &&
           backfill->next_item < backfill->list->count) {
        struct item *next = &backfill->items[backfill->next_item++];
        if (next->stage == WAITING)
            item = next;
    }
    if (item != NULL)
        item->stage = ACTIVE;
    (void)pthread_mutex_unlock(&backfill->lock);
    return item;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct backfill *backfill = worker->backfill;
    while ((worker->item = take_item(backfill)) != NULL) {
        struct err err = {0};
        enum rc rc = read_item(worker, &err);
        end_item(worker, rc, &err);
    }
    (void)pthread_mutex_lock(&backfill->lock);
    backfill->workers--;
    (void)pthread_cond_signal(&backfill->changed);
    (void)pthread_mutex_unlock(&backfill->lock);
    return NULL;
}

/* ---- checkpoints ---- */

struct saved { /* what of an item its checkpoint says */
    enum stage stage;
    struct publish_durable durable;
    size_t faults;
    bool is_news;
};

static struct saved look_at(struct backfill *backfill, struct item *item)
{
    (void)pthread_mutex_lock(&backfill->lock);
    struct saved saved = {item->stage, item->durable, item->faults, item->is_news};
    item->is_news = false;
    (void)pthread_mutex_unlock(&backfill->lock);
    return saved;
}

static struct sync_counts counts_of(const struct item *item, const struct publish_durable *durable)
{
    struct sync_counts counts = item->begun_counts;
    uint64_t outputs =
        durable->outputs > item->begun.outputs ? durable->outputs : item->begun.outputs;
    counts.read = (int64_t)outputs;
    counts.written += (int64_t)durable->counts.records;
    counts.rejected += (int64_t)durable->counts.rejects;
    return counts;
}

static void write_failures(const struct item *item, struct buf *to)
{
    (void)buf_add_text(to, "[{\"id\":");
    json_add_text(to, str_of(item->part));
    (void)buf_add_text(to, ",\"error\":");
    json_add_text(to, str_of(item->message != NULL ? item->message : "parts are missing"));
    (void)buf_add_text(to, "}]");
}

static enum rc save_item(struct backfill *backfill, struct item *item, const struct saved *saved,
                         struct err *err)
{
    struct buf marker, failures;
    const struct sync_counts counts = counts_of(item, &saved->durable);
    const struct backfill_marker written = {.outputs = (uint64_t)counts.read,
                                            .observed_at = item->begun.observed_at,
                                            .letters = item->begun.letters +
                                                       saved->durable.counts.letters};
    buf_init(&marker, MARKER_BYTES);
    buf_init(&failures, MARKER_BYTES);
    backfill_marker_write(&written, item->file->path, &marker);
    if (saved->faults > 0)
        write_failures(item, &failures);
    const struct sync_checkpoint checkpoint = {
        .entity = ENTITY,
        .part = str_of(item->part),
        .marker = buf_peek(&marker),
        .counts = counts,
        .total = saved->stage == DONE ? counts.read : -1,
        .progress = saved->stage == DONE     ? SYNC_COMPLETED
                    : saved->stage == FAILED ? SYNC_FAILED
                                             : SYNC_ACTIVE,
        .failures = saved->faults > 0 ? buf_peek(&failures) : STR_NULL,
    };
    enum rc rc = sync_save_checkpoint(backfill->conf->sync, &backfill->run, &checkpoint, err);
    buf_done(&marker);
    buf_done(&failures);
    return rc;
}

static enum rc save_items(struct backfill *backfill, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < backfill->list->count; i++) {
        struct item *item = &backfill->items[i];
        struct saved saved = look_at(backfill, item);
        if (!saved.is_news)
            continue;
        rc = save_item(backfill, item, &saved, err);
        if (rc != RC_OK) { /* again next time */
            (void)pthread_mutex_lock(&backfill->lock);
            item->is_news = true;
            (void)pthread_mutex_unlock(&backfill->lock);
        }
    }
    return rc;
}

/* A session that was lost is taken up again, if nobody else has come meanwhile. */
static enum rc save_or_reopen(struct backfill *backfill, struct err *err)
{
    enum rc rc = save_items(backfill, err);
    if (rc != RC_RETRY)
        return rc;
    rc = sync_lock(backfill->conf->sync, WORK, err);
    return rc == RC_OK ? save_items(backfill, err) : rc;
}

/* ---- the calling thread, while workers read ---- */

static void end_with(struct backfill *backfill, const struct err *err)
{
    (void)pthread_mutex_lock(&backfill->lock);
    if (backfill->fatal.rc == RC_OK)
        backfill->fatal = *err;
    backfill->is_ending = true;
    (void)pthread_mutex_unlock(&backfill->lock);
    stop_request();
}

/* A database that is away for a while is no reason to stop reading. */
static void save_now_and_then(struct backfill *backfill)
{
    struct err err = {0};
    int64_t now_us = clock_monotonic_us();
    int64_t every_us =
        backfill->conf->checkpoint_us > 0 ? backfill->conf->checkpoint_us : CHECKPOINT_US;
    if (now_us - backfill->saved_us < every_us)
        return;
    enum rc rc = save_or_reopen(backfill, &err);
    bool is_over = rc == RC_RETRY && now_us - backfill->saved_us > BACKFILL_PATIENCE_US;
    if (rc == RC_OK)
        backfill->saved_us = clock_monotonic_us();
    else if (rc != RC_RETRY || is_over)
        end_with(backfill, &err);
}

static void show(struct backfill *backfill)
{
    struct backfill_progress progress = {.items = backfill->list->count,
                                         .total_bytes = backfill->total_bytes};
    (void)pthread_mutex_lock(&backfill->lock);
    for (size_t i = 0; i < backfill->list->count; i++) {
        const struct item *item = &backfill->items[i];
        bool is_finished = item->stage != WAITING && item->stage != ACTIVE;
        progress.finished += is_finished;
        progress.read_bytes += is_finished ? item->file->bytes : item->read_bytes;
        progress.outputs += (int64_t)(item->durable.counts.records + item->durable.counts.rejects);
        if (item->stage == ACTIVE)
            progress.item = item->file->path;
    }
    (void)pthread_mutex_unlock(&backfill->lock);
    backfill->conf->progress(backfill->conf->context, &progress);
}

static bool wait_a_moment(struct backfill *backfill)
{
    struct timespec until;
    int64_t wait_us = LOOK_MS * US_PER_MS;
    if (backfill->conf->checkpoint_us > 0 && backfill->conf->checkpoint_us < wait_us)
        wait_us = backfill->conf->checkpoint_us;
    int64_t until_us = clock_monotonic_us() + wait_us;
    until = (struct timespec){.tv_sec = (time_t)(until_us / US_PER_SECOND),
                              .tv_nsec = (long)(until_us % US_PER_SECOND * 1000)};
    (void)pthread_mutex_lock(&backfill->lock);
    if (backfill->workers > 0)
        (void)pthread_cond_timedwait(&backfill->changed, &backfill->lock, &until);
    bool is_over = backfill->workers == 0;
    (void)pthread_mutex_unlock(&backfill->lock);
    return !is_over;
}

static void look_after(struct backfill *backfill)
{
    while (wait_a_moment(backfill)) {
        tell_notes(backfill);
        show(backfill);
        save_now_and_then(backfill);
    }
    show(backfill);
    tell_notes(backfill);
}

static enum rc read_items(struct backfill *backfill, struct err *err)
{
    struct worker workers[BACKFILL_WORKERS_MOST] = {0};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int count = backfill->conf->workers > 0 ? backfill->conf->workers : (int)processors;
    count = count > BACKFILL_WORKERS_MOST ? BACKFILL_WORKERS_MOST : count;
    count = (size_t)count > backfill->list->count ? (int)backfill->list->count : count;
    int started = 0;
    backfill->workers = count;
    backfill->saved_us = clock_monotonic_us();
    for (; started < count; started++) {
        workers[started].backfill = backfill;
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    }
    (void)pthread_mutex_lock(&backfill->lock);
    backfill->workers -= count - started;
    (void)pthread_mutex_unlock(&backfill->lock);
    look_after(backfill);
    for (int i = 0; i < started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    return started > 0 || count == 0 ? RC_OK : err_set(err, RC_FATAL, "cannot start a thread");
}

/* ---- before ---- */

static void note_before(struct backfill *backfill, struct item *item,
                        const struct sync_found *found)
{
    char text[MESSAGE_BYTES];
    if (found->progress != SYNC_ACTIVE || backfill->conf->resume)
        return;
    (void)snprintf(text, sizeof text,
                   "an earlier run ended after %lld records of it; begun anew (--resume goes on)",
                   (long long)found->counts.read);
    note(backfill, BACKFILL_NOTE, str_of(item->file->path), text);
}

static enum rc find_before(struct backfill *backfill, struct item *item, struct err *err)
{
    const struct backfill_conf *conf = backfill->conf;
    struct sync_found found;
    struct backfill_marker marker = {0};
    struct buf text;
    buf_init(&text, MARKER_BYTES);
    enum rc rc = sync_find_checkpoint(conf->sync, SYNC_BACKFILL, ENTITY, str_of(item->part), &text,
                                      &found, err);
    bool is_read = rc == RC_OK && found.is_found && backfill_marker_read(buf_peek(&text), &marker);
    if (is_read && found.progress == SYNC_COMPLETED && !conf->again)
        item->stage = DONE_BEFORE;
    if (is_read && found.progress == SYNC_ACTIVE && conf->resume) {
        item->begun = marker;
        item->begun_counts = found.counts;
    }
    if (is_read)
        note_before(backfill, item, &found);
    buf_done(&text);
    return rc;
}

static enum rc prepare_item(struct backfill *backfill, size_t i, int64_t observed_at,
                            struct err *err)
{
    char part[BACKFILL_PART_BYTES];
    struct err why;
    struct item *item = &backfill->items[i];
    item->file = &backfill->list->items[i];
    item->begun.observed_at = observed_at;
    backfill->total_bytes += item->file->bytes;
    if (backfill_part(item->file, backfill->conf, part, &why) != RC_OK) {
        item->part = xstrdup("");
        item->stage = FAILED;
        item->faults = 1;
        item->message = xstrdup(why.msg);
        note(backfill, BACKFILL_FAULT, str_of(item->file->path), why.msg);
        return RC_OK;
    }
    item->part = xstrdup(part);
    return find_before(backfill, item, err);
}

static int by_part(const void *a, const void *b)
{
    return strcmp((*(struct item *const *)a)->part, (*(struct item *const *)b)->part);
}

/* A copy of a file would only say the same, under the same checkpoint. */
static void leave_copies_out(struct backfill *backfill)
{
    size_t count = backfill->list->count;
    struct item **sorted = xcalloc(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &backfill->items[i];
    qsort(sorted, count, sizeof *sorted, by_part);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i]->stage != WAITING || by_part(&sorted[i - 1], &sorted[i]) != 0)
            continue;
        sorted[i]->stage = DONE_BEFORE;
        note(backfill, BACKFILL_NOTE, str_of(sorted[i]->file->path),
             "is a copy of another of these files; read once");
    }
    free(sorted);
}

static enum rc prepare_items(struct backfill *backfill, struct err *err)
{
    enum rc rc = RC_OK;
    int64_t now_us = clock_now_us();
    backfill->items = xcalloc(backfill->list->count + 1, sizeof *backfill->items);
    for (size_t i = 0; rc == RC_OK && i < backfill->list->count; i++)
        rc = prepare_item(backfill, i, now_us, err);
    if (rc == RC_OK)
        leave_copies_out(backfill);
    return rc;
}

/* Files are named by where they are, so that --resume finds them from anywhere. */
static void write_metadata(const struct backfill *backfill, struct buf *to)
{
    (void)buf_add_text(to, "{\"files\":[");
    for (size_t i = 0; i < backfill->conf->path_count; i++) {
        char *path = realpath(backfill->conf->paths[i], NULL);
        const char *shown = path != NULL ? path : backfill->conf->paths[i];
        (void)buf_add_text(to, i > 0 ? "," : "");
        json_add_text(to, text_is_clean(str_of(shown)) ? str_of(shown) : STR_LIT("?"));
        free(path);
    }
    (void)buf_printf(to, "],\"items\":%zu", backfill->list->count);
    char text[CLOCK_TEXT_BYTES];
    if (backfill->conf->from != TIME_NONE) {
        clock_format(backfill->conf->from, text);
        (void)buf_printf(to, ",\"from\":\"%s\"", text);
    }
    if (backfill->conf->to != TIME_NONE) {
        clock_format(backfill->conf->to, text);
        (void)buf_printf(to, ",\"to\":\"%s\"", text);
    }
    if (!str_is_null(backfill->conf->format)) {
        (void)buf_add_text(to, ",\"format\":");
        json_add_text(to, backfill->conf->format);
    }
    (void)buf_add_text(to, "}");
}

static enum rc begin_run(struct backfill *backfill, struct err *err)
{
    struct buf metadata;
    buf_init(&metadata, METADATA_BYTES);
    write_metadata(backfill, &metadata);
    const struct sync_run run = {.entity = ENTITY,
                                 .operation = SYNC_BACKFILL,
                                 .triggered_by = "cli",
                                 .started_at = clock_now_us(),
                                 .metadata =
                                     buf_is_full(&metadata) ? STR_NULL : buf_peek(&metadata)};
    enum rc rc = sync_begin_run(backfill->conf->sync, &run, &backfill->run, err);
    backfill->has_run = rc == RC_OK;
    buf_done(&metadata);
    return rc;
}

/* ---- after ---- */

static void sum_up(const struct backfill *backfill, struct backfill_result *result)
{
    result->items = backfill->list->count;
    result->left_out = backfill->left_out + backfill->list->left_out;
    result->is_stopped = stop_requested();
    for (size_t i = 0; i < backfill->list->count; i++) {
        const struct item *item = &backfill->items[i];
        const struct sync_counts counts = counts_of(item, &item->durable);
        result->done += item->stage == DONE;
        result->done_before += item->stage == DONE_BEFORE;
        result->failed += item->stage == FAILED;
        result->unfinished += item->stage == WAITING || item->stage == ACTIVE;
        result->counts.read += counts.read;
        result->counts.written += counts.written;
        result->counts.rejected += counts.rejected;
        result->unwanted += item->durable.counts.ignored;
        result->letters += item->begun.letters + item->durable.counts.letters;
        result->bytes += item->stage == DONE_BEFORE ? 0 : item->read_bytes;
    }
}

static enum sync_outcome outcome_of(const struct backfill_result *result, const struct err *fatal)
{
    if (fatal->rc != RC_OK)
        return SYNC_ERROR;
    if (result->is_stopped)
        return SYNC_CANCELLED;
    bool has_some = result->done + result->done_before > 0 || result->counts.written > 0;
    if (result->failed > 0)
        return has_some ? SYNC_PARTIAL : SYNC_ERROR;
    return result->counts.rejected > 0 ? SYNC_PARTIAL : SYNC_SUCCESS;
}

static enum rc end_run(struct backfill *backfill, const struct backfill_result *result,
                       struct err *err)
{
    char metadata[MESSAGE_BYTES];
    const char *message = backfill->fatal.rc != RC_OK ? backfill->fatal.msg : NULL;
    for (size_t i = 0; message == NULL && i < backfill->list->count; i++)
        message = backfill->items[i].message;
    (void)snprintf(metadata, sizeof metadata,
                   "{\"done\":%zu,\"done_before\":%zu,\"failed\":%zu,\"unfinished\":%zu,"
                   "\"dead_letters\":%llu,\"took_ms\":%lld}",
                   result->done, result->done_before, result->failed, result->unfinished,
                   (unsigned long long)result->letters, (long long)(result->took_us / US_PER_MS));
    const struct sync_end end = {.outcome = outcome_of(result, &backfill->fatal),
                                 .counts = result->counts,
                                 .message = str_of(message),
                                 .metadata = str_of(metadata)};
    return sync_end_run(backfill->conf->sync, &backfill->run, &end, err);
}

/* What the bus has is told to the database, however long that takes within patience. */
static enum rc finish(struct backfill *backfill, const struct backfill_result *result,
                      struct err *err)
{
    int64_t until_us = clock_monotonic_us() + BACKFILL_PATIENCE_US;
    for (bool is_first = true;; is_first = false) {
        enum rc rc = save_or_reopen(backfill, err);
        if (rc == RC_OK)
            rc = end_run(backfill, result, err);
        if (rc != RC_RETRY || stop_requested() || clock_monotonic_us() > until_us)
            return rc;
        if (is_first)
            backfill->conf->tell(backfill->conf->context, BACKFILL_NOTE, STR_NULL, err->msg);
        stop_sleep_ms(PAUSE_MOST_MS / 10);
    }
}

static enum rc run(struct backfill *backfill, struct backfill_result *result, struct err *err)
{
    enum rc rc = prepare_items(backfill, err);
    if (rc == RC_OK)
        rc = begin_run(backfill, err);
    if (rc == RC_OK)
        rc = bus_prepare(backfill->conf->bus, err);
    if (rc == RC_OK)
        rc = bus_producer_open(backfill->conf->bus, &backfill->producer, err);
    if (rc == RC_OK)
        rc = read_items(backfill, err);
    if (rc != RC_OK)
        backfill->fatal = *err;
    bus_producer_close(&backfill->producer, PRODUCER_CLOSE_MS);
    tell_notes(backfill);
    sum_up(backfill, result);
    result->took_us = clock_monotonic_us() - backfill->began_us;
    struct err ending;
    enum rc ended = backfill->has_run ? finish(backfill, result, &ending) : RC_OK;
    if (backfill->fatal.rc == RC_OK && ended != RC_OK)
        backfill->fatal = ending;
    *err = backfill->fatal;
    return backfill->fatal.rc;
}

/* ---- which files ---- */

struct path {
    struct jpath_element element;
    struct str text;
};
struct run_metadata {
    struct jpath_list files;
    struct str from, to, format;
};
static const struct jpath_rule path_rules[] = {JPATH_STR("", struct path, text), JPATH_RULES_END};
static const struct jpath_rule metadata_rules[] = {
    JPATH_EACH("files", struct run_metadata, files, struct path, path_rules),
    JPATH_STR("from", struct run_metadata, from), JPATH_STR("to", struct run_metadata, to),
    JPATH_STR("format", struct run_metadata, format), JPATH_RULES_END};

static enum rc read_metadata(struct arena *arena, struct str text, struct run_metadata *metadata,
                             struct err *err)
{
    static const struct jpath_limits limits = {8, METADATA_BYTES, METADATA_BYTES};
    struct jpath *jpath = jpath_new(metadata_rules);
    jpath_begin(jpath, &limits, arena, metadata, NULL);
    enum rc rc = jpath_feed(jpath, text.p, text.n, err);
    if (rc == RC_OK)
        rc = jpath_finish(jpath, err);
    jpath_free(&jpath);
    return rc;
}

/* What the last run was asked for is asked for again: a part is known by that too. */
static void take_request(struct backfill *backfill, const struct run_metadata *metadata)
{
    backfill->resumed = *backfill->conf;
    backfill->resumed.format = metadata->format;
    backfill->resumed.resume = true;
    if (!clock_parse(metadata->from, &backfill->resumed.from))
        backfill->resumed.from = TIME_NONE;
    if (!clock_parse(metadata->to, &backfill->resumed.to))
        backfill->resumed.to = TIME_NONE;
    backfill->conf = &backfill->resumed;
}

static enum rc list_last_files(struct backfill *backfill, const struct run_metadata *metadata,
                               struct err *err)
{
    const char **paths = xcalloc(metadata->files.count + 1, sizeof *paths);
    size_t count = 0;
    for (const struct jpath_element *e = metadata->files.first; e != NULL; e = e->next) {
        struct str text = ((const struct path *)(const void *)e)->text;
        if (!str_is_null(text))
            paths[count++] = arena_str(backfill->resumed_texts, text).p;
    }
    backfill->resumed.paths = paths;
    backfill->resumed.path_count = count;
    return count > 0 ? file_list_new(paths, count, str_of(backfill->conf->connector->channel),
                                     &backfill->list, err)
                     : err_set(err, RC_REJECT,
                               "the last run does not say which files it read: name them");
}

static enum rc list_last_run(struct backfill *backfill, struct err *err)
{
    struct uuid run;
    struct buf text;
    struct run_metadata metadata = {.files = {NULL, NULL, 0}};
    backfill->resumed_texts = arena_new("last run", 2 * METADATA_BYTES);
    buf_init(&text, METADATA_BYTES);
    enum rc rc = sync_find_run(backfill->conf->sync, SYNC_BACKFILL, &text, &run, err);
    if (rc == RC_AGAIN)
        rc = err_set(err, RC_REJECT,
                     "there is nothing to resume: the last run of this connector was not "
                     "interrupted; name the files to read");
    else if (rc == RC_OK)
        rc = read_metadata(backfill->resumed_texts, buf_peek(&text), &metadata, err);
    if (rc == RC_OK) {
        take_request(backfill, &metadata);
        rc = list_last_files(backfill, &metadata, err);
    }
    buf_done(&text);
    return rc;
}

static enum rc list_items(struct backfill *backfill, struct err *err)
{
    const struct backfill_conf *conf = backfill->conf;
    if (conf->path_count == 0)
        return list_last_run(backfill, err);
    return file_list_new(conf->paths, conf->path_count, str_of(conf->connector->channel),
                         &backfill->list, err);
}

static void init(struct backfill *backfill, const struct backfill_conf *conf)
{
    pthread_condattr_t monotonic;
    *backfill = (struct backfill){.conf = conf, .began_us = clock_monotonic_us()};
    backfill->last_note = &backfill->notes;
    (void)pthread_mutex_init(&backfill->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&backfill->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

static void done(struct backfill *backfill)
{
    tell_notes(backfill);
    for (size_t i = 0; backfill->items != NULL && i < backfill->list->count; i++) {
        free(backfill->items[i].part);
        free(backfill->items[i].message);
    }
    free(backfill->items);
    file_list_free(&backfill->list);
    if (backfill->conf == &backfill->resumed)
        free((void *)(uintptr_t)backfill->resumed.paths);
    arena_free(&backfill->resumed_texts);
    (void)pthread_cond_destroy(&backfill->changed);
    (void)pthread_mutex_destroy(&backfill->lock);
}

enum rc backfill_run(const struct backfill_conf *conf, struct backfill_result *result_out,
                     struct err *err)
{
    struct backfill backfill;
    *result_out = (struct backfill_result){0};
    init(&backfill, conf);
    enum rc rc = sync_lock(conf->sync, WORK, err);
    if (rc == RC_OK)
        rc = list_items(&backfill, err);
    if (rc == RC_OK)
        rc = run(&backfill, result_out, err);
    done(&backfill);
    return rc;
}
