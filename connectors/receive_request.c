#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "connectors/receive_await.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/log.h"

/* What an idle request keeps of its body buffer, and how many requests are kept. */
#define KEPT_BODY_BYTES (64 * KIB)
#define KEPT_REQUESTS 64
#define REFUSAL_LOG_EVERY_US (5 * US_PER_SECOND)

struct request {
    struct request *next; /* while idle */
    struct receive_server *server;
    struct MHD_Connection *connection;
    const struct route *route; /* NULL: not found */
    enum verdict verdict;
    struct auth_claim claim;
    struct str challenge; /* GET verification; borrowed from the connection */
    struct buf body;
    size_t held;                /* bytes of the body, counted in held_bytes */
    size_t dropped;             /* bytes read of a body that is refused anyway */
    int64_t started_us;         /* monotonic */
    int64_t received_us;        /* wall clock */
    int64_t answered_us;        /* monotonic; 0 = not answered */
    struct receive_await await; /* until it is authenticated */
    struct store_job job;       /* once it is */
    char id[REQUEST_ID_BYTES];
};

/* ---- pools ---- */

static struct request *request_take(struct receive_server *server)
{
    (void)pthread_mutex_lock(&server->pool_lock);
    struct request *request = server->idle_requests;
    if (request != NULL) {
        server->idle_requests = request->next;
        server->idle_request_count--;
    }
    (void)pthread_mutex_unlock(&server->pool_lock);
    if (request == NULL) {
        request = xcalloc(1, sizeof *request);
        buf_init(&request->body, server->max_body_bytes);
    }
    return request;
}

static void request_free(struct request *request)
{
    buf_done(&request->body);
    free(request);
}

static void request_give(struct receive_server *server, struct request *request)
{
    if (request->body.cap > KEPT_BODY_BYTES)
        buf_done(&request->body);
    buf_reset(&request->body);
    (void)pthread_mutex_lock(&server->pool_lock);
    bool keep = server->idle_request_count < KEPT_REQUESTS;
    if (keep) {
        request->next = server->idle_requests;
        server->idle_requests = request;
        server->idle_request_count++;
    }
    (void)pthread_mutex_unlock(&server->pool_lock);
    if (!keep)
        request_free(request);
}

void receive_request_free_idle(struct receive_server *server)
{
    for (struct request *request = server->idle_requests, *next; request != NULL; request = next) {
        next = request->next;
        request_free(request);
    }
    server->idle_requests = NULL;
}

/* ---- headers ---- */

struct lookup {
    const char *name;
    bool exact; /* case matters */
    struct auth_value found;
};

static enum MHD_Result on_value(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                const char *value, size_t value_n)
{
    (void)kind;
    struct lookup *lookup = cls;
    size_t n = strlen(lookup->name);
    if (key_n != n ||
        (lookup->exact ? memcmp(key, lookup->name, n) : strncasecmp(key, lookup->name, n)) != 0)
        return MHD_YES;
    if (lookup->found.count++ == 0)
        lookup->found.value = (struct str){value, value_n};
    return MHD_YES;
}

static struct auth_value header_of(void *context, const char *name)
{
    struct lookup lookup = {.name = name};
    (void)MHD_get_connection_values_n(context, MHD_HEADER_KIND, on_value, &lookup);
    return lookup.found;
}

static struct auth_value parameter_of(void *context, const char *name)
{
    struct lookup lookup = {.name = name, .exact = true};
    (void)MHD_get_connection_values_n(context, MHD_GET_ARGUMENT_KIND, on_value, &lookup);
    return lookup.found;
}

/* MHD has refused a Content-Length that is no number; one too large for 64 bits reads as huge. */
static bool declared_too_large(const struct receive_server *server,
                               struct MHD_Connection *connection)
{
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text != NULL && strtoull(text, NULL, 10) > server->max_body_bytes;
}

static enum verdict admit_get(struct request *request, const struct auth_source *source)
{
    const struct route *route = request->route;
    if (route->auth->handshake == NULL)
        return VERDICT_FORBIDDEN;
    switch (route->auth->handshake(route->connector, source, &request->challenge)) {
    case AUTH_HANDSHAKE_OK:
        return VERDICT_VERIFIED;
    case AUTH_HANDSHAKE_MALFORMED:
        return VERDICT_MALFORMED;
    default:
        return VERDICT_FORBIDDEN;
    }
}

static enum verdict verdict_of(enum auth_result result)
{
    switch (result) {
    case AUTH_OK:
        return VERDICT_OPEN;
    case AUTH_ASK:
        return VERDICT_ASKED;
    case AUTH_UNKNOWN:
        return VERDICT_NOT_FOUND;
    case AUTH_BUSY:
        return VERDICT_BUSY;
    case AUTH_WAIT:
    case AUTH_UNAVAILABLE:
        return VERDICT_UNAVAILABLE;
    case AUTH_REFUSED:
        break;
    }
    return VERDICT_UNAUTHORIZED;
}

static enum verdict admit_post(struct request *request, const struct auth_source *source)
{
    const struct route *route = request->route;
    request->claim.now_us = request->received_us;
    return verdict_of(route->auth->claim(route->connector, source, &request->claim));
}

/* Decides from the headers alone; VERDICT_OPEN: the body is wanted. */
static enum verdict admit(struct request *request, const char *url, const char *method)
{
    struct auth_source source = {
        .header = header_of, .parameter = parameter_of, .context = request->connection};
    request->route = route_find(request->server->routes, url, &source.path_token);
    if (request->route == NULL)
        return VERDICT_NOT_FOUND;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0)
        return admit_get(request, &source);
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return VERDICT_METHOD;
    if (declared_too_large(request->server, request->connection))
        return VERDICT_TOO_LARGE;
    return admit_post(request, &source);
}

/* ---- answering ---- */

static enum MHD_Result answer_challenge(const struct request *request)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        request->challenge.n, (void *)(uintptr_t)request->challenge.p, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    enum MHD_Result result = MHD_queue_response(request->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* A stranger can cause these at any rate, so they are logged now and then with a count in between.
 */
static void log_unauthorized(const struct request *request)
{
    static atomic_int_fast64_t last_us;
    static atomic_uint_fast64_t unlogged;
    int_fast64_t last = atomic_load(&last_us);
    if ((last != 0 && request->answered_us - last < REFUSAL_LOG_EVERY_US) ||
        !atomic_compare_exchange_strong(&last_us, &last, request->answered_us)) {
        atomic_fetch_add(&unlogged, 1);
        return;
    }
    LOG_WARN("webhook refused: signature or key missing, wrong or too old; if the sender is "
             "genuine, compare what it was given with the connector's keys, and the clocks",
             LOG_STR("tenant", request->route->connector->tenant),
             LOG_STR("connector", request->route->name),
             LOG_INT("more_since_last", atomic_exchange(&unlogged, 0)));
}

static enum MHD_Result answer(struct request *request)
{
    struct receive_server *server = request->server;
    request->answered_us = clock_monotonic_us();
    if (request->verdict == VERDICT_STORED)
        receive_metrics_acknowledged(server->metrics, request->answered_us - request->started_us);
    if (request->verdict == VERDICT_UNAUTHORIZED)
        log_unauthorized(request);
    if (request->verdict == VERDICT_VERIFIED)
        return answer_challenge(request);
    bool no_4xx = request->route != NULL && request->route->auth->client_errors_are_final;
    return receive_answer(server->answers, request->connection, request->verdict, no_4xx,
                          atomic_load(&server->leaving));
}

/* ---- storing ---- */

static struct ingest_body body_of(const struct request *request)
{
    struct auth_value type = header_of(request->connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    return (struct ingest_body){.bytes = buf_peek(&request->body),
                                .content_type = type.count == 1 ? type.value : STR_NULL,
                                .request_id = str_of(request->id),
                                .received_at_us = request->received_us};
}

static enum MHD_Result answer_stored(struct request *request, enum store_state state)
{
    static const enum verdict verdicts[] = {[STORE_KEPT] = VERDICT_STORED,
                                            [STORE_BUSY] = VERDICT_BUSY,
                                            [STORE_UNAVAILABLE] = VERDICT_UNAVAILABLE};
    if (state == STORE_UNDER_WAY)
        return MHD_YES;
    request->verdict = verdicts[state];
    return answer(request);
}

static enum MHD_Result store(struct request *request, struct ingest *ingest)
{
    request->job = (struct store_job){
        .connection = request->connection, .route = request->route, .body = body_of(request)};
    return answer_stored(request, receive_store_put(request->server->store, &request->job, ingest));
}

static enum MHD_Result authenticate_and_store(struct request *request)
{
    struct ingest_pool *ingests = request->server->ingests;
    struct ingest *ingest = ingest_pool_take(ingests);
    struct auth_keys *keys = ingest_keys(ingest, request->route);
    enum auth_result proof =
        request->route->auth->check(keys, &request->claim, buf_peek(&request->body));
    enum MHD_Result result = MHD_YES;
    if (proof == AUTH_OK)
        result = store(request, ingest);
    ingest_pool_give(ingests, ingest);
    if (proof == AUTH_OK)
        return result;
    if (proof == AUTH_WAIT &&
        receive_await_begin(&request->await, request->server, request->connection, request->route,
                            &request->claim))
        return MHD_YES;
    request->verdict = verdict_of(proof);
    return answer(request);
}

static enum MHD_Result settle(struct request *request)
{
    return answer_stored(request, receive_store_settle(request->server->store, &request->job));
}

/* ---- MHD's calls ---- */

static void release_body(struct request *request)
{
    atomic_fetch_sub(&request->server->held_bytes, request->held);
    request->held = 0;
    buf_reset(&request->body);
}

static void start(struct receive_server *server, struct request *request,
                  struct MHD_Connection *connection)
{
    struct buf body = request->body;
    atomic_fetch_add(&server->requests, 1);
    *request = (struct request){.server = server,
                                .connection = connection,
                                .body = body,
                                .started_us = clock_monotonic_us(),
                                .received_us = clock_now_us()};
    (void)snprintf(request->id, sizeof request->id, "%016" PRIx64 "%016" PRIxFAST64,
                   server->request_prefix, atomic_fetch_add(&server->request_number, 1));
}

/* A refusal waits for the end of a body of acceptable size, so that the connection stays usable and
 * the sender, who may only listen after sending, sees the answer. */
static enum MHD_Result begin(struct request *request, const char *url, const char *method)
{
    struct MHD_Connection *connection = request->connection;
    request->verdict = admit(request, url, method);
    bool waits_to_send =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) != NULL;
    if (request->verdict != VERDICT_OPEN &&
        (waits_to_send || declared_too_large(request->server, connection)))
        return answer(request);
    return MHD_YES;
}

static void collect(struct request *request, const char *bytes, size_t n)
{
    struct receive_server *server = request->server;
    request->held += n;
    if (atomic_fetch_add(&server->held_bytes, n) + n > server->max_held_bytes)
        request->verdict = VERDICT_BUSY;
    else if (!buf_add(&request->body, bytes, n))
        request->verdict = VERDICT_TOO_LARGE;
    if (request->verdict != VERDICT_OPEN)
        release_body(request);
}

/* MHD takes no answer in mid-body: the rest is read and dropped, within bounds, then answered. */
static enum MHD_Result take_piece(struct request *request, const char *bytes, size_t n)
{
    if (clock_monotonic_us() - request->started_us > request->server->max_body_us)
        return MHD_NO;
    if (request->verdict == VERDICT_OPEN) {
        collect(request, bytes, n);
        return MHD_YES;
    }
    request->dropped += n;
    return request->dropped <= LIMIT_BODY_DROPPED_BYTES ? MHD_YES : MHD_NO;
}

enum MHD_Result receive_request_handle(void *cls, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_n, void **state)
{
    (void)version;
    struct receive_server *server = cls;
    struct request *request = *state;
    if (request == NULL) {
        *state = request = request_take(server);
        start(server, request, connection);
        return begin(request, url, method);
    }
    if (*upload_n > 0) {
        size_t n = *upload_n;
        *upload_n = 0;
        return take_piece(request, upload, n);
    }
    receive_await_end(&request->await, server);
    if (request->verdict != VERDICT_OPEN)
        return answer(request);
    return request->job.stage == STORE_NEW ? authenticate_and_store(request) : settle(request);
}

static void log_request(const struct request *request)
{
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    LOG_DEBUG("webhook request", LOG_STR("request_id", request->id),
              LOG_STR("tenant", request->route != NULL ? request->route->connector->tenant : "-"),
              LOG_STR("connector", request->route != NULL ? request->route->name : "-"),
              LOG_STR("verdict", verdict_name(request->verdict)),
              LOG_INT("bytes", request->body.n + request->dropped),
              LOG_INT("us", clock_monotonic_us() - request->started_us));
}

void receive_request_completed(void *cls, struct MHD_Connection *connection, void **state,
                               enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct receive_server *server = cls;
    struct request *request = *state;
    if (request == NULL)
        return;
    receive_await_end(&request->await, server);
    if (request->answered_us == 0)
        request->verdict = VERDICT_ABORTED;
    receive_metrics_answered(server->metrics, request->route, request->verdict);
    log_request(request);
    release_body(request);
    struct store_job job = request->job;
    *state = NULL;
    request_give(server, request);
    atomic_fetch_sub(&server->requests, 1);
    receive_store_forget(server->store, &job); /* last: the drain goes on from here */
}
