/* copy.h: rows to a staging table by binary COPY.
 *
 * Errors:  as database.h; RC_REJECT also when PostgreSQL cannot read a value (JSON, UTF-8).
 * Threads: that of the connection. */
#ifndef SLUICE_LOADERS_COPY_H
#define SLUICE_LOADERS_COPY_H

#include "loaders/database.h"
#include "loaders/rowset.h"

/* sql: "COPY ... FROM STDIN (FORMAT binary)" over the staged columns of the table, in their order.
 */
enum rc copy_rows(PGconn *connection, const char *sql, const struct rowset *set,
                  struct err *err) MUST_USE;

#endif
