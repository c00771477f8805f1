/* puller.h: the frame of pull connectors: when they run, that each has one runner, and what becomes
 * of their failures.
 *
 * Each connector has a thread. It locks the connector (a second process stands by until the first
 * ends), runs its reader whenever it is due, and after a failure waits: with backoff while
 * something is away, five minutes where somebody must mend it. A connector is due "every" after the
 * start of its last run, moved by up to a twentieth either way, so that many do not ask at the same
 * moment; times that were missed while nothing ran are made up for by one run at once.
 * Once:    every connector runs once, due or not, and what fails is not tried again.
 * Owns:    the bus's producer, shared by all; the readers.
 * Errors:  RC_OK = a stop was requested, or (once) all ended well; once: the first failure of a
 *          connector, after all have ended; RC_FATAL: the process cannot go on.
 * Threads: puller_run blocks until a stop is requested (lib/stop.h). */
#ifndef SLUICE_CONNECTORS_PULLER_H
#define SLUICE_CONNECTORS_PULLER_H

#include "connectors/pull.h"

struct puller_conf {
    const struct pull_conf *pulls; /* those to run */
    size_t pull_count;
    const struct connector *connectors; /* all of the pipeline */
    size_t connector_count;
    const struct bus_conf *bus;
    bool archive_raw;
    bool is_once;
    /* Once: told of each connector that has ended, from its thread, one at a time. err: NULL =
     * well; RC_AGAIN = another process runs it. May be NULL. */
    void (*ended)(void *context, const struct pull_conf *pull, const struct publish_counts *counts,
                  const struct err *err);
    struct sync *(*sync_new)(void *context, const struct connector *connector);
    void *context;
};

enum rc puller_run(const struct puller_conf *conf, struct err *err) MUST_USE;

#endif
