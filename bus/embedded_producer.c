/* Group commit: callers append sets to a bounded queue; one thread takes all that wait, writes them
 * in one transaction, and confirms them. While one commit runs the next group gathers, so that no
 * linger is needed. */
#include <pthread.h>
#include <stdlib.h>

#include "bus/embedded.h"
#include "bus/embedded_log.h"
#include "bus/headers.h"
#include "bus/room.h"
#include "lib/arena.h"
#include "lib/clock.h"

struct set { /* one block: this, its records, their bytes */
    struct set *next;
    bus_delivered_fn *delivered;
    void *context;
    size_t count;
    uint64_t bytes; /* as counted against the queue */
    struct embedded_record records[];
};

struct embedded_producer {
    struct bus_producer base;
    struct embedded_log *log; /* the writer's */
    pthread_t writer;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a set came, the queue is empty, or closing */
    struct set *first;
    struct set **last;
    struct bus_producer_stats stats;
    bool closing;
    atomic_bool abandon; /* what is still queued fails */
};

/* ---- queueing ---- */

static struct str copy_bytes(struct str bytes, char **to)
{
    struct str copy = {bytes.p == NULL ? NULL : *to, bytes.n};
    if (bytes.n > 0)
        memcpy(*to, bytes.p, bytes.n);
    *to += bytes.n;
    return copy;
}

static struct str copy_headers(const struct bus_message *message, char **to)
{
    if (message->header_count == 0)
        return STR_NULL;
    struct str copy = {*to, headers_encoded_bytes(message->headers, message->header_count)};
    *to = headers_encode(message->headers, message->header_count, *to);
    return copy;
}

static struct set *set_new(const struct bus_message *messages, size_t count, uint64_t bytes,
                           bus_delivered_fn *delivered, void *context)
{
    size_t size = sizeof(struct set) + count * sizeof(struct embedded_record);
    size_t fixed = size;
    for (size_t i = 0; i < count; i++)
        size += messages[i].key.n + messages[i].value.n +
                headers_encoded_bytes(messages[i].headers, messages[i].header_count);
    struct set *set = xmalloc(size);
    *set = (struct set){.delivered = delivered, .context = context, .count = count, .bytes = bytes};
    char *to = (char *)set + fixed;
    int64_t now_us = clock_now_us();
    for (size_t i = 0; i < count; i++)
        set->records[i] = (struct embedded_record){.topic = messages[i].topic,
                                                   .key = copy_bytes(messages[i].key, &to),
                                                   .value = copy_bytes(messages[i].value, &to),
                                                   .headers = copy_headers(&messages[i], &to),
                                                   .time_us = now_us};
    return set;
}

enum rc embedded_produce(struct bus_producer *base, const struct bus_message *messages,
                         size_t count, uint64_t bytes, bus_delivered_fn *delivered, void *context,
                         struct err *err)
{
    (void)err; /* RC_AGAIN needs no words */
    struct embedded_producer *producer = (struct embedded_producer *)base;
    (void)pthread_mutex_lock(&producer->mutex);
    enum rc rc = room_take(&producer->stats, count, bytes);
    (void)pthread_mutex_unlock(&producer->mutex);
    if (rc != RC_OK)
        return rc;
    struct set *set = set_new(messages, count, bytes, delivered, context);
    (void)pthread_mutex_lock(&producer->mutex);
    if (producer->first == NULL) /* else the writer was woken already */
        (void)pthread_cond_broadcast(&producer->changed);
    *producer->last = set;
    producer->last = &set->next;
    (void)pthread_mutex_unlock(&producer->mutex);
    return RC_OK;
}

/* ---- writing ---- */

static enum rc append_set(struct embedded_log *log, const struct set *set, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < set->count; i++)
        rc = embedded_log_append(log, &set->records[i], err);
    return rc;
}

static enum rc write_group(struct embedded_producer *producer, const struct set *group,
                           struct err *err)
{
    if (producer->abandon)
        return err_set(err, RC_RETRY, "the bus was closed before this was written");
    enum rc rc = embedded_log_begin(producer->log, err);
    for (const struct set *set = group; rc == RC_OK && set != NULL; set = set->next)
        rc = append_set(producer->log, set, err);
    if (rc == RC_OK)
        rc = embedded_log_commit(producer->log, err);
    if (rc != RC_OK)
        embedded_log_rollback(producer->log);
    return rc;
}

static void settle_room(struct embedded_producer *producer, const struct set *group, enum rc rc)
{
    size_t messages = 0;
    uint64_t bytes = 0;
    for (const struct set *set = group; set != NULL; set = set->next) {
        messages += set->count;
        bytes += set->bytes;
    }
    (void)pthread_mutex_lock(&producer->mutex);
    room_settle(&producer->stats, messages, bytes, rc);
    producer->stats.commits += rc == RC_OK;
    (void)pthread_mutex_unlock(&producer->mutex);
}

/* The sender's next step is to come again, whatever is wrong with the file: err says what. */
static void settle_group(struct embedded_producer *producer, struct set *group, enum rc rc,
                         struct err *err)
{
    if (rc != RC_OK)
        err->rc = rc = RC_RETRY;
    settle_room(producer, group, rc);
    while (group != NULL) {
        struct set *set = group;
        group = set->next;
        set->delivered(set->context, rc, rc == RC_OK ? NULL : err);
        free(set);
    }
}

/* Waits for sets; NULL = closing and nothing is left. */
static struct set *take_group(struct embedded_producer *producer)
{
    (void)pthread_mutex_lock(&producer->mutex);
    while (producer->first == NULL && !producer->closing)
        (void)pthread_cond_wait(&producer->changed, &producer->mutex);
    struct set *group = producer->first;
    producer->first = NULL;
    producer->last = &producer->first;
    (void)pthread_mutex_unlock(&producer->mutex);
    return group;
}

static void *write_groups(void *context)
{
    struct embedded_producer *producer = context;
    struct set *group;
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

static void producer_free(struct embedded_producer *producer)
{
    embedded_log_close(&producer->log);
    (void)pthread_cond_destroy(&producer->changed);
    (void)pthread_mutex_destroy(&producer->mutex);
    free(producer);
}

enum rc embedded_producer_open(const struct bus_conf *conf, struct bus_producer **producer_out,
                               struct err *err)
{
    struct embedded_producer *producer = xcalloc(1, sizeof *producer);
    producer->base.driver = &bus_embedded_driver;
    producer->last = &producer->first;
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
