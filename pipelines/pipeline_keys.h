/* pipeline_keys.h: the keys of a pipeline file, and the file as it was written. pipeline.c turns it
 * into what the stages take.
 *
 * Units:   durations int64 milliseconds; sizes int64 bytes.
 * Threads: constant tables. */
#ifndef SLUICE_PIPELINES_PIPELINE_KEYS_H
#define SLUICE_PIPELINES_PIPELINE_KEYS_H

#include "lib/conf.h"

struct file_database {
    const char *url;
};

struct file_bus {
    const char *kind;
    const char *topic_prefix;
    int64_t retention;
    const char *path;    /* embedded */
    const char *brokers; /* kafka, as all below */
    int64_t partitions, replication;
    int64_t delivery_timeout;
    struct conf_pairs properties;
};

struct file_tls {
    const char *certificate;
    const char *key;
    const char *client_ca;
    const char *client_name;
};

struct file_receive {
    const char *listen;
    const char *admin;
    int64_t max_body;
    int64_t threads;
    int64_t idle_timeout;
    int64_t max_connections;
    struct file_tls tls;
};

struct file_spool {
    const char *path;
    int64_t max_size;
    const char *when;
};

struct file_load {
    int64_t batch_records;
    int64_t batch_bytes;
    int64_t batch_wait;
    const char *group;
};

struct file_rollup {
    int64_t every;
};

struct file_archive {
    bool raw;
    int64_t days;
};

struct file_connector { /* which fields are used depends on the channel */
    const char *name;
    const char *channel;
    const char *account;
    const char *mode;
    const char *timezone;
    int64_t session_gap;
    bool outbound_visible;
    int64_t every;
    struct conf_texts own;  /* whatsapp: names; telegram: user ids; email: addresses */
    struct conf_texts keys; /* webchat, canonical, email */
    struct conf_texts sent_keys;
    int64_t max_body;
    int64_t signature_age; /* email */
    /* whatsapp */
    const char *date_order;
    const char *verify_token;
    struct conf_texts app_secrets;
    const char *api_sender;
    /* what is pulled */
    const char *url;
    const char *ca_file;
    /* telegram */
    const char *token;
    const char *secret_token;
    /* email */
    const char *user;
    const char *password;
    const char *token_command;
    const char *token_file;
    bool allow_plain;
    struct conf_texts folders; /* imap */
    const char *since;         /* imap */
    const char *provider;
    struct conf_texts basic_auth;
    struct conf_texts public_keys;
    struct conf_texts signing_keys;
    struct conf_texts topics; /* ses, as the next three */
    bool sha1_signatures;
    const char *sns_connect_to;
    const char *sns_ca_file;
    bool thread_per_contact;
    struct conf_texts reused_id_domains;
    /* b2chat */
    const char *client_id;
    const char *client_secret;
    const char *backfill_from;
    int64_t calls_per_second, calls_per_day;
    struct conf_texts webhook_tokens;
    struct conf_texts webhook_secrets;
};

struct file_tenant {
    const char *slug;
    const char *name;
    const char *timezone;
    struct conf_list connectors; /* struct file_connector */
};

struct file_pipeline {
    struct file_database database;
    struct file_bus bus;
    struct file_receive receive;
    struct file_spool spool;
    struct file_load load;
    struct file_rollup rollup;
    struct file_archive archive;
    struct conf_list tenants; /* struct file_tenant */
};

extern const struct conf_key pipeline_keys[];

#endif
