/* supervisor_sockets.h: the listening sockets that the supervisor holds for its children. For
 * pipelines/supervisor.c only.
 *
 * Owns:    the descriptors, close-on-exec, until sockets_close.
 * Errors:  those of address_bind. */
#ifndef SLUICE_PIPELINES_SUPERVISOR_SOCKETS_H
#define SLUICE_PIPELINES_SUPERVISOR_SOCKETS_H

#include "pipelines/supervisor.h"

enum { SOCKET_HOOKS, SOCKET_ADMIN, SOCKETS };

struct sockets {
    int fds[SOCKETS]; /* -1 = none */
    bool is_handed;   /* by systemd: whatever the pipeline file says, they stay these */
    struct supervisor_plan plan;
};

#define SOCKETS_NONE ((struct sockets){.fds = {-1, -1}})

/* The first ones: what systemd hands over, else what the plan names. */
enum rc sockets_open(const struct supervisor_plan *plan, struct sockets *to,
                     struct err *err) MUST_USE;
/* Those for another plan: the old ones where the address is the same (so port 0 stays the port that
 * it became). */
enum rc sockets_renew(const struct sockets *old, const struct supervisor_plan *plan,
                      struct sockets *to, struct err *err) MUST_USE;
/* Closes what "kept" (NULL = nothing) does not have too. */
void sockets_close(struct sockets *sockets, const struct sockets *kept);
/* In a child between fork and exec. */
void sockets_give(const struct sockets *sockets, int ready_fd);

#endif
