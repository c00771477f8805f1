#include "loaders/catalog.h"

#include <stdio.h>

#include "loaders/database.h"
#include "queries.h"

/* "a value that the database refuses" is the configuration's fault, so say whose. */
static enum rc named(enum rc rc, const char *what, const char *name, struct err *err)
{
    if (rc != RC_REJECT || err == NULL)
        return rc;
    struct err cause = *err;
    (void)err_set(err, rc, "%s \"%s\": %.400s", what, name, cause.msg);
    (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", cause.sqlstate);
    return rc;
}

static enum rc apply_channel(PGconn *connection, const struct uuid *tenant_id,
                             const struct catalog_channel *channel, struct err *err)
{
    char id[UUID_TEXT_BYTES];
    char tenant[UUID_TEXT_BYTES];
    char gap[16];
    uuid_format(&channel->id, id);
    uuid_format(tenant_id, tenant);
    (void)snprintf(gap, sizeof gap, "%d", channel->session_gap_s);
    const char *parameters[] = {id,
                                tenant,
                                channel->provider,
                                channel->medium,
                                channel->account,
                                channel->name,
                                channel->source_timezone,
                                channel->provider_sessioned ? "t" : "f",
                                gap,
                                channel->outbound_visible ? "t" : "f"};
    enum rc rc = database_query(connection, "write channel", query_catalog_channel, 10, parameters,
                                NULL, err);
    return named(rc, "connector", channel->name, err);
}

static enum rc apply_tenant(PGconn *connection, const struct catalog_tenant *tenant,
                            struct err *err)
{
    char id[UUID_TEXT_BYTES];
    uuid_format(&tenant->id, id);
    const char *parameters[] = {id, tenant->slug, tenant->name, tenant->timezone};
    enum rc rc = database_set_tenant(connection, &tenant->id, err);
    if (rc == RC_OK)
        rc = database_query(connection, "wait for a rollup", query_rollup_lock, 1, parameters, NULL,
                            err);
    if (rc == RC_OK)
        rc = database_query(connection, "write tenant", query_catalog_tenant, 4, parameters, NULL,
                            err);
    if (rc != RC_OK)
        return named(rc, "tenant", tenant->slug, err);
    for (size_t i = 0; rc == RC_OK && i < tenant->channel_count; i++)
        rc = apply_channel(connection, &tenant->id, &tenant->channels[i], err);
    return rc;
}

enum rc catalog_apply(PGconn *connection, const struct catalog *catalog, struct err *err)
{
    enum rc rc = database_run(connection, "BEGIN", err);
    for (size_t i = 0; rc == RC_OK && i < catalog->tenant_count; i++)
        rc = apply_tenant(connection, &catalog->tenants[i], err);
    if (rc == RC_OK)
        rc = database_commit(connection, err);
    database_rollback(connection);
    return rc;
}
