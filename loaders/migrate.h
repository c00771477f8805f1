/* migrate.h: applies schemas/migrations/NNNN-*.sql, which are embedded in the program, in order,
 * then the views of schemas/bi where their text changed, under an advisory lock, one transaction
 * each.
 *
 * Errors:  as database.h; RC_FATAL also when an applied migration has another text than the
 * embedded one, or the database was migrated by a newer program. Threads: as the connection. */
#ifndef SLUICE_LOADERS_MIGRATE_H
#define SLUICE_LOADERS_MIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "loaders/database.h"

#define MIGRATE_REPEATABLE                                                                         \
    0 /* version of a file that is applied again whenever its text changes                         \
       */

struct migrate_migration { /* the embedded table; name == NULL ends it */
    int version;
    const char *name; /* "0001-create-tables", "bi/views" */
    const char *sql;
};

extern const struct migrate_migration migrate_migrations[];

struct migrate_state {
    int known;   /* newest embedded version */
    int applied; /* newest applied version; 0 = none */
    int pending; /* files that migrate_apply would apply, changed views included */
};

/* Changes nothing; a database without the schema has applied == 0. */
enum rc migrate_state(PGconn *connection, struct migrate_state *state_out,
                      struct err *err) MUST_USE;
/* RC_OK when every numbered migration that this program has, and no other, is applied. */
enum rc migrate_require(PGconn *connection, struct err *err) MUST_USE;
/* Changes nothing. Calls report for every embedded file, in order. */
enum rc migrate_list(PGconn *connection,
                     void (*report)(void *context, const char *name, bool pending), void *context,
                     struct err *err) MUST_USE;
/* Calls report (may be NULL) after each applied file. The connection's own role must own the
 * schema: open it without a db_role. */
enum rc migrate_apply(PGconn *connection,
                      void (*report)(void *context, const char *name, int64_t took_ms),
                      void *context, struct err *err) MUST_USE;

#endif
