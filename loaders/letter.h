/* letter.h: refused inputs as rows of dead_letters.
 *
 * The same input refused for the same reason again raises "attempts" (canonical-model 3.5).
 * Owns:    nothing; texts are borrowed.
 * Errors:  as database.h.
 * Threads: that of the connection. */
#ifndef SLUICE_LOADERS_LETTER_H
#define SLUICE_LOADERS_LETTER_H

#include "bus/deadletter.h"
#include "loaders/database.h"

struct letter {
    struct uuid tenant_id;
    struct uuid channel_id; /* none = unknown */
    struct str stage;
    struct str entity_type, external_id; /* NULL = unknown */
    struct str code, message;
    struct str payload;
    struct str topic; /* where on the bus it was */
    int32_t partition;
    int64_t offset;
    int64_t failed_at;
};

/* The tenant that a refused input is kept under: as stated by id, else by slug; nobody known: that
 * of the slug "unknown", which row-level security shows to administrators only. */
struct uuid letter_tenant(struct str tenant_id, struct str slug);

/* Within a transaction; sets the tenant. Texts must be clean UTF-8 (transform/text.h) and
 * NUL-terminated; the payload may be anything. */
enum rc letter_write(PGconn *connection, const struct letter *letter, struct err *err) MUST_USE;

#endif
