#include "connectors/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/limits.h"

#define EVENTS_AT_ONCE 64
#define DROPPED_AT_ONCE (16 * KIB)

struct lingering {
    struct lingering *older, *newer;
    int fd;
    int64_t until_us;
};

struct linger_set {
    int epoll;
    size_t count;
    struct lingering *oldest, *newest; /* all linger equally long: the order of their ends */
};

struct linger_set *linger_new(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return NULL;
    struct linger_set *linger = xcalloc(1, sizeof *linger);
    linger->epoll = epoll;
    return linger;
}

static void end(struct linger_set *linger, struct lingering *one)
{
    *(one->older != NULL ? &one->older->newer : &linger->oldest) = one->newer;
    *(one->newer != NULL ? &one->newer->older : &linger->newest) = one->older;
    linger->count--;
    (void)close(one->fd); /* the last duplicate: epoll forgets it too */
    free(one);
}

void linger_free(struct linger_set **linger)
{
    if (*linger == NULL)
        return;
    while ((*linger)->oldest != NULL)
        end(*linger, (*linger)->oldest);
    (void)close((*linger)->epoll);
    free(*linger);
    *linger = NULL;
}

static bool has_ended(int fd, void *bytes, size_t n, int flags)
{
    ssize_t got = recv(fd, bytes, n, flags | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void linger_take(struct linger_set *linger, int fd)
{
    char byte;
    if (linger->count >= LINGER_MOST || has_ended(fd, &byte, 1, MSG_PEEK))
        return;
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (kept < 0)
        return;
    struct lingering *one = xcalloc(1, sizeof *one);
    *one = (struct lingering){
        .older = linger->newest, .fd = kept, .until_us = clock_monotonic_us() + LINGER_US};
    *(linger->newest != NULL ? &linger->newest->newer : &linger->oldest) = one;
    linger->newest = one;
    linger->count++;
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = one};
    (void)shutdown(kept, SHUT_WR);
    if (epoll_ctl(linger->epoll, EPOLL_CTL_ADD, kept, &wanted) != 0)
        end(linger, one);
}

int linger_fd(const struct linger_set *linger)
{
    return linger->epoll;
}

int linger_timeout_ms(const struct linger_set *linger)
{
    if (linger->oldest == NULL)
        return -1;
    int64_t left_us = linger->oldest->until_us - clock_monotonic_us();
    return left_us > 0 ? (int)(left_us / US_PER_MS) + 1 : 0;
}

void linger_run(struct linger_set *linger)
{
    struct epoll_event ready[EVENTS_AT_ONCE];
    char dropped[DROPPED_AT_ONCE];
    int count = epoll_wait(linger->epoll, ready, EVENTS_AT_ONCE, 0);
    for (int i = 0; i < count; i++) {
        struct lingering *one = ready[i].data.ptr;
        if (has_ended(one->fd, dropped, sizeof dropped, 0))
            end(linger, one);
    }
    int64_t now_us = clock_monotonic_us();
    while (linger->oldest != NULL && linger->oldest->until_us <= now_us)
        end(linger, linger->oldest);
}

bool linger_is_empty(const struct linger_set *linger)
{
    return linger->oldest == NULL;
}
