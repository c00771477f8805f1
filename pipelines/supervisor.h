/* supervisor.h: one child process per role, started anew when it ends.
 *
 * A child is this program again with the role's name as its verb. It is started anew after 0.2 s,
 * then twice as long each time, up to 30 s; from 0.2 s again once it has lived for 60 s. When a
 * stop is requested the children get SIGTERM one after the other, in the order of the table: who
 * fills the bus before who drains it. One that takes longer than drain_ms is killed. If the
 * supervisor dies, the kernel sends its children SIGTERM.
 *
 * Errors:  RC_OK = stopped on request; RC_REJECT = a child ended with exit code 2 (usage, pipeline
 * file), so all were stopped; RC_FATAL = no child could be started, or the pid file is held.
 * Threads: one per process: it waits for every child of the process. */
#ifndef SLUICE_PIPELINES_SUPERVISOR_H
#define SLUICE_PIPELINES_SUPERVISOR_H

#include <stddef.h>

#include "lib/err.h"

#define SUPERVISOR_DRAIN_MS 30000

struct supervisor_role {
    const char *name;   /* the verb */
    const char *option; /* a further word; NULL = none */
};

struct supervisor_conf {
    const char *program; /* NULL = this program */
    const char *pipeline_path;
    const struct supervisor_role *roles; /* in the order of draining */
    size_t role_count;
    const char *pid_file; /* NULL = none */
    int drain_ms;         /* for each child */
};

enum rc supervisor_run(const struct supervisor_conf *conf, struct err *err) MUST_USE;

#endif
