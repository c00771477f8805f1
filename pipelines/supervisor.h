/* supervisor.h: one child process per role, started anew when it ends, replaced without a gap.
 *
 * A child is this program again with the role's name as its verb. It is started anew after 0.2 s,
 * then twice as long each time, up to 30 s; from 0.2 s again once it has lived for 60 s. When a
 * stop is requested the children get SIGTERM one after the other, in the order of the table: who
 * fills the bus before who drains it. One that takes longer than drain_ms is killed. If the
 * supervisor dies, the kernel sends its children SIGTERM.
 *
 * Sockets: those of a role that listens are bound here (or came from systemd) and handed down
 *          (lib/handed.h). So they outlive any child: what waits in the accept queue is served by
 *          the next one. With SO_REUSEPORT each process had a queue of its own, lost with it.
 * SIGHUP:  the plan is asked for anew. If it is refused, that is logged and all goes on. Else the
 *          roles that listen get a successor each; once all of these are ready, the old ones get
 *          SIGTERM, and the other roles are drained and started anew, one process of each at a
 *          time. If a successor ends before it is ready, all goes on as before. A SIGHUP of the
 *          kernel's (the terminal is gone) is a stop.
 * Errors:  RC_OK = stopped on request; RC_REJECT = a child ended with exit code 2 (usage, pipeline
 * file) when it was first started, so all were stopped (later, somebody may be editing the file);
 * RC_FATAL = no child could be started, an address cannot be bound, or the pid file is held.
 * Threads: one per process: it waits for every child of the process. */
#ifndef SLUICE_PIPELINES_SUPERVISOR_H
#define SLUICE_PIPELINES_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

/* More than a receiver takes in its worst case: 8 s until connections are idle, 20 s for the bus,
 * 6 s for the spool, 2 s for connections that linger. */
#define SUPERVISOR_DRAIN_MS 40000

struct supervisor_role {
    const char *name;   /* the verb */
    const char *option; /* a further word; NULL = none */
    bool listens;       /* gets the sockets, and says when it is ready */
};

#define SUPERVISOR_ADDRESS_BYTES 300

struct supervisor_plan { /* what the supervisor itself needs to know of the pipeline file */
    char hooks[SUPERVISOR_ADDRESS_BYTES]; /* "host:port" */
    char admin[SUPERVISOR_ADDRESS_BYTES]; /* "" = none */
    const char *idle;                     /* a role that has nothing to do; NULL = none */
};

struct supervisor_conf {
    const char *program; /* NULL = this program */
    const char *pipeline_path;
    const struct supervisor_role *roles; /* in the order of draining */
    size_t role_count;
    const char *pid_file; /* NULL = none */
    int drain_ms;         /* for each child */
    /* Reads and checks the pipeline file: at the start, and on SIGHUP. NULL: there is none. */
    enum rc (*plan)(void *context, struct supervisor_plan *plan_out, struct err *err);
    void *context;
};

enum rc supervisor_run(const struct supervisor_conf *conf, struct err *err) MUST_USE;

#endif
