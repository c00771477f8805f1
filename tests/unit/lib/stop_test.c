#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/stop.h"

/* In a child: the flag is for life. Returns what the child returned, or -signal. */
static int in_child(int (*work)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(work());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int one_signal(void)
{
    stop_install();
    int64_t before = clock_monotonic_us();
    stop_sleep_ms(20);
    bool slept = clock_monotonic_us() - before >= 20 * US_PER_MS && !stop_requested();
    (void)raise(SIGTERM);
    before = clock_monotonic_us();
    stop_sleep_ms(10000);
    bool at_once = clock_monotonic_us() - before < US_PER_SECOND;
    return slept && at_once && stop_requested() ? 0 : 1;
}

static int two_signals(void)
{
    stop_install();
    (void)raise(SIGINT);
    (void)raise(SIGINT);
    return 0;
}

static int broken_pipe(void)
{
    int ends[2];
    stop_install();
    if (pipe(ends) != 0)
        return 2;
    (void)close(ends[0]);
    return write(ends[1], "x", 1) == -1 && !stop_requested() ? 0 : 1;
}

static int by_hand(void)
{
    stop_request();
    return stop_requested() ? 0 : 1;
}

static void stops(void **state)
{
    (void)state;
    assert_int_equal(in_child(one_signal), 0);
    assert_int_equal(in_child(two_signals), 128 + SIGINT);
    assert_int_equal(in_child(broken_pipe), 0);
    assert_int_equal(in_child(by_hand), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
