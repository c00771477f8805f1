#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "connectors/receive_await.h"
#include "connectors/receive_headers.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/log.h"

#define KEPT_REQUESTS 64
#define PATH_BYTES 512
/* A sender who is refused for want of room, and has more than this to send, is answered at once. */
#define DROPPED_WHEN_BUSY_BYTES (64 * KIB)

struct request {
    struct request *next; /* while idle */
    struct receive_server *server;
    struct MHD_Connection *connection;
    const struct route *route; /* NULL: not found */
    struct str path_token;     /* within "path" */
    enum verdict verdict;
    bool has_headers;
    struct framing framing;
    struct auth_claim claim;
    struct str challenge; /* GET verification; borrowed from the connection */
    struct receive_body body;
    size_t received;            /* bytes of the body */
    size_t dropped;             /* of them: of a body that is refused anyway */
    int64_t started_us;         /* monotonic */
    int64_t received_us;        /* wall clock */
    int64_t answered_us;        /* monotonic; 0 = not answered */
    struct receive_await await; /* until it is authenticated */
    struct store_job job;       /* once it is */
    char id[REQUEST_ID_BYTES];
    char path[PATH_BYTES]; /* as sent */
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
        receive_body_init(&request->body, &server->bodies);
    }
    return request;
}

static void request_free(struct request *request)
{
    receive_body_done(&request->body);
    free(request);
}

static void request_give(struct receive_server *server, struct request *request)
{
    receive_body_reset(&request->body);
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

/* ---- admission ---- */

static size_t most_body_bytes(const struct request *request)
{
    size_t most = request->route != NULL ? request->route->connector->max_body_bytes : 0;
    return most > 0 ? most : request->server->conf->max_body_bytes;
}

static bool is_too_large(const struct request *request)
{
    return request->framing.length > most_body_bytes(request);
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

/* What proves the sender is read before anything is unfolded. */
static bool can_unfold(const struct request *request)
{
    return request->framing.coding == FRAMING_PLAIN ||
           (request->framing.coding == FRAMING_GZIP && !request->route->auth->proof_is_in_body);
}

static enum verdict admit_post(struct request *request, const struct auth_source *source)
{
    const struct route *route = request->route;
    request->claim.now_us = request->received_us;
    enum verdict verdict =
        verdict_of(route->auth->claim(route->connector, source, &request->claim));
    if (verdict != VERDICT_OPEN)
        return verdict;
    if (!can_unfold(request))
        return VERDICT_ENCODING;
    if (is_too_large(request))
        return VERDICT_TOO_LARGE;
    return body_budget_has(&request->server->bodies, request->framing.length) ? VERDICT_OPEN
                                                                              : VERDICT_BUSY;
}

/* Decides from the headers alone; VERDICT_OPEN: the body is wanted. */
static enum verdict admit(struct request *request, const char *method, const char *version)
{
    struct auth_source source = {.header = receive_header,
                                 .parameter = receive_parameter,
                                 .context = request->connection,
                                 .path_token = request->path_token,
                                 .now_us = request->received_us};
    if (!framing_is_sound(&request->framing, strcmp(version, MHD_HTTP_VERSION_1_0) == 0))
        return VERDICT_MALFORMED;
    if (request->route == NULL)
        return VERDICT_NOT_FOUND;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0)
        return admit_get(request, &source);
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return VERDICT_METHOD;
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

static void log_unauthorized(const struct request *request)
{
    static struct log_pause pause;
    uint64_t left_out;
    if (!log_is_due(&pause, &left_out))
        return;
    LOG_WARN("webhook refused: signature or key missing, wrong or too old; if the sender is "
             "genuine, compare what it was given with the connector's keys, and the clocks",
             LOG_STR("tenant", request->route->connector->tenant),
             LOG_STR("connector", request->route->name), LOG_INT("more_since_last", left_out));
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
    struct auth_value type = receive_header(request->connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    return (struct ingest_body){.bytes = receive_body_peek(&request->body),
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

static enum verdict verdict_of_body(enum body_result result)
{
    static const enum verdict verdicts[] = {[BODY_OK] = VERDICT_OPEN,
                                            [BODY_TOO_LARGE] = VERDICT_TOO_LARGE,
                                            [BODY_BUSY] = VERDICT_BUSY,
                                            [BODY_MALFORMED] = VERDICT_MALFORMED};
    return verdicts[result];
}

/* What is signed is what was sent, so it is unfolded afterwards. */
static enum verdict unfold(struct request *request)
{
    if (request->framing.coding == FRAMING_PLAIN)
        return VERDICT_OPEN;
    return verdict_of_body(receive_body_unfold(&request->body));
}

static enum MHD_Result authenticate_and_store(struct request *request)
{
    struct ingest_pool *ingests = request->server->ingests;
    struct ingest *ingest = ingest_pool_take(ingests);
    struct auth_keys *keys = ingest_keys(ingest, request->route);
    enum auth_result proof =
        request->route->auth->check(keys, &request->claim, receive_body_peek(&request->body));
    enum verdict verdict = proof == AUTH_OK ? unfold(request) : verdict_of(proof);
    enum MHD_Result result = MHD_YES;
    if (verdict == VERDICT_OPEN)
        result = store(request, ingest);
    ingest_pool_give(ingests, ingest);
    if (verdict == VERDICT_OPEN)
        return result;
    if (proof == AUTH_WAIT &&
        receive_await_begin(&request->await, request->server, request->connection, request->route,
                            &request->claim))
        return MHD_YES;
    request->verdict = verdict;
    return answer(request);
}

static enum MHD_Result settle(struct request *request)
{
    return answer_stored(request, receive_store_settle(request->server->store, &request->job));
}

/* ---- MHD's calls ---- */

static void start(struct receive_server *server, struct request *request,
                  struct MHD_Connection *connection)
{
    struct receive_body body = request->body;
    atomic_fetch_add(&server->requests, 1);
    *request = (struct request){.server = server,
                                .connection = connection,
                                .body = body,
                                .started_us = clock_monotonic_us(),
                                .received_us = clock_now_us()};
    (void)snprintf(request->id, sizeof request->id, "%016" PRIx64 "%016" PRIxFAST64,
                   server->request_prefix, atomic_fetch_add(&server->request_number, 1));
}

/* Of "http://host/path?query", as a proxy may be asked, the path. */
static struct str path_of(const char *uri)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncasecmp(uri, schemes[i], strlen(schemes[i])) == 0)
            uri += strcspn(uri + strlen(schemes[i]), "/?") + strlen(schemes[i]);
    return (struct str){uri, strcspn(uri, "?")};
}

/* No name of a tenant or connector has anything in it that is to be escaped: such a path is another
 * one. A token may have. */
static void find_route(struct request *request, const char *uri)
{
    struct str path = path_of(uri);
    if (path.n >= sizeof request->path)
        return;
    memcpy(request->path, path.p, path.n);
    request->route = route_find(request->server->routes, request->path, &request->path_token);
    if (str_is_null(request->path_token))
        return;
    char *token = request->path + (request->path_token.p - request->path);
    request->path_token.n = MHD_http_unescape(token);
}

void *receive_request_open(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct receive_server *server = cls;
    struct request *request = request_take(server);
    start(server, request, connection);
    find_route(request, uri);
    return request;
}

/* A refusal waits for the end of a body of acceptable size, so that the connection stays usable and
 * the sender, who may only listen after sending, sees the answer. */
static bool is_answered_at_once(const struct request *request)
{
    const struct framing *framing = &request->framing;
    return framing->waits_to_send || is_too_large(request) ||
           request->verdict == VERDICT_MALFORMED ||
           (request->verdict == VERDICT_BUSY && framing->length > DROPPED_WHEN_BUSY_BYTES);
}

static enum MHD_Result begin(struct request *request, const char *method, const char *version)
{
    request->has_headers = true;
    request->framing = receive_headers_framing(request->connection, method);
    request->verdict = admit(request, method, version);
    receive_body_limit(&request->body, most_body_bytes(request));
    if (request->verdict != VERDICT_OPEN && is_answered_at_once(request))
        return answer(request);
    return MHD_YES;
}

/* MHD takes no answer in mid-body: the rest is read and dropped, within bounds, then answered. */
static enum MHD_Result take_piece(struct request *request, const char *bytes, size_t n)
{
    if (clock_monotonic_us() - request->started_us > request->server->max_body_us)
        return MHD_NO;
    request->received += n;
    if (request->verdict == VERDICT_OPEN) {
        request->verdict = verdict_of_body(receive_body_add(&request->body, bytes, n));
        if (request->verdict != VERDICT_OPEN)
            receive_body_reset(&request->body);
        return MHD_YES;
    }
    request->dropped += n;
    return request->dropped <= LIMIT_BODY_DROPPED_BYTES ? MHD_YES : MHD_NO;
}

enum MHD_Result receive_request_handle(void *cls, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_n, void **state)
{
    (void)cls;
    (void)connection;
    (void)url;
    struct request *request = *state;
    if (!request->has_headers)
        return begin(request, method, version);
    if (*upload_n > 0) {
        size_t n = *upload_n;
        *upload_n = 0;
        return take_piece(request, upload, n);
    }
    receive_await_end(&request->await, request->server);
    if (request->verdict != VERDICT_OPEN)
        return answer(request);
    return request->job.stage == STORE_NEW ? authenticate_and_store(request) : settle(request);
}

/* What MHD has answered itself is no sound HTTP, or has trailers beyond the memory for headers. */
static void settle_unanswered(struct request *request)
{
    if (request->answered_us != 0)
        return;
    bool was_answered =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_HTTP_STATUS) != NULL;
    request->verdict = was_answered ? VERDICT_MALFORMED : VERDICT_ABORTED;
}

static void log_request(const struct request *request)
{
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    LOG_DEBUG("webhook request", LOG_STR("request_id", request->id),
              LOG_STR("tenant", request->route != NULL ? request->route->connector->tenant : "-"),
              LOG_STR("connector", request->route != NULL ? request->route->name : "-"),
              LOG_STR("verdict", verdict_name(request->verdict)),
              LOG_INT("bytes", request->received),
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
    settle_unanswered(request);
    receive_metrics_answered(server->metrics, request->route, request->verdict);
    log_request(request);
    struct store_job job = request->job;
    *state = NULL;
    request_give(server, request);
    atomic_fetch_sub(&server->requests, 1);
    receive_store_forget(server->store, &job); /* last: the drain goes on from here */
}
