/* http_retry.h: a call of an HTTP API that is tried again while that may help.
 *
 * Tried again: transport errors, HTTP_BUSY, and replies that are not sound, such as the page of a
 * proxy instead of JSON. Between tries it waits as backoff.h says, at least as long as Retry-After
 * asks for. Not tried again: what is refused, what is too large.
 * Errors:  RC_OK = a sound reply, or 401, which is the caller's to judge; RC_RETRY = no try helped;
 *          RC_REJECT = refused (err.code is the status, the message holds what the server said);
 *          http_client_call's others.
 * Threads: as the client. */
#ifndef SLUICE_CONNECTORS_HTTP_RETRY_H
#define SLUICE_CONNECTORS_HTTP_RETRY_H

#include <stdbool.h>

#include "connectors/http_client.h"

#define HTTP_RETRY_AFTER_MOST_MS (15 * 60 * 1000) /* longer is the business of the next run */

struct http_counts {
    int64_t calls;
    int64_t retries;
};

struct http_retry {
    int tries;
    int64_t first_ms, most_ms; /* of backoff.h */
    /* Whether a reply with a 2xx status is what was asked for. */
    bool (*is_sound)(void *context, const struct http_reply *reply);
    /* Called before each try; another result than RC_OK ends the call with it. NULL: nothing. */
    enum rc (*before)(void *context, struct err *err);
    /* Told of each try that failed, before the next; it may change what the request points to.
     * NULL: nobody. */
    void (*failed)(void *context, const struct err *err);
    void *context;
    struct http_counts *counts; /* are added to */
};

enum rc http_retry_call(struct http_client *client, const struct http_request *request,
                        const struct http_retry *retry, struct http_reply *reply_out,
                        struct err *err) MUST_USE;

#endif
