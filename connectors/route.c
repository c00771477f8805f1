#include "connectors/route.h"

#include <stdio.h>
#include <stdlib.h>

#include "connectors/secret_auth.h"
#include "lib/arena.h"
#include "transform/channels.h"

#define ROUTES_PER_CONNECTOR 2

struct route_table {
    const struct receive_connector *connectors;
    size_t connector_count;
    size_t count;
    struct route *routes[]; /* in the order of their paths */
};

static void add(struct route_table *table, const struct receive_connector *connector,
                const struct auth_channel *auth, const struct map_ops *map, bool is_sent)
{
    static const char format[] = "/hooks/%s/%s%s";
    const char *end = is_sent ? "/sent" : "";
    size_t n = sizeof format + strlen(connector->tenant) + strlen(connector->name) + strlen(end);
    struct route *route = xcalloc(1, sizeof *route + n);
    route->connector = connector;
    route->auth = auth;
    route->format = map != NULL ? str_of(map->format) : STR_NULL;
    route->is_sent = is_sent;
    (void)snprintf(route->path, n, format, connector->tenant, connector->name, end);
    route->name = route->path + strlen("/hooks/") + strlen(connector->tenant) + strlen("/");
    if (auth->shared_new != NULL)
        route->shared = auth->shared_new(connector);
    table->routes[table->count++] = route;
}

static enum rc refuse(const struct receive_connector *connector, const char *what, struct err *err)
{
    return err_set(err, RC_FATAL, "connector \"%s\" of tenant \"%s\": channel \"%s\" takes no %s",
                   connector->name, connector->tenant, connector->channel, what);
}

static enum rc add_routes(struct route_table *table, const struct receive_connector *connector,
                          struct err *err)
{
    const struct channel *channel = channel_find(str_of(connector->channel));
    const struct auth_channel *auth =
        auth_channel_find(connector->channel, connector->map_provider);
    struct str provider = str_of(connector->map_provider);
    if (channel == NULL || (auth == NULL && !connector->is_sent_only))
        return refuse(connector, "webhooks", err);
    if (!connector->is_sent_only)
        add(table, connector, auth, channel_map(channel, provider, STR_LIT("webhook")), false);
    if (connector->sent_keys.n == 0)
        return RC_OK;
    const struct map_ops *sent = channel_map(channel, provider, STR_LIT("sent"));
    if (sent == NULL)
        return refuse(connector, "sent messages", err);
    add(table, connector, &sent_auth, sent, true);
    return RC_OK;
}

static int order(const void *a, const void *b)
{
    const struct route *const *left = a;
    const struct route *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

static enum rc fill(struct route_table *table, struct err *err)
{
    for (size_t i = 0; i < table->connector_count; i++) {
        enum rc rc = add_routes(table, &table->connectors[i], err);
        if (rc != RC_OK)
            return rc;
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
    struct route_table *table = NULL;
    table = xcalloc(1, sizeof *table + ROUTES_PER_CONNECTOR * count * sizeof *table->routes);
    table->connectors = connectors;
    table->connector_count = count;
    enum rc rc = fill(table, err);
    if (rc != RC_OK)
        route_table_free(&table);
    *table_out = table;
    return rc;
}

void route_table_stop(const struct route_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->routes[i]->auth->shared_stop != NULL)
            table->routes[i]->auth->shared_stop(table->routes[i]->shared);
}

static void route_free(struct route *route)
{
    if (route->auth->shared_free != NULL)
        route->auth->shared_free(&route->shared);
    free(route);
}

void route_table_free(struct route_table **table)
{
    if (table == NULL || *table == NULL)
        return;
    for (size_t i = 0; i < (*table)->count; i++)
        route_free((*table)->routes[i]);
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

const struct receive_connector *route_connectors(const struct route_table *table, size_t *count_out)
{
    *count_out = table->connector_count;
    return table->connectors;
}

static int order_of_path(const void *key, const void *element)
{
    const struct str *path = key;
    const struct route *const *route = element;
    int result = strncmp(path->p, (*route)->path, path->n);
    return result != 0 ? result : -((*route)->path[path->n] != '\0');
}

static const struct route *find(const struct route_table *table, struct str path)
{
    struct route *const *found =
        bsearch(&path, table->routes, table->count, sizeof *table->routes, order_of_path);
    return found != NULL ? *found : NULL;
}

const struct route *route_find(const struct route_table *table, const char *path,
                               struct str *token_out)
{
    const struct route *route = find(table, str_of(path));
    *token_out = STR_NULL;
    if (route != NULL)
        return route;
    const char *last = strrchr(path, '/');
    route = last != NULL ? find(table, (struct str){path, (size_t)(last - path)}) : NULL;
    if (route == NULL || !route->auth->takes_path_token || last[1] == '\0')
        return NULL;
    *token_out = str_of(last + 1);
    return route;
}
