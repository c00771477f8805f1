#include "connectors/receive_store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"

#define PROBE_EVERY_US (2 * US_PER_SECOND)
#define DRAIN_US (20 * US_PER_SECOND)
#define LAST_ANSWERS_US (1 * US_PER_SECOND)

struct receive_store {
    struct receive_store_conf conf;
    struct bus_producer *producer; /* set before the first body */
    int64_t probed_us;
    atomic_bool stopping;
    atomic_bool bus_reached;  /* false: the last thing heard of the bus was a failure */
    atomic_size_t producing;  /* threads between the look at "stopping" and bus_produce's return */
    atomic_size_t unanswered; /* bodies that were put and whose requests are not completed */
};

struct receive_store *receive_store_new(const struct receive_store_conf *conf)
{
    struct receive_store *store = xcalloc(1, sizeof *store);
    store->conf = *conf;
    return store;
}

void receive_store_free(struct receive_store **store)
{
    if (store == NULL || *store == NULL)
        return;
    bus_producer_close(&(*store)->producer, 0);
    free(*store);
    *store = NULL;
}

/* ---- the bus ---- */

enum rc receive_store_reach(struct receive_store *store, struct err *err)
{
    enum rc rc = bus_prepare(store->conf.bus, err);
    if (rc == RC_OK)
        rc = bus_producer_open(store->conf.bus, &store->producer, err);
    atomic_store(&store->bus_reached, rc == RC_OK);
    return rc;
}

void receive_store_probe(struct receive_store *store)
{
    struct err err;
    int64_t now_us = clock_monotonic_us();
    if (atomic_load(&store->bus_reached) || now_us - store->probed_us < PROBE_EVERY_US)
        return;
    store->probed_us = now_us;
    if (bus_prepare(store->conf.bus, &err) == RC_OK) {
        atomic_store(&store->bus_reached, true);
        LOG_INFO("the bus is reached again");
    } else {
        LOG_WARN("the bus takes nothing, senders get 503; run sluice check",
                 LOG_STR("error", err.msg));
    }
}

/* ---- a body ---- */

static void on_delivered(void *context, enum rc rc, const struct err *err)
{
    struct store_job *job = context;
    job->delivered = rc;
    if (rc == RC_REJECT && err != NULL)
        (void)snprintf(job->refusal, sizeof job->refusal, "%s", err->msg);
    http_loop_resume(&job->suspended); /* from here on the job is its connection's again */
}

/* Suspends first: the bus may confirm before bus_produce has returned. */
static enum store_state produce(struct receive_store *store, struct store_job *job,
                                const struct ingest_set *set, enum store_stage stage)
{
    struct err err = {0};
    if (!job->is_unanswered)
        atomic_fetch_add(&store->unanswered, 1);
    job->is_unanswered = true;
    job->stage = stage;
    http_loop_suspend(&job->suspended, job->connection);
    atomic_fetch_add(&store->producing, 1);
    enum rc rc = atomic_load(&store->stopping) ? err_set(&err, RC_RETRY, "stopping")
                                               : bus_produce(store->producer, set->messages,
                                                             set->count, on_delivered, job, &err);
    atomic_fetch_sub(&store->producing, 1);
    if (rc != RC_OK)
        on_delivered(job, rc, &err);
    return STORE_UNDER_WAY;
}

enum store_state receive_store_put(struct receive_store *store, struct store_job *job,
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

static enum store_state put_letter(struct receive_store *store, struct store_job *job)
{
    struct ingest *ingest = ingest_pool_take(store->conf.ingests);
    struct ingest_set set;
    ingest_refused(ingest, job->route, &job->body, job->refusal, &set);
    enum store_state state = produce(store, job, &set, STORE_WAITS_LETTER);
    ingest_pool_give(store->conf.ingests, ingest);
    return state;
}

enum store_state receive_store_settle(struct receive_store *store, struct store_job *job)
{
    if (job->delivered == RC_REJECT && job->stage == STORE_WAITS_SET)
        return put_letter(store, job);
    if (job->delivered != RC_AGAIN) /* a full queue says nothing of the bus */
        atomic_store(&store->bus_reached, job->delivered == RC_OK || job->delivered == RC_REJECT);
    return job->delivered == RC_OK      ? STORE_KEPT
           : job->delivered == RC_AGAIN ? STORE_BUSY
                                        : STORE_UNAVAILABLE;
}

void receive_store_forget(struct receive_store *store, struct store_job *job)
{
    if (job->is_unanswered)
        atomic_fetch_sub(&store->unanswered, 1);
    job->is_unanswered = false;
}

/* ---- looking ---- */

bool receive_store_is_ready(const struct receive_store *store)
{
    return atomic_load(&store->bus_reached) && !atomic_load(&store->stopping);
}

void receive_store_stats(struct receive_store *store, struct receive_store_stats *stats_out)
{
    *stats_out = (struct receive_store_stats){.unanswered = atomic_load(&store->unanswered)};
    if (store->producer != NULL)
        bus_producer_stats(store->producer, &stats_out->bus);
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
    wait_for_zero(&store->producing, INT32_MAX);
    wait_for_zero(&store->unanswered, DRAIN_US);
    return atomic_load(&store->unanswered);
}

void receive_store_close(struct receive_store *store, struct receive_store_stats *last_out)
{
    receive_store_stats(store, last_out);
    bus_producer_close(&store->producer, 0);
    wait_for_zero(&store->unanswered, LAST_ANSWERS_US);
}
