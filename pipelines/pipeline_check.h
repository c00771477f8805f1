/* pipeline_check.h: faults of a pipeline file that only show between its keys.
 * Threads: no state. */
#ifndef SLUICE_PIPELINES_PIPELINE_CHECK_H
#define SLUICE_PIPELINES_PIPELINE_CHECK_H

#include "pipelines/pipeline_keys.h"

/* Adds its faults to conf. Copes with fields that are missing because of earlier faults. */
void pipeline_check(struct conf *conf, const struct file_pipeline *file);

#endif
