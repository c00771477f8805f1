/* load.h: the loader. Bus to PostgreSQL, exactly once in effect.
 *
 * One batch = one transaction: rows merged by canonical-model 6, consumed offsets, dirty days and
 * dirty conversations. A record that cannot be read or that PostgreSQL refuses becomes a row of
 * dead_letters; the batch is bisected for it. Offsets are stored with a condition on the value that
 * was read: a loader whose expectation no longer holds stops with RC_FATAL (a zombie cannot
 * commit). Threads: one; load_run blocks until a stop is requested (lib/stop.h). */
#ifndef SLUICE_LOADERS_LOAD_H
#define SLUICE_LOADERS_LOAD_H

#include <stdint.h>

#include "bus/bus.h"
#include "lib/err.h"
#include "loaders/catalog.h"

struct load_conf {
    const char *database_url;
    const char *group; /* consumer group, "sluice-loader" */
    size_t batch_records;
    size_t batch_bytes;
    int batch_wait_ms;             /* how long a started batch waits for more */
    bool until_idle;               /* return once nothing is left to read */
    int idle_ms;                   /* until_idle: how long nothing must have come */
    const struct catalog *catalog; /* applied at start */
};

struct load_counts {
    uint64_t batches, records, rows_changed, dead_letters;
};

enum rc load_run(const struct load_conf *conf, const struct bus_conf *bus,
                 struct load_counts *counts_out, struct err *err) MUST_USE;

#endif
