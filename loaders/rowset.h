/* rowset.h: the rows of one table in one batch, one row per key.
 *
 * Owns:    its arrays, all from the arena given; texts are borrowed.
 * Errors:  RC_REJECT = the batch outgrew its arena.
 * Threads: one owner. */
#ifndef SLUICE_LOADERS_ROWSET_H
#define SLUICE_LOADERS_ROWSET_H

#include "lib/arena.h"
#include "lib/err.h"
#include "loaders/table.h"

struct rowset {
    const struct table *table;
    struct arena *arena;
    size_t width;
    union cell **rows;
    size_t count;
    size_t room;
    uint32_t *slots; /* open addressing; row number + 1, 0 = free */
    size_t slot_count;
};

void rowset_init(struct rowset *set, enum table_id table, struct arena *arena);
/* Copies the cells (table_width of them), or folds them into the row of that key. */
enum rc rowset_add(struct rowset *set, const union cell *cells, struct err *err) MUST_USE;
/* By key: neighbours in the index are written together, and loaders lock rows in one order. */
void rowset_sort(struct rowset *set);

#endif
