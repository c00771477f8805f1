#include "connectors/receive_await.h"

static void ready(struct auth_wait *wait)
{
    struct receive_await *await = (struct receive_await *)wait; /* its first member */
    http_loop_resume(&await->suspended);
}

bool receive_await_begin(struct receive_await *await, struct receive_server *server,
                         struct MHD_Connection *connection, const struct route *route,
                         const struct auth_claim *claim)
{
    if (await->times >= AUTH_WAITS_MOST)
        return false;
    /* Counted before the look at "stopping", so that the drain misses nobody. */
    atomic_fetch_add(&server->awaiting, 1);
    await->is_waiting = true;
    if (atomic_load(&server->stopping)) {
        receive_await_end(await, server);
        return false;
    }
    await->times++;
    await->wait.ready = ready;
    http_loop_suspend(&await->suspended, connection);
    route->auth->await(route->shared, claim, &await->wait);
    return true;
}

void receive_await_end(struct receive_await *await, struct receive_server *server)
{
    if (await->is_waiting)
        atomic_fetch_sub(&server->awaiting, 1);
    await->is_waiting = false;
}
