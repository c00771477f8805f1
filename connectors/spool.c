#include "connectors/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bus/backlog.h"
#include "lib/arena.h"
#include "lib/clock.h"

#define GROUP "forward"
#define TOPIC BUS_RECORDS
#define NEVER_DAYS 36500 /* nothing is removed for its age */

#define PART_BYTES (4 * MIB)
#define PARTS_MOST ((LIMIT_BODY_MOST_BYTES + PART_BYTES - 1) / PART_BYTES)
#define BATCH_MESSAGES 1000
#define BATCH_BYTES (4 * MIB)
#define TEXT_ARENA_BYTES MIB /* of one body: what its headers say */

static struct bus_conf bus_of(const struct spool_conf *conf)
{
    return (struct bus_conf){.kind = BUS_EMBEDDED,
                             .topic_prefix = "spool",
                             .path = conf->path,
                             .max_bytes = conf->max_bytes,
                             .passes_through = true,
                             .retention_days = NEVER_DAYS};
}

/* ---- writing ---- */

struct spool {
    struct bus_conf bus;
    struct bus_producer *producer;
};

enum rc spool_open(const struct spool_conf *conf, struct spool **spool_out, struct err *err)
{
    struct spool *spool = xcalloc(1, sizeof *spool);
    spool->bus = bus_of(conf);
    enum rc rc = bus_producer_open(&spool->bus, &spool->producer, err);
    if (rc != RC_OK)
        spool_close(&spool, 0);
    *spool_out = spool;
    return rc;
}

void spool_close(struct spool **spool, int timeout_ms)
{
    if (spool == NULL || *spool == NULL)
        return;
    bus_producer_close(&(*spool)->producer, timeout_ms);
    free(*spool);
    *spool = NULL;
}

#define HEADER_PATH "path"
#define HEADER_REQUEST "request-id"
#define HEADER_RECEIVED "received-at"
#define HEADER_BYTES "bytes" /* of the whole body */
#define HEADER_TYPE "content-type"
#define HEADERS 5

struct numbers { /* texts that the headers of one body borrow */
    char received_at[CLOCK_TEXT_BYTES];
    char bytes[24];
};

static size_t write_headers(const char *path, const struct ingest_body *body,
                            struct numbers *numbers, struct bus_header headers[static HEADERS])
{
    size_t n = 0;
    clock_format(body->received_at_us, numbers->received_at);
    (void)snprintf(numbers->bytes, sizeof numbers->bytes, "%zu", body->bytes.n);
    headers[n++] = (struct bus_header){STR_LIT(HEADER_PATH), str_of(path)};
    headers[n++] = (struct bus_header){STR_LIT(HEADER_REQUEST), body->request_id};
    headers[n++] = (struct bus_header){STR_LIT(HEADER_RECEIVED), str_of(numbers->received_at)};
    headers[n++] = (struct bus_header){STR_LIT(HEADER_BYTES), str_of(numbers->bytes)};
    if (!str_is_null(body->content_type))
        headers[n++] = (struct bus_header){STR_LIT(HEADER_TYPE), body->content_type};
    return n;
}

/* The first part has the headers; the others follow it directly, since a set is stored as one. */
static size_t cut(struct str bytes, struct bus_message parts[static PARTS_MOST])
{
    size_t n = 0;
    do {
        size_t most = bytes.n < PART_BYTES ? bytes.n : PART_BYTES;
        parts[n++] = (struct bus_message){.topic = TOPIC, .value = {bytes.p, most}};
        bytes = (struct str){bytes.p + most, bytes.n - most};
    } while (bytes.n > 0);
    return n;
}

enum rc spool_put(struct spool *spool, const char *path, const struct ingest_body *body,
                  bus_delivered_fn *delivered, void *context, struct err *err)
{
    struct bus_message parts[PARTS_MOST];
    struct bus_header headers[HEADERS];
    struct numbers numbers;
    if (body->bytes.n > PARTS_MOST * PART_BYTES)
        return err_set(err, RC_REJECT, "a body has %zu bytes, the spool takes %zu", body->bytes.n,
                       PARTS_MOST * PART_BYTES);
    size_t count = cut(body->bytes, parts);
    parts[0].headers = headers;
    parts[0].header_count = write_headers(path, body, &numbers, headers);
    return bus_produce(spool->producer, parts, count, delivered, context, err);
}

/* ---- reading ---- */

struct spool_reader {
    struct bus_conf bus;
    struct bus_consumer *consumer;
    bool is_the_one;
    struct bus_batch batch;
    size_t taken;       /* messages of the batch */
    struct buf joined;  /* a body in parts */
    struct arena *text; /* what its headers said */
};

static enum rc start_where_done(void *context, enum bus_topic topic, int32_t partition,
                                int64_t *offset_out, struct err *err)
{
    (void)topic;
    (void)partition;
    (void)err;
    ((struct spool_reader *)context)->is_the_one = true;
    *offset_out = BUS_OFFSET_DONE;
    return RC_OK;
}

enum rc spool_reader_open(const struct spool_conf *conf, struct spool_reader **reader_out,
                          struct err *err)
{
    static const enum bus_topic topic = TOPIC;
    struct spool_reader *reader = xcalloc(1, sizeof *reader);
    reader->bus = bus_of(conf);
    reader->text = arena_new("spooled body", TEXT_ARENA_BYTES);
    buf_init(&reader->joined, LIMIT_BODY_MOST_BYTES);
    const struct bus_consumer_conf consumer = {.group = GROUP,
                                               .topics = &topic,
                                               .topic_count = 1,
                                               .start_offset = start_where_done,
                                               .context = reader};
    enum rc rc = bus_consumer_open(&reader->bus, &consumer, &reader->consumer, err);
    if (rc != RC_OK)
        spool_reader_close(&reader);
    *reader_out = reader;
    return rc;
}

void spool_reader_close(struct spool_reader **reader)
{
    if (reader == NULL || *reader == NULL)
        return;
    bus_consumer_close(&(*reader)->consumer);
    buf_done(&(*reader)->joined);
    arena_free(&(*reader)->text);
    free(*reader);
    *reader = NULL;
}

bool spool_reader_is_the_one(const struct spool_reader *reader)
{
    return reader->is_the_one;
}

static enum rc next_message(struct spool_reader *reader, int timeout_ms,
                            const struct bus_consumed **message_out, struct err *err)
{
    if (reader->taken == reader->batch.count) {
        reader->taken = 0;
        enum rc rc = bus_consumer_poll(reader->consumer, timeout_ms, BATCH_MESSAGES, BATCH_BYTES,
                                       &reader->batch, err);
        if (rc != RC_OK)
            return rc;
    }
    *message_out = &reader->batch.messages[reader->taken++];
    return RC_OK;
}

static struct str header_of(const struct bus_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (str_is(message->headers[i].name, name))
            return message->headers[i].value;
    return STR_NULL;
}

static enum rc damaged(const struct spool_reader *reader, int64_t offset, struct err *err)
{
    return err_set(err, RC_FATAL,
                   "the spool \"%s\" is damaged: what stands at offset %lld is no body; check the "
                   "disk, then restore the file, or move it away to begin a new spool without "
                   "the bodies that were not forwarded",
                   reader->bus.path, (long long)offset);
}

static bool read_size(struct str text, size_t *size_out)
{
    size_t size = 0;
    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || size > LIMIT_BODY_MOST_BYTES)
            return false;
        size = 10 * size + (size_t)(text.p[i] - '0');
    }
    *size_out = size;
    return size <= LIMIT_BODY_MOST_BYTES;
}

/* Copies the texts: further parts may come with the next batch. */
static bool read_headers(struct spool_reader *reader, const struct bus_message *message,
                         struct spooled *to, size_t *bytes_out)
{
    arena_reset(reader->text);
    to->path = arena_str(reader->text, header_of(message, HEADER_PATH)).p;
    to->body = (struct ingest_body){
        .bytes = message->value,
        .content_type = arena_str(reader->text, header_of(message, HEADER_TYPE)),
        .request_id = arena_str(reader->text, header_of(message, HEADER_REQUEST)),
    };
    return to->path != NULL && !str_is_null(to->body.request_id) &&
           clock_parse(header_of(message, HEADER_RECEIVED), &to->body.received_at_us) &&
           read_size(header_of(message, HEADER_BYTES), bytes_out);
}

static enum rc join_parts(struct spool_reader *reader, size_t bytes, struct spooled *to,
                          struct err *err)
{
    enum rc rc = RC_OK;
    buf_reset(&reader->joined);
    bool fits = buf_add_str(&reader->joined, to->body.bytes);
    while (rc == RC_OK && fits && reader->joined.n < bytes) {
        const struct bus_consumed *part = NULL;
        rc = next_message(reader, 0, &part, err);
        if (rc != RC_OK)
            break;
        fits = part->message.header_count == 0 && part->message.value.n > 0 &&
               buf_add_str(&reader->joined, part->message.value);
        to->next = part->offset + 1;
    }
    if (rc == RC_AGAIN || (rc == RC_OK && (!fits || reader->joined.n != bytes)))
        rc = damaged(reader, to->next, err);
    to->body.bytes = buf_peek(&reader->joined);
    return rc;
}

enum rc spool_reader_next(struct spool_reader *reader, int timeout_ms, struct spooled *spooled_out,
                          struct err *err)
{
    const struct bus_consumed *message = NULL;
    size_t bytes = 0;
    enum rc rc = next_message(reader, timeout_ms, &message, err);
    if (rc != RC_OK)
        return rc;
    spooled_out->next = message->offset + 1;
    if (!read_headers(reader, &message->message, spooled_out, &bytes))
        return damaged(reader, message->offset, err);
    return bytes == message->message.value.n ? RC_OK : join_parts(reader, bytes, spooled_out, err);
}

enum rc spool_reader_done(struct spool_reader *reader, int64_t next, struct err *err)
{
    return bus_consumer_done(reader->consumer, TOPIC, 0, next, err);
}

/* ---- looking ---- */

enum rc spool_look(const struct spool_conf *conf, struct spool_stats *stats_out, struct err *err)
{
    struct bus_backlog backlog;
    const struct bus_conf bus = bus_of(conf);
    *stats_out = (struct spool_stats){.oldest_us = TIME_NONE};
    if (access(conf->path, F_OK) != 0)
        return RC_OK;
    enum rc rc = bus_backlog_read(&bus, GROUP, TOPIC, &backlog, err);
    if (rc == RC_OK)
        *stats_out = (struct spool_stats){backlog.messages, backlog.oldest_us, backlog.used_bytes};
    return rc;
}
