/* catalog.h: writes the configured tenants and channels to the database. They are configured, not
 * ingested (canonical-model 3.1). Safe to repeat and to race; never deletes. */
#ifndef SLUICE_LOADERS_CATALOG_H
#define SLUICE_LOADERS_CATALOG_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "lib/uuid.h"

struct catalog_channel {
    struct uuid id;
    const char *provider; /* canonical-model 3.1 */
    const char *medium;
    const char *account;
    const char *name;            /* connector name */
    const char *source_timezone; /* NULL */
    bool provider_sessioned;
    int session_gap_s;
    bool outbound_visible;
};

struct catalog_tenant {
    struct uuid id;
    const char *slug;
    const char *name;
    const char *timezone; /* IANA */
    const struct catalog_channel *channels;
    size_t channel_count;
};

struct catalog {
    const struct catalog_tenant *tenants;
    size_t tenant_count;
};

/* RC_REJECT: a value that the database refuses, such as an unknown time zone; the message names it.
 */
enum rc catalog_apply(PGconn *connection, const struct catalog *catalog, struct err *err) MUST_USE;

#endif
