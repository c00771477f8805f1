/* load.c: see load.h. The loop: gather a batch, load it, tell the bus; after a failure that can
 * pass, begin again from what is stored. */
#include "loaders/load.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/stop.h"
#include "loaders/batch.h"
#include "loaders/channels.h"
#include "loaders/database.h"
#include "loaders/merge.h"
#include "loaders/migrate.h"

enum {
    POLL_MS = 200,              /* how long a stop may go unseen */
    BACKOFF_FIRST_MS = 200,     /* doubled up to the longest */
    BACKOFF_LONGEST_MS = 10000, /* */
    COLLISIONS_MAX = 3,         /* how often a batch is tried again for a key that is there */
};

#define UNIQUE_VIOLATION "23505"

struct loader {
    const struct load_conf *conf;
    const struct bus_conf *bus;
    struct load_counts *counts;
    PGconn *connection;
    struct merge *merge;
    struct bus_consumer *consumer;
    struct offsets offsets;
    struct channels channels;
    struct batch *batch;
    struct arena *rows; /* of one transaction */
    int64_t last_message_us;
    int backoff_ms;
    int collisions;
};

/* ---- a session: database, staging, consumer ---- */

static enum rc start_offset(void *context, enum bus_topic topic, int32_t partition,
                            int64_t *offset_out, struct err *err)
{
    struct loader *loader = context;
    int64_t next;
    enum rc rc = offsets_assign(&loader->offsets, loader->connection, topic, partition, &next, err);
    if (rc == RC_OK) /* never read: the earliest kept may lie later than 0 */
        *offset_out = next > 0 ? next : -1;
    return rc;
}

static void revoked(void *context, enum bus_topic topic, int32_t partition)
{
    struct loader *loader = context;
    offsets_revoke(&loader->offsets, topic, partition);
}

static enum rc open_consumer(struct loader *loader, struct err *err)
{
    static const enum bus_topic topics[] = {BUS_RECORDS, BUS_DEADLETTER};
    const struct bus_consumer_conf conf = {
        .group = loader->conf->group,
        .topics = topics,
        .topic_count = sizeof topics / sizeof topics[0],
        .start_offset = start_offset,
        .revoked = revoked,
        .context = loader,
    };
    enum rc rc = bus_prepare(loader->bus, err);
    if (rc == RC_OK)
        rc = offsets_identify(&loader->offsets, err);
    return rc == RC_OK ? bus_consumer_open(loader->bus, &conf, &loader->consumer, err) : rc;
}

static enum rc open_session(struct loader *loader, struct err *err)
{
    const struct load_conf *conf = loader->conf;
    offsets_init(&loader->offsets, conf->group, loader->bus);
    enum rc rc =
        database_open(conf->database_url, "load", "sluice_loader", &loader->connection, err);
    if (rc == RC_OK)
        rc = migrate_require(loader->connection, err);
    if (rc == RC_OK && conf->catalog != NULL)
        rc = catalog_apply(loader->connection, conf->catalog, err);
    if (rc == RC_OK)
        rc = merge_open(loader->connection, &loader->merge, err);
    return rc == RC_OK ? open_consumer(loader, err) : rc;
}

static void close_session(struct loader *loader)
{
    bus_consumer_close(&loader->consumer);
    merge_close(&loader->merge);
    database_close(&loader->connection);
    offsets_done(&loader->offsets);
}

/* ---- one transaction ---- */

struct part { /* items [first, end) of the batch, in the order of consumption */
    size_t first;
    size_t end;
};

struct rows_list {
    struct rows rows;
    struct rows_list *next;
};

/* Rows of one tenant; the list is kept in the order of tenant ids, so that loaders lock in one
 * order. */
static struct rows *rows_of(struct rows_list **list, const struct uuid *tenant_id,
                            struct arena *arena)
{
    while (*list != NULL && uuid_order(&(*list)->rows.tenant_id, tenant_id) < 0)
        list = &(*list)->next;
    if (*list != NULL && uuid_order(&(*list)->rows.tenant_id, tenant_id) == 0)
        return &(*list)->rows;
    struct rows_list *added = arena_alloc(arena, sizeof *added);
    if (added == NULL)
        return NULL;
    rows_init(&added->rows, tenant_id, arena);
    added->next = *list;
    *list = added;
    return &added->rows;
}

static enum rc fold_part(struct loader *loader, struct part part, struct rows_list **list_out,
                         struct err *err)
{
    arena_reset(loader->rows);
    *list_out = NULL;
    for (size_t i = part.first; i < part.end; i++) {
        const struct batch_item *item = &loader->batch->items[i];
        if (item->record == NULL || !batch_is_current(item))
            continue;
        struct rows *rows = rows_of(list_out, &item->record->tenant_id, loader->rows);
        if (rows == NULL)
            return err_set(err, RC_REJECT, "a batch does not fit into memory");
        enum rc rc = rows_add(rows, item->record, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* One past the last offset of the partition in the part; -1 = none. */
static int64_t next_offset(const struct loader *loader, struct part part,
                           const struct offsets_partition *partition)
{
    int64_t next = -1;
    for (size_t i = part.first; i < part.end; i++) {
        const struct batch_item *item = &loader->batch->items[i];
        if (item->partition == partition && batch_is_current(item) && item->offset >= next)
            next = item->offset + 1;
    }
    return next;
}

/* First of all in the transaction: a zombie stops here, before it merges anything. */
static enum rc move_offsets(struct loader *loader, struct part part, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < loader->offsets.count; i++) {
        const struct offsets_partition *partition = loader->offsets.partitions[i];
        int64_t next = next_offset(loader, part, partition);
        if (next >= 0)
            rc = offsets_move(&loader->offsets, loader->connection, partition, next, err);
    }
    return rc;
}

static enum rc write_letters(struct loader *loader, struct part part, uint64_t *written,
                             struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = part.first; rc == RC_OK && i < part.end; i++) {
        const struct batch_item *item = &loader->batch->items[i];
        if (item->letter == NULL || !batch_is_current(item))
            continue;
        rc = letter_write(loader->connection, item->letter, err);
        *written += rc == RC_OK;
    }
    return rc;
}

static enum rc merge_part(struct loader *loader, struct part part, struct load_counts *counts,
                          struct err *err)
{
    struct rows_list *list = NULL;
    enum rc rc = fold_part(loader, part, &list, err);
    if (rc == RC_OK)
        rc = database_run(loader->connection, "BEGIN", err);
    if (rc == RC_OK)
        rc = move_offsets(loader, part, err);
    merge_begin(loader->merge);
    for (; rc == RC_OK && list != NULL; list = list->next)
        rc = merge_rows(loader->merge, &list->rows, &counts->rows_changed, err);
    if (rc == RC_OK)
        rc = write_letters(loader, part, &counts->dead_letters, err);
    return rc == RC_OK ? database_commit(loader->connection, err) : rc;
}

/* The rows are stored for good: later transactions expect the new offsets, and the bus may forget
 * what lies below them. */
static void note_committed(struct loader *loader, struct part part)
{
    for (size_t i = 0; i < loader->offsets.count; i++) {
        struct offsets_partition *partition = loader->offsets.partitions[i];
        int64_t next = next_offset(loader, part, partition);
        if (next < 0)
            continue;
        struct err err;
        partition->next = next;
        if (bus_consumer_done(loader->consumer, partition->topic, partition->partition, next,
                              &err) != RC_OK)
            LOG_DEBUG("bus not told of the stored offset", LOG_STR("error", err.msg));
    }
}

static enum rc commit_part(struct loader *loader, struct part part, struct err *err)
{
    struct load_counts counts = {.batches = 1, .records = part.end - part.first};
    enum rc rc = merge_part(loader, part, &counts, err);
    if (rc != RC_OK) {
        database_rollback(loader->connection);
        return rc;
    }
    note_committed(loader, part);
    loader->collisions = 0;
    loader->backoff_ms = 0;
    loader->counts->batches += counts.batches;
    loader->counts->records += counts.records;
    loader->counts->rows_changed += counts.rows_changed;
    loader->counts->dead_letters += counts.dead_letters;
    return RC_OK;
}

/* Two loaders inserted one key: the other's row is visible on the next try. */
static bool is_collision(struct loader *loader, const struct err *err)
{
    return strcmp(err->sqlstate, UNIQUE_VIOLATION) == 0 && loader->collisions++ < COLLISIONS_MAX;
}

/* The last item standing that PostgreSQL refuses. */
static enum rc refuse_one(struct loader *loader, struct part part, struct err *err)
{
    struct batch_item *item = &loader->batch->items[part.first];
    if (item->record == NULL)
        return err_set(err, RC_FATAL, "a dead letter cannot be kept: %s", err->msg);
    LOG_WARN("record refused", LOG_STR("kind", record_kind_name(item->record->kind)),
             LOG_STR("sqlstate", err->sqlstate), LOG_INT("partition", item->partition->partition),
             LOG_INT("offset", item->offset));
    const struct err refusal = *err;
    enum rc rc = batch_refuse(loader->batch, item,
                              refusal.sqlstate[0] != '\0' ? refusal.sqlstate : "not_loadable",
                              refusal.msg, err);
    return rc == RC_OK ? commit_part(loader, part, err) : rc;
}

/* Halves what PostgreSQL refuses until the bad record stands alone: the good ones cost one
 * transaction per half, not one each. */
static enum rc load_part(struct loader *loader, struct part part, struct err *err)
{
    enum rc rc = commit_part(loader, part, err);
    if (rc != RC_REJECT)
        return rc;
    if (is_collision(loader, err))
        return err->rc = RC_RETRY;
    if (part.end - part.first == 1)
        return refuse_one(loader, part, err);
    size_t middle = part.first + (part.end - part.first) / 2;
    rc = load_part(loader, (struct part){part.first, middle}, err);
    return rc == RC_OK ? load_part(loader, (struct part){middle, part.end}, err) : rc;
}

/* ---- gathering ---- */

static bool is_full(const struct loader *loader)
{
    return loader->batch->count >= loader->conf->batch_records ||
           loader->batch->bytes >= loader->conf->batch_bytes;
}

static enum rc take(struct loader *loader, const struct bus_batch *polled, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < polled->count; i++) {
        const struct bus_consumed *consumed = &polled->messages[i];
        const struct offsets_partition *partition =
            offsets_find(&loader->offsets, consumed->message.topic, consumed->partition);
        if (partition != NULL)
            rc = batch_add(loader->batch, partition, consumed, err);
    }
    return rc;
}

/* Fills the batch until it is full or the first message has waited batch_wait_ms. RC_AGAIN =
 * nothing came. */
static enum rc gather(struct loader *loader, struct err *err)
{
    const struct load_conf *conf = loader->conf;
    int64_t deadline_us = 0;
    batch_reset(loader->batch);
    while (!is_full(loader) && !stop_requested()) {
        int wait_ms = POLL_MS;
        if (loader->batch->count > 0) {
            int64_t left_us = deadline_us - clock_monotonic_us();
            if (left_us <= 0)
                break;
            wait_ms = (int)(left_us / US_PER_MS);
        }
        struct bus_batch polled;
        enum rc rc =
            bus_consumer_poll(loader->consumer, wait_ms, conf->batch_records - loader->batch->count,
                              conf->batch_bytes - loader->batch->bytes, &polled, err);
        if (rc == RC_OK) {
            if (loader->batch->count == 0)
                deadline_us = clock_monotonic_us() + conf->batch_wait_ms * US_PER_MS;
            rc = take(loader, &polled, err);
        } else if (rc == RC_AGAIN && loader->batch->count > 0)
            rc = RC_OK;
        if (rc != RC_OK)
            return rc;
    }
    return loader->batch->count > 0 ? RC_OK : RC_AGAIN;
}

static enum rc refuse_unknown_channels(struct loader *loader, struct err *err)
{
    channels_refresh(&loader->channels);
    for (size_t i = 0; i < loader->batch->count; i++) {
        struct batch_item *item = &loader->batch->items[i];
        bool known = true;
        if (item->record == NULL)
            continue;
        enum rc rc = channels_has(&loader->channels, loader->connection, &item->record->tenant_id,
                                  &item->record->channel_id, &known, err);
        if (rc == RC_OK && !known)
            rc = batch_refuse(
                loader->batch, item, "unknown_channel",
                "the tenant has no such channel; add the connector to the pipeline file", err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* ---- the loop ---- */

/* Nothing came for a while, and nothing is left on the bus that this group has not stored. */
static enum rc is_idle(struct loader *loader, bool *idle_out, struct err *err)
{
    enum { PARTITIONS_MAX = 1024 };
    struct bus_partition_range *ranges = NULL;
    enum rc rc = RC_OK;
    *idle_out = false;
    if (!loader->conf->until_idle ||
        clock_monotonic_us() - loader->last_message_us < loader->conf->idle_ms * US_PER_MS)
        return RC_OK;
    *idle_out = true;
    ranges = xcalloc(PARTITIONS_MAX, sizeof *ranges);
    for (int t = 0; rc == RC_OK && t < BUS_TOPICS; t++) {
        size_t count = 0;
        if (t == BUS_RAW)
            continue;
        rc = bus_ranges(loader->bus, (enum bus_topic)t, ranges, PARTITIONS_MAX, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count && i < PARTITIONS_MAX; i++) {
            const struct offsets_partition *partition =
                offsets_find(&loader->offsets, (enum bus_topic)t, ranges[i].partition);
            int64_t stored = partition != NULL ? partition->next : 0;
            if (ranges[i].next_offset > ranges[i].first_offset && stored < ranges[i].next_offset)
                *idle_out = false;
        }
    }
    free(ranges);
    return rc;
}

static enum rc load_batch(struct loader *loader, struct err *err)
{
    enum rc rc = refuse_unknown_channels(loader, err);
    int64_t started_us = clock_monotonic_us();
    if (rc == RC_OK)
        rc = load_part(loader, (struct part){0, loader->batch->count}, err);
    if (rc == RC_OK)
        LOG_DEBUG("batch committed", LOG_INT("records", loader->batch->count),
                  LOG_INT("took_us", clock_monotonic_us() - started_us));
    return rc;
}

static enum rc work(struct loader *loader, struct err *err)
{
    enum rc rc = RC_OK;
    while (rc == RC_OK && !stop_requested()) {
        bool idle = false;
        rc = gather(loader, err);
        if (rc == RC_OK) {
            rc = load_batch(loader, err);
            loader->last_message_us = clock_monotonic_us();
        } else if (rc == RC_AGAIN) {
            rc = is_idle(loader, &idle, err);
            if (idle)
                break;
        }
    }
    return rc;
}

static void wait_for_better(struct loader *loader, const struct err *err)
{
    loader->backoff_ms = loader->backoff_ms == 0 ? BACKOFF_FIRST_MS : 2 * loader->backoff_ms;
    if (loader->backoff_ms > BACKOFF_LONGEST_MS)
        loader->backoff_ms = BACKOFF_LONGEST_MS;
    LOG_WARN("loading interrupted, begins again from what is stored", LOG_STR("error", err->msg),
             LOG_INT("retry_in_ms", loader->backoff_ms));
    stop_sleep_ms(loader->backoff_ms);
    loader->last_message_us = clock_monotonic_us();
}

enum rc load_run(const struct load_conf *conf, const struct bus_conf *bus,
                 struct load_counts *counts_out, struct err *err)
{
    struct loader loader = {
        .conf = conf,
        .bus = bus,
        .counts = counts_out,
        .batch = batch_new(bus, conf->batch_records),
        .rows = arena_new("loader rows", LIMIT_BATCH_ARENA_BYTES),
        .last_message_us = clock_monotonic_us(),
    };
    enum rc rc = RC_OK;
    *counts_out = (struct load_counts){0};
    for (bool again = true; again;) {
        rc = open_session(&loader, err);
        if (rc == RC_OK)
            rc = work(&loader, err);
        close_session(&loader);
        again = (rc == RC_RETRY || rc == RC_UNCERTAIN) && !stop_requested();
        if (again)
            wait_for_better(&loader, err);
    }
    if ((rc == RC_RETRY || rc == RC_UNCERTAIN) && stop_requested())
        rc = RC_OK; /* nothing is lost: what was not stored is read again */
    channels_done(&loader.channels);
    batch_free(&loader.batch);
    arena_free(&loader.rows);
    return rc;
}
