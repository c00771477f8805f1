/* statement.h: the merge statements, written from the columns of table.h.
 *
 * Generated and not kept as files, because each is one rule per column repeated three times (list,
 * expression, guard), and the rules stand in table.h already. What is not repetition is in
 * schemas/queries/load_*.sql. All statements read the staging table of their name:
 *
 *   insert  rows that are not there yet (anti-join: a replay writes nothing, not even a row lock)
 *   update  rows that are there and would change
 *
 *   twins   stages messages for the rows of the same message in another conversation of the thread
 *
 * Insert and update add what they changed to the temporary table "touched". Their command tag is
 * the number of rows changed. Errors:  a buffer that is full (its maximum is the caller's).
 * Threads: no state. */
#ifndef SLUICE_LOADERS_STATEMENT_H
#define SLUICE_LOADERS_STATEMENT_H

#include "lib/buf.h"
#include "loaders/table.h"

void statement_stage(const struct table *table, struct buf *sql);
void statement_copy(const struct table *table, struct buf *sql);
void statement_insert(const struct table *table, struct buf *sql);
void statement_update(const struct table *table, struct buf *sql);
void statement_twins(const struct table *messages, struct buf *sql);

#endif
