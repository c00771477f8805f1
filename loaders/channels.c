/* channels.c: see channels.h. */
#include "loaders/channels.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "queries.h"

void channels_done(struct channels *channels)
{
    for (size_t i = 0; i < channels->count; i++)
        free(channels->tenants[i].ids);
    free(channels->tenants);
    *channels = (struct channels){0};
}

void channels_refresh(struct channels *channels)
{
    for (size_t i = 0; i < channels->count; i++)
        channels->tenants[i].fresh = false;
}

static struct channels_tenant *find_or_add(struct channels *channels, const struct uuid *tenant_id)
{
    for (size_t i = 0; i < channels->count; i++)
        if (uuid_order(&channels->tenants[i].tenant_id, tenant_id) == 0)
            return &channels->tenants[i];
    channels->tenants =
        xrealloc(channels->tenants, (channels->count + 1) * sizeof *channels->tenants);
    struct channels_tenant *tenant = &channels->tenants[channels->count++];
    *tenant = (struct channels_tenant){.tenant_id = *tenant_id};
    return tenant;
}

static bool has(const struct channels_tenant *tenant, const struct uuid *channel_id)
{
    for (size_t i = 0; i < tenant->count; i++)
        if (uuid_order(&tenant->ids[i], channel_id) == 0)
            return true;
    return false;
}

static void keep(struct channels_tenant *tenant, const PGresult *result)
{
    size_t rows = (size_t)PQntuples(result);
    tenant->ids = xrealloc(tenant->ids, (rows + 1) * sizeof *tenant->ids);
    tenant->count = 0;
    for (size_t i = 0; i < rows; i++)
        if (uuid_from_text(str_of(PQgetvalue(result, (int)i, 0)), &tenant->ids[tenant->count]))
            tenant->count++;
    tenant->fresh = true;
}

static enum rc read_tenant(struct channels_tenant *tenant, PGconn *connection, struct err *err)
{
    PGresult *result = NULL;
    enum rc rc = database_run(connection, "BEGIN", err);
    if (rc == RC_OK)
        rc = database_set_tenant(connection, &tenant->tenant_id, err);
    if (rc == RC_OK)
        rc = database_query(connection, "read the tenant's channels", query_load_tenant_channels, 0,
                            NULL, &result, err);
    if (rc == RC_OK)
        keep(tenant, result);
    PQclear(result);
    database_rollback(connection); /* nothing was written */
    return rc;
}

enum rc channels_has(struct channels *channels, PGconn *connection, const struct uuid *tenant_id,
                     const struct uuid *channel_id, bool *has_out, struct err *err)
{
    struct channels_tenant *tenant = find_or_add(channels, tenant_id);
    *has_out = has(tenant, channel_id);
    if (*has_out || tenant->fresh)
        return RC_OK;
    enum rc rc = read_tenant(tenant, connection, err);
    *has_out = rc == RC_OK && has(tenant, channel_id);
    return rc;
}
