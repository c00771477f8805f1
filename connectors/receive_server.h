/* receive_server.h: what the parts of the webhook endpoint share. For connectors/receive*.c only.
 *
 * Life of a request: request line -> headers -> admitted or refused -> body collected (or dropped)
 *          -> authenticated -> unfolded -> put in the store (receive_store.h) -> suspended
 *          -> confirmed -> resumed -> answered -> completed.
 * Owns:    the server owns idle requests; a request in MHD's hands belongs to it until the
 *          completion callback.
 * Threads: requests of one connection run on one MHD thread. */
#ifndef SLUICE_CONNECTORS_RECEIVE_SERVER_H
#define SLUICE_CONNECTORS_RECEIVE_SERVER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "connectors/receive_body.h"
#include "connectors/receive_framing.h"
#include "connectors/receive_store.h"

#define REQUEST_ID_BYTES 33

struct request;

struct receive_server {
    const struct receive_conf *conf;
    struct route_table *routes;
    struct receive_answers *answers;
    struct receive_metrics *metrics;
    struct ingest_pool *ingests;
    struct receive_store *store;
    struct body_budget bodies;
    int64_t max_body_us; /* from headers to the end of the body */

    atomic_bool leaving;    /* answers close their connections; bodies are still stored */
    atomic_bool stopping;   /* and now they are not */
    atomic_size_t requests; /* begun, not completed */
    atomic_size_t awaiting; /* receive_await.h */
    atomic_uint_fast64_t request_number;
    uint64_t request_prefix; /* random: ids of two processes differ */

    pthread_mutex_t pool_lock; /* guards the list */
    struct request *idle_requests;
    size_t idle_request_count;
};

/* MHD's callbacks of the webhook listener; cls is the struct receive_server. The first one gives
 * the request of the others. */
void *receive_request_open(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result receive_request_handle(void *cls, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_n, void **request);
void receive_request_completed(void *cls, struct MHD_Connection *connection, void **request,
                               enum MHD_RequestTerminationCode code);
/* After the daemon has stopped. */
void receive_request_free_idle(struct receive_server *server);

/* MHD's callback of the admin listener; cls is a struct receive_admin. */
struct receive_admin {
    struct receive_server *server;
    _Atomic(struct http_loops *) hooks; /* the webhook listener; NULL = not open */
    atomic_bool is_leaving;             /* and no other process has the listeners */
};
enum MHD_Result receive_admin_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *upload,
                                     size_t *upload_n, void **state);
bool receive_is_ready(const struct receive_admin *admin);

#endif
