/* server_process.h: a server as a process of its own, and what it uses, for programs that measure.
 *
 * Errors:  end the program with words. */
#ifndef SLUICE_BENCH_SERVER_PROCESS_H
#define SLUICE_BENCH_SERVER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct server_process {
    const char *name;
    pid_t pid;
    uint16_t port, admin_port; /* on 127.0.0.1; admin_port 0 = it has none */
};

uint16_t server_process_free_port(void);
/* Runs it and waits until its port answers. argv[0] is looked up in PATH. */
void server_process_start(struct server_process *server, char *const argv[]);
/* SIGTERM; it must end with 0. */
void server_process_stop(const struct server_process *server);

/* User and kernel time so far, of it and of its children at work. */
double server_process_cpu_seconds(const struct server_process *server);
/* The most memory it ever held, MiB. */
double server_process_peak_mib(const struct server_process *server);
/* A plain metric of its /metrics; 0 when it has none of that name. */
double server_process_metric(const struct server_process *server, const char *name);

_Noreturn void server_process_fail(const char *what, const char *name);

#endif
