#include "connectors/linger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/limits.h"

struct pair {
    int server, client;
};

/* TCP, since only that has resets. */
static struct pair connect_pair(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    struct pair pair;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    pair.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(pair.client, (struct sockaddr *)&address, n), 0);
    pair.server = accept(listener, NULL, NULL);
    assert_true(pair.server >= 0);
    assert_int_equal(close(listener), 0);
    return pair;
}

static void run_until_empty(struct linger_set *linger)
{
    for (int i = 0; i < 100 && !linger_is_empty(linger); i++) {
        struct pollfd ready = {.fd = linger_fd(linger), .events = POLLIN};
        (void)poll(&ready, 1, linger_timeout_ms(linger));
        linger_run(linger);
    }
    assert_true(linger_is_empty(linger));
}

static void send_all(int fd, size_t n)
{
    static const char zeros[64 * KIB];
    for (size_t left = n; left > 0;) {
        ssize_t sent = send(fd, zeros, left < sizeof zeros ? left : sizeof zeros, MSG_NOSIGNAL);
        assert_true(sent > 0);
        left -= (size_t)sent;
    }
}

/* Without lingering, what is still sent resets the connection, and the answer with it. */
static void the_last_answer_arrives_although_more_is_sent(void **state)
{
    (void)state;
    char answer[16];
    struct linger_set *linger = linger_new();
    struct pair pair = connect_pair();
    send_all(pair.client, 1000);
    assert_int_equal(send(pair.server, "answer", 6, 0), 6);
    linger_take(linger, pair.server);
    assert_int_equal(close(pair.server), 0);
    assert_false(linger_is_empty(linger));
    send_all(pair.client, 1000);
    linger_run(linger);
    send_all(pair.client, 100 * KIB);
    linger_run(linger);
    assert_int_equal(recv(pair.client, answer, sizeof answer, 0), 6);
    assert_memory_equal(answer, "answer", 6);
    assert_int_equal(recv(pair.client, answer, sizeof answer, 0), 0);
    assert_int_equal(close(pair.client), 0);
    run_until_empty(linger);
    linger_free(&linger);
}

static void what_the_peer_has_closed_does_not_linger(void **state)
{
    (void)state;
    struct linger_set *linger = linger_new();
    struct pair pair = connect_pair();
    assert_int_equal(close(pair.client), 0);
    struct pollfd ended = {.fd = pair.server, .events = POLLIN};
    assert_int_equal(poll(&ended, 1, 5000), 1);
    linger_take(linger, pair.server);
    assert_true(linger_is_empty(linger));
    assert_int_equal(linger_timeout_ms(linger), -1);
    assert_int_equal(close(pair.server), 0);
    linger_free(&linger);
}

/* A peer that never closes is not waited for longer than that. */
static void it_lasts_a_bounded_time(void **state)
{
    (void)state;
    struct linger_set *linger = linger_new();
    struct pair pair = connect_pair();
    linger_take(linger, pair.server);
    assert_int_equal(close(pair.server), 0);
    int ms = linger_timeout_ms(linger);
    assert_true(ms > 0 && ms <= LINGER_US / US_PER_MS + 1);
    run_until_empty(linger);
    assert_int_equal(close(pair.client), 0);
    linger_free(&linger);
    assert_null(linger);
}

static void no_more_than_its_bound_linger(void **state)
{
    (void)state;
    struct linger_set *linger = linger_new();
    struct pair pair = connect_pair();
    for (int i = 0; i < LINGER_MOST + 10; i++)
        linger_take(linger, pair.server);
    int next = dup(pair.server);
    assert_true(next > 0 && next < LINGER_MOST + 64);
    assert_int_equal(close(next), 0);
    linger_free(&linger);
    int after = dup(pair.server);
    assert_true(after < 64);
    assert_int_equal(close(after), 0);
    assert_int_equal(close(pair.server), 0);
    assert_int_equal(close(pair.client), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_answer_arrives_although_more_is_sent),
        cmocka_unit_test(what_the_peer_has_closed_does_not_linger),
        cmocka_unit_test(it_lasts_a_bounded_time),
        cmocka_unit_test(no_more_than_its_bound_linger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
