/* kafka_client.h: what every use of librdkafka here shares: settings, log lines, the last broker
 * error.
 *
 * Written to the API of 2.0.2; its defects and what is done about them: reference/ecosystem.md 2.6.
 * Owns:    one rd_kafka_t; a process opens its own, handles do not survive a fork.
 * Errors:  RC_FATAL = a property that librdkafka refuses; RC_RETRY = brokers away.
 * Threads: librdkafka's threads log and report errors; the rest is the owner's. */
#ifndef SLUICE_BUS_KAFKA_CLIENT_H
#define SLUICE_BUS_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bus/bus.h"
#include "lib/limits.h"

/* A message, its headers and the frame of a batch with it alone. */
#define KAFKA_BATCH_BYTES (LIMIT_BUS_MESSAGE_BYTES + 64 * KIB)

struct kafka_client {
    const struct bus_conf *conf;
    rd_kafka_t *handle;
    void *owner;
    atomic_bool fatal;         /* librdkafka raised a fatal error: this handle is of no use */
    _Atomic int64_t warned_us; /* when the last warning was logged */
    _Atomic uint64_t hushed;   /* warnings not logged since */
    pthread_mutex_t mutex;     /* guards problem */
    char problem[256];         /* what librdkafka said last about the brokers */
};

struct kafka_setting {
    const char *name;
    const char *value;
    bool fixed; /* the promises of bus.h need it: bus.properties may not change it */
};

void kafka_client_init(struct kafka_client *client, const struct bus_conf *conf, void *owner);
/* Destroys the handle when it is there. */
void kafka_client_done(struct kafka_client *client);

/* Makes the settings: ours, then the pipeline's properties, then the brokers. The list ends with
 * name == NULL. The caller owns *settings_out until kafka_client_open takes it. */
enum rc kafka_client_configure(struct kafka_client *client, const struct kafka_setting *settings,
                               rd_kafka_conf_t **conf_out, struct err *err) MUST_USE;
/* Takes conf, also when it fails. */
enum rc kafka_client_open(struct kafka_client *client, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                          struct err *err) MUST_USE;

/* Fills err: what failed, Kafka's word for it, and what the brokers said last. */
enum rc kafka_client_fail(struct kafka_client *client, enum rc rc, rd_kafka_resp_err_t code,
                          const char *what, struct err *err);

/* RC_FATAL for what only a changed configuration can mend, else RC_RETRY. */
enum rc kafka_rc_of(rd_kafka_resp_err_t code);

#endif
