/* http_client.h: one request after another to one HTTP API, over libcurl.
 *
 * A reply is whole or it is none: its body is kept until the next call, and a body that breaks off,
 * is larger than it may be or comes too slowly is a failure of the call, never half a reply.
 * TLS:     1.2 or newer; certificates and names are always verified, by what the system trusts or
 * by ca_file. Secrets: what http_request.secret names (a token that stands in the path) is replaced
 * by "***" in every message; headers, paths and bodies never stand in one. Redirects are not
 * followed, since they would carry the credentials elsewhere. Owns:    the connection, and the
 * reply until the next call. Texts of conf are borrowed. Bounds:  body, header, time, and how long
 * less than HTTP_SLOW_BYTES a second may come. Errors:  RC_OK = a whole reply came, whatever its
 * status says (http_reply_verdict). RC_RETRY = the other side is away, slow or broke off. RC_AGAIN
 * = a stop was requested (lib/stop.h), within about 0.1 s. RC_REJECT = larger than it may be (code
 * HTTP_TOO_LARGE), or somebody must mend it: certificate, address. Threads: one owner; several
 * clients may be on several threads. Proxies are those of the environment (https_proxy, no_proxy).
 */
#ifndef SLUICE_CONNECTORS_HTTP_CLIENT_H
#define SLUICE_CONNECTORS_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/str.h"

#define HTTP_SLOW_BYTES 100
/* err.code of calls without a reply. */
#define HTTP_TIMED_OUT 408
#define HTTP_TOO_LARGE 413

struct http_client_conf {
    const char *url;        /* "https://api.b2chat.io": what every path begins with */
    const char *ca_file;    /* PEM; NULL = what the system trusts */
    const char *connect_to; /* "host:port" to connect to, past any proxy, whatever the URL says; the
                               other side must still be whom it says. NULL = as the URL says */
    int connect_timeout_ms;
    size_t max_body_bytes; /* decoded */
};

struct http_client;

/* RC_REJECT: the URL is none of http or https. */
enum rc http_client_new(const struct http_client_conf *conf, struct http_client **client_out,
                        struct err *err) MUST_USE;
void http_client_free(struct http_client **client);

struct http_parameter { /* value NULL: left out */
    const char *name;
    const char *value;
};

struct http_request {
    const char *what;                        /* for messages: "getUpdates" */
    const char *path;                        /* "/chats/export"; goes as it is */
    const char *secret;                      /* what no message may show; NULL = none */
    const struct http_parameter *parameters; /* query string, or body of a POST; escaped here */
    size_t parameter_count;
    const char *bearer; /* NULL = none */
    const char *user;   /* HTTP Basic, with password; NULL = none */
    const char *password;
    bool is_post;   /* application/x-www-form-urlencoded */
    int timeout_ms; /* of the whole call */
    int slow_s;     /* the wait for the first byte counts too; 0 = as long as the call may take */
};

struct http_reply { /* valid until the next call */
    int status;
    struct str body;
    struct str content_type; /* STR_NULL = the server did not say */
    int64_t retry_after_ms;  /* 0 = not said */
    int64_t date_us;         /* by the server's clock; TIME_NONE = not said */
};

enum rc http_client_call(struct http_client *client, const struct http_request *request,
                         struct http_reply *reply_out, struct err *err) MUST_USE;

enum http_verdict {
    HTTP_DONE,         /* 2xx */
    HTTP_UNAUTHORIZED, /* 401: the credentials, or a token that has ended */
    HTTP_BUSY,         /* 408, 425, 429, 5xx: the same again later */
    HTTP_REFUSED       /* the rest: the same again changes nothing */
};
enum http_verdict http_reply_verdict(int status);

/* Replaces secret in text by "***". */
void http_scrub(char *text, const char *secret);

#endif
