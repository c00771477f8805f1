#include "lib/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3
#define FDS_MOST 16 /* more are none of ours */
#define OUT_OF_THE_WAY (FIRST_FD + FDS_MOST + 1)
#define READY_FD "SLUICE_READY_FD"

/* ---- taking ---- */

static long number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end = NULL;
    if (text == NULL || *text == '\0')
        return -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' ? number : -1;
}

/* The name of descriptor "place" in a list joined by colons. */
static bool is_named(const char *list, size_t place, const char *name)
{
    for (; list != NULL && place > 0; place--) {
        list = strchr(list, ':');
        list += list != NULL;
    }
    size_t n = strlen(name);
    return list != NULL && strncmp(list, name, n) == 0 && (list[n] == ':' || list[n] == '\0');
}

static enum rc check_socket(int fd, const char *name, struct err *err)
{
    int type = 0, protocol = 0;
    socklen_t n = sizeof type, m = sizeof protocol;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 || type != SOCK_STREAM ||
        getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &m) != 0 || protocol != IPPROTO_TCP)
        return err_set(
            err, RC_FATAL,
            "descriptor %d, handed over as \"%s\", is no TCP socket; a socket unit needs "
            "ListenStream= with an address and a port",
            fd, name);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return err_set(err, RC_FATAL, "descriptor %d, handed over as \"%s\": %s", fd, name,
                       strerror(errno));
    return RC_OK;
}

static size_t offered(void)
{
    long fds = number_of("LISTEN_FDS");
    bool is_meant = number_of("LISTEN_PID") == (long)getpid();
    return is_meant && fds > 0 && fds <= FDS_MOST ? (size_t)fds : 0;
}

static bool names_count(const char *list, size_t fds, const char *const names[], size_t count)
{
    for (size_t i = 0; i < fds; i++)
        for (size_t j = 0; j < count; j++)
            if (is_named(list, i, names[j]))
                return true;
    return false;
}

enum rc handed_take(const char *const names[], size_t count, int fds_out[], struct err *err)
{
    const char *list = getenv("LISTEN_FDNAMES");
    size_t fds = offered();
    bool by_name = names_count(list, fds, names, count);
    enum rc rc = RC_OK;
    for (size_t j = 0; j < count; j++) {
        fds_out[j] = -1;
        for (size_t i = 0; i < fds && fds_out[j] < 0; i++)
            if (by_name ? is_named(list, i, names[j]) : i == j)
                fds_out[j] = FIRST_FD + (int)i;
        if (rc == RC_OK && fds_out[j] >= 0)
            rc = check_socket(fds_out[j], names[j], err);
    }
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return rc;
}

/* ---- giving ---- */

static void set_number(const char *variable, long number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%ld", number);
    (void)setenv(variable, text, 1);
}

/* First all out of the way of the places that they are to have. */
void handed_give(const int fds[], size_t count, const char *names, int ready_fd)
{
    int moved[FDS_MOST + 1];
    size_t n = 0;
    for (; n < count && n < FDS_MOST; n++)
        moved[n] = fcntl(fds[n], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (ready_fd >= 0)
        moved[n++] = fcntl(ready_fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    for (size_t i = 0; i < n; i++)
        (void)dup2(moved[i], FIRST_FD + (int)i);
    (void)unsetenv("NOTIFY_SOCKET"); /* it is the parent that its own parent waits for */
    (void)unsetenv(READY_FD);
    if (count > 0) {
        set_number("LISTEN_PID", (long)getpid());
        set_number("LISTEN_FDS", (long)count);
        (void)setenv("LISTEN_FDNAMES", names, 1);
    }
    if (ready_fd >= 0)
        set_number(READY_FD, FIRST_FD + (long)n - 1);
}

/* ---- saying ---- */

/* An address that begins with @ is in the abstract name space. */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') ||
        strlen(path) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    (void)close(fd);
}

void handed_ready(void)
{
    long fd = number_of(READY_FD);
    if (fd >= FIRST_FD && fd <= OUT_OF_THE_WAY) {
        (void)!write((int)fd, "r", 1);
        (void)close((int)fd);
        (void)unsetenv(READY_FD);
    }
    notify("READY=1");
}

void handed_stopping(void)
{
    notify("STOPPING=1");
}
