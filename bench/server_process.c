#include "bench/server_process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define START_US (15 * US_PER_SECOND)

extern char **environ;

void server_process_fail(const char *what, const char *name)
{
    (void)fprintf(stderr, "bench: %s %s: %m\n", what, name);
    exit(1);
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

uint16_t server_process_free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &n) != 0)
        server_process_fail("cannot find", "a free port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void await(const struct server_process *server)
{
    int fd;
    int64_t until_us = clock_monotonic_us() + START_US;
    while ((fd = connect_to(server->port)) < 0) {
        if (clock_monotonic_us() > until_us || waitpid(server->pid, NULL, WNOHANG) != 0)
            server_process_fail("cannot start", server->name);
        (void)usleep(20000);
    }
    (void)close(fd);
}

void server_process_start(struct server_process *server, char *const argv[])
{
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    errno = posix_spawnp(&server->pid, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (errno != 0)
        server_process_fail("cannot run", argv[0]);
    await(server);
}

void server_process_stop(const struct server_process *server)
{
    int status = 0;
    (void)kill(server->pid, SIGTERM);
    if (waitpid(server->pid, &status, 0) != server->pid || status != 0)
        server_process_fail("did not end well:", server->name);
}

/* ---- what it used ---- */

static double ticks_of(long pid)
{
    char path[64], text[1024] = "";
    unsigned long user = 0, kernel = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof text, file) == NULL ||
        sscanf(strrchr(text, ')'), ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
               &kernel) != 2)
        server_process_fail("cannot read", path);
    (void)fclose(file);
    return (double)(user + kernel);
}

double server_process_cpu_seconds(const struct server_process *server)
{
    char path[96];
    long child;
    double ticks = ticks_of(server->pid);
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)server->pid,
                   (int)server->pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fscanf(file, "%ld", &child) == 1)
        ticks += ticks_of(child);
    if (file != NULL)
        (void)fclose(file);
    return ticks / (double)sysconf(_SC_CLK_TCK);
}

double server_process_peak_mib(const struct server_process *server)
{
    char path[64], line[256];
    unsigned long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)server->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        server_process_fail("cannot read", path);
    while (kib == 0 && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "VmHWM: %lu", &kib);
    (void)fclose(file);
    return (double)kib / 1024;
}

double server_process_metric(const struct server_process *server, const char *name)
{
    static const char request[] =
        "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    char piece[4096], line[128];
    struct buf answer;
    int fd = server->admin_port != 0 ? connect_to(server->admin_port) : -1;
    if (fd < 0)
        return 0;
    buf_init(&answer, MIB);
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
        server_process_fail("cannot ask for", name);
    for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;)
        (void)!buf_add(&answer, piece, (size_t)n);
    (void)close(fd);
    (void)!buf_add(&answer, "", 1);
    (void)snprintf(line, sizeof line, "\n%s ", name);
    const char *at = answer.p != NULL ? strstr(answer.p, line) : NULL;
    double value = at != NULL ? strtod(at + strlen(line), NULL) : 0;
    buf_done(&answer);
    return value;
}
