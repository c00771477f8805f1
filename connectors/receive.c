#include "connectors/receive.h"

#include <openssl/rand.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connectors/address.h"
#include "connectors/linger.h"
#include "connectors/receive_server.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/stop.h"

#define IDLE_TIMEOUT_DEFAULT_S 15
#define CONNECTIONS_DEFAULT 1024
#define CONNECTION_MEMORY_BYTES (32 * KIB) /* bounds the headers of a request */
#define ADMIN_CONNECTIONS 16
#define OTHER_FILES 64 /* descriptors beside those of connections */
/* Bodies in memory, all together; at least as many as two of the largest. */
#define HELD_BYTES (64 * MIB)

#define TICK_MS 100
#define WAKING_US (5 * US_PER_SECOND)
/* Leaving: a connection on which nothing comes any more keeps nobody waiting; one that is in the
 * middle of a request does, a while longer. */
#define IDLE_LEAVING_US (2 * US_PER_SECOND)
#define LEAVING_US (8 * US_PER_SECOND)
#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 5000

struct listener {
    int fd; /* -1: none, or the server's */
    bool is_handed;
    char address[ADDRESS_TEXT_BYTES];
};

struct receive {
    struct receive_conf conf; /* defaults filled in */
    const struct bus_conf *bus;
    struct receive_server server;
    struct receive_admin admin_state;
    struct listener hooks;
    struct listener admin;
    struct http_tls *tls; /* NULL = none */
    struct http_loops *loops;
    struct MHD_Daemon *admin_daemon;
};

/* ---- listeners ---- */

/* The format alone: its arguments may come from a request. */
__attribute__((format(printf, 2, 0))) static void on_mhd_log(void *context, const char *format,
                                                             va_list args)
{
    (void)context;
    (void)args;
    LOG_DEBUG("http", LOG_STR("event", format));
}

/* MHD answers what is no sound HTTP itself, and says so here only, as it does of TLS (0.9.75). */
__attribute__((format(printf, 2, 0))) static void on_hooks_log(void *context, const char *format,
                                                               va_list args)
{
    static const char answered[] = "Error processing request (HTTP response code is %u";
    static const char tls_failed[] = "Error: received handshake message out of context.\n";
    struct receive_server *server = context;
    on_mhd_log(context, format, args);
    if (strcmp(format, tls_failed) == 0)
        receive_metrics_tls_failed(server->metrics);
    if (strncmp(format, answered, sizeof answered - 1) == 0)
        receive_metrics_http_error(server->metrics, va_arg(args, unsigned int));
}

static enum rc start_hooks(struct receive *receive, struct err *err)
{
    const struct receive_conf *conf = &receive->conf;
    const struct http_loops_conf loops = {.fd = receive->hooks.fd,
                                          .threads = conf->threads,
                                          .connections = (unsigned int)conf->max_connections,
                                          .idle_timeout_s = (unsigned int)conf->idle_timeout_s,
                                          .connection_memory_bytes = CONNECTION_MEMORY_BYTES,
                                          .log = on_hooks_log,
                                          .open = receive_request_open,
                                          .handle = receive_request_handle,
                                          .completed = receive_request_completed,
                                          .context = &receive->server,
                                          .tls = receive->tls};
    receive->hooks.fd = -1;
    enum rc rc = http_loops_open(&loops, &receive->loops, err);
    atomic_store(&receive->admin_state.hooks, receive->loops);
    return rc;
}

/* Of no effect when it runs, or there is none. */
static enum rc start_admin(struct receive *receive, struct err *err)
{
    struct listener *admin = &receive->admin;
    if (receive->conf.admin == NULL || receive->admin_daemon != NULL)
        return RC_OK;
    if (listen(admin->fd, SOMAXCONN) != 0)
        return err_set(err, RC_FATAL, "cannot listen on %s: %m", admin->address);
    receive->admin_daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        receive_admin_handle, &receive->admin_state, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, admin->fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned int)receive->conf.idle_timeout_s, MHD_OPTION_CONNECTION_LIMIT, ADMIN_CONNECTIONS,
        MHD_OPTION_END);
    if (receive->admin_daemon == NULL)
        return err_set(err, RC_FATAL,
                       "cannot start the HTTP server on %s; see the log at SLUICE_LOG=debug",
                       admin->address);
    admin->fd = -1;
    return RC_OK;
}

static enum rc open_listener(const char *address, int handed, struct listener *listener,
                             struct err *err)
{
    if (handed <= 0)
        return address_bind(address, &listener->fd, listener->address, err);
    listener->fd = handed;
    listener->is_handed = true;
    address_of(handed, listener->address);
    return RC_OK;
}

static enum rc open_listeners(struct receive *receive, struct err *err)
{
    const struct receive_conf *conf = &receive->conf;
    enum rc rc = open_listener(conf->listen, conf->handed_listen, &receive->hooks, err);
    if (rc == RC_OK && conf->admin != NULL)
        rc = open_listener(conf->admin, conf->handed_admin, &receive->admin, err);
    return rc;
}

static void close_bound(struct listener *listener)
{
    if (listener->fd >= 0)
        (void)close(listener->fd);
    listener->fd = -1;
}

/* Else the daemon would shut the socket down when it is stopped, for every process that has it. */
static void leave_admin(struct receive *receive)
{
    if (receive->admin_daemon != NULL && receive->admin.fd < 0)
        receive->admin.fd = MHD_quiesce_daemon(receive->admin_daemon);
    close_bound(&receive->admin);
}

static bool admin_is_asked(const struct receive *receive)
{
    const union MHD_DaemonInfo *info =
        receive->admin_daemon != NULL
            ? MHD_get_daemon_info(receive->admin_daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
            : NULL;
    return info != NULL && info->num_connections > 0;
}

static void stop_admin(struct receive *receive)
{
    leave_admin(receive);
    if (receive->admin_daemon != NULL)
        MHD_stop_daemon(receive->admin_daemon);
    receive->admin_daemon = NULL;
}

static void stop_hooks(struct receive *receive)
{
    http_loops_close(&receive->loops);
    close_bound(&receive->hooks);
}

/* ---- the bus ---- */

/* Until then nobody is listening: a sender finds the door closed and comes again, as with 503. With
 * a spool the bus need not be there. A handed admin socket may be another process's still, which is
 * ready: this one answers there once it is too, or has found that it cannot be. */
static enum rc wait_for_store(struct receive *receive, struct err *err)
{
    struct receive_store *store = receive->server.store;
    bool has_spool = receive_store_has_spool(store);
    int wait_ms = RETRY_FIRST_MS;
    struct err other;
    enum rc rc = RC_RETRY;
    while (!stop_requested()) {
        rc = has_spool ? receive_store_open_spool(store, err) : receive_store_reach(store, err);
        if (rc != RC_RETRY && rc != RC_AGAIN)
            break;
        if (start_admin(receive, &other) != RC_OK)
            return err_set(err, other.rc, "%s", other.msg);
        LOG_WARN(has_spool ? "the spool cannot be opened, no webhook is taken; run sluice check"
                           : "the bus is away, no webhook is taken; start it, or run sluice check",
                 LOG_STR("error", err->msg), LOG_INT("retry_ms", wait_ms));
        stop_sleep_ms(wait_ms);
        wait_ms = wait_ms * 2 < RETRY_MOST_MS ? wait_ms * 2 : RETRY_MOST_MS;
    }
    return rc;
}

/* ---- life ---- */

/* They were woken: this is about the moment that their threads take. */
static void wait_for_senders(const struct receive_server *server)
{
    int64_t until_us = clock_monotonic_us() + WAKING_US;
    while (atomic_load(&server->awaiting) > 0 && clock_monotonic_us() < until_us)
        (void)usleep(1000);
}

static bool has_connections(const struct receive *receive)
{
    return http_loops_connections(receive->loops) > 0 ||
           (receive->admin.is_handed && admin_is_asked(receive));
}

/* The next process may be answering on the same sockets: new connections are its own from here on,
 * and so are questions to the admin listener. What comes on open connections is still stored, since
 * its sender could not know. */
static void leave(struct receive *receive)
{
    struct receive_server *server = &receive->server;
    int64_t now_us = clock_monotonic_us();
    int64_t idle_until_us = now_us + IDLE_LEAVING_US, until_us = now_us + LEAVING_US;
    atomic_store(&server->leaving, true);
    http_loops_quiesce(receive->loops);
    if (receive->admin.is_handed)
        leave_admin(receive);
    else
        atomic_store(&receive->admin_state.is_leaving, true);
    while (now_us < until_us && (atomic_load(&server->requests) > 0 ||
                                 (now_us < idle_until_us && has_connections(receive)))) {
        (void)usleep(1000);
        now_us = clock_monotonic_us();
    }
}

/* Every body that was put gets its answer; MHD must not be stopped with connections suspended. */
static void drain(struct receive *receive)
{
    struct receive_server *server = &receive->server;
    struct receive_store_stats last;
    leave(receive);
    atomic_store(&server->stopping, true);
    route_table_stop(server->routes);
    wait_for_senders(server);
    size_t late = receive_store_drain(server->store);
    atomic_store(&receive->admin_state.hooks, NULL);
    stop_admin(receive);
    receive_store_close(server->store, &last);
    stop_hooks(receive);
    LOG_INFO("stopped", LOG_INT("delivered_messages", last.bus.delivered_messages),
             LOG_INT("failed_messages", last.bus.failed_messages), LOG_INT("unanswered", late),
             LOG_INT("spooled", last.spooled), LOG_INT("forwarded", last.forwarded));
}

static enum rc serve(struct receive *receive, struct err *err)
{
    enum rc rc = start_hooks(receive, err);
    if (rc == RC_OK)
        rc = start_admin(receive, err);
    if (rc != RC_OK)
        return rc;
    LOG_INFO("taking webhooks", LOG_STR("listen", receive->hooks.address),
             LOG_STR("admin", receive->conf.admin != NULL ? receive->admin.address : "-"),
             LOG_INT("connectors", receive->conf.connector_count),
             LOG_INT("threads", receive->conf.threads));
    if (receive->conf.ready != NULL)
        receive->conf.ready();
    while (rc == RC_OK && !stop_requested()) {
        stop_sleep_ms(TICK_MS);
        rc = receive_store_watch(receive->server.store, err);
    }
    drain(receive);
    return rc;
}

static void count_reject(void *context, const char *reason)
{
    receive_metrics_rejected(context, reason);
}

static void make_store(struct receive *receive)
{
    struct receive_server *server = &receive->server;
    server->ingests =
        ingest_pool_new(server->routes, receive->conf.archive_raw, count_reject, server->metrics);
    const struct receive_store_conf conf = {.bus = receive->bus,
                                            .spool = &receive->conf.spool,
                                            .routes = server->routes,
                                            .ingests = server->ingests,
                                            .metrics = server->metrics};
    server->store = receive_store_new(&conf);
}

static enum rc run(struct receive *receive, struct err *err)
{
    enum rc rc = route_table_new(receive->conf.connectors, receive->conf.connector_count,
                                 &receive->server.routes, err);
    if (rc != RC_OK)
        return rc;
    receive->server.answers = receive_answers_new();
    receive->server.metrics = receive_metrics_new(receive->server.routes);
    make_store(receive);
    if (receive->conf.tls.certificate != NULL)
        rc = http_tls_load(&receive->conf.tls, &receive->tls, err);
    if (rc == RC_OK)
        rc = open_listeners(receive, err);
    if (rc == RC_OK && !receive->admin.is_handed)
        rc = start_admin(receive, err);
    if (rc == RC_OK)
        rc = wait_for_store(receive, err);
    if (rc == RC_OK)
        rc = serve(receive, err);
    else if (stop_requested())
        rc = RC_OK; /* asked to stop before the bus came: nothing to drain */
    return rc;
}

static struct receive_conf with_defaults(const struct receive_conf *conf)
{
    struct receive_conf full = *conf;
    if (full.max_body_bytes == 0)
        full.max_body_bytes = LIMIT_BODY_DEFAULT_BYTES;
    if (full.threads <= 0)
        full.threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (full.idle_timeout_s <= 0)
        full.idle_timeout_s = IDLE_TIMEOUT_DEFAULT_S;
    if (full.max_connections <= 0)
        full.max_connections = CONNECTIONS_DEFAULT;
    return full;
}

static void raise_file_limit(int connections, int threads)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + (rlim_t)threads * LINGER_MOST + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        LOG_WARN("too few file descriptors for max_connections; raise \"ulimit -n\"",
                 LOG_INT("descriptors", limit.rlim_cur), LOG_INT("connections", connections));
}

static size_t budget_of(const struct receive_conf *conf)
{
    size_t largest = conf->max_body_bytes;
    for (size_t i = 0; i < conf->connector_count; i++)
        if (conf->connectors[i].max_body_bytes > largest)
            largest = conf->connectors[i].max_body_bytes;
    return 2 * largest > HELD_BYTES ? 2 * largest : HELD_BYTES;
}

static void init(struct receive *receive)
{
    struct receive_server *server = &receive->server;
    server->conf = &receive->conf;
    server->bodies.most = budget_of(&receive->conf);
    server->max_body_us = 2 * receive->conf.idle_timeout_s * US_PER_SECOND;
    (void)pthread_mutex_init(&server->pool_lock, NULL);
    /* Only to tell processes apart; zeros would still be unique within this one. */
    (void)RAND_bytes((unsigned char *)&server->request_prefix, sizeof server->request_prefix);
    raise_file_limit(receive->conf.max_connections, receive->conf.threads);
}

static void done(struct receive *receive)
{
    stop_admin(receive);
    stop_hooks(receive);
    http_tls_free(&receive->tls);
    receive_store_free(&receive->server.store);
    receive_request_free_idle(&receive->server);
    ingest_pool_free(&receive->server.ingests);
    receive_metrics_free(&receive->server.metrics);
    receive_answers_free(&receive->server.answers);
    route_table_free(&receive->server.routes);
    (void)pthread_mutex_destroy(&receive->server.pool_lock);
}

enum rc receive_run(const struct receive_conf *conf, const struct bus_conf *bus, struct err *err)
{
    struct receive receive = {
        .conf = with_defaults(conf), .bus = bus, .hooks = {.fd = -1}, .admin = {.fd = -1}};
    receive.admin_state.server = &receive.server;
    init(&receive);
    enum rc rc = run(&receive, err);
    done(&receive);
    return rc;
}
