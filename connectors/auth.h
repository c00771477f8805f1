/* auth.h: how each channel proves that a webhook is its own. One row of operations per channel.
 *
 * A request passes in three steps: "claim" reads what the sender presents in the headers, before
 * any of the body is kept; "check" holds it against the whole raw body; "handshake" answers the GET
 * that some platforms send when the address is registered.
 *
 * Owns:    a struct auth_keys owns key schedules made from the connector's secrets.
 * Errors:  every failure is one plain refusal: the answer must not say what was wrong.
 * Threads: one struct auth_keys belongs to one thread at a time; the rest keeps no state. */
#ifndef SLUICE_CONNECTORS_AUTH_H
#define SLUICE_CONNECTORS_AUTH_H

#include "connectors/receive.h"
#include "lib/digest.h"

/* A header or query parameter: value of the first one, and how often it came. */
struct auth_value {
    struct str value;
    size_t count;
};

struct auth_source { /* names of headers are compared without case, of parameters with it */
    struct auth_value (*header)(void *context, const char *name);
    struct auth_value (*parameter)(void *context, const char *name);
    void *context;
};

struct auth_claim {
    unsigned char digest[DIGEST_SHA256_BYTES];
};

enum auth_handshake { AUTH_HANDSHAKE_OK, AUTH_HANDSHAKE_FORBIDDEN, AUTH_HANDSHAKE_MALFORMED };

struct auth_keys;

struct auth_channel {
    const char *channel;
    /* echo_out: what to answer with; borrowed from the source. */
    enum auth_handshake (*handshake)(const struct receive_connector *connector,
                                     const struct auth_source *source, struct str *echo_out);
    bool (*claim)(const struct auth_source *source, struct auth_claim *claim_out);
    struct auth_keys *(*keys_new)(const struct receive_connector *connector);
    void (*keys_free)(struct auth_keys **keys);
    bool (*check)(struct auth_keys *keys, const struct auth_claim *claim, struct str body);
};

/* NULL: no such channel takes webhooks. */
const struct auth_channel *auth_channel_find(const char *channel);

#endif
