/* driver.h: what an implementation of the bus provides; bus.c chooses one by conf->kind.
 *
 * Owns:    nothing; the tables are constants. A producer or consumer of an implementation begins
 * with the struct below, so that its own driver is found again.
 * Contract: that of bus.h; sizes and counts of messages were checked before produce is called. */
#ifndef SLUICE_BUS_DRIVER_H
#define SLUICE_BUS_DRIVER_H

#include "bus/bus.h"

struct bus_driver {
    enum rc (*prepare)(const struct bus_conf *conf, struct err *err);
    enum rc (*identity)(const struct bus_conf *conf, char text[static BUS_IDENTITY_BYTES],
                        struct err *err);
    enum rc (*ranges)(const struct bus_conf *conf, enum bus_topic topic,
                      struct bus_partition_range *ranges, size_t max, size_t *count_out,
                      struct err *err);

    enum rc (*producer_open)(const struct bus_conf *conf, struct bus_producer **producer_out,
                             struct err *err);
    enum rc (*produce)(struct bus_producer *producer, const struct bus_message *messages,
                       size_t count, uint64_t bytes, bus_delivered_fn *delivered, void *context,
                       struct err *err);
    void (*producer_stats)(struct bus_producer *producer, struct bus_producer_stats *stats_out);
    void (*producer_close)(struct bus_producer *producer, int timeout_ms);

    enum rc (*consumer_open)(const struct bus_conf *conf,
                             const struct bus_consumer_conf *consumer_conf,
                             struct bus_consumer **consumer_out, struct err *err);
    enum rc (*consumer_poll)(struct bus_consumer *consumer, int timeout_ms, size_t max_messages,
                             size_t max_bytes, struct bus_batch *batch_out, struct err *err);
    enum rc (*consumer_done)(struct bus_consumer *consumer, enum bus_topic topic, int32_t partition,
                             int64_t next_offset, struct err *err);
    void (*consumer_close)(struct bus_consumer *consumer);
};

struct bus_producer {
    const struct bus_driver *driver;
};

struct bus_consumer {
    const struct bus_driver *driver;
};

extern const struct bus_driver bus_embedded_driver;
extern const struct bus_driver bus_kafka_driver;

/* Key, value and headers together: what a message counts against every limit. */
size_t bus_message_bytes(const struct bus_message *message);

#endif
