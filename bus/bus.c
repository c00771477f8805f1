#include "bus/bus.h"

#include <pthread.h>
#include <stdio.h>

#include "bus/driver.h"
#include "lib/limits.h"

static const char *const topic_words[BUS_TOPICS] = {"records", "raw", "deadletter"};

static const struct bus_driver *driver_of(const struct bus_conf *conf)
{
    return conf->kind == BUS_KAFKA ? &bus_kafka_driver : &bus_embedded_driver;
}

void bus_topic_name(const struct bus_conf *conf, enum bus_topic topic,
                    char text[static BUS_TOPIC_NAME_BYTES])
{
    (void)snprintf(text, BUS_TOPIC_NAME_BYTES, "%s.%s", conf->topic_prefix, topic_words[topic]);
}

enum rc bus_prepare(const struct bus_conf *conf, struct err *err)
{
    return driver_of(conf)->prepare(conf, err);
}

enum rc bus_identity(const struct bus_conf *conf, char text[static BUS_IDENTITY_BYTES],
                     struct err *err)
{
    return driver_of(conf)->identity(conf, text, err);
}

enum rc bus_ranges(const struct bus_conf *conf, enum bus_topic topic,
                   struct bus_partition_range *ranges, size_t max, size_t *count_out,
                   struct err *err)
{
    return driver_of(conf)->ranges(conf, topic, ranges, max, count_out, err);
}

/* ---- producing ---- */

enum rc bus_producer_open(const struct bus_conf *conf, struct bus_producer **producer_out,
                          struct err *err)
{
    *producer_out = NULL;
    return driver_of(conf)->producer_open(conf, producer_out, err);
}

size_t bus_message_bytes(const struct bus_message *message)
{
    size_t bytes = message->key.n + message->value.n;
    for (size_t i = 0; i < message->header_count; i++)
        bytes += message->headers[i].name.n + message->headers[i].value.n;
    return bytes;
}

static enum rc check_message(const struct bus_message *message, size_t bytes, struct err *err)
{
    if (message->header_count > BUS_HEADERS_MAX)
        return err_set(err, RC_REJECT, "a message has %zu headers, the bus takes %d",
                       message->header_count, BUS_HEADERS_MAX);
    for (size_t i = 0; i < message->header_count; i++)
        if (message->headers[i].name.n >= BUS_HEADER_NAME_BYTES)
            return err_set(err, RC_REJECT, "the name of a header has %zu bytes, the bus takes %d",
                           message->headers[i].name.n, BUS_HEADER_NAME_BYTES - 1);
    if (bytes > LIMIT_BUS_MESSAGE_BYTES)
        return err_set(err, RC_REJECT, "a message has %zu bytes, the bus takes %zu", bytes,
                       LIMIT_BUS_MESSAGE_BYTES);
    return RC_OK;
}

static enum rc check_set(const struct bus_message *messages, size_t count, uint64_t *bytes_out,
                         struct err *err)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = bus_message_bytes(&messages[i]);
        enum rc rc = check_message(&messages[i], bytes, err);
        if (rc != RC_OK)
            return rc;
        total += bytes;
    }
    if (count > LIMIT_BUS_QUEUE_MESSAGES || total > LIMIT_BUS_QUEUE_BYTES)
        return err_set(err, RC_REJECT,
                       "a set of %zu messages and %llu bytes exceeds the whole queue of %d "
                       "messages and %zu bytes",
                       count, (unsigned long long)total, LIMIT_BUS_QUEUE_MESSAGES,
                       LIMIT_BUS_QUEUE_BYTES);
    *bytes_out = total;
    return RC_OK;
}

enum rc bus_produce(struct bus_producer *producer, const struct bus_message *messages, size_t count,
                    bus_delivered_fn *delivered, void *context, struct err *err)
{
    if (count == 0) {
        delivered(context, RC_OK, NULL);
        return RC_OK;
    }
    uint64_t bytes = 0;
    enum rc rc = check_set(messages, count, &bytes, err);
    if (rc != RC_OK)
        return rc;
    return producer->driver->produce(producer, messages, count, bytes, delivered, context, err);
}

struct waiter {
    pthread_mutex_t mutex;
    pthread_cond_t came;
    bool done;
    enum rc rc;
    struct err err;
};

static void waiter_delivered(void *context, enum rc rc, const struct err *err)
{
    struct waiter *waiter = context;
    (void)pthread_mutex_lock(&waiter->mutex);
    waiter->rc = rc;
    if (err != NULL)
        waiter->err = *err;
    waiter->done = true;
    (void)pthread_cond_signal(&waiter->came);
    (void)pthread_mutex_unlock(&waiter->mutex);
}

enum rc bus_produce_wait(struct bus_producer *producer, const struct bus_message *messages,
                         size_t count, struct err *err)
{
    struct waiter waiter = {.mutex = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    enum rc rc = bus_produce(producer, messages, count, waiter_delivered, &waiter, err);
    if (rc != RC_OK)
        return rc;
    (void)pthread_mutex_lock(&waiter.mutex);
    while (!waiter.done)
        (void)pthread_cond_wait(&waiter.came, &waiter.mutex);
    (void)pthread_mutex_unlock(&waiter.mutex);
    if (waiter.rc != RC_OK && err != NULL)
        *err = waiter.err;
    return waiter.rc;
}

void bus_producer_stats(struct bus_producer *producer, struct bus_producer_stats *stats_out)
{
    producer->driver->producer_stats(producer, stats_out);
}

void bus_producer_close(struct bus_producer **producer, int timeout_ms)
{
    if (producer == NULL || *producer == NULL)
        return;
    (*producer)->driver->producer_close(*producer, timeout_ms);
    *producer = NULL;
}

/* ---- consuming ---- */

enum rc bus_consumer_open(const struct bus_conf *conf,
                          const struct bus_consumer_conf *consumer_conf,
                          struct bus_consumer **consumer_out, struct err *err)
{
    *consumer_out = NULL;
    if (consumer_conf->topic_count == 0 || consumer_conf->topic_count > BUS_TOPICS)
        return err_set(err, RC_FATAL, "a consumer reads %d to %d topics, not %zu", 1, BUS_TOPICS,
                       consumer_conf->topic_count);
    return driver_of(conf)->consumer_open(conf, consumer_conf, consumer_out, err);
}

enum rc bus_consumer_poll(struct bus_consumer *consumer, int timeout_ms, size_t max_messages,
                          size_t max_bytes, struct bus_batch *batch_out, struct err *err)
{
    *batch_out = (struct bus_batch){0};
    return consumer->driver->consumer_poll(consumer, timeout_ms, max_messages, max_bytes, batch_out,
                                           err);
}

enum rc bus_consumer_done(struct bus_consumer *consumer, enum bus_topic topic, int32_t partition,
                          int64_t next_offset, struct err *err)
{
    return consumer->driver->consumer_done(consumer, topic, partition, next_offset, err);
}

void bus_consumer_close(struct bus_consumer **consumer)
{
    if (consumer == NULL || *consumer == NULL)
        return;
    (*consumer)->driver->consumer_close(*consumer);
    *consumer = NULL;
}
