#include "connectors/receive_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connectors/forward.h"
#include "connectors/spool.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"

#define PROBE_EVERY_US (2 * US_PER_SECOND)
#define DRAIN_US (20 * US_PER_SECOND)
#define LAST_ANSWERS_US (1 * US_PER_SECOND)
#define LAST_SPOOLED_US (5 * US_PER_SECOND)
#define ROOM_SHARE 64 /* of the spool must be free before it is called ready again */

enum turn {
    TURN_BUS,
    TURN_SPOOL,
    TURN_SWITCHING /* from the spool to the bus, once the last of it is confirmed */
};

struct receive_store {
    struct receive_store_conf conf;
    _Atomic(struct bus_producer *) producer; /* NULL: the bus was not reached yet */
    struct spool *spool;
    struct forward *forward;
    int64_t probed_us;
    atomic_bool stopping;
    atomic_bool closed;       /* the spool takes nothing any more either */
    atomic_bool bus_reached;  /* false: the last thing heard of the bus was a failure */
    atomic_bool spool_failed; /* the last thing heard of the spool */
    atomic_size_t producing;  /* threads between the look at "stopping" and bus_produce's return */
    atomic_size_t unanswered; /* bodies that were put and whose requests are not completed */
    atomic_uint_fast64_t spooled;

    pthread_mutex_t mutex; /* guards what follows */
    enum turn turn;
    int64_t spooling_us;       /* since when it is not the bus's */
    uint64_t handed;           /* bodies to the spool */
    uint64_t settled;          /* of those: it has said what became of them */
    struct store_job *waiting; /* for the turn, while it is switching; the last one first */
    char spool_why[sizeof((struct err *)0)->msg];
};

struct receive_store *receive_store_new(const struct receive_store_conf *conf)
{
    struct receive_store *store = xcalloc(1, sizeof *store);
    store->conf = *conf;
    (void)pthread_mutex_init(&store->mutex, NULL);
    return store;
}

static void close_producer(struct receive_store *store)
{
    struct bus_producer *producer = atomic_load(&store->producer);
    bus_producer_close(&producer, 0);
    atomic_store(&store->producer, NULL);
}

void receive_store_free(struct receive_store **store)
{
    if (store == NULL || *store == NULL)
        return;
    forward_stop((*store)->forward);
    forward_join((*store)->forward);
    close_producer(*store);
    forward_free(&(*store)->forward);
    spool_close(&(*store)->spool, 0);
    (void)pthread_mutex_destroy(&(*store)->mutex);
    free(*store);
    *store = NULL;
}

/* ---- the bus ---- */

static enum rc reach(struct receive_store *store, struct bus_producer **producer_out,
                     struct err *err)
{
    *producer_out = atomic_load(&store->producer);
    enum rc rc = bus_prepare(store->conf.bus, err);
    if (rc == RC_OK && *producer_out == NULL) {
        rc = bus_producer_open(store->conf.bus, producer_out, err);
        atomic_store(&store->producer, *producer_out);
    }
    atomic_store(&store->bus_reached, rc == RC_OK);
    return rc;
}

enum rc receive_store_reach(struct receive_store *store, struct err *err)
{
    struct bus_producer *producer;
    return reach(store, &producer, err);
}

static void probe_bus(struct receive_store *store)
{
    struct err err;
    if (receive_store_reach(store, &err) == RC_OK)
        LOG_INFO("the bus is reached again");
    else
        LOG_WARN("the bus takes nothing, senders get 503; run sluice check",
                 LOG_STR("error", err.msg));
}

/* ---- whose turn it is: the bus or the spool ---- */

bool receive_store_has_spool(const struct receive_store *store)
{
    return store->conf.spool->path != NULL;
}

static void wake(struct store_job *job, enum rc rc, const struct err *err)
{
    job->delivered = rc;
    if (rc != RC_OK && rc != RC_AGAIN && err != NULL)
        (void)snprintf(job->why, sizeof job->why, "%s", err->msg);
    http_loop_resume(&job->suspended); /* from here on the job is its connection's again */
}

/* Before anything that may wake it: that may come before the call has returned. */
static void suspend(struct receive_store *store, struct store_job *job, enum store_stage stage)
{
    if (!job->is_unanswered)
        atomic_fetch_add(&store->unanswered, 1);
    job->is_unanswered = true;
    job->store = store;
    job->stage = stage;
    http_loop_suspend(&job->suspended, job->connection);
}

static bool is_spooling(struct receive_store *store)
{
    (void)pthread_mutex_lock(&store->mutex);
    bool spooling = store->turn != TURN_BUS;
    (void)pthread_mutex_unlock(&store->mutex);
    return spooling;
}

/* Within the mutex; what was waiting is to be woken outside of it. */
static struct store_job *set_turn(struct receive_store *store, enum turn turn)
{
    struct store_job *waiting = store->waiting;
    if (store->turn == TURN_BUS)
        store->spooling_us = clock_monotonic_us();
    store->turn = turn;
    store->waiting = NULL;
    return waiting;
}

static void wake_waiting(struct store_job *waiting)
{
    for (struct store_job *next; waiting != NULL; waiting = next) {
        next = waiting->next_waiting;
        wake(waiting, RC_OK, NULL);
    }
}

/* Where the body goes; TURN_SWITCHING: it waits, suspended. */
static enum turn take_turn(struct receive_store *store, struct store_job *job)
{
    if (!receive_store_has_spool(store))
        return TURN_BUS;
    (void)pthread_mutex_lock(&store->mutex);
    enum turn turn = store->turn;
    if (turn == TURN_SPOOL)
        store->handed++;
    if (turn == TURN_SWITCHING) {
        suspend(store, job, STORE_WAITS_TURN);
        job->next_waiting = store->waiting;
        store->waiting = job;
    }
    (void)pthread_mutex_unlock(&store->mutex);
    return turn;
}

/* A body that the bus did not take: from here on every body goes to the spool, until all of them
 * are on the bus. */
static void turn_to_spool(struct receive_store *store, const struct store_job *job)
{
    const char *why = job->why[0] != '\0' ? job->why : "its queue is full";
    (void)pthread_mutex_lock(&store->mutex);
    bool begins = store->turn == TURN_BUS;
    struct store_job *waiting = set_turn(store, TURN_SPOOL);
    store->handed++;
    (void)pthread_mutex_unlock(&store->mutex);
    wake_waiting(waiting);
    if (begins)
        LOG_WARN("the bus takes nothing, bodies go to the spool", LOG_STR("error", why));
}

static void settle_in_spool(struct receive_store *store, enum rc rc, const struct err *err)
{
    (void)pthread_mutex_lock(&store->mutex);
    store->settled++;
    if (rc != RC_OK && err != NULL)
        (void)snprintf(store->spool_why, sizeof store->spool_why, "%s", err->msg);
    (void)pthread_mutex_unlock(&store->mutex);
    if (rc == RC_OK)
        atomic_fetch_add(&store->spooled, 1);
    if (rc != RC_AGAIN)
        atomic_store(&store->spool_failed, rc != RC_OK);
}

/* ---- what the forwarder calls ---- */

static enum rc forward_reach(void *context, struct bus_producer **producer_out, struct err *err)
{
    return reach(context, producer_out, err);
}

/* A body that is being put may come to lie in the spool after somebody looked into it. */
static struct forward_look forward_look(void *context)
{
    struct receive_store *store = context;
    (void)pthread_mutex_lock(&store->mutex);
    const struct forward_look look = {
        .mark = store->handed == store->settled ? store->handed : UINT64_MAX,
        .in_a_hurry = store->turn != TURN_BUS && !store->conf.spool->always};
    (void)pthread_mutex_unlock(&store->mutex);
    return look;
}

static void forward_caught_up(void *context)
{
    struct receive_store *store = context;
    (void)pthread_mutex_lock(&store->mutex);
    if (store->turn == TURN_SPOOL && !store->conf.spool->always)
        store->turn = TURN_SWITCHING;
    (void)pthread_mutex_unlock(&store->mutex);
}

static void forward_drained(void *context, uint64_t mark)
{
    struct receive_store *store = context;
    struct store_job *waiting = NULL;
    (void)pthread_mutex_lock(&store->mutex);
    bool ends = store->turn == TURN_SWITCHING && store->handed == mark;
    int64_t since_us = store->spooling_us;
    if (ends)
        waiting = set_turn(store, TURN_BUS);
    (void)pthread_mutex_unlock(&store->mutex);
    wake_waiting(waiting);
    if (ends)
        LOG_INFO("the spool is empty, bodies go straight to the bus",
                 LOG_INT("after_ms", (clock_monotonic_us() - since_us) / US_PER_MS),
                 LOG_INT("forwarded", forward_count(store->forward)));
}

static void forward_interrupted(void *context, bool is_away)
{
    struct receive_store *store = context;
    struct store_job *waiting = NULL;
    if (is_away)
        atomic_store(&store->bus_reached, false);
    (void)pthread_mutex_lock(&store->mutex);
    if (store->turn == TURN_SWITCHING)
        waiting = set_turn(store, TURN_SPOOL);
    (void)pthread_mutex_unlock(&store->mutex);
    wake_waiting(waiting);
}

/* Until the spool was found empty, nothing may pass it. */
enum rc receive_store_open_spool(struct receive_store *store, struct err *err)
{
    const struct forward_conf forward = {.spool = store->conf.spool,
                                         .routes = store->conf.routes,
                                         .ingests = store->conf.ingests,
                                         .metrics = store->conf.metrics,
                                         .reach = forward_reach,
                                         .look = forward_look,
                                         .caught_up = forward_caught_up,
                                         .drained = forward_drained,
                                         .interrupted = forward_interrupted,
                                         .context = store};
    (void)set_turn(store, TURN_SPOOL);
    enum rc rc = spool_open(store->conf.spool, &store->spool, err);
    return rc == RC_OK ? forward_start(&forward, &store->forward, err) : rc;
}

static void probe_spool(struct receive_store *store)
{
    struct spool_stats stats;
    struct err err;
    char why[sizeof store->spool_why];
    uint64_t most = store->conf.spool->max_bytes;
    (void)pthread_mutex_lock(&store->mutex);
    (void)snprintf(why, sizeof why, "%s", store->spool_why);
    (void)pthread_mutex_unlock(&store->mutex);
    if (spool_look(store->conf.spool, &stats, &err) == RC_OK)
        atomic_store(&store->spool_failed, most > 0 && stats.used_bytes > most - most / ROOM_SHARE);
    LOG_WARN(
        "the spool takes nothing, senders get 503: it is full (spool.max_size), or its disk is",
        LOG_STR("error", why), LOG_INT("used_bytes", stats.used_bytes), LOG_INT("max_bytes", most));
}

enum rc receive_store_watch(struct receive_store *store, struct err *err)
{
    int64_t now_us = clock_monotonic_us();
    if (forward_has_failed(store->forward, err))
        return err->rc;
    if (now_us - store->probed_us < PROBE_EVERY_US)
        return RC_OK;
    bool has_spool = receive_store_has_spool(store);
    if (has_spool && atomic_load(&store->spool_failed)) {
        store->probed_us = now_us;
        probe_spool(store);
    } else if (!has_spool && !atomic_load(&store->bus_reached)) {
        store->probed_us = now_us;
        probe_bus(store);
    }
    return RC_OK;
}

/* ---- a body ---- */

static void on_delivered(void *context, enum rc rc, const struct err *err)
{
    wake(context, rc, err);
}

static enum store_state produce(struct receive_store *store, struct store_job *job,
                                const struct ingest_set *set, enum store_stage stage)
{
    struct err err = {0};
    suspend(store, job, stage);
    atomic_fetch_add(&store->producing, 1);
    enum rc rc = atomic_load(&store->stopping)
                     ? err_set(&err, RC_RETRY, "stopping")
                     : bus_produce(atomic_load(&store->producer), set->messages, set->count,
                                   on_delivered, job, &err);
    atomic_fetch_sub(&store->producing, 1);
    if (rc != RC_OK)
        wake(job, rc, &err);
    return STORE_UNDER_WAY;
}

static void on_spooled(void *context, enum rc rc, const struct err *err)
{
    struct store_job *job = context;
    settle_in_spool(job->store, rc, err);
    wake(job, rc, err);
}

/* Counted as handed. */
static enum store_state put_in_spool(struct receive_store *store, struct store_job *job)
{
    struct err err = {0};
    suspend(store, job, STORE_WAITS_SPOOL);
    atomic_fetch_add(&store->producing, 1);
    enum rc rc = atomic_load(&store->closed)
                     ? err_set(&err, RC_RETRY, "stopping")
                     : spool_put(store->spool, job->route->path, &job->body, on_spooled, job, &err);
    atomic_fetch_sub(&store->producing, 1);
    if (rc != RC_OK)
        on_spooled(job, rc, &err);
    return STORE_UNDER_WAY;
}

static enum store_state put_on_bus(struct receive_store *store, struct store_job *job,
                                   struct ingest *ingest)
{
    struct ingest_set set;
    struct err err;
    if (ingest_body(ingest, job->route, &job->body, &set, &err) != RC_OK) {
        LOG_ERROR("cannot normalize webhooks", LOG_STR("connector", job->route->connector->name),
                  LOG_STR("error", err.msg));
        return STORE_UNAVAILABLE;
    }
    receive_metrics_put(store->conf.metrics, &set, job->body.bytes.n);
    return produce(store, job, &set, STORE_WAITS_SET);
}

static enum store_state put(struct receive_store *store, struct store_job *job,
                            struct ingest *ingest)
{
    switch (take_turn(store, job)) {
    case TURN_SPOOL:
        return put_in_spool(store, job);
    case TURN_SWITCHING:
        return STORE_UNDER_WAY;
    default:
        return put_on_bus(store, job, ingest);
    }
}

enum store_state receive_store_put(struct receive_store *store, struct store_job *job,
                                   struct ingest *ingest)
{
    return atomic_load(&store->stopping) ? STORE_UNAVAILABLE : put(store, job, ingest);
}

static enum store_state put_again(struct receive_store *store, struct store_job *job)
{
    struct ingest *ingest = ingest_pool_take(store->conf.ingests);
    enum store_state state = put(store, job, ingest);
    ingest_pool_give(store->conf.ingests, ingest);
    return state;
}

static enum store_state put_letter(struct receive_store *store, struct store_job *job)
{
    struct ingest *ingest = ingest_pool_take(store->conf.ingests);
    struct ingest_set set;
    ingest_refused(ingest, job->route, &job->body, job->why, &set);
    enum store_state state = produce(store, job, &set, STORE_WAITS_LETTER);
    ingest_pool_give(store->conf.ingests, ingest);
    return state;
}

static enum store_state state_of(enum rc rc)
{
    return rc == RC_OK ? STORE_KEPT : rc == RC_AGAIN ? STORE_BUSY : STORE_UNAVAILABLE;
}

enum store_state receive_store_settle(struct receive_store *store, struct store_job *job)
{
    enum rc rc = job->delivered;
    if (job->stage == STORE_WAITS_TURN)
        return put_again(store, job);
    if (job->stage == STORE_WAITS_SPOOL)
        return state_of(rc);
    if (rc == RC_REJECT && job->stage == STORE_WAITS_SET)
        return put_letter(store, job);
    if (rc != RC_AGAIN) /* a full queue says nothing of the bus */
        atomic_store(&store->bus_reached, rc == RC_OK || rc == RC_REJECT);
    if (!receive_store_has_spool(store) || (rc != RC_RETRY && rc != RC_AGAIN))
        return state_of(rc);
    turn_to_spool(store, job);
    if (rc == RC_RETRY)
        forward_doubt(store->forward);
    return put_in_spool(store, job);
}

void receive_store_forget(struct receive_store *store, struct store_job *job)
{
    if (job->is_unanswered)
        atomic_fetch_sub(&store->unanswered, 1);
    job->is_unanswered = false;
}

/* ---- looking ---- */

bool receive_store_is_ready(struct receive_store *store)
{
    bool takes = receive_store_has_spool(store) && is_spooling(store)
                     ? !atomic_load(&store->spool_failed)
                     : atomic_load(&store->bus_reached);
    return takes && !atomic_load(&store->stopping);
}

void receive_store_stats(struct receive_store *store, struct receive_store_stats *stats_out)
{
    struct bus_producer *producer = atomic_load(&store->producer);
    *stats_out = (struct receive_store_stats){.unanswered = atomic_load(&store->unanswered),
                                              .is_spooling = is_spooling(store),
                                              .spooled = atomic_load(&store->spooled),
                                              .forwarded = forward_count(store->forward)};
    if (producer != NULL)
        bus_producer_stats(producer, &stats_out->bus);
}

/* ---- stopping ---- */

static void wait_for_zero(const atomic_size_t *count, int64_t most_us)
{
    int64_t until = clock_monotonic_us() + most_us;
    while (atomic_load(count) > 0 && clock_monotonic_us() < until)
        (void)usleep(1000);
}

size_t receive_store_drain(struct receive_store *store)
{
    atomic_store(&store->stopping, true);
    forward_stop(store->forward);
    wait_for_zero(&store->producing, INT32_MAX);
    wait_for_zero(&store->unanswered, DRAIN_US);
    forward_join(store->forward);
    return atomic_load(&store->unanswered);
}

/* What the bus fails now has the spool still. */
void receive_store_close(struct receive_store *store, struct receive_store_stats *last_out)
{
    receive_store_stats(store, last_out);
    close_producer(store);
    wait_for_zero(&store->unanswered,
                  receive_store_has_spool(store) ? LAST_SPOOLED_US : LAST_ANSWERS_US);
    atomic_store(&store->closed, true);
    wait_for_zero(&store->producing, INT32_MAX);
    spool_close(&store->spool, 0);
    wait_for_zero(&store->unanswered, LAST_ANSWERS_US);
}
