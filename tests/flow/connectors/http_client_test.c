/* The HTTP client against a server that answers what the test says, byte for byte. */
#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connectors/http_retry.h"
#include "lib/clock.h"
#include "lib/stop.h"

#define SECRET "7100200300:secret-token"
#define BODY_MOST 1000
#define ANSWERS 8

enum end { END_CLOSE, END_SILENT, END_KEEP };

struct answer {
    const char *bytes;
    enum end end;
};

struct server {
    int fd;
    char url[40];
    const struct answer *answers; /* one for each connection, in turn */
    size_t count;
    char requests[ANSWERS][2048];
    atomic_size_t served;
    atomic_bool over;
    pthread_t thread;
};

static void read_head(int fd, char *to, size_t size)
{
    size_t n = 0;
    while (n < size - 1) {
        ssize_t got = read(fd, to + n, size - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        to[n] = '\0';
        const char *end = strstr(to, "\r\n\r\n");
        const char *length = strstr(to, "Content-Length: ");
        if (end != NULL && (length == NULL || strlen(end + 4) >= strtoul(length + 16, NULL, 10)))
            break;
    }
}

static void *serve(void *context)
{
    struct server *server = context;
    for (size_t i = 0; i < server->count; i++) {
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0)
            break;
        read_head(fd, server->requests[i], sizeof server->requests[i]);
        server->served = i + 1;
        const struct answer *answer = &server->answers[i];
        ssize_t sent = send(fd, answer->bytes, strlen(answer->bytes), MSG_NOSIGNAL);
        (void)sent;
        while (answer->end == END_SILENT && !server->over)
            (void)usleep(10000);
        (void)close(fd);
    }
    return NULL;
}

static void start(struct server *server, const struct answer *answers, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    *server = (struct server){.answers = answers, .count = count};
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(server->fd, 16), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &n), 0);
    (void)snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/",
                   ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void finish(struct server *server)
{
    server->over = true;
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
}

static struct http_client *client_of(const char *url)
{
    struct http_client *client = NULL;
    struct err err;
    const struct http_client_conf conf = {
        .url = url, .connect_timeout_ms = 2000, .max_body_bytes = BODY_MOST};
    assert_int_equal(http_client_new(&conf, &client, &err), RC_OK);
    return client;
}

static struct http_request request_of(void)
{
    return (struct http_request){.what = "getUpdates",
                                 .path = "/bot" SECRET "/getUpdates",
                                 .secret = SECRET,
                                 .timeout_ms = 5000};
}

static enum rc call(const struct answer *answer, struct http_reply *reply, struct err *err,
                    char *body, size_t size)
{
    struct server server;
    start(&server, answer, 1);
    struct http_client *client = client_of(server.url);
    struct http_request request = request_of();
    enum rc rc = http_client_call(client, &request, reply, err);
    (void)snprintf(body, size, "%.*s", STR_ARGS(reply->body));
    http_client_free(&client);
    finish(&server);
    return rc;
}

/* ---- replies ---- */

static void a_reply_is_read(void **state)
{
    (void)state;
    const struct answer answer = {"HTTP/1.1 429 Too Many Requests\r\n"
                                  "Date: Tue, 04 Mar 2025 15:00:00 GMT\r\n"
                                  "Retry-After: 7\r\nContent-Type: application/json\r\n"
                                  "Content-Length: 11\r\n\r\n{\"ok\":true}",
                                  END_CLOSE};
    struct http_reply reply;
    struct err err;
    char body[100];
    assert_int_equal(call(&answer, &reply, &err, body, sizeof body), RC_OK);
    assert_int_equal(reply.status, 429);
    assert_string_equal(body, "{\"ok\":true}");
    assert_int_equal(reply.retry_after_ms, 7000);
    assert_int_equal(reply.date_us, INT64_C(1741100400) * US_PER_SECOND);
}

static void what_is_asked_is_escaped_and_signed(void **state)
{
    (void)state;
    const struct answer answers[] = {{"HTTP/1.1 204 No Content\r\n\r\n", END_CLOSE},
                                     {"HTTP/1.1 204 No Content\r\n\r\n", END_CLOSE},
                                     {"HTTP/1.1 204 No Content\r\n\r\n", END_CLOSE}};
    struct server server;
    start(&server, answers, 3);
    struct http_client *client = client_of(server.url);
    struct http_reply reply;
    struct err err;
    const struct http_parameter parameters[] = {
        {"offset", "5"}, {"left out", NULL}, {"types", "[\"a&b\"]"}};
    struct http_request request = {.what = "x",
                                   .path = "/chats/export",
                                   .parameters = parameters,
                                   .parameter_count = 3,
                                   .bearer = "token-1",
                                   .timeout_ms = 5000};
    assert_int_equal(http_client_call(client, &request, &reply, &err), RC_OK);
    assert_int_equal(reply.date_us, TIME_NONE);
    request.bearer = NULL;
    request.user = "client";
    request.password = "pass word";
    request.is_post = true;
    assert_int_equal(http_client_call(client, &request, &reply, &err), RC_OK);
    struct http_request plain = {.what = "x", .path = "/health", .timeout_ms = 5000};
    assert_int_equal(http_client_call(client, &plain, &reply, &err), RC_OK);
    http_client_free(&client);
    finish(&server);
    assert_non_null(
        strstr(server.requests[0], "GET /chats/export?offset=5&types=%5B%22a%26b%22%5D HTTP/1.1"));
    assert_non_null(strstr(server.requests[0], "Authorization: Bearer token-1\r\n"));
    assert_non_null(strstr(server.requests[1], "POST /chats/export HTTP/1.1"));
    assert_non_null(
        strstr(server.requests[1], "Authorization: Basic Y2xpZW50OnBhc3Mgd29yZA==\r\n"));
    assert_non_null(strstr(server.requests[1], "\r\n\r\noffset=5&types=%5B%22a%26b%22%5D"));
    assert_non_null(strstr(server.requests[2], "GET /health HTTP/1.1"));
    assert_null(strstr(server.requests[2], "Authorization"));
}

/* ---- failures ---- */

static void half_a_reply_is_none(void **state)
{
    (void)state;
    const struct {
        struct answer answer;
        enum rc rc;
    } cases[] = {
        {{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":tr", END_CLOSE}, RC_RETRY},
        {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"ok\":tr\r\n", END_CLOSE},
         RC_RETRY},
        {{"", END_CLOSE}, RC_RETRY},
        {{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", END_CLOSE},
         RC_RETRY},
        {{"SSH-2.0-OpenSSH\r\n", END_CLOSE}, RC_RETRY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_reply reply;
        struct err err = {0};
        char body[100];
        assert_int_equal(call(&cases[i].answer, &reply, &err, body, sizeof body), cases[i].rc);
        assert_non_null(strstr(err.msg, "getUpdates: "));
        assert_null(strstr(err.msg, "secret"));
        assert_string_equal(body, "");
    }
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    const struct answer answer = {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\n"
                                  "Content-Length: 0\r\n\r\n",
                                  END_CLOSE};
    struct http_reply reply;
    struct err err;
    char body[10];
    assert_int_equal(call(&answer, &reply, &err, body, sizeof body), RC_OK);
    assert_int_equal(reply.status, 302);
    assert_int_equal(http_reply_verdict(302), HTTP_REFUSED);
}

static void a_reply_has_its_bounds(void **state)
{
    (void)state;
    char large[BODY_MOST + 200], header[BODY_MOST + 400];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    (void)snprintf(header, sizeof header, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                   sizeof large - 1, large);
    const struct answer answer = {header, END_CLOSE};
    struct http_reply reply;
    struct err err;
    char body[10];
    assert_int_equal(call(&answer, &reply, &err, body, sizeof body), RC_REJECT);
    assert_int_equal(err.code, HTTP_TOO_LARGE);
    assert_non_null(strstr(err.msg, "larger than 1000 bytes"));
}

static void a_silent_server_is_given_up(void **state)
{
    (void)state;
    const struct answer answer = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", END_SILENT};
    struct server server;
    start(&server, &answer, 1);
    struct http_client *client = client_of(server.url);
    struct http_request request = request_of();
    struct http_reply reply;
    struct err err;
    request.timeout_ms = 300;
    assert_int_equal(http_client_call(client, &request, &reply, &err), RC_RETRY);
    assert_null(strstr(err.msg, "secret"));
    http_client_free(&client);
    finish(&server);
}

static void a_stop_ends_a_long_poll(void **state)
{
    (void)state;
    const struct answer answer = {"", END_SILENT};
    struct server server;
    start(&server, &answer, 1);
    struct http_client *client = client_of(server.url);
    struct http_request request = request_of();
    struct http_reply reply;
    struct err err;
    request.timeout_ms = 60000;
    stop_request();
    assert_int_equal(http_client_call(client, &request, &reply, &err), RC_AGAIN);
    http_client_free(&client);
    finish(&server);
}

static void nobody_there(void **state)
{
    (void)state;
    struct server server;
    const struct answer none = {"", END_CLOSE};
    start(&server, &none, 0);
    finish(&server); /* the port is free again */
    struct http_client *client = client_of(server.url);
    struct http_request request = request_of();
    struct http_reply reply;
    struct err err;
    assert_int_equal(http_client_call(client, &request, &reply, &err), RC_RETRY);
    assert_non_null(strstr(err.msg, "127.0.0.1"));
    assert_null(strstr(err.msg, "secret"));
    http_client_free(&client);
}

static void only_http_is_spoken(void **state)
{
    (void)state;
    const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "https://"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct http_client *client = NULL;
        struct err err;
        const struct http_client_conf conf = {.url = urls[i], .max_body_bytes = 10};
        assert_int_equal(http_client_new(&conf, &client, &err), RC_REJECT);
        assert_null(client);
    }
}

/* ---- trying again ---- */

static bool is_object(void *context, const struct http_reply *reply)
{
    (void)context;
    return reply->body.n > 0 && reply->body.p[0] == '{';
}

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static enum rc call_patiently(const struct answer *answers, size_t count, int tries,
                              struct http_counts *counts, struct err *err)
{
    struct server server;
    struct http_reply reply;
    start(&server, answers, count);
    struct http_client *client = client_of(server.url);
    struct http_request request = request_of();
    const struct http_retry retry = {
        .tries = tries, .first_ms = 2, .most_ms = 8, .is_sound = is_object, .counts = counts};
    enum rc rc = http_retry_call(client, &request, &retry, &reply, err);
    assert_true(rc != RC_OK || reply.status == 401 || is_object(NULL, &reply));
    http_client_free(&client);
    finish(&server);
    return rc;
}

static void what_may_help_is_tried_again(void **state)
{
    (void)state;
    const struct answer answers[] = {
        {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", END_CLOSE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", END_CLOSE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n{", END_CLOSE},
        {"", END_CLOSE},
        {GOOD, END_CLOSE},
    };
    struct http_counts counts = {0};
    struct err err;
    assert_int_equal(call_patiently(answers, 5, 6, &counts, &err), RC_OK);
    assert_int_equal(counts.calls, 5);
    assert_int_equal(counts.retries, 4);
}

static void tries_are_counted(void **state)
{
    (void)state;
    const struct answer bad = {"HTTP/1.1 500 Oops\r\nContent-Length: 29\r\n\r\n{\"e\":\"" SECRET,
                               END_CLOSE};
    const struct answer answers[] = {bad, bad, bad};
    struct http_counts counts = {0};
    struct err err;
    assert_int_equal(call_patiently(answers, 3, 3, &counts, &err), RC_RETRY);
    assert_int_equal(counts.calls, 3);
    assert_null(strstr(err.msg, "secret"));
}

static void retry_after_is_obeyed(void **state)
{
    (void)state;
    const struct answer answers[] = {
        {"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", END_CLOSE},
        {GOOD, END_CLOSE}};
    struct http_counts counts = {0};
    struct err err;
    int64_t before = clock_monotonic_us();
    assert_int_equal(call_patiently(answers, 2, 2, &counts, &err), RC_OK);
    assert_true(clock_monotonic_us() - before >= US_PER_SECOND);
}

static void a_long_retry_after_is_the_next_runs(void **state)
{
    (void)state;
    const struct answer answers[] = {
        {"HTTP/1.1 429 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n", END_CLOSE}};
    struct http_counts counts = {0};
    struct err err;
    assert_int_equal(call_patiently(answers, 1, 6, &counts, &err), RC_RETRY);
    assert_int_equal(counts.calls, 1);
    assert_int_equal(err.code, 429);
}

static void a_refusal_is_not_repeated(void **state)
{
    (void)state;
    const struct answer refused[] = {{"HTTP/1.1 409 Conflict\r\nContent-Length: "
                                      "35\r\n\r\n{\"error_code\":409,\n\"what\":\"" SECRET,
                                      END_CLOSE}};
    const struct answer stranger[] = {
        {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", END_CLOSE}};
    struct http_counts counts = {0};
    struct err err;
    assert_int_equal(call_patiently(refused, 1, 6, &counts, &err), RC_REJECT);
    assert_int_equal(err.code, 409);
    assert_non_null(strstr(err.msg, "{\"error_code\":409,\"what\":\""));
    assert_null(strstr(err.msg, "secret"));
    assert_int_equal(call_patiently(stranger, 1, 6, &counts, &err), RC_OK);
    assert_int_equal(counts.retries, 0);
}

static void every_status_has_its_verdict(void **state)
{
    (void)state;
    const struct {
        int status;
        enum http_verdict verdict;
    } cases[] = {{200, HTTP_DONE},    {206, HTTP_DONE},         {304, HTTP_REFUSED},
                 {400, HTTP_REFUSED}, {401, HTTP_UNAUTHORIZED}, {403, HTTP_REFUSED},
                 {404, HTTP_REFUSED}, {408, HTTP_BUSY},         {409, HTTP_REFUSED},
                 {413, HTTP_REFUSED}, {425, HTTP_BUSY},         {429, HTTP_BUSY},
                 {500, HTTP_BUSY},    {504, HTTP_BUSY},         {599, HTTP_BUSY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(http_reply_verdict(cases[i].status), cases[i].verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_read),
        cmocka_unit_test(what_is_asked_is_escaped_and_signed),
        cmocka_unit_test(half_a_reply_is_none),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(a_reply_has_its_bounds),
        cmocka_unit_test(a_silent_server_is_given_up),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(only_http_is_spoken),
        cmocka_unit_test(what_may_help_is_tried_again),
        cmocka_unit_test(tries_are_counted),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(a_long_retry_after_is_the_next_runs),
        cmocka_unit_test(a_refusal_is_not_repeated),
        cmocka_unit_test(every_status_has_its_verdict),
        cmocka_unit_test(a_stop_ends_a_long_poll), /* the last: a stop is for life */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
