/* migrate.h: applies schemas/migrations/NNNN-*.sql, which are embedded in the program, in order,
 * under an advisory lock, one transaction each. A migration whose checksum differs from the applied
 * one is refused. Errors: as database.h. */
#ifndef SLUICE_LOADERS_MIGRATE_H
#define SLUICE_LOADERS_MIGRATE_H

#include <stdint.h>

#include "loaders/database.h"

struct migrate_migration { /* the embedded table; name == NULL ends it */
    int version;
    const char *name; /* "0001-create-tables" */
    const char *sql;
};

extern const struct migrate_migration migrate_migrations[];

struct migrate_state {
    int known;   /* newest embedded version */
    int applied; /* newest applied version; 0 = none */
};

enum rc migrate_state(PGconn *connection, struct migrate_state *state_out,
                      struct err *err) MUST_USE;
/* Calls report (may be NULL) after each applied migration. */
enum rc migrate_apply(PGconn *connection,
                      void (*report)(void *context, const char *name, int64_t took_ms),
                      void *context, struct err *err) MUST_USE;

#endif
