#include "connectors/puller.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/backoff.h"
#include "lib/log.h"
#include "lib/stop.h"

#define JITTER_SHARE 20    /* a twentieth of "every", either way */
#define AWAY_FIRST_MS 1000 /* backoff while something is away */
#define AWAY_MOST_MS (120 * 1000)
#define MEND_MS (5 * 60 * 1000) /* between looks at what somebody must mend */
#define STANDBY_MS 2000         /* between looks at a lock that another process holds */
#define REPEATED_US (INT64_C(3600) * US_PER_SECOND) /* the same failure is written again */
#define DRAIN_MS 10000

struct puller {
    const struct puller_conf *conf;
    struct bus_producer *producer;
    pthread_mutex_t lock; /* guards what follows, and conf.ended */
    enum rc rc;           /* the first failure */
    struct err *err;
};

struct worker { /* one connector */
    struct puller *puller;
    struct pull pull;
    void *reader;
    pthread_t thread;
    bool is_started;
    struct backoff backoff;
    int64_t due_us; /* TIME_NONE: not known yet */
    char last_failure[sizeof((struct err *)0)->msg];
    int64_t failed_us; /* when it was written */
    bool is_standing_by;
};

/* ---- when ---- */

static int64_t jittered(int64_t every_ms)
{
    int64_t most = every_ms / JITTER_SHARE;
    return every_ms - most + backoff_jitter_ms(2 * most);
}

/* After a start it goes by the last run that ended well, whichever process that was. */
static enum rc find_due(struct worker *worker, struct err *err)
{
    const struct pull_conf *conf = worker->pull.conf;
    struct buf cursor;
    struct sync_state state = {.cursor = &cursor};
    buf_init(&cursor, PULL_CURSOR_BYTES);
    enum rc rc = sync_load_state(worker->pull.sync, conf->kind->entity, &state, err);
    buf_done(&cursor);
    bool is_new = state.succeeded_at == TIME_NONE;
    if (rc == RC_OK)
        worker->due_us = is_new ? 0 : state.succeeded_at + conf->every_ms * US_PER_MS;
    return rc;
}

static bool is_once(const struct worker *worker)
{
    return worker->puller->conf->is_once;
}

/* Of a clock that was set back, the wait is not longer than one period. */
static void wait_until_due(const struct worker *worker)
{
    int64_t longest_us = worker->pull.conf->every_ms * US_PER_MS;
    int64_t left_us = worker->due_us - clock_now_us();
    if (left_us > 0 && !is_once(worker))
        stop_sleep_ms((int)((left_us < longest_us ? left_us : longest_us) / US_PER_MS));
}

/* ---- failures ---- */

static void note_failure(struct worker *worker, const struct err *err)
{
    bool is_same = strcmp(worker->last_failure, err->msg) == 0 &&
                   clock_monotonic_us() - worker->failed_us < REPEATED_US;
    if (is_same && !worker->pull.run.is_begun)
        return;
    pull_fail_run(&worker->pull, SYNC_ERROR, err->msg);
    (void)snprintf(worker->last_failure, sizeof worker->last_failure, "%s", err->msg);
    worker->failed_us = clock_monotonic_us();
}

static void close_reader(struct worker *worker)
{
    if (worker->reader != NULL)
        worker->pull.conf->kind->close(&worker->reader);
    pull_close(&worker->pull);
}

/* A session that is gone has lost the lock; a reader may have half a document in its publisher. */
static void begin_anew(struct worker *worker)
{
    close_reader(worker);
    sync_close(&worker->pull.sync);
    worker->due_us = TIME_NONE;
}

static void log_failure(const struct worker *worker, const struct err *err, int64_t wait_ms)
{
    const struct connector *connector = worker->pull.conf->connector;
    enum log_level level = err->rc == RC_RETRY ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR;
    LOG_AT(level, "pulling failed", LOG_STR("tenant", connector->tenant),
           LOG_STR("connector", connector->name), LOG_STR("error", err->msg),
           LOG_INT("retry_ms", wait_ms));
}

static void stand_by(struct worker *worker)
{
    const struct connector *connector = worker->pull.conf->connector;
    if (!worker->is_standing_by)
        LOG_INFO("another process pulls this connector, standing by",
                 LOG_STR("tenant", connector->tenant), LOG_STR("connector", connector->name));
    worker->is_standing_by = true;
    stop_sleep_ms(STANDBY_MS);
}

static void wait_after(struct worker *worker, const struct err *err)
{
    int64_t wait_ms = err->rc == RC_RETRY ? backoff_next_ms(&worker->backoff) : jittered(MEND_MS);
    log_failure(worker, err, wait_ms);
    stop_sleep_ms((int)wait_ms);
}

static void end_process(struct worker *worker, const struct err *err)
{
    struct puller *puller = worker->puller;
    (void)pthread_mutex_lock(&puller->lock);
    if (puller->rc == RC_OK) {
        puller->rc = err->rc;
        *puller->err = *err;
    }
    (void)pthread_mutex_unlock(&puller->lock);
    if (!is_once(worker))
        stop_request();
}

/* ---- runs ---- */

static enum rc prepare(struct worker *worker, struct err *err)
{
    const struct puller_conf *conf = worker->puller->conf;
    struct pull *pull = &worker->pull;
    if (pull->sync == NULL)
        pull->sync = conf->sync_new(conf->context, pull->conf->connector);
    enum rc rc = sync_lock(pull->sync, "pull", err);
    if (rc == RC_OK && worker->reader == NULL)
        rc = pull->conf->kind->open(pull, &worker->reader, err);
    if (rc == RC_OK && worker->due_us == TIME_NONE)
        rc = find_due(worker, err);
    return rc;
}

static enum rc run_once(struct worker *worker, struct err *err)
{
    const struct pull_conf *conf = worker->pull.conf;
    wait_until_due(worker);
    if (stop_requested())
        return err_set(err, RC_AGAIN, "a stop was requested");
    worker->due_us = clock_now_us() + jittered(conf->every_ms) * US_PER_MS;
    return conf->kind->run(worker->reader, err);
}

/* What the failure leaves behind in the database and in memory. */
static void clean_up(struct worker *worker, const struct err *err)
{
    if (err->rc == RC_AGAIN && worker->pull.run.is_begun)
        pull_fail_run(&worker->pull, SYNC_CANCELLED, "a stop was requested");
    else if (err->rc != RC_AGAIN && worker->pull.sync != NULL)
        note_failure(worker, err);
    begin_anew(worker);
}

static void *follow(void *context)
{
    struct worker *worker = context;
    while (!stop_requested()) {
        struct err err = {0};
        enum rc rc = prepare(worker, &err);
        if (rc == RC_AGAIN) {
            stand_by(worker);
            continue;
        }
        worker->is_standing_by = false;
        if (rc == RC_OK)
            rc = run_once(worker, &err);
        if (rc == RC_OK) {
            backoff_succeeded(&worker->backoff);
            worker->last_failure[0] = '\0';
            continue;
        }
        clean_up(worker, &err);
        if (rc == RC_FATAL)
            end_process(worker, &err);
        else if (rc != RC_AGAIN)
            wait_after(worker, &err);
    }
    begin_anew(worker);
    return NULL;
}

static void report_end(struct worker *worker, const struct err *err)
{
    const struct puller_conf *conf = worker->puller->conf;
    struct publish_counts counts = {0};
    if (worker->pull.publisher != NULL)
        counts = publish_durable(worker->pull.publisher).counts;
    (void)pthread_mutex_lock(&worker->puller->lock);
    if (conf->ended != NULL)
        conf->ended(conf->context, worker->pull.conf, &counts, err);
    (void)pthread_mutex_unlock(&worker->puller->lock);
}

static void *once(void *context)
{
    struct worker *worker = context;
    struct err err = {0};
    enum rc rc = prepare(worker, &err);
    bool is_held = rc == RC_AGAIN && !stop_requested();
    if (rc == RC_OK)
        rc = run_once(worker, &err);
    report_end(worker, rc == RC_OK ? NULL : &err);
    if (rc != RC_OK && !is_held) {
        clean_up(worker, &err);
        end_process(worker, &err);
    }
    begin_anew(worker);
    return NULL;
}

/* ---- life ---- */

static struct worker *start_workers(struct puller *puller)
{
    const struct puller_conf *conf = puller->conf;
    struct worker *workers = xcalloc(conf->pull_count, sizeof *workers);
    for (size_t i = 0; i < conf->pull_count; i++) {
        struct worker *worker = &workers[i];
        *worker = (struct worker){
            .puller = puller,
            .pull = {.conf = &conf->pulls[i],
                     .connectors = conf->connectors,
                     .connector_count = conf->connector_count,
                     .producer = puller->producer,
                     .archive_raw = conf->archive_raw,
                     .is_once = conf->is_once,
                     .triggered_by = conf->is_once ? "cli" : "scheduler"},
            .backoff = {.first_ms = AWAY_FIRST_MS, .most_ms = AWAY_MOST_MS},
            .due_us = TIME_NONE,
        };
        worker->is_started =
            pthread_create(&worker->thread, NULL, conf->is_once ? once : follow, worker) == 0;
        if (!worker->is_started)
            end_process(worker, &(struct err){RC_FATAL, 0, "", "a thread could not be started"});
    }
    return workers;
}

static void join_workers(struct puller *puller, struct worker **workers)
{
    for (size_t i = 0; i < puller->conf->pull_count; i++)
        if ((*workers)[i].is_started)
            (void)pthread_join((*workers)[i].thread, NULL);
    free(*workers);
    *workers = NULL;
}

/* Without a bus there is nowhere to put what would be pulled. */
static enum rc open_bus(struct puller *puller, struct err *err)
{
    const struct puller_conf *conf = puller->conf;
    struct backoff backoff = {.first_ms = AWAY_FIRST_MS, .most_ms = AWAY_MOST_MS};
    enum rc rc = bus_prepare(conf->bus, err);
    while ((rc == RC_RETRY || rc == RC_AGAIN) && !conf->is_once && !stop_requested()) {
        int64_t wait_ms = backoff_next_ms(&backoff);
        LOG_WARN("the bus is away, nothing is pulled; start it, or run sluice check",
                 LOG_STR("error", err->msg), LOG_INT("retry_ms", wait_ms));
        stop_sleep_ms((int)wait_ms);
        rc = bus_prepare(conf->bus, err);
    }
    return rc == RC_OK ? bus_producer_open(conf->bus, &puller->producer, err) : rc;
}

enum rc puller_run(const struct puller_conf *conf, struct err *err)
{
    struct puller puller = {.conf = conf, .rc = RC_OK, .err = err};
    enum rc rc = open_bus(&puller, err);
    if (rc != RC_OK)
        return stop_requested() ? RC_OK : rc;
    (void)pthread_mutex_init(&puller.lock, NULL);
    LOG_INFO("pulling", LOG_INT("connectors", conf->pull_count));
    struct worker *workers = start_workers(&puller);
    join_workers(&puller, &workers);
    bus_producer_close(&puller.producer, DRAIN_MS);
    (void)pthread_mutex_destroy(&puller.lock);
    return puller.rc;
}
