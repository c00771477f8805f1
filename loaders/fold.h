/* fold.h: merges two rows of one key in memory, by the rules of table.h.
 *
 * The result does not depend on the order in which rows are folded, nor on repetitions
 * (canonical-model 2.6); the merge statements apply the same rules to what is stored.
 * Threads: no state. */
#ifndef SLUICE_LOADERS_FOLD_H
#define SLUICE_LOADERS_FOLD_H

#include "loaders/table.h"

bool cell_is_null(enum cell_type type, const union cell *cell);
union cell cell_null(enum cell_type type);
/* As PostgreSQL orders them (texts by bytes); NULL before everything. */
int cell_order(enum cell_type type, const union cell *a, const union cell *b);

void fold_row(const struct table *table, union cell *into, const union cell *from);

#endif
