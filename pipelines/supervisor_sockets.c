#include "pipelines/supervisor_sockets.h"

#include <string.h>
#include <unistd.h>

#include "connectors/address.h"
#include "lib/handed.h"
#include "lib/log.h"

static const char *const names[SOCKETS] = {"hooks", "admin"};

static const char *address_in(const struct supervisor_plan *plan, int i)
{
    return i == SOCKET_HOOKS ? plan->hooks : plan->admin;
}

enum rc sockets_renew(const struct sockets *old, const struct supervisor_plan *plan,
                      struct sockets *to, struct err *err)
{
    enum rc rc = RC_OK;
    *to = *old;
    to->plan = *plan;
    for (int i = 0; i < SOCKETS && !old->is_handed; i++) {
        const char *address = address_in(plan, i);
        char real[ADDRESS_TEXT_BYTES];
        if (old->fds[i] >= 0 && strcmp(address, address_in(&old->plan, i)) == 0)
            continue;
        to->fds[i] = -1;
        if (rc == RC_OK && address[0] != '\0')
            rc = address_bind(address, &to->fds[i], real, err);
    }
    if (rc != RC_OK)
        sockets_close(to, old);
    return rc;
}

enum rc sockets_open(const struct supervisor_plan *plan, struct sockets *to, struct err *err)
{
    struct sockets handed = SOCKETS_NONE;
    enum rc rc = handed_take(names, SOCKETS, handed.fds, err);
    handed.is_handed = handed.fds[SOCKET_HOOKS] >= 0;
    if (rc == RC_OK && handed.is_handed)
        LOG_INFO("listening sockets were handed over; receive.listen and receive.admin are not "
                 "bound");
    return rc == RC_OK ? sockets_renew(&handed, plan, to, err) : rc;
}

void sockets_close(struct sockets *sockets, const struct sockets *kept)
{
    for (int i = 0; i < SOCKETS; i++) {
        if (sockets->fds[i] >= 0 && (kept == NULL || kept->fds[i] != sockets->fds[i]))
            (void)close(sockets->fds[i]);
        sockets->fds[i] = -1;
    }
}

void sockets_give(const struct sockets *sockets, int ready_fd)
{
    bool has_admin = sockets->fds[SOCKET_ADMIN] >= 0;
    size_t count = sockets->fds[SOCKET_HOOKS] < 0 ? 0 : has_admin ? 2 : 1;
    handed_give(sockets->fds, count, has_admin ? "hooks:admin" : "hooks", ready_fd);
}
