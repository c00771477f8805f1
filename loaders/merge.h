/* merge.h: rows of one tenant into its tables, within the caller's transaction.
 *
 * Owns:    staging tables and prepared statements of one connection (borrowed).
 * Order:   contacts, their identities, agents, departments, conversations, messages, attachments,
 * status events, events, surveys, escalations (canonical-model 6.4); then what follows from the
 * changes: statuses from histories, latest times of conversations, aliases, dirty marks.
 * Errors:  as database.h. After an error the transaction must be rolled back.
 * Threads: that of the connection. */
#ifndef SLUICE_LOADERS_MERGE_H
#define SLUICE_LOADERS_MERGE_H

#include "loaders/database.h"
#include "loaders/rows.h"

struct merge;

enum rc merge_open(PGconn *connection, struct merge **merge_out, struct err *err) MUST_USE;
void merge_close(struct merge **merge);

/* To be called after BEGIN, before the first merge_rows of a transaction. */
void merge_begin(struct merge *merge);
/* Sets the tenant, merges, adds the number of rows written to *changed. May be called for several
 * tenants in one transaction. Sorts the rows. */
enum rc merge_rows(struct merge *merge, struct rows *rows, uint64_t *changed,
                   struct err *err) MUST_USE;

#endif
