#include "lib/handed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const names[] = {"hooks", "admin"};

/* Descriptors 3, 4, ... are what is handed over; cmocka has none of its own there. */
static void offer(int count, int type, const char *list)
{
    char number[16];
    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, type, 0);
        assert_true(fd >= 0);
        if (fd != 3 + i) {
            assert_int_equal(dup2(fd, 3 + i), 3 + i);
            assert_int_equal(close(fd), 0);
        }
    }
    (void)snprintf(number, sizeof number, "%d", (int)getpid());
    (void)setenv("LISTEN_PID", number, 1);
    (void)snprintf(number, sizeof number, "%d", count);
    (void)setenv("LISTEN_FDS", number, 1);
    if (list != NULL)
        (void)setenv("LISTEN_FDNAMES", list, 1);
}

static void take_back(int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(close(3 + i), 0);
}

static void takes_by_name_or_by_order(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        int count, hooks, admin;
    } cases[] = {
        {NULL, 2, 3, 4},
        {"sluice.socket:sluice.socket", 2, 3, 4},
        {"admin:hooks", 2, 4, 3},
        {"hooks", 1, 3, -1},
        {"admin", 1, -1, 3},
        {NULL, 1, 3, -1},
        {"x:hooks:hooksy", 3, 4, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fds[2];
        struct err err;
        offer(cases[i].count, SOCK_STREAM, cases[i].list);
        assert_int_equal(handed_take(names, 2, fds, &err), RC_OK);
        assert_int_equal(fds[0], cases[i].hooks);
        assert_int_equal(fds[1], cases[i].admin);
        for (int j = 0; j < 2; j++) {
            assert_true(fds[j] < 0 || (fcntl(fds[j], F_GETFL) & O_NONBLOCK) != 0);
            assert_true(fds[j] < 0 || fcntl(fds[j], F_GETFD) == FD_CLOEXEC);
        }
        assert_null(getenv("LISTEN_FDS"));
        take_back(cases[i].count);
    }
}

static void takes_nothing_that_is_not_meant_for_it(void **state)
{
    (void)state;
    static const char *const pids[] = {"1", "", "x", NULL};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        int fds[2];
        struct err err;
        offer(1, SOCK_STREAM, NULL);
        if (pids[i] != NULL)
            (void)setenv("LISTEN_PID", pids[i], 1);
        else
            (void)unsetenv("LISTEN_PID");
        assert_int_equal(handed_take(names, 2, fds, &err), RC_OK);
        assert_int_equal(fds[0], -1);
        take_back(1);
    }
}

static void says_what_is_no_socket_for_it(void **state)
{
    (void)state;
    int fds[2];
    struct err err;
    offer(1, SOCK_DGRAM, "hooks");
    assert_int_equal(handed_take(names, 2, fds, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "ListenStream="));
    take_back(1);
}

static void gives_in_order(void **state)
{
    (void)state;
    int fds[2], given[2], ends[2];
    char byte;
    struct err err;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    given[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    given[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setenv("NOTIFY_SOCKET", "/nowhere", 1);
    pid_t pid = fork();
    if (pid == 0) {
        handed_give(given, 2, "hooks:admin", ends[1]);
        bool is_right = handed_take(names, 2, fds, &err) == RC_OK && fds[0] == 3 && fds[1] == 4 &&
                        getenv("NOTIFY_SOCKET") == NULL;
        if (is_right)
            handed_ready();
        _exit(0);
    }
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(given[0]), 0);
    assert_int_equal(close(given[1]), 0);
    (void)unsetenv("NOTIFY_SOCKET");
}

static void tells_systemd(void **state)
{
    (void)state;
    char got[32] = "";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[64];
    int n = snprintf(path, sizeof path, "@sluice-handed-test-%d", (int)getpid());
    memcpy(address.sun_path + 1, path + 1, (size_t)n - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)),
                     0);
    (void)setenv("NOTIFY_SOCKET", path, 1);
    handed_ready();
    assert_int_equal(recv(fd, got, sizeof got - 1, 0), 7);
    assert_string_equal(got, "READY=1");
    handed_stopping();
    assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
    assert_memory_equal(got, "STOPPING=1", 10);
    (void)unsetenv("NOTIFY_SOCKET");
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    /* What the runner may have left open there. */
    for (int fd = 3; fd < 16; fd++)
        (void)close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_by_name_or_by_order),
        cmocka_unit_test(takes_nothing_that_is_not_meant_for_it),
        cmocka_unit_test(says_what_is_no_socket_for_it),
        cmocka_unit_test(gives_in_order),
        cmocka_unit_test(tells_systemd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
