/* kafka.h: the parts of the Kafka bus that kafka.c joins to one driver; contracts in driver.h. */
#ifndef SLUICE_BUS_KAFKA_H
#define SLUICE_BUS_KAFKA_H

#include "bus/driver.h"

enum rc kafka_prepare(const struct bus_conf *conf, struct err *err) MUST_USE;
enum rc kafka_identity(const struct bus_conf *conf, char text[static BUS_IDENTITY_BYTES],
                       struct err *err) MUST_USE;
enum rc kafka_ranges(const struct bus_conf *conf, enum bus_topic topic,
                     struct bus_partition_range *ranges, size_t max, size_t *count_out,
                     struct err *err) MUST_USE;

enum rc kafka_producer_open(const struct bus_conf *conf, struct bus_producer **producer_out,
                            struct err *err) MUST_USE;
enum rc kafka_produce(struct bus_producer *producer, const struct bus_message *messages,
                      size_t count, uint64_t bytes, bus_delivered_fn *delivered, void *context,
                      struct err *err) MUST_USE;
void kafka_producer_stats(struct bus_producer *producer, struct bus_producer_stats *stats_out);
void kafka_producer_close(struct bus_producer *producer, int timeout_ms);

enum rc kafka_consumer_open(const struct bus_conf *conf,
                            const struct bus_consumer_conf *consumer_conf,
                            struct bus_consumer **consumer_out, struct err *err) MUST_USE;
enum rc kafka_consumer_poll(struct bus_consumer *consumer, int timeout_ms, size_t max_messages,
                            size_t max_bytes, struct bus_batch *batch_out,
                            struct err *err) MUST_USE;
enum rc kafka_consumer_done(struct bus_consumer *consumer, enum bus_topic topic, int32_t partition,
                            int64_t next_offset, struct err *err) MUST_USE;
void kafka_consumer_close(struct bus_consumer *consumer);

#endif
