/* bus_dump PIPELINE TOPIC: what is on the bus of a pipeline file, one message a line, in the order
 * of the offsets: partition, offset, key and value, with tabs between. Topic: records, raw or
 * deadletter. Only for tests whose messages hold neither tabs nor newlines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "pipelines/pipeline.h"

#define PARTITIONS_MOST 64

static void report(void *context, const char *message)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", message);
}

static enum rc from_the_start(void *context, enum bus_topic topic, int32_t partition,
                              int64_t *offset_out, struct err *err)
{
    (void)context, (void)topic, (void)partition, (void)err;
    *offset_out = BUS_OFFSET_EARLIEST;
    return RC_OK;
}

static enum bus_topic topic_of(const char *word)
{
    return strcmp(word, "raw") == 0          ? BUS_RAW
           : strcmp(word, "deadletter") == 0 ? BUS_DEADLETTER
                                             : BUS_RECORDS;
}

static int64_t count_messages(const struct bus_conf *bus, enum bus_topic topic, struct err *err)
{
    struct bus_partition_range ranges[PARTITIONS_MOST];
    size_t count = 0;
    int64_t messages = 0;
    if (bus_ranges(bus, topic, ranges, PARTITIONS_MOST, &count, err) != RC_OK)
        return -1;
    for (size_t i = 0; i < count && i < PARTITIONS_MOST; i++)
        messages += ranges[i].next_offset - ranges[i].first_offset;
    return messages;
}

static void print(const struct bus_consumed *consumed)
{
    printf("%d\t%lld\t%.*s\t%.*s\n", consumed->partition, (long long)consumed->offset,
           STR_ARGS(consumed->message.key), STR_ARGS(consumed->message.value));
}

static enum rc dump(const struct bus_conf *bus, enum bus_topic topic, struct err *err)
{
    char group[64];
    struct bus_consumer *consumer = NULL;
    int64_t left = count_messages(bus, topic, err);
    (void)snprintf(group, sizeof group, "dump-%d", (int)getpid());
    const struct bus_consumer_conf conf = {
        .group = group, .topics = &topic, .topic_count = 1, .start_offset = from_the_start};
    enum rc rc = left < 0 ? err->rc : bus_consumer_open(bus, &conf, &consumer, err);
    int64_t until_us = clock_monotonic_us() + 60 * US_PER_SECOND;
    while (rc == RC_OK && left > 0) {
        struct bus_batch batch;
        rc = bus_consumer_poll(consumer, 1000, LIMIT_BATCH_RECORDS, LIMIT_BATCH_BYTES, &batch, err);
        for (size_t i = 0; i < batch.count; i++)
            print(&batch.messages[i]);
        left -= (int64_t)batch.count;
        if (rc == RC_AGAIN && clock_monotonic_us() < until_us)
            rc = RC_OK;
        else if (rc == RC_AGAIN)
            rc = err_set(err, RC_RETRY, "%lld messages did not come", (long long)left);
    }
    bus_consumer_close(&consumer);
    return rc;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct pipeline *pipeline = NULL;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: bus_dump PIPELINE records|raw|deadletter\n");
        return 2;
    }
    enum rc rc = pipeline_load(argv[1], report, NULL, &pipeline, &err);
    if (rc == RC_OK)
        rc = dump(&pipeline->bus, topic_of(argv[2]), &err);
    if (rc != RC_OK)
        (void)fprintf(stderr, "bus_dump: %s\n", err.msg);
    pipeline_free(&pipeline);
    return rc == RC_OK ? 0 : 1;
}
