/* receive.h: the webhook endpoint. Bytes in over HTTP, authenticated, normalized, put on the bus,
 * then answered.
 *
 * Routes:  GET and POST /hooks/<tenant>/<connector>, POST /hooks/<tenant>/<connector>/sent on
 * "listen"; /metrics, /healthz, /readyz on "admin". Promise: 200 only after the bus has confirmed
 * every record of the body (and the raw bytes, when archived). While it waits the connection is
 * suspended; no thread waits. Answers: 200 stored; 401 signature missing or wrong (nothing parsed,
 * stored or logged of the body); 403 failed GET verification; 404 unknown route; 405 other method;
 * 411/413 body; 503 + Retry-After when the bus cannot take it. A well-signed body that cannot be
 * read is a dead letter and 200 (whatsapp.md 1.5). Threads: receive_run blocks until a stop is
 * requested (lib/stop.h), then drains: what comes on open connections is still stored, and answered
 * with Connection: close, until they are closed or idle. */
#ifndef SLUICE_CONNECTORS_RECEIVE_H
#define SLUICE_CONNECTORS_RECEIVE_H

#include "bus/bus.h"
#include "connectors/http_tls.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "transform/normalizer.h"

struct receive_connector {
    const char *tenant; /* slug */
    struct uuid tenant_id;
    const char *name;
    const char *channel; /* whatsapp, ... */
    const char *provider;
    const char *account;
    struct uuid channel_id;
    const char *verify_token; /* NULL = GET verification refused */
    /* What senders sign with, or present where they present one thing: app secrets, secret tokens,
     * signing keys, public keys, keys of own programs. */
    const char *const *secrets;
    size_t secret_count;
    struct conf_texts basic;    /* "user:password" */
    struct conf_texts bearers;  /* keys of email providers that sign nothing */
    struct conf_texts tokens;   /* b2chat */
    struct conf_texts topics;   /* of Amazon SNS, for ses */
    bool refuses_sha1;          /* SNS's SignatureVersion 1 */
    const char *sns_connect_to; /* http_client.h, both */
    const char *sns_ca_file;
    struct conf_texts sent_keys; /* of .../sent; none = there is no such path */
    int64_t tolerance_s;         /* age of signatures; 0 = the provider's */
    size_t max_body_bytes;       /* 0 = receive_conf's */
    bool is_sent_only;           /* nothing else is received here */
    const char *map_provider;    /* whose shape its bodies have; NULL = the channel's first */
    struct channel_settings settings;
};

struct spool_conf {
    const char *path;   /* the file; NULL = no spool */
    uint64_t max_bytes; /* of the file */
    bool always;        /* every body goes through it; false: only while the bus takes nothing */
};

struct receive_conf {
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080"; port 0 = any, the log says which */
    const char *admin;  /* NULL = none */
    /* Sockets handed over by who started the process, instead of binding these; 0 or less = none.
     * They stay open elsewhere: the next process has them too. receive_run closes its own. */
    int handed_listen;
    int handed_admin;
    void (*ready)(void);      /* called once webhooks are taken; NULL = nobody wants to know */
    struct http_tls_conf tls; /* of "listen"; its certificate NULL: none */
    size_t max_body_bytes;
    int threads; /* 0 = one per processor */
    int idle_timeout_s;
    int max_connections;
    bool archive_raw;
    struct spool_conf spool;
    const struct receive_connector *connectors;
    size_t connector_count;
};

enum rc receive_run(const struct receive_conf *conf, const struct bus_conf *bus,
                    struct err *err) MUST_USE;

#endif
