/* route.h: from the path of a request to the connector it is for, to what proves its sender, and to
 * the shape of its bodies.
 *
 * Owns:    the table of paths, and what the threads of a route remember together about senders;
 *          connectors are borrowed from the configuration.
 * Errors:  RC_FATAL: a channel that takes no webhooks, or two connectors with one path.
 * Threads: constant after route_table_new. */
#ifndef SLUICE_CONNECTORS_ROUTE_H
#define SLUICE_CONNECTORS_ROUTE_H

#include "connectors/auth.h"

struct route {
    const struct receive_connector *connector;
    const struct auth_channel *auth;
    struct auth_shared *shared; /* NULL where auth shares nothing */
    struct str format;          /* of the normalizer */
    bool is_sent;               /* what was sent to contacts, told by the tenant's own programs */
    size_t index;               /* place in the table: 0 .. count - 1 */
    const char *name;           /* "<connector>" or "<connector>/sent"; within the path */
    char path[];                /* "/hooks/<tenant>/<connector>" or that and "/sent" */
};

struct route_table;

enum rc route_table_new(const struct receive_connector *connectors, size_t count,
                        struct route_table **table_out, struct err *err) MUST_USE;
void route_table_free(struct route_table **table);

/* From here on no request waits for what its sender is to be known by. */
void route_table_stop(const struct route_table *table);

size_t route_count(const struct route_table *table);
const struct route *route_at(const struct route_table *table, size_t index);
/* NULL: nothing is there, whether the tenant or the connector is the unknown one. token_out: what
 * follows the route's path, within path; STR_NULL = nothing. */
const struct route *route_find(const struct route_table *table, const char *path,
                               struct str *token_out);

/* All that the table was made of. */
const struct receive_connector *route_connectors(const struct route_table *table,
                                                 size_t *count_out);

#endif
