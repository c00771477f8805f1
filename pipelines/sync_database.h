/* sync_database.h: connectors/sync.h on PostgreSQL: tables sync_runs, sync_states,
 * sync_checkpoints, raw_responses, in schemas/queries/sync_*.sql.
 *
 * Acts as role sluice_connector, which may do nothing else. The lock is an advisory one of the
 * session: it ends with the process, however that dies, and what is written goes through the very
 * session that holds it: a runner that lost it cannot write. On the way in, the pipeline's tenants
 * and connectors are written to the database, so that a run may name its channel before a loader
 * has ever run.
 * Owns:    one connection, opened on first use and again after it was lost.
 * Errors:  as sync.h. */
#ifndef SLUICE_PIPELINES_SYNC_DATABASE_H
#define SLUICE_PIPELINES_SYNC_DATABASE_H

#include "connectors/connector.h"
#include "connectors/sync.h"
#include "pipelines/pipeline.h"

/* Never fails: the database is reached by the first call. pipeline and connector are borrowed. */
struct sync *sync_database_new(const struct pipeline *pipeline, const struct connector *connector);

#endif
