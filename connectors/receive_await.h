/* receive_await.h: a request whose sender cannot be told yet: its connection is suspended until the
 * check is worth repeating (auth.h). For connectors/receive*.c only.
 *
 * Owns:    nothing; lies in its request, which outlives the wait.
 * Threads: begin and end run on the thread of the connection.
 * Drain:   once "stopping" is set, nobody begins to wait; route_table_stop wakes all; once
 *          "awaiting" is 0, no connection is suspended for this. */
#ifndef SLUICE_CONNECTORS_RECEIVE_AWAIT_H
#define SLUICE_CONNECTORS_RECEIVE_AWAIT_H

#include "connectors/http_loop.h"
#include "connectors/receive_server.h"

struct receive_await { /* zero before the first wait */
    struct auth_wait wait;
    struct http_suspended suspended;
    unsigned times;
    bool is_waiting; /* counted in "awaiting" */
};

/* false: it has waited often enough, or the process is stopping. */
bool receive_await_begin(struct receive_await *await, struct receive_server *server,
                         struct MHD_Connection *connection, const struct route *route,
                         const struct auth_claim *claim);
/* The connection goes on, or is gone. Of no effect when it was not waiting. */
void receive_await_end(struct receive_await *await, struct receive_server *server);

#endif
