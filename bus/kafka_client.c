#include "bus/kafka_client.h"

#include <stdio.h>

#include "lib/clock.h"
#include "lib/log.h"

#define SYSLOG_ERROR 3 /* the levels of librdkafka are those of syslog */
#define WARN_EVERY_US (10 * US_PER_SECOND)

void kafka_client_init(struct kafka_client *client, const struct bus_conf *conf, void *owner)
{
    *client = (struct kafka_client){.conf = conf, .owner = owner};
    (void)pthread_mutex_init(&client->mutex, NULL);
}

void kafka_client_done(struct kafka_client *client)
{
    if (client->handle != NULL)
        rd_kafka_destroy_flags(client->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    client->handle = NULL;
    (void)pthread_mutex_destroy(&client->mutex);
}

/* A broker that is away makes librdkafka repeat itself: one warning in ten seconds, with a count.
 */
static bool may_warn(struct kafka_client *client)
{
    int64_t now_us = clock_monotonic_us();
    int64_t last_us = client->warned_us;
    if (last_us != 0 && now_us - last_us < WARN_EVERY_US) {
        client->hushed++;
        return false;
    }
    return atomic_compare_exchange_strong(&client->warned_us, &last_us, now_us);
}

static void log_line(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    struct kafka_client *client = handle != NULL ? rd_kafka_opaque(handle) : NULL;
    if (level > SYSLOG_ERROR || client == NULL) {
        LOG_DEBUG("librdkafka", LOG_STR("facility", facility), LOG_STR("text", text));
        return;
    }
    if (may_warn(client))
        LOG_WARN("librdkafka", LOG_STR("facility", facility), LOG_STR("text", text),
                 LOG_INT("not_shown", atomic_exchange(&client->hushed, 0)));
}

static void error_came(rd_kafka_t *handle, int code, const char *reason, void *opaque)
{
    (void)handle;
    struct kafka_client *client = opaque;
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        client->fatal = true;
    (void)pthread_mutex_lock(&client->mutex);
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || client->problem[0] == '\0')
        (void)snprintf(client->problem, sizeof client->problem, "%s", reason);
    (void)pthread_mutex_unlock(&client->mutex);
}

static enum rc set_one(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return RC_OK;
    return err_set(err, RC_FATAL, "kafka property \"%s\" is refused: %s", name, why);
}

static const struct kafka_setting common_settings[] = {
    {"client.id", "sluice", false},
    {"socket.keepalive.enable", "true", false},
    {"socket.nagle.disable", "true", false},
    {"log.connection.close", "false", false},
    {NULL, NULL, false},
};

static const char *const own_words[] = {"bootstrap.servers", "metadata.broker.list", "group.id",
                                        "transactional.id"};

static bool is_fixed(const struct kafka_setting *settings, const char *name)
{
    for (size_t i = 0; i < sizeof own_words / sizeof *own_words; i++)
        if (strcmp(own_words[i], name) == 0)
            return true;
    for (; settings->name != NULL; settings++)
        if (settings->fixed && strcmp(settings->name, name) == 0)
            return true;
    return false;
}

static enum rc set_list(rd_kafka_conf_t *conf, const struct kafka_setting *settings,
                        struct err *err)
{
    enum rc rc = RC_OK;
    for (; rc == RC_OK && settings->name != NULL; settings++)
        rc = set_one(conf, settings->name, settings->value, err);
    return rc;
}

static enum rc set_properties(const struct bus_conf *bus_conf, rd_kafka_conf_t *conf,
                              const struct kafka_setting *settings, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < bus_conf->property_count; i++) {
        const struct bus_property *property = &bus_conf->properties[i];
        if (is_fixed(settings, property->name))
            return err_set(err, RC_FATAL,
                           "kafka property \"%s\" cannot be set: sluice sets it itself",
                           property->name);
        rc = set_one(conf, property->name, property->value, err);
    }
    return rc;
}

enum rc kafka_client_configure(struct kafka_client *client, const struct kafka_setting *settings,
                               rd_kafka_conf_t **conf_out, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_log_cb(conf, log_line);
    rd_kafka_conf_set_error_cb(conf, error_came);
    enum rc rc = set_list(conf, common_settings, err);
    if (rc == RC_OK)
        rc = set_list(conf, settings, err);
    if (rc == RC_OK)
        rc = set_properties(client->conf, conf, settings, err);
    if (rc == RC_OK)
        rc = set_one(conf, "bootstrap.servers", client->conf->brokers, err);
    if (rc != RC_OK)
        rd_kafka_conf_destroy(conf);
    else
        *conf_out = conf;
    return rc;
}

enum rc kafka_client_open(struct kafka_client *client, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                          struct err *err)
{
    char why[256];
    client->handle = rd_kafka_new(type, conf, why, sizeof why);
    if (client->handle != NULL)
        return RC_OK;
    rd_kafka_conf_destroy(conf);
    return err_set(err, RC_FATAL, "cannot use kafka with these properties: %s", why);
}

enum rc kafka_client_fail(struct kafka_client *client, enum rc rc, rd_kafka_resp_err_t code,
                          const char *what, struct err *err)
{
    (void)pthread_mutex_lock(&client->mutex);
    rc = err_set(err, rc, "%s: %s%s%s%s", what, rd_kafka_err2str(code),
                 client->problem[0] != '\0' ? " (last broker error: " : "", client->problem,
                 client->problem[0] != '\0' ? ")" : "");
    (void)pthread_mutex_unlock(&client->mutex);
    if (err != NULL)
        err->code = code;
    return rc;
}

enum rc kafka_rc_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__FATAL:
        return RC_FATAL;
    default:
        return RC_RETRY;
    }
}
