/* backfill_part.h: by what an item is known again, and what a checkpoint of it says. Private to
 * backfill.c.
 *
 * Threads: no state. */
#ifndef SLUICE_CONNECTORS_BACKFILL_PART_H
#define SLUICE_CONNECTORS_BACKFILL_PART_H

#include "connectors/backfill.h"
#include "connectors/file_list.h"

#define BACKFILL_PART_BYTES 200

/* "result.json#0123456789abcdef0123456789abcdef". RC_REJECT: it cannot be read. */
enum rc backfill_part(const struct file_item *item, const struct backfill_conf *conf,
                      char part_out[static BACKFILL_PART_BYTES], struct err *err) MUST_USE;

struct backfill_marker {
    uint64_t outputs;    /* durable */
    int64_t observed_at; /* of all its records */
    uint64_t letters;
};

void backfill_marker_write(const struct backfill_marker *marker, const char *path, struct buf *to);
/* false: it was written by something else. */
bool backfill_marker_read(struct str text, struct backfill_marker *marker_out);

#endif
