/* pipeline_account.h: which account of which platform a connector of the file carries: what the
 * channel's id is made of (canonical-model 2.1).
 *
 * Owns:    nothing; texts are the file's.
 * Threads: no state. */
#ifndef SLUICE_PIPELINES_PIPELINE_ACCOUNT_H
#define SLUICE_PIPELINES_PIPELINE_ACCOUNT_H

#include "lib/str.h"
#include "pipelines/pipeline_keys.h"

bool pipeline_is_mode(const struct file_connector *connector, const char *mode);
/* NULL: the channel or the mode is missing or unknown, which is a fault of its own. */
const char *pipeline_account_provider(const struct file_connector *connector);
/* STR_NULL: missing. */
struct str pipeline_account(const struct file_connector *connector);

#endif
