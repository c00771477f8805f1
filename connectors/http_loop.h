/* http_loop.h: one HTTP listener served by a few threads, each with a libmicrohttpd daemon that it
 * drives itself.
 *
 * Why not MHD's own thread pool: with epoll it asks for 128 events at a time and, when it gets just
 * as many, waits for more before it serves those: all its senders stall, up to the idle timeout
 * (0.9.75; seen with 256 busy connections on 2 threads). Driven from outside it never waits. And
 * many connections that are resumed at once cost one wake-up here, there one each.
 * Closing: a connection that is closed from here lingers (linger.h), so that no reset overtakes its
 *          last answer.
 * Owns:    the descriptor of the listening socket, from http_loops_open on, whatever the result.
 * Threads: callbacks of one connection run on one thread. http_loop_suspend: from its callbacks
 *          only. http_loop_resume: from any. The others: from one thread. */
#ifndef SLUICE_CONNECTORS_HTTP_LOOP_H
#define SLUICE_CONNECTORS_HTTP_LOOP_H

#include <microhttpd.h>

#include "connectors/http_tls.h"

struct http_loops;
struct http_loop;

struct http_loops_conf {
    int fd; /* bound, not listening yet */
    int threads;
    unsigned int connections; /* of all threads together */
    unsigned int idle_timeout_s;
    size_t connection_memory_bytes; /* bounds the headers of a request */
    MHD_LogCallback log;
    /* Once the request line is there: what it gives is the request's state for the others. NULL:
     * none. */
    void *(*open)(void *context, const char *uri, struct MHD_Connection *connection);
    MHD_AccessHandlerCallback handle;
    MHD_RequestCompletedCallback completed;
    void *context;              /* of all */
    const struct http_tls *tls; /* borrowed until http_loops_close; NULL = none */
};

enum rc http_loops_open(const struct http_loops_conf *conf, struct http_loops **loops_out,
                        struct err *err) MUST_USE;
size_t http_loops_connections(const struct http_loops *loops);
/* Closes the descriptors of the listening socket, which lives on in other processes that have it;
 * open connections go on. */
void http_loops_quiesce(struct http_loops *loops);
/* No connection may be suspended any more. Waits for those that linger. Accepts NULL and *loops ==
 * NULL. */
void http_loops_close(struct http_loops **loops);

struct http_suspended { /* kept by the caller until it was resumed */
    struct http_suspended *next;
    struct http_loop *loop;
    struct MHD_Connection *connection;
};

void http_loop_suspend(struct http_suspended *suspended, struct MHD_Connection *connection);
/* From here on the connection is MHD's again, and its callback may already run. */
void http_loop_resume(struct http_suspended *suspended);

#endif
