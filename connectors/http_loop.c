#include "connectors/http_loop.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connectors/linger.h"
#include "lib/arena.h"

struct http_loop {
    struct http_loops *loops;
    struct MHD_Daemon *daemon;
    int epoll; /* the daemon's */
    int wake;  /* eventfd: something to resume, or to end */
    bool started;
    bool quiet; /* the listening socket was closed */
    struct linger_set *linger;
    const struct http_tls *tls;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the list */
    struct http_suspended *resumed;
};

struct http_loops {
    atomic_bool quiescing;
    atomic_bool closing;
    atomic_size_t connections;
    size_t count;
    struct http_loop loops[];
};

static _Thread_local struct http_loop *current; /* of a thread that serve() runs on */

/* ---- suspending ---- */

void http_loop_suspend(struct http_suspended *suspended, struct MHD_Connection *connection)
{
    *suspended = (struct http_suspended){.loop = current, .connection = connection};
    MHD_suspend_connection(connection);
}

static void wake(struct http_loop *loop)
{
    (void)!eventfd_write(loop->wake, 1);
}

void http_loop_resume(struct http_suspended *suspended)
{
    struct http_loop *loop = suspended->loop;
    (void)pthread_mutex_lock(&loop->lock);
    bool first = loop->resumed == NULL;
    suspended->next = loop->resumed;
    loop->resumed = suspended;
    (void)pthread_mutex_unlock(&loop->lock);
    if (first)
        wake(loop);
}

static void resume_all(struct http_loop *loop)
{
    (void)pthread_mutex_lock(&loop->lock);
    struct http_suspended *suspended = loop->resumed;
    loop->resumed = NULL;
    (void)pthread_mutex_unlock(&loop->lock);
    while (suspended != NULL) {
        struct http_suspended *next = suspended->next;
        MHD_resume_connection(suspended->connection);
        suspended = next;
    }
}

/* ---- serving ---- */

static int timeout_of(struct http_loop *loop)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int linger_ms = linger_timeout_ms(loop->linger);
    if (MHD_get_timeout(loop->daemon, &ms) != MHD_YES)
        return linger_ms;
    int daemon_ms = ms < INT_MAX ? (int)ms : INT_MAX;
    return linger_ms >= 0 && linger_ms < daemon_ms ? linger_ms : daemon_ms;
}

/* Only its own descriptor is closed. Without this the daemon would shut the socket down when it is
 * stopped, for every process that has it. */
static void quiesce(struct http_loop *loop)
{
    if (loop->quiet)
        return;
    int fd = MHD_quiesce_daemon(loop->daemon);
    if (fd >= 0)
        (void)close(fd);
    loop->quiet = true;
}

static void *serve(void *context)
{
    struct http_loop *loop = context;
    current = loop;
    while (!atomic_load(&loop->loops->closing)) {
        struct pollfd ready[] = {{.fd = loop->epoll, .events = POLLIN},
                                 {.fd = loop->wake, .events = POLLIN},
                                 {.fd = linger_fd(loop->linger), .events = POLLIN}};
        eventfd_t count;
        if (poll(ready, 3, timeout_of(loop)) > 0 && ready[1].revents != 0)
            (void)!eventfd_read(loop->wake, &count);
        linger_run(loop->linger);
        if (atomic_load(&loop->loops->quiescing))
            quiesce(loop);
        resume_all(loop);
        (void)MHD_run(loop->daemon);
    }
    return NULL;
}

/* ---- opening and closing ---- */

/* A connection that ends is about to be closed, and is shut down for writing already (0.9.75). */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)socket_context;
    struct http_loop *loop = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        atomic_fetch_add(&loop->loops->connections, 1);
        if (loop->tls != NULL)
            http_tls_begin(loop->tls, connection);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL)
        linger_take(loop->linger, info->connect_fd);
    atomic_fetch_sub(&loop->loops->connections, 1);
}

static enum rc start_daemon(struct http_loop *loop, const struct http_loops_conf *conf, int fd,
                            struct err *err)
{
    unsigned int share =
        (conf->connections + (unsigned int)conf->threads - 1) / (unsigned int)conf->threads;
    struct MHD_OptionItem tls[HTTP_TLS_OPTIONS] = {{MHD_OPTION_END, 0, NULL}};
    if (conf->tls != NULL)
        http_tls_options(conf->tls, tls);
    loop->tls = conf->tls;
    loop->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME |
            (conf->tls != NULL ? MHD_USE_TLS : 0),
        0, NULL, NULL, conf->handle, conf->context, MHD_OPTION_EXTERNAL_LOGGER, conf->log,
        conf->context, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        conf->connection_memory_bytes, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_TIMEOUT, conf->idle_timeout_s, MHD_OPTION_CONNECTION_LIMIT, share,
        MHD_OPTION_URI_LOG_CALLBACK, conf->open, conf->context, MHD_OPTION_NOTIFY_COMPLETED,
        conf->completed, conf->context, MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (loop->daemon == NULL) {
        (void)close(fd);
        return err_set(err, RC_FATAL,
                       "cannot start the HTTP server; see the log at SLUICE_LOG=debug");
    }
    loop->epoll = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return RC_OK;
}

/* Each daemon closes the descriptor that it was given. */
static enum rc start_loop(struct http_loop *loop, const struct http_loops_conf *conf,
                          struct err *err)
{
    int fd = fcntl(conf->fd, F_DUPFD_CLOEXEC, 0);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->linger = linger_new();
    if (fd < 0 || loop->wake < 0 || loop->linger == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return err_set(err, RC_FATAL, "cannot start the HTTP server: %m; raise \"ulimit -n\"");
    }
    enum rc rc = start_daemon(loop, conf, fd, err);
    if (rc != RC_OK)
        return rc;
    if (pthread_create(&loop->thread, NULL, serve, loop) != 0)
        return err_set(err, RC_RETRY, "cannot start a thread of the HTTP server");
    loop->started = true;
    return RC_OK;
}

enum rc http_loops_open(const struct http_loops_conf *conf, struct http_loops **loops_out,
                        struct err *err)
{
    size_t count = (size_t)conf->threads;
    struct http_loops *loops = xcalloc(1, sizeof *loops + count * sizeof loops->loops[0]);
    enum rc rc = RC_OK;
    *loops_out = NULL;
    if (listen(conf->fd, SOMAXCONN) != 0)
        rc = err_set(err, RC_FATAL, "cannot listen: %m");
    while (rc == RC_OK && loops->count < count) {
        struct http_loop *loop = &loops->loops[loops->count++];
        loop->loops = loops;
        (void)pthread_mutex_init(&loop->lock, NULL);
        rc = start_loop(loop, conf, err);
    }
    (void)close(conf->fd);
    if (rc != RC_OK)
        http_loops_close(&loops);
    *loops_out = loops;
    return rc;
}

size_t http_loops_connections(const struct http_loops *loops)
{
    return atomic_load(&loops->connections);
}

void http_loops_quiesce(struct http_loops *loops)
{
    atomic_store(&loops->quiescing, true);
    for (size_t i = 0; i < loops->count; i++)
        wake(&loops->loops[i]);
}

/* Those that were answered last. */
static void finish_lingering(struct http_loop *loop)
{
    while (loop->linger != NULL && !linger_is_empty(loop->linger)) {
        struct pollfd ready = {.fd = linger_fd(loop->linger), .events = POLLIN};
        (void)poll(&ready, 1, linger_timeout_ms(loop->linger));
        linger_run(loop->linger);
    }
    linger_free(&loop->linger);
}

static void stop_loop(struct http_loop *loop)
{
    if (loop->started) {
        wake(loop);
        (void)pthread_join(loop->thread, NULL);
    }
    if (loop->daemon != NULL) {
        quiesce(loop);
        MHD_stop_daemon(loop->daemon);
    }
}

static void free_loop(struct http_loop *loop)
{
    finish_lingering(loop);
    if (loop->wake >= 0)
        (void)close(loop->wake);
    (void)pthread_mutex_destroy(&loop->lock);
}

void http_loops_close(struct http_loops **loops)
{
    if (loops == NULL || *loops == NULL)
        return;
    atomic_store(&(*loops)->closing, true);
    for (size_t i = 0; i < (*loops)->count; i++)
        stop_loop(&(*loops)->loops[i]);
    for (size_t i = 0; i < (*loops)->count; i++)
        free_loop(&(*loops)->loops[i]);
    free(*loops);
    *loops = NULL;
}
