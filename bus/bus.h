/* bus.h: records between processes. One interface, two implementations: embedded (SQLite) and
 * kafka.
 *
 * Topics:  records (canonical records), raw (bytes as received), deadletter. Named
 * "<prefix>.records" and so on. Durable: a delivered callback with RC_OK means that every message
 * of the set survives kill -9 and, as far as the disk or the brokers promise, power loss. Nothing
 * else may be acknowledged to a sender. Order:   messages with one key keep their order within one
 * producer; nothing else is promised. A message may appear twice. Errors:  RC_AGAIN = the bounded
 * queue is full, nothing was queued (answer 503); RC_RETRY = the bus is away; RC_REJECT = a message
 * is larger than the bus takes; RC_FATAL = configuration, or a state that a new process must mend.
 * Threads: bus_produce may be called from any thread; the callback runs on a thread of the bus and
 * must not block. A consumer belongs to one thread. */
#ifndef SLUICE_BUS_BUS_H
#define SLUICE_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/str.h"

enum bus_topic { BUS_RECORDS, BUS_RAW, BUS_DEADLETTER, BUS_TOPICS };

enum bus_kind { BUS_EMBEDDED, BUS_KAFKA };

struct bus_property { /* passed to librdkafka as it is */
    const char *name;
    const char *value;
};

struct bus_conf { /* borrowed for the life of everything opened with it */
    enum bus_kind kind;
    const char *topic_prefix; /* "sluice" */
    /* embedded */
    const char *path;   /* the SQLite file */
    int retention_days; /* raw topic, and records that no loader has read: kept at most so long; 30
                         */
    uint64_t max_bytes; /* of the file, its write-ahead log apart; 0 = what the disk has */
    bool passes_through; /* what it holds is read and dropped soon: packed with the least work */
    /* kafka */
    const char *brokers;     /* "host:port,host:port" */
    int partitions;          /* of topics made by bus_prepare; 12 */
    int replication;         /* of topics made by bus_prepare; 1 */
    int delivery_timeout_ms; /* how long a message may stay unconfirmed before the callback says
                                RC_RETRY; 10000 */
    const struct bus_property *properties;
    size_t property_count;
};

struct bus_header {
    struct str name;
    struct str value;
};

#define BUS_HEADERS_MAX 16
#define BUS_HEADER_NAME_BYTES 64 /* with NUL */

struct bus_message {
    enum bus_topic topic;
    struct str key;
    struct str value;
    const struct bus_header *headers;
    size_t header_count;
};

/* Name of a topic, "<prefix>.<topic>"; valid while conf is. text must hold BUS_TOPIC_NAME_BYTES. */
#define BUS_TOPIC_NAME_BYTES 250
void bus_topic_name(const struct bus_conf *conf, enum bus_topic topic,
                    char text[static BUS_TOPIC_NAME_BYTES]);

/* Makes the file or the topics that are missing, and reaches the bus once. Safe to repeat and to
 * race. */
enum rc bus_prepare(const struct bus_conf *conf, struct err *err) MUST_USE;

/* ---- producing ---- */

struct bus_producer;

/* Called exactly once for each accepted set. err is NULL for RC_OK, else valid during the call. */
typedef void bus_delivered_fn(void *context, enum rc rc, const struct err *err);

enum rc bus_producer_open(const struct bus_conf *conf, struct bus_producer **producer_out,
                          struct err *err) MUST_USE;
/* Queues a set of messages that is confirmed as one; everything is copied before it returns. count
 * may be 0 (confirmed at once, on the calling thread). The callback is called only if the result is
 * RC_OK. */
enum rc bus_produce(struct bus_producer *producer, const struct bus_message *messages, size_t count,
                    bus_delivered_fn *delivered, void *context, struct err *err) MUST_USE;
/* bus_produce, then waits for the confirmation. For command-line tools and tests. */
enum rc bus_produce_wait(struct bus_producer *producer, const struct bus_message *messages,
                         size_t count, struct err *err) MUST_USE;

struct bus_producer_stats {
    uint64_t queued_messages; /* unconfirmed now */
    uint64_t queued_bytes;
    uint64_t delivered_messages; /* since open */
    uint64_t failed_messages;
    uint64_t commits; /* embedded: transactions; kafka: 0 */
};
void bus_producer_stats(struct bus_producer *producer, struct bus_producer_stats *stats_out);

/* Waits up to timeout_ms for what is queued, fails the rest with RC_RETRY, closes. Accepts
 * *producer == NULL. */
void bus_producer_close(struct bus_producer **producer, int timeout_ms);

/* ---- consuming ---- */

struct bus_consumer;

struct bus_consumed {
    struct bus_message message;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_us; /* when it was produced */
};

struct bus_batch { /* borrowed until the next bus_consumer_poll or close */
    const struct bus_consumed *messages;
    size_t count;
};

#define BUS_OFFSET_EARLIEST (-1) /* the earliest kept */
#define BUS_OFFSET_DONE (-2) /* the one that bus_consumer_done was told last, else the earliest */

struct bus_consumer_conf {
    const char *group;
    const enum bus_topic *topics;
    size_t topic_count;
    /* Where to begin: called for each partition whenever it is assigned, from within
     * bus_consumer_poll. Sets the next offset to read, or BUS_OFFSET_EARLIEST; with the embedded
     * bus BUS_OFFSET_DONE too. A result other than RC_OK ends the poll with that result. */
    enum rc (*start_offset)(void *context, enum bus_topic topic, int32_t partition,
                            int64_t *offset_out, struct err *err);
    /* The partition now belongs to somebody else; messages of it that were not yet returned are
     * dropped. May be NULL. */
    void (*revoked)(void *context, enum bus_topic topic, int32_t partition);
    void *context;
};

enum rc bus_consumer_open(const struct bus_conf *conf,
                          const struct bus_consumer_conf *consumer_conf,
                          struct bus_consumer **consumer_out, struct err *err) MUST_USE;

/* Waits up to timeout_ms for a first message, then takes what is there up to max_messages and
 * max_bytes (at least one). RC_AGAIN = nothing came. Never returns a message twice unless its
 * partition was assigned anew. The embedded bus has one consumer per group and topic at a time:
 * while another process holds it, polls give RC_AGAIN. */
enum rc bus_consumer_poll(struct bus_consumer *consumer, int timeout_ms, size_t max_messages,
                          size_t max_bytes, struct bus_batch *batch_out, struct err *err) MUST_USE;

/* Tells the bus that all below next_offset is stored elsewhere for good. kafka: commits it to the
 * group, for lag tools; embedded: lets segments be pruned. Never needed for correctness: readers
 * begin where start_offset says. It is stored when it frees something; for a partition begun at
 * BUS_OFFSET_DONE, before the call returns. */
enum rc bus_consumer_done(struct bus_consumer *consumer, enum bus_topic topic, int32_t partition,
                          int64_t next_offset, struct err *err) MUST_USE;

void bus_consumer_close(struct bus_consumer **consumer);

/* ---- looking ---- */

/* Which log this is: a text that stays while the log lives and differs for another log (kafka: the
 * cluster id; embedded: a random UUID kept in the file). Offsets mean something only together with
 * it: without it, a bus file that was deleted, or a change from embedded to kafka, would make a
 * loader skip what it takes for read. */
#define BUS_IDENTITY_BYTES 64
enum rc bus_identity(const struct bus_conf *conf, char text[static BUS_IDENTITY_BYTES],
                     struct err *err) MUST_USE;

struct bus_partition_range {
    int32_t partition;
    int64_t first_offset; /* the earliest kept */
    int64_t next_offset;  /* the one that the next message will get */
};

/* Fills at most max ranges; count_out says how many partitions there are. */
enum rc bus_ranges(const struct bus_conf *conf, enum bus_topic topic,
                   struct bus_partition_range *ranges, size_t max, size_t *count_out,
                   struct err *err) MUST_USE;

#endif
