/* channels.h: which channels are configured, as far as the loader has asked.
 *
 * Owns:    the list. A channel that is not in it is looked up again, at most once per tenant
 * between two calls of channels_refresh, since it may have been configured since.
 * Errors:  as database.h.
 * Threads: that of the connection. */
#ifndef SLUICE_LOADERS_CHANNELS_H
#define SLUICE_LOADERS_CHANNELS_H

#include <stdbool.h>

#include "loaders/database.h"

struct channels_tenant {
    struct uuid tenant_id;
    struct uuid *ids;
    size_t count;
    bool fresh; /* read since channels_refresh */
};

struct channels {
    struct channels_tenant *tenants;
    size_t count;
};

void channels_done(struct channels *channels);
void channels_refresh(struct channels *channels);
/* Outside of a transaction. */
enum rc channels_has(struct channels *channels, PGconn *connection, const struct uuid *tenant_id,
                     const struct uuid *channel_id, bool *has_out, struct err *err) MUST_USE;

#endif
