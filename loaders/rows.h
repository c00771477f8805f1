/* rows.h: canonical records of one tenant to rows of its tables.
 *
 * One record makes one row of its own table and, where it names a contact or a conversation by
 * external id, a minimal row of those (canonical-model 6.4: message before conversation).
 * Owns:    everything in the arena given; texts are borrowed from the records.
 * Errors:  RC_REJECT = the batch outgrew its arena, or the record cannot be a row.
 * Threads: one owner. */
#ifndef SLUICE_LOADERS_ROWS_H
#define SLUICE_LOADERS_ROWS_H

#include "loaders/rowset.h"
#include "transform/record.h"

struct rows_alias { /* two ids of one thread */
    struct uuid a;
    struct uuid b;
    struct rows_alias *next;
};

struct rows {
    struct uuid tenant_id;
    struct arena *arena;
    struct rowset sets[TABLES];
    struct rows_alias *aliases;
    bool unplaced_status; /* a status names its message, but not the conversation */
};

void rows_init(struct rows *rows, const struct uuid *tenant_id, struct arena *arena);
enum rc rows_add(struct rows *rows, const struct record *record, struct err *err) MUST_USE;

#endif
