/* Reads the embedded log in order of offsets. The consumer of a group and topic is who holds a lock
 * on one byte of the file "<path>-consumers": the kernel takes it back whatever way a process ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bus/embedded.h"
#include "bus/embedded_log.h"
#include "bus/headers.h"
#include "lib/arena.h"
#include "lib/clock.h"

/* Looking costs about 10 us: often while records come, seldom after some idle time. */
#define LOOK_SOONEST_US (1 * US_PER_MS)
#define LOOK_LATEST_US (20 * US_PER_MS)

#define BATCH_ARENA_BYTES ((size_t)1 << 32) /* the caller's max_bytes is the true bound */

struct reader { /* of one topic */
    enum bus_topic topic;
    int64_t consumer; /* the group's number for this topic */
    bool locked;
    bool placed;    /* start_offset was asked */
    bool keeps;     /* begun at BUS_OFFSET_DONE: how far it is is stored at once */
    int64_t offset; /* the next one to read */
    int64_t done;   /* as told last */
    int64_t tell_at;
    bool untold; /* done is not in the file yet */
};

struct embedded_consumer {
    struct bus_consumer base;
    struct bus_consumer_conf conf;
    struct embedded_log *log;
    int lock_fd;
    struct reader readers[BUS_TOPICS];
    size_t reader_count;
    size_t turn; /* the reader that comes first in the next batch */
    struct arena *arena;
    struct bus_consumed *messages;
    size_t capacity;
};

/* ---- a batch ---- */

struct filling {
    struct embedded_consumer *consumer;
    struct reader *reader;
    size_t max_messages, max_bytes;
    size_t count, bytes;
    bool damaged;
};

static void grow(struct embedded_consumer *consumer)
{
    consumer->capacity = consumer->capacity > 0 ? 2 * consumer->capacity : 256;
    consumer->messages =
        xrealloc(consumer->messages, consumer->capacity * sizeof *consumer->messages);
}

static bool copy_headers(struct arena *arena, struct str bytes, struct bus_message *message_out)
{
    struct bus_header headers[BUS_HEADERS_MAX];
    size_t count = 0;
    if (!headers_decode(arena_str(arena, bytes), headers, BUS_HEADERS_MAX, &count))
        return false;
    struct bus_header *copy = arena_alloc(arena, count * sizeof *copy);
    memcpy(copy, headers, count * sizeof *copy);
    message_out->headers = copy;
    message_out->header_count = count;
    return true;
}

static bool take_row(void *context, const struct embedded_row *row)
{
    struct filling *filling = context;
    struct embedded_consumer *consumer = filling->consumer;
    size_t bytes = row->key.n + row->value.n + row->headers.n;
    if (filling->count > 0 &&
        (filling->count >= filling->max_messages || filling->bytes + bytes > filling->max_bytes))
        return false;
    if (filling->count == consumer->capacity)
        grow(consumer);
    struct bus_consumed *to = &consumer->messages[filling->count];
    *to = (struct bus_consumed){.offset = row->offset, .timestamp_us = row->time_us};
    to->message.topic = filling->reader->topic;
    to->message.key = arena_str(consumer->arena, row->key);
    to->message.value = arena_str(consumer->arena, row->value);
    if (row->headers.n > 0 && !copy_headers(consumer->arena, row->headers, &to->message)) {
        filling->damaged = true;
        return false;
    }
    filling->count++;
    filling->bytes += bytes;
    filling->reader->offset = row->offset + 1;
    return true;
}

/* ---- who reads ---- */

static enum rc lock_reader(struct embedded_consumer *consumer, struct reader *reader,
                           struct err *err)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)reader->consumer, .l_len = 1};
    if (fcntl(consumer->lock_fd, F_OFD_SETLK, &lock) == 0) {
        reader->locked = true;
        return RC_OK;
    }
    int code = errno;
    if (code == EAGAIN || code == EACCES)
        return RC_AGAIN;
    return err_set(err, RC_FATAL, "cannot lock the consumers of the bus file \"%s\": %s",
                   consumer->log->conf->path, strerror(code));
}

static enum rc place_reader(struct embedded_consumer *consumer, struct reader *reader,
                            struct err *err)
{
    int64_t offset = BUS_OFFSET_EARLIEST;
    int64_t first = 0, next = 0;
    enum rc rc =
        consumer->conf.start_offset(consumer->conf.context, reader->topic, 0, &offset, err);
    reader->keeps = offset == BUS_OFFSET_DONE;
    if (rc == RC_OK && reader->keeps)
        rc =
            embedded_log_position(consumer->log, consumer->conf.group, reader->topic, &offset, err);
    if (rc == RC_OK)
        rc = embedded_log_range(consumer->log, reader->topic, &first, &next, err);
    if (rc != RC_OK)
        return rc;
    if (offset < 0 || (reader->keeps && offset < first))
        offset = first;
    reader->offset = offset;
    reader->placed = true;
    return RC_OK;
}

static enum rc read_topic(struct filling *filling, struct err *err)
{
    struct reader *reader = filling->reader;
    struct embedded_consumer *consumer = filling->consumer;
    enum rc rc = reader->locked ? RC_OK : lock_reader(consumer, reader, err);
    if (rc == RC_OK && !reader->placed)
        rc = place_reader(consumer, reader, err);
    if (rc == RC_OK)
        rc =
            embedded_log_read(consumer->log, reader->topic, reader->offset, take_row, filling, err);
    if (rc == RC_OK && filling->damaged)
        rc = err_set(err, RC_FATAL, "the bus file \"%s\" is damaged: bad headers at offset %lld",
                     consumer->log->conf->path, (long long)reader->offset);
    return rc == RC_AGAIN ? RC_OK : rc;
}

static enum rc read_topics(struct filling *filling, struct err *err)
{
    struct embedded_consumer *consumer = filling->consumer;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < consumer->reader_count; i++) {
        filling->reader = &consumer->readers[(consumer->turn + i) % consumer->reader_count];
        rc = read_topic(filling, err);
    }
    consumer->turn = (consumer->turn + 1) % consumer->reader_count;
    /* What was read before a failure is returned; the failure comes again with the next poll. */
    return filling->count > 0 ? RC_OK : rc;
}

static void pause_until(int64_t now_us, int64_t began_us, int64_t until_us)
{
    int64_t pause_us = (now_us - began_us) / 4;
    pause_us = pause_us < LOOK_SOONEST_US ? LOOK_SOONEST_US : pause_us;
    pause_us = pause_us > LOOK_LATEST_US ? LOOK_LATEST_US : pause_us;
    pause_us = pause_us > until_us - now_us ? until_us - now_us : pause_us;
    (void)usleep((useconds_t)pause_us);
}

enum rc embedded_consumer_poll(struct bus_consumer *base, int timeout_ms, size_t max_messages,
                               size_t max_bytes, struct bus_batch *batch_out, struct err *err)
{
    struct embedded_consumer *consumer = (struct embedded_consumer *)base;
    struct filling filling = {
        .consumer = consumer, .max_messages = max_messages, .max_bytes = max_bytes};
    arena_reset(consumer->arena);
    int64_t began_us = clock_monotonic_us();
    int64_t until_us = began_us + timeout_ms * US_PER_MS;
    enum rc rc = read_topics(&filling, err);
    for (int64_t now_us = began_us; rc == RC_OK && filling.count == 0 && now_us < until_us;
         now_us = clock_monotonic_us()) {
        pause_until(now_us, began_us, until_us);
        rc = read_topics(&filling, err);
    }
    if (rc != RC_OK)
        return rc;
    *batch_out = (struct bus_batch){consumer->messages, filling.count};
    return filling.count > 0 ? RC_OK : RC_AGAIN;
}

/* ---- what is stored elsewhere ---- */

static enum rc tell(struct embedded_consumer *consumer, struct reader *reader, struct err *err)
{
    enum rc rc = embedded_log_done(consumer->log, reader->consumer, reader->topic, reader->done,
                                   &reader->tell_at, err);
    reader->untold = rc != RC_OK;
    return rc;
}

/* Unless asked for more, written only when a segment may become free by it: a commit for each batch
 * would be waste. */
enum rc embedded_consumer_done(struct bus_consumer *base, enum bus_topic topic, int32_t partition,
                               int64_t next_offset, struct err *err)
{
    struct embedded_consumer *consumer = (struct embedded_consumer *)base;
    (void)partition;
    for (size_t i = 0; i < consumer->reader_count; i++) {
        struct reader *reader = &consumer->readers[i];
        if (reader->topic != topic || !reader->locked || next_offset <= reader->done)
            continue;
        reader->done = next_offset;
        reader->untold = true;
        if (reader->keeps || next_offset >= reader->tell_at)
            return tell(consumer, reader, err);
    }
    return RC_OK;
}

/* ---- opening and closing ---- */

static enum rc open_lock(struct embedded_consumer *consumer, struct err *err)
{
    struct str path = arena_printf(consumer->arena, "%s-consumers", consumer->log->conf->path);
    consumer->lock_fd = open(path.p, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (consumer->lock_fd < 0)
        return err_set(err, RC_FATAL, "cannot open \"%s\": %s", path.p, strerror(errno));
    return RC_OK;
}

static enum rc register_readers(struct embedded_consumer *consumer, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < consumer->conf.topic_count; i++) {
        struct reader *reader = &consumer->readers[consumer->reader_count++];
        *reader = (struct reader){.topic = consumer->conf.topics[i]};
        rc = embedded_log_register(consumer->log, consumer->conf.group, reader->topic,
                                   &reader->consumer, err);
    }
    return rc;
}

enum rc embedded_consumer_open(const struct bus_conf *conf,
                               const struct bus_consumer_conf *consumer_conf,
                               struct bus_consumer **consumer_out, struct err *err)
{
    struct embedded_consumer *consumer = xcalloc(1, sizeof *consumer);
    consumer->base.driver = &bus_embedded_driver;
    consumer->conf = *consumer_conf;
    consumer->lock_fd = -1;
    consumer->arena = arena_new("bus batch", BATCH_ARENA_BYTES);
    enum rc rc = embedded_log_open(conf, NULL, &consumer->log, err);
    if (rc == RC_OK)
        rc = open_lock(consumer, err);
    if (rc == RC_OK)
        rc = register_readers(consumer, err);
    if (rc != RC_OK)
        embedded_consumer_close(&consumer->base);
    else
        *consumer_out = &consumer->base;
    return rc;
}

void embedded_consumer_close(struct bus_consumer *base)
{
    struct embedded_consumer *consumer = (struct embedded_consumer *)base;
    struct err ignored; /* what could not be told now is told by the next consumer */
    for (size_t i = 0; i < consumer->reader_count; i++)
        if (consumer->readers[i].untold)
            (void)!tell(consumer, &consumer->readers[i], &ignored);
    embedded_log_close(&consumer->log);
    if (consumer->lock_fd >= 0)
        (void)close(consumer->lock_fd);
    arena_free(&consumer->arena);
    free(consumer->messages);
    free(consumer);
}
