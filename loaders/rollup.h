/* rollup.h: sessions and daily analytics from rows (canonical-model 5.2 to 5.4), for what is dirty
 * or for a range.
 *
 * Each call is a series of transactions, one tenant and a bounded number of conversations or days
 * each. The result depends on the rows, the tenant's time zone and as_of only. Errors: as
 * database.h. */
#ifndef SLUICE_LOADERS_ROLLUP_H
#define SLUICE_LOADERS_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>

#include "loaders/database.h"

struct rollup_conf {
    int64_t as_of_us; /* the "now" of idle rules; TIME_NONE = the clock */
    bool rebuild;     /* everything, or the range, whether dirty or not */
    const char *from; /* tenant-local dates "YYYY-MM-DD", inclusive; NULL = open */
    const char *to;
};

struct rollup_counts {
    uint64_t conversations, days;
};

/* RC_AGAIN: nothing was dirty. */
enum rc rollup_run(PGconn *connection, const struct rollup_conf *conf,
                   struct rollup_counts *counts_out, struct err *err) MUST_USE;

#endif
