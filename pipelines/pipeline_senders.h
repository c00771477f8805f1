/* pipeline_senders.h: whether a connector of the file says enough to know its sender by, and
 * nothing that its sender does not use.
 *
 * Threads: no state. */
#ifndef SLUICE_PIPELINES_PIPELINE_SENDERS_H
#define SLUICE_PIPELINES_PIPELINE_SENDERS_H

#include "pipelines/pipeline_keys.h"

/* Adds its faults to conf. Copes with fields that are missing because of earlier faults. */
void pipeline_senders_check(struct conf *conf, const struct file_connector *connector);

#endif
