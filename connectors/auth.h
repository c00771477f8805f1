/* auth.h: how each provider proves that a webhook is its own. One row of operations per provider.
 *
 * A request passes in up to three steps: "claim" reads what the sender presents in the headers,
 * before any of the body is kept; "check" holds it against the whole raw body; "handshake" answers
 * the GET that some platforms send when the address is registered. A check that needs something
 * from elsewhere first says AUTH_WAIT; "await" then calls back once it is worth checking again.
 *
 * Owns:    a struct auth_keys owns key schedules made from the connector's secrets; a struct
 *          auth_shared owns what all threads of a route remember together.
 * Errors:  every failure is one plain refusal: the answer must not say what was wrong.
 * Threads: one struct auth_keys belongs to one thread at a time, an auth_shared to all of them; the
 *          rest keeps no state. */
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
    struct str path_token; /* what follows the route's path; STR_NULL = nothing */
    int64_t now_us;        /* wall clock */
};

enum auth_handshake { AUTH_HANDSHAKE_OK, AUTH_HANDSHAKE_FORBIDDEN, AUTH_HANDSHAKE_MALFORMED };

enum auth_result {
    AUTH_OK,
    AUTH_REFUSED,
    AUTH_ASK,        /* credentials are missing, and such senders send them when asked (Basic) */
    AUTH_UNKNOWN,    /* to be answered as if nothing were there */
    AUTH_WAIT,       /* see "await"; at most AUTH_WAITS_MOST times for a body */
    AUTH_BUSY,       /* cannot be told now: too much is waited for already */
    AUTH_UNAVAILABLE /* cannot be told now: what it takes cannot be reached */
};

#define AUTH_WAITS_MOST 2

enum auth_scheme { AUTH_SCHEME_NONE, AUTH_SCHEME_BASIC, AUTH_SCHEME_BEARER };

struct auth_claim { /* texts are borrowed from the request's headers */
    enum auth_scheme scheme;
    unsigned char secret[DIGEST_SHA256_BYTES]; /* SHA-256 of the secret that was presented */
    unsigned char mac[DIGEST_SHA256_BYTES];    /* the signature, where it is an HMAC-SHA256 */
    struct str signature;                      /* as text, otherwise */
    struct str id;
    struct str kind;
    struct str timestamp;
    int64_t now_us;
    unsigned char awaited[DIGEST_SHA256_BYTES]; /* after AUTH_WAIT: names what is waited for */
};

/* Kept by the caller until "ready" was called: once, from any thread, maybe at once. */
struct auth_wait {
    struct auth_wait *next;
    void (*ready)(struct auth_wait *wait);
};

struct auth_keys;
struct auth_shared;

struct auth_channel {
    const char *channel;
    const char *provider; /* NULL = the channel has one */
    /* This sender takes a 4xx, or may take it, for "received, do not repeat", and what was refused
     * for a secret that is being replaced or a wrong clock would be lost. So what it is to send
     * again is answered 503. Not for one single status that is never answered, such as Postmark's
     * 403 and Mailgun's 406. */
    bool client_errors_are_final;
    bool proof_is_in_body; /* so nothing that is compressed is taken: it would be unfolded unproven
                            */
    bool takes_path_token; /* "/hooks/<tenant>/<connector>/<token>" is this route too */
    /* NULL: GET is refused. echo_out: what to answer with; borrowed from the source. */
    enum auth_handshake (*handshake)(const struct receive_connector *connector,
                                     const struct auth_source *source, struct str *echo_out);
    enum auth_result (*claim)(const struct receive_connector *connector,
                              const struct auth_source *source, struct auth_claim *claim_out);
    struct auth_keys *(*keys_new)(const struct receive_connector *connector,
                                  struct auth_shared *shared);
    void (*keys_free)(struct auth_keys **keys);
    enum auth_result (*check)(struct auth_keys *keys, struct auth_claim *claim, struct str body);
    /* Where nothing is shared, all are NULL; where nothing is waited for, stop and await. */
    struct auth_shared *(*shared_new)(const struct receive_connector *connector);
    void (*shared_stop)(struct auth_shared *shared); /* from here on nobody waits */
    void (*shared_free)(struct auth_shared **shared);
    void (*await)(struct auth_shared *shared, const struct auth_claim *claim,
                  struct auth_wait *wait);
};

/* NULL: no such channel, or provider of it, takes webhooks. */
const struct auth_channel *auth_channel_find(const char *channel, const char *provider);

/* A header that was given exactly once; STR_NULL otherwise. */
struct str auth_header(const struct auth_source *source, const char *name);
/* Decimal seconds since the epoch that are at most so far from now, either way. */
bool auth_is_recent(struct str seconds, int64_t now_us, int64_t most_s);

#endif
