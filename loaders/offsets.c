/* offsets.c: see offsets.h. */
#include "loaders/offsets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "queries.h"

enum { NUMBER_BYTES = 24 };

void offsets_init(struct offsets *offsets, const char *group, const struct bus_conf *bus)
{
    *offsets = (struct offsets){.group = group, .bus = bus};
}

enum rc offsets_identify(struct offsets *offsets, struct err *err)
{
    return bus_identity(offsets->bus, offsets->identity, err);
}

void offsets_done(struct offsets *offsets)
{
    for (size_t i = 0; i < offsets->count; i++)
        free(offsets->partitions[i]);
    free(offsets->partitions);
    *offsets = (struct offsets){0};
}

struct offsets_partition *offsets_find(const struct offsets *offsets, enum bus_topic topic,
                                       int32_t partition)
{
    for (size_t i = 0; i < offsets->count; i++)
        if (offsets->partitions[i]->topic == topic &&
            offsets->partitions[i]->partition == partition)
            return offsets->partitions[i];
    return NULL;
}

static struct offsets_partition *find_or_add(struct offsets *offsets, enum bus_topic topic,
                                             int32_t partition)
{
    struct offsets_partition *found = offsets_find(offsets, topic, partition);
    if (found != NULL)
        return found;
    found = xcalloc(1, sizeof *found);
    found->topic = topic;
    found->partition = partition;
    offsets->partitions =
        xrealloc(offsets->partitions, (offsets->count + 1) * sizeof *offsets->partitions);
    offsets->partitions[offsets->count++] = found;
    return found;
}

enum rc offsets_assign(struct offsets *offsets, PGconn *connection, enum bus_topic topic,
                       int32_t partition, int64_t *next_out, struct err *err)
{
    char name[BUS_TOPIC_NAME_BYTES];
    char number[NUMBER_BYTES];
    PGresult *result = NULL;
    bus_topic_name(offsets->bus, topic, name);
    (void)snprintf(number, sizeof number, "%" PRId32, partition);
    enum rc rc = database_query(
        connection, "read the stored offset", query_load_offset_read, 4,
        (const char *const[]){offsets->identity, offsets->group, name, number}, &result, err);
    if (rc == RC_OK && PQntuples(result) != 1)
        rc = err_set(err, RC_RETRY, "the offset of %s/%s is being made by another loader", name,
                     number);
    if (rc == RC_OK) {
        struct offsets_partition *assigned = find_or_add(offsets, topic, partition);
        assigned->next = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        assigned->owned = true;
        assigned->epoch++;
        *next_out = assigned->next;
    }
    PQclear(result);
    return rc;
}

void offsets_revoke(struct offsets *offsets, enum bus_topic topic, int32_t partition)
{
    struct offsets_partition *revoked = offsets_find(offsets, topic, partition);
    if (revoked != NULL)
        revoked->owned = false;
}

enum rc offsets_move(const struct offsets *offsets, PGconn *connection,
                     const struct offsets_partition *partition, int64_t next, struct err *err)
{
    char name[BUS_TOPIC_NAME_BYTES];
    char number[NUMBER_BYTES];
    char to[NUMBER_BYTES];
    char from[NUMBER_BYTES];
    PGresult *result = NULL;
    bus_topic_name(offsets->bus, partition->topic, name);
    (void)snprintf(number, sizeof number, "%" PRId32, partition->partition);
    (void)snprintf(to, sizeof to, "%" PRId64, next);
    (void)snprintf(from, sizeof from, "%" PRId64, partition->next);
    enum rc rc = database_query(
        connection, "store the offset", query_load_offset_move, 6,
        (const char *const[]){offsets->identity, offsets->group, name, number, to, from}, &result,
        err);
    if (rc == RC_OK && strcmp(PQcmdTuples(result), "1") != 0)
        rc =
            err_set(err, RC_FATAL,
                    "another loader moved on: the stored offset of %s/%s is no longer %s; only one "
                    "loader of group \"%s\" may read a partition",
                    name, number, from, offsets->group);
    PQclear(result);
    return rc;
}
