#include "bus/kafka.h"

const struct bus_driver bus_kafka_driver = {
    .prepare = kafka_prepare,
    .identity = kafka_identity,
    .ranges = kafka_ranges,
    .producer_open = kafka_producer_open,
    .produce = kafka_produce,
    .producer_stats = kafka_producer_stats,
    .producer_close = kafka_producer_close,
    .consumer_open = kafka_consumer_open,
    .consumer_poll = kafka_consumer_poll,
    .consumer_done = kafka_consumer_done,
    .consumer_close = kafka_consumer_close,
};
