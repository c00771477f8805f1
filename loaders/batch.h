/* batch.h: what was read from the bus for one transaction, decoded.
 *
 * Owns:    records, payload copies and the list of items; batch_reset ends them all.
 * Errors:  an input that cannot be decoded is no error: its item is a letter. RC_FATAL = not even
 * that fits into memory (batch_bytes is set too high).
 * Threads: one owner. */
#ifndef SLUICE_LOADERS_BATCH_H
#define SLUICE_LOADERS_BATCH_H

#include "lib/arena.h"
#include "loaders/letter.h"
#include "loaders/offsets.h"
#include "transform/record.h"

struct batch_item {
    const struct offsets_partition *partition;
    unsigned epoch; /* of the partition when this was read */
    int64_t offset;
    struct str payload;
    const struct record *record; /* NULL: the item is a letter */
    const struct letter *letter;
};

struct batch {
    struct arena *decoded;    /* a record may fill it, and is refused then */
    struct arena *kept;       /* payloads and letters: bounded by the bytes of the batch */
    struct batch_item *items; /* in the order of consumption */
    size_t count;
    size_t room;
    size_t bytes;
    struct str topic_names[BUS_TOPICS];
    char names[BUS_TOPICS][BUS_TOPIC_NAME_BYTES];
};

struct batch *batch_new(const struct bus_conf *bus, size_t max_items);
void batch_free(struct batch **batch);
void batch_reset(struct batch *batch);

/* Copies and decodes. At most max_items between two resets. */
enum rc batch_add(struct batch *batch, const struct offsets_partition *partition,
                  const struct bus_consumed *consumed, struct err *err) MUST_USE;
/* The partition has not been taken away (or given anew) since the item was read. */
bool batch_is_current(const struct batch_item *item);
/* Makes the item of a record a letter of stage "load". */
enum rc batch_refuse(struct batch *batch, struct batch_item *item, const char *code,
                     const char *message, struct err *err) MUST_USE;

#endif
