#include "lib/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

/* Lock-free, so that a signal handler may set it; other threads read it. */
static atomic_int requested;

static void on_signal(int signal_number)
{
    if (requested)
        _exit(128 + signal_number);
    requested = 1;
}

void stop_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

bool stop_requested(void)
{
    return requested != 0;
}

void stop_request(void)
{
    requested = 1;
}

void stop_sleep_ms(int ms)
{
    int64_t until = clock_monotonic_us() + ms * US_PER_MS;
    for (int64_t left = until - clock_monotonic_us(); left > 0 && !stop_requested();
         left = until - clock_monotonic_us()) {
        int64_t slice = left < 50 * US_PER_MS ? left : 50 * US_PER_MS;
        struct timespec t = {.tv_nsec = slice * 1000};
        (void)nanosleep(&t, NULL);
    }
}
