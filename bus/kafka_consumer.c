/* A member of a consumer group that begins each partition where start_offset says.
 *
 * Messages stay in librdkafka's buffers: a batch borrows them, and the next poll gives them back.
 * Only rd_kafka_consumer_poll is used: the batch functions of 2.0.2 skip offsets. */
#include <stdio.h>
#include <stdlib.h>

#include "bus/kafka.h"
#include "bus/kafka_client.h"
#include "lib/arena.h"
#include "lib/clock.h"

#define BATCH_ARENA_BYTES ((size_t)1 << 30) /* headers only */

struct kafka_consumer {
    struct bus_consumer base;
    struct kafka_client client;
    struct bus_consumer_conf conf;
    char names[BUS_TOPICS][BUS_TOPIC_NAME_BYTES]; /* of the topics in conf */
    /* Assigned and not yet placed: start_offset failed and is asked again. */
    rd_kafka_topic_partition_list_t *unplaced;
    rd_kafka_message_t **held; /* gathered; the first "returned" belong to the caller's batch */
    size_t held_count, held_capacity;
    size_t returned;
    struct arena *arena;
    struct bus_consumed *messages;
    size_t messages_capacity;
    struct err failure; /* comes after the messages that came before it; rc == RC_OK: none */
};

/* ---- topics and messages held ---- */

static bool find_topic(const struct kafka_consumer *consumer, const char *name,
                       enum bus_topic *topic_out)
{
    for (size_t i = 0; i < consumer->conf.topic_count; i++)
        if (strcmp(consumer->names[i], name) == 0) {
            *topic_out = consumer->conf.topics[i];
            return true;
        }
    return false;
}

static void hold(struct kafka_consumer *consumer, rd_kafka_message_t *message)
{
    if (consumer->held_count == consumer->held_capacity) {
        consumer->held_capacity = consumer->held_capacity > 0 ? 2 * consumer->held_capacity : 256;
        consumer->held =
            xrealloc(consumer->held, consumer->held_capacity * sizeof(rd_kafka_message_t *));
    }
    consumer->held[consumer->held_count++] = message;
}

/* Destroys the first n held messages. */
static void let_go(struct kafka_consumer *consumer, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rd_kafka_message_destroy(consumer->held[i]);
    consumer->held_count -= n;
    if (consumer->held_count > 0)
        memmove(consumer->held, consumer->held + n,
                consumer->held_count * sizeof(rd_kafka_message_t *));
}

static void drop_partition(struct kafka_consumer *consumer, const char *name, int32_t partition)
{
    size_t kept = 0;
    for (size_t i = 0; i < consumer->held_count; i++) {
        rd_kafka_message_t *message = consumer->held[i];
        if (message->partition == partition && strcmp(rd_kafka_topic_name(message->rkt), name) == 0)
            rd_kafka_message_destroy(message);
        else
            consumer->held[kept++] = message;
    }
    consumer->held_count = kept;
}

/* ---- assignment ---- */

static enum rc place(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *partitions,
                     struct err *err)
{
    for (int i = 0; i < partitions->cnt; i++) {
        rd_kafka_topic_partition_t *partition = &partitions->elems[i];
        enum bus_topic topic = BUS_RECORDS;
        int64_t offset = -1;
        if (!find_topic(consumer, partition->topic, &topic))
            return err_set(err, RC_FATAL,
                           "kafka assigned the topic \"%s\", which was not asked for",
                           partition->topic);
        enum rc rc = consumer->conf.start_offset(consumer->conf.context, topic,
                                                 partition->partition, &offset, err);
        if (rc != RC_OK)
            return rc;
        partition->offset = offset >= 0 ? offset : RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->client.handle, partitions);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_client_fail(&consumer->client, kafka_rc_of(code), code,
                                 "cannot take the assigned partitions", err);
    return RC_OK;
}

static void forget_unplaced(struct kafka_consumer *consumer)
{
    if (consumer->unplaced != NULL)
        rd_kafka_topic_partition_list_destroy(consumer->unplaced);
    consumer->unplaced = NULL;
}

static enum rc place_again(struct kafka_consumer *consumer, struct err *err)
{
    if (consumer->unplaced == NULL)
        return RC_OK;
    enum rc rc = place(consumer, consumer->unplaced, err);
    if (rc == RC_OK)
        forget_unplaced(consumer);
    return rc;
}

static void assigned(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *partitions)
{
    forget_unplaced(consumer);
    if (place(consumer, partitions, &consumer->failure) == RC_OK)
        return;
    /* librdkafka must see an assignment; nothing is read until the places are known. */
    (void)rd_kafka_assign(consumer->client.handle, NULL);
    consumer->unplaced = rd_kafka_topic_partition_list_copy(partitions);
}

static void revoked(struct kafka_consumer *consumer,
                    const rd_kafka_topic_partition_list_t *partitions)
{
    forget_unplaced(consumer);
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *partition = &partitions->elems[i];
        enum bus_topic topic = BUS_RECORDS;
        drop_partition(consumer, partition->topic, partition->partition);
        if (consumer->conf.revoked != NULL && find_topic(consumer, partition->topic, &topic))
            consumer->conf.revoked(consumer->conf.context, topic, partition->partition);
    }
    (void)rd_kafka_assign(consumer->client.handle, NULL);
}

/* Called from within rd_kafka_consumer_poll and rd_kafka_consumer_close. */
static void rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    (void)handle;
    struct kafka_consumer *consumer = ((struct kafka_client *)opaque)->owner;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        assigned(consumer, partitions);
    else
        revoked(consumer, partitions);
}

/* ---- gathering ---- */

static enum rc judge(struct kafka_consumer *consumer, const rd_kafka_message_t *message,
                     struct err *err)
{
    const char *name = message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : "";
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return RC_OK;
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return err_set(err, RC_FATAL,
                       "the stored offset of %s/%d is not on the brokers: records were removed "
                       "unread by retention, or the topic was made anew; restore it, or reset the "
                       "stored offsets to begin at the earliest (%s)",
                       name, message->partition, rd_kafka_message_errstr(message));
    return kafka_client_fail(&consumer->client, kafka_rc_of(message->err), message->err,
                             "cannot read from kafka", err);
}

static size_t message_bytes(const rd_kafka_message_t *message)
{
    return message->len + message->key_len;
}

struct filling {
    size_t count, bytes; /* of the held messages that fit */
    bool full;
};

/* Counts the held messages from where it stopped until one does not fit. */
static void measure(const struct kafka_consumer *consumer, size_t max_messages, size_t max_bytes,
                    struct filling *filling)
{
    while (filling->count < consumer->held_count && !filling->full) {
        size_t bytes = message_bytes(consumer->held[filling->count]);
        filling->full = filling->count > 0 && filling->bytes + bytes > max_bytes;
        if (filling->full)
            break;
        filling->bytes += bytes;
        filling->full = ++filling->count >= max_messages;
    }
}

/* One call of rd_kafka_consumer_poll; RC_AGAIN = nothing came. */
static enum rc gather_one(struct kafka_consumer *consumer, int timeout_ms, struct err *err)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->client.handle, timeout_ms);
    if (message == NULL)
        return RC_AGAIN;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        hold(consumer, message);
        return RC_OK;
    }
    enum rc rc = judge(consumer, message, err);
    rd_kafka_message_destroy(message);
    return rc;
}

/* A rebalance within drops held messages: the measure is then taken anew. */
static void gather(struct kafka_consumer *consumer, int timeout_ms, size_t max_messages,
                   size_t max_bytes, struct filling *filling)
{
    int64_t until_us = clock_monotonic_us() + timeout_ms * US_PER_MS;
    measure(consumer, max_messages, max_bytes, filling);
    while (!filling->full && consumer->failure.rc == RC_OK) {
        int64_t left_us = until_us - clock_monotonic_us();
        int wait_ms = consumer->held_count > 0 || left_us < 0 ? 0 : (int)(left_us / US_PER_MS) + 1;
        size_t before = consumer->held_count;
        struct err err = {0};
        enum rc rc = gather_one(consumer, wait_ms, &err);
        if (rc == RC_AGAIN && (consumer->held_count > 0 || left_us <= 0))
            break;
        if (rc != RC_OK && rc != RC_AGAIN)
            consumer->failure = err;
        if (consumer->held_count < before)
            *filling = (struct filling){0};
        measure(consumer, max_messages, max_bytes, filling);
    }
    if (consumer->held_count < filling->count)
        *filling = (struct filling){.count = consumer->held_count};
}

/* ---- a batch ---- */

static void convert_headers(struct kafka_consumer *consumer, const rd_kafka_message_t *message,
                            struct bus_message *out)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    size_t count = rd_kafka_header_cnt(headers);
    count = count < BUS_HEADERS_MAX ? count : BUS_HEADERS_MAX;
    struct bus_header *copy = arena_alloc(consumer->arena, count * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t n = 0;
        (void)rd_kafka_header_get_all(headers, i, &name, &value, &n);
        copy[i] = (struct bus_header){str_of(name), {value, n}};
    }
    out->headers = copy;
    out->header_count = count;
}

static void convert(struct kafka_consumer *consumer, const rd_kafka_message_t *message,
                    struct bus_consumed *out)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    *out = (struct bus_consumed){.message = {.key = {message->key, message->key_len},
                                             .value = {message->payload, message->len}},
                                 .partition = message->partition,
                                 .offset = message->offset,
                                 .timestamp_us =
                                     timestamp_ms >= 0 ? timestamp_ms * US_PER_MS : TIME_NONE};
    (void)find_topic(consumer, rd_kafka_topic_name(message->rkt), &out->message.topic);
    convert_headers(consumer, message, &out->message);
}

static void return_batch(struct kafka_consumer *consumer, size_t count, struct bus_batch *batch_out)
{
    if (count > consumer->messages_capacity) {
        consumer->messages_capacity = count;
        consumer->messages = xrealloc(consumer->messages, count * sizeof *consumer->messages);
    }
    for (size_t i = 0; i < count; i++)
        convert(consumer, consumer->held[i], &consumer->messages[i]);
    consumer->returned = count;
    *batch_out = (struct bus_batch){consumer->messages, count};
}

enum rc kafka_consumer_poll(struct bus_consumer *base, int timeout_ms, size_t max_messages,
                            size_t max_bytes, struct bus_batch *batch_out, struct err *err)
{
    struct kafka_consumer *consumer = (struct kafka_consumer *)base;
    let_go(consumer, consumer->returned);
    consumer->returned = 0;
    arena_reset(consumer->arena);
    enum rc rc = place_again(consumer, err);
    if (rc != RC_OK)
        return rc;
    struct filling filling = {0};
    gather(consumer, timeout_ms, max_messages, max_bytes, &filling);
    if (filling.count > 0) {
        return_batch(consumer, filling.count, batch_out);
        return RC_OK;
    }
    rc = consumer->failure.rc;
    if (rc != RC_OK && err != NULL)
        *err = consumer->failure;
    consumer->failure = (struct err){0};
    return rc == RC_OK ? RC_AGAIN : rc;
}

enum rc kafka_consumer_done(struct bus_consumer *base, enum bus_topic topic, int32_t partition,
                            int64_t next_offset, struct err *err)
{
    (void)err;
    struct kafka_consumer *consumer = (struct kafka_consumer *)base;
    char name[BUS_TOPIC_NAME_BYTES];
    bus_topic_name(consumer->client.conf, topic, name);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, name, partition)->offset = next_offset;
    /* For lag tools only: a commit that fails is made good by the next. */
    (void)rd_kafka_commit(consumer->client.handle, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
    return RC_OK;
}

/* ---- opening and closing ---- */

static enum rc subscribe(struct kafka_consumer *consumer, struct err *err)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->conf.topic_count);
    for (size_t i = 0; i < consumer->conf.topic_count; i++) {
        bus_topic_name(consumer->client.conf, consumer->conf.topics[i], consumer->names[i]);
        (void)rd_kafka_topic_partition_list_add(list, consumer->names[i], RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->client.handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_client_fail(&consumer->client, RC_FATAL, code, "cannot subscribe", err);
    return RC_OK;
}

static enum rc open_handle(struct kafka_consumer *consumer, struct err *err)
{
    char batch[32];
    (void)snprintf(batch, sizeof batch, "%zu", KAFKA_BATCH_BYTES);
    const struct kafka_setting settings[] = {
        {"group.id", consumer->conf.group, true},
        {"enable.auto.commit", "false", true},
        {"enable.auto.offset.store", "false", true},
        {"auto.offset.reset", "error", true},              /* never skip in silence */
        {"partition.assignment.strategy", "range", false}, /* cooperative is faulty in 2.0.2 */
        {"allow.auto.create.topics", "false", false},
        /* Shorter than the default of 45 s: the partitions of a killed loader move on sooner. */
        {"session.timeout.ms", "6000", false},
        {"heartbeat.interval.ms", "1500", false},
        {"max.poll.interval.ms", "900000", false}, /* above the longest database transaction */
        {"queued.max.messages.kbytes", "32768", false},
        {"fetch.wait.max.ms", "100", false},
        {"message.max.bytes", batch, false},
        {NULL, NULL, false},
    };
    rd_kafka_conf_t *made = NULL;
    enum rc rc = kafka_client_configure(&consumer->client, settings, &made, err);
    if (rc != RC_OK)
        return rc;
    rd_kafka_conf_set_rebalance_cb(made, rebalance);
    rc = kafka_client_open(&consumer->client, RD_KAFKA_CONSUMER, made, err);
    if (rc != RC_OK)
        return rc;
    (void)rd_kafka_poll_set_consumer(consumer->client.handle);
    return subscribe(consumer, err);
}

enum rc kafka_consumer_open(const struct bus_conf *conf,
                            const struct bus_consumer_conf *consumer_conf,
                            struct bus_consumer **consumer_out, struct err *err)
{
    struct kafka_consumer *consumer = xcalloc(1, sizeof *consumer);
    consumer->base.driver = &bus_kafka_driver;
    consumer->conf = *consumer_conf;
    consumer->arena = arena_new("bus headers", BATCH_ARENA_BYTES);
    kafka_client_init(&consumer->client, conf, consumer);
    enum rc rc = open_handle(consumer, err);
    if (rc != RC_OK)
        kafka_consumer_close(&consumer->base);
    else
        *consumer_out = &consumer->base;
    return rc;
}

void kafka_consumer_close(struct bus_consumer *base)
{
    struct kafka_consumer *consumer = (struct kafka_consumer *)base;
    let_go(consumer, consumer->held_count);
    consumer->returned = 0;
    if (consumer->client.handle != NULL)
        (void)rd_kafka_consumer_close(consumer->client.handle);
    let_go(consumer, consumer->held_count);
    forget_unplaced(consumer);
    kafka_client_done(&consumer->client);
    arena_free(&consumer->arena);
    free(consumer->messages);
    free(consumer->held);
    free(consumer);
}
