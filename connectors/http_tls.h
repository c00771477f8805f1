/* http_tls.h: TLS of an HTTP listener: at least 1.2, and clients that have to show a certificate.
 *
 * libmicrohttpd speaks TLS by GnuTLS, but only asks for a client's certificate: it neither requires
 * nor verifies one. Both are done here, by GnuTLS and within the handshake, so that nobody gets as
 * far as HTTP without.
 * Owns:    a struct http_tls owns what it has read of the files.
 * Errors:  RC_REJECT = a file cannot be read, or does not hold what it should; the message names
 * it. Threads: constant once loaded. */
#ifndef SLUICE_CONNECTORS_HTTP_TLS_H
#define SLUICE_CONNECTORS_HTTP_TLS_H

#include <microhttpd.h>

#include "lib/err.h"

struct http_tls_conf {
    const char *certificate; /* PEM files: the chain, the server's own first; NULL = no TLS */
    const char *key;
    const char *client_ca;   /* who must have issued clients' certificates; NULL = none is wanted */
    const char *client_name; /* that these must be of; NULL = any */
};

struct http_tls;

/* conf is borrowed. */
enum rc http_tls_load(const struct http_tls_conf *conf, struct http_tls **tls_out,
                      struct err *err) MUST_USE;
void http_tls_free(struct http_tls **tls); /* after the daemons; accepts NULL and *tls == NULL */

/* For MHD_OPTION_ARRAY of a daemon with MHD_USE_TLS. They borrow from tls. */
#define HTTP_TLS_OPTIONS 5
void http_tls_options(const struct http_tls *tls,
                      struct MHD_OptionItem options_out[static HTTP_TLS_OPTIONS]);
/* At MHD_CONNECTION_NOTIFY_STARTED. */
void http_tls_begin(const struct http_tls *tls, struct MHD_Connection *connection);

#endif
