/* https_get.h: one small document over HTTPS.
 *
 * TLS 1.2 or newer, the server's certificate is verified; no redirects, nothing but HTTPS.
 * Bounds:  the caller's size; 5 s in all, 3 s of them to connect.
 * Owns:    nothing between calls.
 * Errors:  RC_RETRY = there was no answer; err names no part of the URL, since it may come from a
 *          stranger.
 * Threads: blocks; safe from any, not for those that serve connections.
 * Source:  reference/ecosystem.md 7.2. */
#ifndef SLUICE_CONNECTORS_HTTPS_GET_H
#define SLUICE_CONNECTORS_HTTPS_GET_H

#include <stdatomic.h>

#include "lib/buf.h"
#include "lib/err.h"

struct https_get_conf {
    const char *connect_to; /* "host:port" to connect to whatever the URL says; NULL = the URL's */
    const char *ca_file;    /* PEM of the authorities that are trusted; NULL = the system's */
};

/* Appends the body to out, whose maximum bounds it. Any status is an answer. */
enum rc https_get(const struct https_get_conf *conf, const char *url, atomic_bool *stop,
                  struct buf *out, long *status_out, struct err *err) MUST_USE;

#endif
