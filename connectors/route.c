#include "connectors/route.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"

struct route_table {
    size_t count;
    struct route *routes[]; /* in the order of their paths */
};

static struct route *route_new(const struct receive_connector *connector,
                               const struct auth_channel *auth)
{
    static const char format[] = "/hooks/%s/%s";
    size_t n = sizeof format + strlen(connector->tenant) + strlen(connector->name);
    struct route *route = xcalloc(1, sizeof *route + n);
    route->connector = connector;
    route->auth = auth;
    (void)snprintf(route->path, n, format, connector->tenant, connector->name);
    return route;
}

static int order(const void *a, const void *b)
{
    const struct route *const *left = a;
    const struct route *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

static enum rc fill(struct route_table *table, const struct receive_connector *connectors,
                    size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct auth_channel *auth = auth_channel_find(connectors[i].channel);
        if (auth == NULL)
            return err_set(err, RC_FATAL,
                           "connector \"%s\" of tenant \"%s\": channel \"%s\" takes no webhooks",
                           connectors[i].name, connectors[i].tenant, connectors[i].channel);
        table->routes[table->count++] = route_new(&connectors[i], auth);
    }
    qsort(table->routes, table->count, sizeof *table->routes, order);
    for (size_t i = 0; i < table->count; i++) {
        table->routes[i]->index = i;
        if (i > 0 && strcmp(table->routes[i - 1]->path, table->routes[i]->path) == 0)
            return err_set(err, RC_FATAL, "two connectors share the path \"%s\"",
                           table->routes[i]->path);
    }
    return RC_OK;
}

enum rc route_table_new(const struct receive_connector *connectors, size_t count,
                        struct route_table **table_out, struct err *err)
{
    struct route_table *table = xcalloc(1, sizeof *table + count * sizeof *table->routes);
    enum rc rc = fill(table, connectors, count, err);
    if (rc != RC_OK)
        route_table_free(&table);
    *table_out = table;
    return rc;
}

void route_table_free(struct route_table **table)
{
    if (table == NULL || *table == NULL)
        return;
    for (size_t i = 0; i < (*table)->count; i++)
        free((*table)->routes[i]);
    free(*table);
    *table = NULL;
}

size_t route_count(const struct route_table *table)
{
    return table->count;
}

const struct route *route_at(const struct route_table *table, size_t index)
{
    return table->routes[index];
}

static int order_of_path(const void *path, const void *element)
{
    const struct route *const *route = element;
    return strcmp(path, (*route)->path);
}

const struct route *route_find(const struct route_table *table, const char *path)
{
    struct route *const *found =
        bsearch(path, table->routes, table->count, sizeof *table->routes, order_of_path);
    return found != NULL ? *found : NULL;
}
