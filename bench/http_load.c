#include "bench/http_load.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define ANSWER_BYTES 1024
#define EVENTS 256
/* What is still out at the end is waited for. */
#define LAST_ANSWERS_US (10 * US_PER_SECOND)

struct connection {
    struct connection *next; /* while idle */
    int fd;
    int64_t due_us;
    size_t n; /* bytes of the answer so far */
    char answer[ANSWER_BYTES];
};

struct worker {
    const struct http_load_conf *conf;
    size_t number;
    pthread_t thread;
    int epoll;
    int connection_count;
    struct connection *connections;
    struct connection *idle;
    int busy;
    size_t next_request;
    int64_t end_us;
    double interval_us; /* 0 = closed */
    double next_due_us;
    uint64_t answered, refused, broken;
    struct buf times; /* uint32_t[], microseconds */
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "http_load: %s: %m\n", what);
    exit(1);
}

/* ---- connections ---- */

static void connect_one(struct worker *worker, struct connection *connection)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(worker->conf->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("cannot connect");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        fail("cannot watch a connection");
    connection->next = worker->idle;
    worker->idle = connection;
}

static void send_next(struct worker *worker, int64_t due_us)
{
    struct connection *connection = worker->idle;
    struct str request = worker->conf->requests[worker->next_request];
    worker->next_request =
        (worker->next_request + (size_t)worker->conf->threads) % worker->conf->request_count;
    worker->idle = connection->next;
    connection->due_us = due_us;
    connection->n = 0;
    if (send(connection->fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
        fail("cannot send a request");
    worker->busy++;
}

static void note_answer(struct worker *worker, struct connection *connection)
{
    int64_t took_us = clock_monotonic_us() - connection->due_us;
    uint32_t time_us = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
    if (memcmp(connection->answer, "HTTP/1.1 200", 12) == 0) {
        worker->answered++;
        if (!buf_add(&worker->times, &time_us, sizeof time_us))
            fail("too many requests to remember");
    } else {
        worker->refused++;
    }
    connection->next = worker->idle;
    worker->idle = connection;
    worker->busy--;
}

static bool is_complete(struct connection *connection)
{
    connection->answer[connection->n] = '\0';
    const char *end = strstr(connection->answer, "\r\n\r\n");
    if (end == NULL)
        return false;
    const char *length = strcasestr(connection->answer, "\r\nContent-Length:");
    size_t body = length != NULL ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
    return connection->n >= (size_t)(end - connection->answer) + 4 + body;
}

static void take_answer(struct worker *worker, struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->answer + connection->n,
                     sizeof connection->answer - 1 - connection->n, 0);
    if (n <= 0) { /* as a sender would: once more, on another connection */
        (void)close(connection->fd);
        worker->broken++;
        worker->busy--;
        connect_one(worker, connection);
        return;
    }
    connection->n += (size_t)n;
    if (is_complete(connection))
        note_answer(worker, connection);
}

/* ---- pace ---- */

static void send_due(struct worker *worker, int64_t now_us)
{
    while (worker->idle != NULL && worker->interval_us == 0)
        send_next(worker, now_us);
    while (worker->idle != NULL && worker->next_due_us <= (double)now_us) {
        send_next(worker, (int64_t)worker->next_due_us);
        worker->next_due_us += worker->interval_us;
    }
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct epoll_event events[EVENTS];
    for (int64_t now_us = clock_monotonic_us();
         now_us < worker->end_us || (worker->busy > 0 && now_us < worker->end_us + LAST_ANSWERS_US);
         now_us = clock_monotonic_us()) {
        if (now_us < worker->end_us)
            send_due(worker, now_us);
        int count = epoll_wait(worker->epoll, events, EVENTS, worker->interval_us > 0 ? 1 : 100);
        for (int i = 0; i < count; i++)
            take_answer(worker, events[i].data.ptr);
    }
    return NULL;
}

static void worker_start(struct worker *worker, const struct http_load_conf *conf, size_t number)
{
    *worker = (struct worker){.conf = conf,
                              .number = number,
                              .connection_count = conf->connections / conf->threads,
                              .next_request = number % conf->request_count};
    buf_init(&worker->times, 1024 * MIB);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->connections = xcalloc((size_t)worker->connection_count, sizeof *worker->connections);
    for (int i = 0; i < worker->connection_count; i++)
        connect_one(worker, &worker->connections[i]);
    int64_t now_us = clock_monotonic_us();
    worker->end_us = now_us + (int64_t)(conf->seconds * (double)US_PER_SECOND);
    if (conf->per_second > 0) {
        worker->interval_us = (double)US_PER_SECOND * conf->threads / conf->per_second;
        worker->next_due_us = (double)now_us;
    }
    if (pthread_create(&worker->thread, NULL, work, worker) != 0)
        fail("cannot start a thread");
}

/* ---- result ---- */

static int compare_times(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

static void worker_end(struct worker *worker, struct http_load_result *result, struct buf *times)
{
    if (pthread_join(worker->thread, NULL) != 0 || !buf_add_str(times, buf_peek(&worker->times)))
        fail("too many requests to remember");
    result->answered += worker->answered;
    result->refused += worker->refused;
    result->broken += worker->broken + (uint64_t)worker->busy;
    for (int i = 0; i < worker->connection_count; i++)
        (void)close(worker->connections[i].fd);
    (void)close(worker->epoll);
    free(worker->connections);
    buf_done(&worker->times);
}

static double percentile_ms(const struct buf *times, double share)
{
    size_t count = times->n / sizeof(uint32_t);
    const uint32_t *all = (const void *)times->p;
    return count == 0 ? 0 : (double)all[(size_t)((double)(count - 1) * share)] / 1000;
}

void http_load_run(const struct http_load_conf *conf, struct http_load_result *result_out)
{
    struct worker *workers = xcalloc((size_t)conf->threads, sizeof *workers);
    struct buf times;
    buf_init(&times, 1024 * MIB);
    *result_out = (struct http_load_result){0};
    for (size_t i = 0; i < (size_t)conf->threads; i++)
        worker_start(&workers[i], conf, i);
    for (size_t i = 0; i < (size_t)conf->threads; i++)
        worker_end(&workers[i], result_out, &times);
    if (times.n > 0)
        qsort(times.p, times.n / sizeof(uint32_t), sizeof(uint32_t), compare_times);
    result_out->per_second = (double)result_out->answered / conf->seconds;
    result_out->p50_ms = percentile_ms(&times, 0.5);
    result_out->p99_ms = percentile_ms(&times, 0.99);
    result_out->p999_ms = percentile_ms(&times, 0.999);
    buf_done(&times);
    free(workers);
}
