/* Topics: making them, and how far they reach. */
#include <stdio.h>

#include "bus/kafka.h"
#include "bus/kafka_client.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/stop.h"

#define ANSWER_MS 5000 /* how long brokers have for one answer */
#define DAY_MS INT64_C(86400000)

static const struct kafka_setting admin_settings[] = {{NULL, NULL, false}};

static enum rc open_admin(struct kafka_client *client, const struct bus_conf *conf, struct err *err)
{
    kafka_client_init(client, conf, NULL);
    rd_kafka_conf_t *settings = NULL;
    enum rc rc = kafka_client_configure(client, admin_settings, &settings, err);
    return rc == RC_OK ? kafka_client_open(client, RD_KAFKA_PRODUCER, settings, err) : rc;
}

/* Errors reach the client's "problem" only while somebody polls. */
static enum rc fail_after_poll(struct kafka_client *client, rd_kafka_resp_err_t code,
                               const char *what, struct err *err)
{
    (void)rd_kafka_poll(client->handle, 0);
    return kafka_client_fail(client, kafka_rc_of(code), code, what, err);
}

/* How many partitions of the topic have a leader; 0 = the topic is not there yet. */
static enum rc count_partitions(struct kafka_client *client, const char *name, size_t *count_out,
                                struct err *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client->handle, name, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(client->handle, 0, topic, &metadata, ANSWER_MS);
    rd_kafka_topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_after_poll(client, code, "the kafka brokers do not answer", err);
    *count_out = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        for (int p = 0; p < metadata->topics[i].partition_cnt; p++)
            *count_out += metadata->topics[i].partitions[p].leader >= 0;
    rd_kafka_metadata_destroy(metadata);
    return RC_OK;
}

/* ---- making ---- */

static rd_kafka_NewTopic_t *describe_topic(const struct bus_conf *conf, enum bus_topic which)
{
    char text[BUS_TOPIC_NAME_BYTES];
    bus_topic_name(conf, which, text);
    char why[256];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(text, conf->partitions, conf->replication, why, sizeof why);
    if (topic == NULL)
        return NULL;
    (void)snprintf(text, sizeof text, "%zu", KAFKA_BATCH_BYTES);
    (void)rd_kafka_NewTopic_set_config(topic, "max.message.bytes", text);
    (void)snprintf(text, sizeof text, "%lld", (long long)(conf->retention_days * DAY_MS));
    (void)rd_kafka_NewTopic_set_config(topic, "retention.ms", text);
    return topic;
}

static enum rc judge_created(struct kafka_client *client, rd_kafka_event_t *event, struct err *err)
{
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_after_poll(client, rd_kafka_event_error(event), "cannot make the topics", err);
    size_t count = 0;
    const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topics[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            continue;
        const char *detail = rd_kafka_topic_result_error_string(topics[i]);
        return err_set(err, kafka_rc_of(code), "cannot make the topic \"%s\": %s",
                       rd_kafka_topic_result_name(topics[i]),
                       detail != NULL ? detail : rd_kafka_err2str(code));
    }
    return RC_OK;
}

static enum rc create_topics(struct kafka_client *client, const enum bus_topic *missing,
                             size_t count, struct err *err)
{
    rd_kafka_NewTopic_t *topics[BUS_TOPICS] = {0};
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->handle);
    rd_kafka_event_t *event = NULL;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count; i++)
        if ((topics[i] = describe_topic(client->conf, missing[i])) == NULL)
            rc = err_set(
                err, RC_FATAL,
                "these are no topics of kafka: prefix \"%s\", %d partitions, replication %d",
                client->conf->topic_prefix, client->conf->partitions, client->conf->replication);
    if (rc == RC_OK) {
        rd_kafka_CreateTopics(client->handle, topics, count, NULL, queue);
        event = rd_kafka_queue_poll(queue, 2 * ANSWER_MS);
        rc = event != NULL ? judge_created(client, event, err)
                           : fail_after_poll(client, RD_KAFKA_RESP_ERR__TIMED_OUT,
                                             "cannot make the topics", err);
    }
    if (event != NULL)
        rd_kafka_event_destroy(event);
    for (size_t i = 0; i < count; i++)
        if (topics[i] != NULL)
            rd_kafka_NewTopic_destroy(topics[i]);
    rd_kafka_queue_destroy(queue);
    return rc;
}

static enum rc list_missing(struct kafka_client *client, enum bus_topic missing[static BUS_TOPICS],
                            size_t *count_out, struct err *err)
{
    *count_out = 0;
    for (int i = 0; i < BUS_TOPICS; i++) {
        char name[BUS_TOPIC_NAME_BYTES];
        size_t partitions = 0;
        bus_topic_name(client->conf, (enum bus_topic)i, name);
        enum rc rc = count_partitions(client, name, &partitions, err);
        if (rc != RC_OK)
            return rc;
        if (partitions == 0)
            missing[(*count_out)++] = (enum bus_topic)i;
    }
    return RC_OK;
}

static enum rc wait_for_topics(struct kafka_client *client, struct err *err)
{
    enum bus_topic missing[BUS_TOPICS];
    size_t count = BUS_TOPICS;
    int64_t until_us = clock_monotonic_us() + ANSWER_MS * US_PER_MS;
    enum rc rc = list_missing(client, missing, &count, err);
    while (rc == RC_OK && count > 0 && clock_monotonic_us() < until_us && !stop_requested()) {
        stop_sleep_ms(20);
        rc = list_missing(client, missing, &count, err);
    }
    if (rc == RC_OK && count > 0)
        return err_set(err, RC_RETRY, "%zu topics of \"%s\" have no leader yet", count,
                       client->conf->topic_prefix);
    return rc;
}

enum rc kafka_prepare(const struct bus_conf *conf, struct err *err)
{
    struct kafka_client client;
    enum bus_topic missing[BUS_TOPICS];
    size_t count = 0;
    enum rc rc = open_admin(&client, conf, err);
    if (rc == RC_OK)
        rc = list_missing(&client, missing, &count, err);
    if (rc == RC_OK && count > 0)
        rc = create_topics(&client, missing, count, err);
    if (rc == RC_OK)
        rc = wait_for_topics(&client, err);
    kafka_client_done(&client);
    return rc;
}

enum rc kafka_identity(const struct bus_conf *conf, char text[static BUS_IDENTITY_BYTES],
                       struct err *err)
{
    struct kafka_client client;
    enum rc rc = open_admin(&client, conf, err);
    char *cluster = rc == RC_OK ? rd_kafka_clusterid(client.handle, ANSWER_MS) : NULL;
    if (rc == RC_OK && cluster == NULL)
        rc = fail_after_poll(&client, RD_KAFKA_RESP_ERR__TIMED_OUT,
                             "kafka does not say which cluster it is", err);
    if (cluster != NULL) {
        (void)snprintf(text, BUS_IDENTITY_BYTES, "kafka-%s", cluster);
        rd_kafka_mem_free(client.handle, cluster);
    }
    kafka_client_done(&client);
    return rc;
}

/* ---- ranges ---- */

static enum rc query_range(struct kafka_client *client, const char *name,
                           struct bus_partition_range *range, struct err *err)
{
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(client->handle, name, range->partition,
                                         &range->first_offset, &range->next_offset, ANSWER_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_after_poll(client, code, "cannot ask kafka for offsets", err);
    return RC_OK;
}

enum rc kafka_ranges(const struct bus_conf *conf, enum bus_topic topic,
                     struct bus_partition_range *ranges, size_t max, size_t *count_out,
                     struct err *err)
{
    struct kafka_client client;
    char name[BUS_TOPIC_NAME_BYTES];
    bus_topic_name(conf, topic, name);
    *count_out = 0;
    enum rc rc = open_admin(&client, conf, err);
    if (rc == RC_OK)
        rc = count_partitions(&client, name, count_out, err);
    if (rc == RC_OK && *count_out == 0)
        rc = err_set(err, RC_RETRY, "the topic \"%s\" does not exist", name);
    for (size_t i = 0; rc == RC_OK && i < *count_out && i < max; i++) {
        ranges[i] = (struct bus_partition_range){.partition = (int32_t)i};
        rc = query_range(&client, name, &ranges[i], err);
    }
    kafka_client_done(&client);
    return rc;
}
