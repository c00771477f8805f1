/* pipeline.h: a pipeline file, checked and resolved.
 *
 * Shape:   DESIGN 8; the keys are in pipeline_keys.c, which docs/CONFIG.md is printed from.
 * Owns:    a struct pipeline owns everything that its members point to, until pipeline_free.
 * Errors:  RC_REJECT = the file cannot be read or has faults; each fault was given to the report
 * callback as "file:line:column: path: message", all faults of a file in one go. Secrets never
 * appear in a message.
 * Threads: constant after loading. */
#ifndef SLUICE_PIPELINES_PIPELINE_H
#define SLUICE_PIPELINES_PIPELINE_H

#include "bus/bus.h"
#include "connectors/connector.h"
#include "connectors/pull.h"
#include "connectors/receive.h"
#include "loaders/catalog.h"
#include "loaders/load.h"

struct pipeline {
    const char *path;
    const char *database_url;
    struct bus_conf bus;
    struct receive_conf receive;
    struct load_conf load;
    int rollup_every_ms;
    struct catalog catalog;
    const struct connector *connectors; /* of all tenants, in the order of the file */
    size_t connector_count;
    const struct pull_conf *pulls; /* those of them that are pulled */
    size_t pull_count;
    bool archive_raw;
    int archive_days;
    const char *const *warnings; /* formed like faults */
    size_t warning_count;
};

typedef void pipeline_report_fn(void *context, const char *message);

enum rc pipeline_load(const char *path, pipeline_report_fn *report, void *context,
                      struct pipeline **pipeline_out, struct err *err) MUST_USE;
/* The same for a text that stands for the contents of the file at path. */
enum rc pipeline_load_text(const char *path, struct str yaml, pipeline_report_fn *report,
                           void *context, struct pipeline **pipeline_out, struct err *err) MUST_USE;
void pipeline_free(struct pipeline **pipeline);

#endif
