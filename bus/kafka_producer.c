/* An idempotent producer. A set is confirmed when the last of its messages is. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bus/kafka.h"
#include "bus/kafka_client.h"
#include "bus/room.h"
#include "lib/arena.h"
#include "lib/log.h"

#define POLL_MS 100
#define WARM_UP_MS 2000
#define LAST_REPORTS_MS 5000

struct set { /* in the list of outstanding sets until its fate is known */
    struct kafka_producer *producer;
    struct set *next, *previous;
    bus_delivered_fn *delivered; /* NULL: the caller was told already that it failed */
    void *context;
    size_t count;
    uint64_t bytes;
    size_t pending; /* messages without a report */
    enum rc rc;
    struct err err; /* of the first message that failed */
};

struct kafka_producer {
    struct bus_producer base;
    struct kafka_client client;
    rd_kafka_topic_t *topics[BUS_TOPICS];
    pthread_t reporter;
    atomic_bool closing;
    /* Held for reading while the handle is used, for writing while it is replaced. */
    pthread_rwlock_t handle_lock;
    pthread_mutex_t mutex; /* guards what follows, and every set */
    struct bus_producer_stats stats;
    struct set *outstanding;
};

/* ---- sets ---- */

static void set_link(struct kafka_producer *producer, struct set *set)
{
    set->next = producer->outstanding;
    if (set->next != NULL)
        set->next->previous = set;
    producer->outstanding = set;
}

static void set_unlink(struct kafka_producer *producer, struct set *set)
{
    if (set->previous != NULL)
        set->previous->next = set->next;
    else
        producer->outstanding = set->next;
    if (set->next != NULL)
        set->next->previous = set->previous;
}

static struct set *set_new(struct kafka_producer *producer, size_t count, uint64_t bytes,
                           bus_delivered_fn *delivered, void *context)
{
    struct set *set = NULL;
    (void)pthread_mutex_lock(&producer->mutex);
    if (room_take(&producer->stats, count, bytes) == RC_OK) {
        set = xcalloc(1, sizeof *set);
        *set = (struct set){.producer = producer,
                            .delivered = delivered,
                            .context = context,
                            .count = count,
                            .bytes = bytes,
                            .pending = count};
        set_link(producer, set);
    }
    (void)pthread_mutex_unlock(&producer->mutex);
    return set;
}

/* Takes the set out of the books; the caller then calls back, without the lock, and frees it. */
static void set_settle(struct kafka_producer *producer, struct set *set)
{
    set_unlink(producer, set);
    if (set->delivered != NULL)
        room_settle(&producer->stats, set->count, set->bytes, set->rc);
    else
        room_return(&producer->stats, set->count, set->bytes);
}

static void set_finish(struct set *set)
{
    if (set->delivered != NULL)
        set->delivered(set->context, set->rc, set->rc == RC_OK ? NULL : &set->err);
    free(set);
}

/* The sender's next step is to come again, but for a message that no broker will ever take. */
static void note_failure(struct set *set, rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || set->rc != RC_OK)
        return;
    enum rc rc = code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? RC_REJECT : RC_RETRY;
    set->rc = kafka_client_fail(&set->producer->client, rc, code, "kafka did not confirm a message",
                                &set->err);
}

static void message_reported(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    (void)opaque;
    struct set *set = message->_private;
    struct kafka_producer *producer = set->producer;
    (void)pthread_mutex_lock(&producer->mutex);
    note_failure(set, message->err);
    bool last = --set->pending == 0;
    if (last)
        set_settle(producer, set);
    (void)pthread_mutex_unlock(&producer->mutex);
    if (last)
        set_finish(set);
}

/* The first "queued" messages are on their way and cannot be called back; the rest never left. */
static void set_abort(struct set *set, size_t queued)
{
    struct kafka_producer *producer = set->producer;
    (void)pthread_mutex_lock(&producer->mutex);
    set->delivered = NULL;
    set->pending -= set->count - queued;
    bool last = set->pending == 0;
    if (last)
        set_settle(producer, set);
    (void)pthread_mutex_unlock(&producer->mutex);
    if (last)
        set_finish(set);
}

/* ---- producing ---- */

enum { FIELD_TOPIC, FIELD_PARTITION, FIELD_FLAGS, FIELD_KEY, FIELD_VALUE, FIELD_OPAQUE, FIELDS };

static rd_kafka_resp_err_t send_message(struct kafka_producer *producer, struct set *set,
                                        const struct bus_message *message)
{
    rd_kafka_vu_t fields[FIELDS + BUS_HEADERS_MAX] = {
        [FIELD_TOPIC] = {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = producer->topics[message->topic]},
        /* An explicit partition frees headers twice in 2.0.2 when it does not exist. */
        [FIELD_PARTITION] = {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = RD_KAFKA_PARTITION_UA},
        [FIELD_FLAGS] = {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        [FIELD_KEY] = {.vtype = RD_KAFKA_VTYPE_KEY,
                       .u.mem = {(void *)(uintptr_t)message->key.p, message->key.n}},
        [FIELD_VALUE] = {.vtype = RD_KAFKA_VTYPE_VALUE,
                         .u.mem = {(void *)(uintptr_t)message->value.p, message->value.n}},
        [FIELD_OPAQUE] = {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = set},
    };
    char names[BUS_HEADERS_MAX][BUS_HEADER_NAME_BYTES]; /* librdkafka wants them terminated */
    for (size_t i = 0; i < message->header_count; i++) {
        const struct bus_header *header = &message->headers[i];
        (void)snprintf(names[i], sizeof names[i], "%.*s", STR_ARGS(header->name));
        fields[FIELDS + i] =
            (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADER,
                            .u.header = {names[i], header->value.p, (ssize_t)header->value.n}};
    }
    rd_kafka_error_t *error =
        rd_kafka_produceva(producer->client.handle, fields, FIELDS + message->header_count);
    if (error == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}

static enum rc refuse(struct kafka_producer *producer, rd_kafka_resp_err_t code, size_t queued,
                      struct err *err)
{
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        producer->client.fatal = true;
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && queued == 0)
        return RC_AGAIN;
    enum rc rc = code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? RC_REJECT : RC_RETRY;
    return kafka_client_fail(&producer->client, rc, code, "kafka does not take a message", err);
}

static enum rc send_set(struct kafka_producer *producer, struct set *set,
                        const struct bus_message *messages, struct err *err)
{
    size_t count = set->count; /* the set may be gone once its last message is queued */
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = send_message(producer, set, &messages[i]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            set_abort(set, i);
            return refuse(producer, code, i, err);
        }
    }
    return RC_OK;
}

/* Room is counted here, below the limits of librdkafka's own queue, so that a set which has room is
 * queued whole. Should librdkafka refuse one of its later messages nevertheless, those before may
 * arrive: RC_RETRY, no callback; the sender comes again and the repeat is harmless. */
enum rc kafka_produce(struct bus_producer *base, const struct bus_message *messages, size_t count,
                      uint64_t bytes, bus_delivered_fn *delivered, void *context, struct err *err)
{
    struct kafka_producer *producer = (struct kafka_producer *)base;
    if (pthread_rwlock_tryrdlock(&producer->handle_lock) != 0)
        return err_set(err, RC_RETRY, "the connection to kafka is being made anew");
    enum rc rc = RC_AGAIN;
    struct set *set = NULL;
    if (producer->client.fatal)
        rc = err_set(err, RC_RETRY, "the connection to kafka is to be made anew");
    else
        set = set_new(producer, count, bytes, delivered, context);
    if (set != NULL)
        rc = send_set(producer, set, messages, err);
    (void)pthread_rwlock_unlock(&producer->handle_lock);
    return rc;
}

/* ---- the handle ---- */

static enum rc open_handle(struct kafka_producer *producer, struct err *err)
{
    const struct bus_conf *conf = producer->client.conf;
    char timeout[16], batch[32], messages[32], kbytes[32];
    (void)snprintf(timeout, sizeof timeout, "%d", conf->delivery_timeout_ms);
    (void)snprintf(batch, sizeof batch, "%zu", KAFKA_BATCH_BYTES);
    (void)snprintf(messages, sizeof messages, "%d", 2 * LIMIT_BUS_QUEUE_MESSAGES);
    (void)snprintf(kbytes, sizeof kbytes, "%zu", 2 * LIMIT_BUS_QUEUE_BYTES / KIB);
    const struct kafka_setting settings[] = {
        {"enable.idempotence", "true", true},
        {"acks", "all", true},
        {"compression.type", "zstd", false}, /* others can switch themselves off (2.0.2) */
        {"linger.ms", "2", false},
        {"reconnect.backoff.max.ms", "1000", false}, /* 10 s would outlast the timeout */
        {"message.timeout.ms", timeout, true},
        {"message.max.bytes", batch, false},
        {"queue.buffering.max.messages", messages, true},
        {"queue.buffering.max.kbytes", kbytes, true},
        {NULL, NULL, false},
    };
    rd_kafka_conf_t *made = NULL;
    enum rc rc = kafka_client_configure(&producer->client, settings, &made, err);
    if (rc != RC_OK)
        return rc;
    rd_kafka_conf_set_dr_msg_cb(made, message_reported);
    rc = kafka_client_open(&producer->client, RD_KAFKA_PRODUCER, made, err);
    for (int i = 0; rc == RC_OK && i < BUS_TOPICS; i++) {
        char name[BUS_TOPIC_NAME_BYTES];
        bus_topic_name(conf, (enum bus_topic)i, name);
        producer->topics[i] = rd_kafka_topic_new(producer->client.handle, name, NULL);
        if (producer->topics[i] == NULL)
            rc = err_set(err, RC_FATAL, "\"%s\" is no topic of kafka: %s", name,
                         rd_kafka_err2str(rd_kafka_last_error()));
    }
    return rc;
}

static struct set *take_outstanding(struct kafka_producer *producer)
{
    (void)pthread_mutex_lock(&producer->mutex);
    struct set *set = producer->outstanding;
    if (set != NULL) {
        note_failure(set, RD_KAFKA_RESP_ERR__DESTROY);
        set_settle(producer, set);
    }
    (void)pthread_mutex_unlock(&producer->mutex);
    return set;
}

/* Every outstanding set is failed: by reports where librdkafka still gives them. */
static void close_handle(struct kafka_producer *producer)
{
    rd_kafka_t *handle = producer->client.handle;
    if (handle == NULL)
        return;
    (void)rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_flush(handle, LAST_REPORTS_MS);
    for (int i = 0; i < BUS_TOPICS; i++)
        if (producer->topics[i] != NULL)
            rd_kafka_topic_destroy(producer->topics[i]);
    memset(producer->topics, 0, sizeof producer->topics);
    rd_kafka_destroy(handle);
    producer->client.handle = NULL;
    struct set *set;
    while ((set = take_outstanding(producer)) != NULL)
        set_finish(set);
}

/* 2.0.2 raises a needless fatal error after a batch that may have been written: the handle is of no
 * use any more, the senders come again. */
static void replace_handle(struct kafka_producer *producer)
{
    struct err err;
    (void)pthread_rwlock_wrlock(&producer->handle_lock);
    LOG_DEBUG("kafka producer made anew", LOG_STR("reason", producer->client.problem));
    close_handle(producer);
    producer->client.fatal = false;
    if (open_handle(producer, &err) != RC_OK)
        producer->client.fatal = true; /* tried again with the next round */
    (void)pthread_rwlock_unlock(&producer->handle_lock);
}

static void *serve_reports(void *context)
{
    struct kafka_producer *producer = context;
    while (!producer->closing) {
        if (producer->client.handle != NULL)
            (void)rd_kafka_poll(producer->client.handle, POLL_MS);
        else
            (void)usleep(POLL_MS * 1000);
        if (producer->client.fatal)
            replace_handle(producer);
    }
    return NULL;
}

/* ---- opening and closing ---- */

/* The first message would otherwise wait up to a second for a leader (2.0.2). A broker that is away
 * is no reason to fail here: sets that come then get RC_RETRY in time. */
static void warm_up(struct kafka_producer *producer)
{
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(producer->client.handle, 0, NULL, &metadata, WARM_UP_MS) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
}

static void producer_free(struct kafka_producer *producer)
{
    close_handle(producer);
    kafka_client_done(&producer->client);
    (void)pthread_rwlock_destroy(&producer->handle_lock);
    (void)pthread_mutex_destroy(&producer->mutex);
    free(producer);
}

enum rc kafka_producer_open(const struct bus_conf *conf, struct bus_producer **producer_out,
                            struct err *err)
{
    struct kafka_producer *producer = xcalloc(1, sizeof *producer);
    producer->base.driver = &bus_kafka_driver;
    kafka_client_init(&producer->client, conf, producer);
    (void)pthread_rwlock_init(&producer->handle_lock, NULL);
    (void)pthread_mutex_init(&producer->mutex, NULL);
    enum rc rc = open_handle(producer, err);
    if (rc == RC_OK) {
        warm_up(producer);
        if (pthread_create(&producer->reporter, NULL, serve_reports, producer) != 0)
            rc = err_set(err, RC_RETRY, "cannot start the thread that serves kafka's reports");
    }
    if (rc != RC_OK)
        producer_free(producer);
    else
        *producer_out = &producer->base;
    return rc;
}

void kafka_producer_stats(struct bus_producer *base, struct bus_producer_stats *stats_out)
{
    struct kafka_producer *producer = (struct kafka_producer *)base;
    (void)pthread_mutex_lock(&producer->mutex);
    *stats_out = producer->stats;
    (void)pthread_mutex_unlock(&producer->mutex);
}

void kafka_producer_close(struct bus_producer *base, int timeout_ms)
{
    struct kafka_producer *producer = (struct kafka_producer *)base;
    producer->closing = true;
    (void)pthread_join(producer->reporter, NULL);
    if (producer->client.handle != NULL)
        (void)rd_kafka_flush(producer->client.handle, timeout_ms);
    producer_free(producer);
}
