/* route.h: from the path of a request to the connector it is for.
 *
 * Owns:    the table of paths; connectors are borrowed from the configuration.
 * Errors:  RC_FATAL: a channel that takes no webhooks, or two connectors with one path.
 * Threads: constant after route_table_new. */
#ifndef SLUICE_CONNECTORS_ROUTE_H
#define SLUICE_CONNECTORS_ROUTE_H

#include "connectors/auth.h"

struct route {
    const struct receive_connector *connector;
    const struct auth_channel *auth;
    size_t index; /* place in the table: 0 .. count - 1 */
    char path[];  /* "/hooks/<tenant>/<connector>" */
};

struct route_table;

enum rc route_table_new(const struct receive_connector *connectors, size_t count,
                        struct route_table **table_out, struct err *err) MUST_USE;
void route_table_free(struct route_table **table);

size_t route_count(const struct route_table *table);
const struct route *route_at(const struct route_table *table, size_t index);
/* NULL: nothing is there, whether the tenant or the connector is the unknown one. */
const struct route *route_find(const struct route_table *table, const char *path);

#endif
