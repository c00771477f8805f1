#include "connectors/receive_server.h"
#include "connectors/spool.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/metrics.h"

#define METRICS_MOST_BYTES (8 * MIB)

bool receive_is_ready(const struct receive_admin *admin)
{
    return atomic_load(&admin->hooks) != NULL && !atomic_load(&admin->is_leaving) &&
           receive_store_is_ready(admin->server->store);
}

static enum MHD_Result answer(const struct receive_admin *admin, struct MHD_Connection *connection,
                              unsigned int status, const char *type, struct str body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (atomic_load(&admin->server->leaving))
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static uint64_t connections_of(const struct receive_admin *admin)
{
    const struct http_loops *hooks = atomic_load(&admin->hooks);
    return hooks != NULL ? http_loops_connections(hooks) : 0;
}

static void look_into_spool(const struct spool_conf *conf, struct receive_metrics_now *now)
{
    struct spool_stats stats;
    struct err ignored; /* the log says what is wrong with the file */
    if (conf->path == NULL || spool_look(conf, &stats, &ignored) != RC_OK)
        return;
    now->spool_bodies = (uint64_t)stats.bodies;
    now->spool_bytes = stats.used_bytes;
    now->spool_oldest_us = stats.oldest_us != TIME_NONE ? clock_now_us() - stats.oldest_us : 0;
}

static enum MHD_Result answer_metrics(const struct receive_admin *admin,
                                      struct MHD_Connection *connection)
{
    struct receive_server *server = admin->server;
    struct receive_store_stats stored = {0};
    if (atomic_load(&admin->hooks) != NULL)
        receive_store_stats(server->store, &stored);
    struct receive_metrics_now now = {.connections = connections_of(admin),
                                      .unconfirmed_requests = stored.unanswered,
                                      .body_bytes = atomic_load(&server->bodies.held),
                                      .ready = receive_is_ready(admin),
                                      .bus = stored.bus,
                                      .spooling = stored.is_spooling,
                                      .spooled = stored.spooled,
                                      .forwarded = stored.forwarded};
    look_into_spool(&server->conf->spool, &now);
    struct buf text;
    buf_init(&text, METRICS_MOST_BYTES);
    enum MHD_Result result =
        receive_metrics_write(server->metrics, &now, &text)
            ? answer(admin, connection, MHD_HTTP_OK, METRICS_CONTENT_TYPE, buf_peek(&text))
            : MHD_NO;
    buf_done(&text);
    return result;
}

enum MHD_Result receive_admin_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *upload,
                                     size_t *upload_n, void **state)
{
    (void)version;
    (void)upload;
    static const char plain[] = "text/plain";
    struct receive_admin *admin = cls;
    if (*state == NULL) { /* headers only: a body, if any, is dropped */
        *state = admin;
        return MHD_YES;
    }
    if (*upload_n > 0) {
        *upload_n = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer(admin, connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain,
                      STR_LIT("method not allowed\n"));
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(admin, connection);
    if (strcmp(url, "/healthz") == 0)
        return answer(admin, connection, MHD_HTTP_OK, plain, STR_LIT("ok\n"));
    if (strcmp(url, "/readyz") == 0)
        return receive_is_ready(admin)
                   ? answer(admin, connection, MHD_HTTP_OK, plain, STR_LIT("ready\n"))
                   : answer(admin, connection, MHD_HTTP_SERVICE_UNAVAILABLE, plain,
                            STR_LIT("not ready: neither the bus nor a spool takes "
                                    "webhooks, or stopping\n"));
    return answer(admin, connection, MHD_HTTP_NOT_FOUND, plain, STR_LIT("not found\n"));
}
