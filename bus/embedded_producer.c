/* Group commit: callers append their sets to the group that gathers; one thread takes the group,
 * packs its batches, writes them in one transaction, and confirms its sets. While it does so the
 * next group gathers, so that no linger is needed. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "bus/embedded.h"
#include "bus/embedded_log.h"
#include "bus/room.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"

/* Empty batches that are kept: those of two groups. */
#define SPARE_BATCHES (2 * BUS_TOPICS)

struct confirmation { /* of one set */
    bus_delivered_fn *delivered;
    void *context;
};

struct group { /* what one transaction stores, in order for each topic */
    struct embedded_batch *first;
    struct embedded_batch **last;
    struct embedded_batch *open[BUS_TOPICS]; /* the batch of the topic that grows */
    struct buf confirmations;                /* struct confirmation[] */
    size_t messages;
    uint64_t bytes; /* as counted against the queue */
};

struct embedded_producer {
    struct bus_producer base;
    struct embedded_log *log;       /* the writer's */
    struct embedded_packer *packer; /* the writer's */
    pthread_t writer;
    pthread_mutex_t mutex;  /* guards what follows */
    pthread_cond_t changed; /* a set came, all is done, or closing */
    struct group groups[2];
    struct group *gathering; /* the other one is the writer's */
    struct embedded_batch *spare;
    size_t spare_count;
    struct bus_producer_stats stats;
    bool closing;
    atomic_bool abandon; /* what is still queued fails */
};

/* ---- gathering ---- */

static bool is_empty(const struct group *group)
{
    return group->messages == 0;
}

static struct embedded_batch *add_batch(struct embedded_producer *producer, struct group *group,
                                        enum bus_topic topic)
{
    struct embedded_batch *batch = producer->spare;
    if (batch != NULL) {
        producer->spare = batch->next;
        producer->spare_count--;
    } else {
        batch = embedded_batch_new();
    }
    embedded_batch_reset(batch, topic);
    *group->last = batch;
    group->last = &batch->next;
    group->open[topic] = batch;
    return batch;
}

static void gather(struct embedded_producer *producer, const struct bus_message *message,
                   int64_t now_us)
{
    struct group *group = producer->gathering;
    struct embedded_batch *batch = group->open[message->topic];
    if (batch != NULL && embedded_batch_add(batch, message, now_us))
        return;
    batch = add_batch(producer, group, message->topic);
    bool added = embedded_batch_add(batch, message, now_us);
    assert(added); /* its size was checked, and an empty batch takes any */
    (void)added;
}

enum rc embedded_produce(struct bus_producer *base, const struct bus_message *messages,
                         size_t count, uint64_t bytes, bus_delivered_fn *delivered, void *context,
                         struct err *err)
{
    (void)err; /* RC_AGAIN needs no words */
    struct embedded_producer *producer = (struct embedded_producer *)base;
    const struct confirmation confirmation = {delivered, context};
    int64_t now_us = clock_now_us();
    (void)pthread_mutex_lock(&producer->mutex);
    struct group *group = producer->gathering;
    enum rc rc = room_take(&producer->stats, count, bytes);
    if (rc == RC_OK && is_empty(group)) /* else the writer was woken already */
        (void)pthread_cond_broadcast(&producer->changed);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        gather(producer, &messages[i], now_us);
    if (rc == RC_OK) {
        bool added = buf_add(&group->confirmations, &confirmation, sizeof confirmation);
        (void)added; /* its maximum is that of the queue */
        group->messages += count;
        group->bytes += bytes;
    }
    (void)pthread_mutex_unlock(&producer->mutex);
    return rc;
}

/* ---- writing ---- */

/* Before the transaction: other processes may write meanwhile. */
static enum rc pack_group(struct embedded_producer *producer, const struct group *group,
                          struct err *err)
{
    enum rc rc = RC_OK;
    for (struct embedded_batch *batch = group->first; rc == RC_OK && batch != NULL;
         batch = batch->next)
        rc = embedded_batch_pack(producer->packer, batch, err);
    return rc;
}

static enum rc store_group(struct embedded_producer *producer, const struct group *group,
                           struct err *err)
{
    enum rc rc = embedded_log_begin(producer->log, err);
    for (const struct embedded_batch *batch = group->first; rc == RC_OK && batch != NULL;
         batch = batch->next)
        rc = embedded_log_append(producer->log, batch, err);
    if (rc == RC_OK)
        rc = embedded_log_commit(producer->log, err);
    if (rc != RC_OK)
        embedded_log_rollback(producer->log);
    return rc;
}

static enum rc write_group(struct embedded_producer *producer, const struct group *group,
                           struct err *err)
{
    if (producer->abandon)
        return err_set(err, RC_RETRY, "the bus was closed before this was written");
    enum rc rc = pack_group(producer, group, err);
    return rc == RC_OK ? store_group(producer, group, err) : rc;
}

static void keep_spare(struct embedded_producer *producer, struct group *group)
{
    while (group->first != NULL) {
        struct embedded_batch *batch = group->first;
        group->first = batch->next;
        if (producer->spare_count == SPARE_BATCHES) {
            embedded_batch_free(batch);
            continue;
        }
        batch->next = producer->spare;
        producer->spare = batch;
        producer->spare_count++;
    }
}

/* The room is given back first: whoever is confirmed may produce again at once. */
static void settle_room(struct embedded_producer *producer, struct group *group, enum rc rc)
{
    (void)pthread_mutex_lock(&producer->mutex);
    room_settle(&producer->stats, group->messages, group->bytes, rc);
    producer->stats.commits += rc == RC_OK;
    keep_spare(producer, group);
    (void)pthread_mutex_unlock(&producer->mutex);
}

static void group_reset(struct group *group)
{
    struct buf confirmations = group->confirmations;
    buf_reset(&confirmations);
    *group = (struct group){.confirmations = confirmations};
    group->last = &group->first;
}

/* The sender's next step is to come again, whatever is wrong with the file: err says what. */
static void settle_group(struct embedded_producer *producer, struct group *group, enum rc rc,
                         struct err *err)
{
    if (rc != RC_OK)
        err->rc = rc = RC_RETRY;
    settle_room(producer, group, rc);
    const struct confirmation *all = (const void *)group->confirmations.p;
    size_t count = group->confirmations.n / sizeof *all;
    for (size_t i = 0; i < count; i++)
        all[i].delivered(all[i].context, rc, rc == RC_OK ? NULL : err);
    group_reset(group);
}

/* Waits for sets; NULL = closing and nothing is left. */
static struct group *take_group(struct embedded_producer *producer)
{
    (void)pthread_mutex_lock(&producer->mutex);
    while (is_empty(producer->gathering) && !producer->closing)
        (void)pthread_cond_wait(&producer->changed, &producer->mutex);
    struct group *group = is_empty(producer->gathering) ? NULL : producer->gathering;
    if (group != NULL)
        producer->gathering = &producer->groups[group == &producer->groups[0]];
    (void)pthread_mutex_unlock(&producer->mutex);
    return group;
}

static void *write_groups(void *context)
{
    struct embedded_producer *producer = context;
    struct group *group;
    while ((group = take_group(producer)) != NULL) {
        struct err err = {0};
        enum rc rc = write_group(producer, group, &err);
        settle_group(producer, group, rc, &err);
    }
    (void)pthread_mutex_lock(&producer->mutex);
    producer->closing = false; /* tells the closing thread that all is done */
    (void)pthread_cond_broadcast(&producer->changed);
    (void)pthread_mutex_unlock(&producer->mutex);
    return NULL;
}

/* ---- opening and closing ---- */

static void init_sync(struct embedded_producer *producer)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&producer->mutex, NULL);
    (void)pthread_cond_init(&producer->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

static void init_groups(struct embedded_producer *producer)
{
    producer->gathering = &producer->groups[0];
    for (size_t i = 0; i < 2; i++) {
        buf_init(&producer->groups[i].confirmations,
                 LIMIT_BUS_QUEUE_MESSAGES * sizeof(struct confirmation));
        group_reset(&producer->groups[i]);
    }
}

static void producer_free(struct embedded_producer *producer)
{
    embedded_log_close(&producer->log);
    embedded_packer_free(&producer->packer);
    for (struct embedded_batch *batch = producer->spare, *next; batch != NULL; batch = next) {
        next = batch->next;
        embedded_batch_free(batch);
    }
    for (size_t i = 0; i < 2; i++)
        buf_done(&producer->groups[i].confirmations);
    (void)pthread_cond_destroy(&producer->changed);
    (void)pthread_mutex_destroy(&producer->mutex);
    free(producer);
}

enum rc embedded_producer_open(const struct bus_conf *conf, struct bus_producer **producer_out,
                               struct err *err)
{
    struct embedded_producer *producer = xcalloc(1, sizeof *producer);
    producer->base.driver = &bus_embedded_driver;
    producer->packer = embedded_packer_new(conf->passes_through);
    init_groups(producer);
    init_sync(producer);
    enum rc rc = embedded_log_open(conf, &producer->abandon, &producer->log, err);
    if (rc == RC_OK && pthread_create(&producer->writer, NULL, write_groups, producer) != 0)
        rc = err_set(err, RC_RETRY, "cannot start the thread that writes the bus file");
    if (rc != RC_OK)
        producer_free(producer);
    else
        *producer_out = &producer->base;
    return rc;
}

void embedded_producer_stats(struct bus_producer *base, struct bus_producer_stats *stats_out)
{
    struct embedded_producer *producer = (struct embedded_producer *)base;
    (void)pthread_mutex_lock(&producer->mutex);
    *stats_out = producer->stats;
    (void)pthread_mutex_unlock(&producer->mutex);
}

void embedded_producer_close(struct bus_producer *base, int timeout_ms)
{
    struct embedded_producer *producer = (struct embedded_producer *)base;
    int64_t until_us = clock_monotonic_us() + timeout_ms * US_PER_MS;
    struct timespec until = {.tv_sec = (time_t)(until_us / US_PER_SECOND),
                             .tv_nsec = (long)(until_us % US_PER_SECOND * 1000)};
    (void)pthread_mutex_lock(&producer->mutex);
    producer->closing = true;
    (void)pthread_cond_broadcast(&producer->changed);
    while (producer->closing)
        if (pthread_cond_timedwait(&producer->changed, &producer->mutex, &until) != 0)
            break;
    producer->abandon = true;
    (void)pthread_mutex_unlock(&producer->mutex);
    (void)pthread_join(producer->writer, NULL);
    producer_free(producer);
}
