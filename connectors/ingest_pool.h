/* ingest_pool.h: ingests for whoever needs one for the length of a call.
 *
 * An ingest keeps normalizers and keys for every connector, so as many are made as threads ever
 * need one at the same time, and no more.
 * Owns:    all of them, those that are out too: each must be given back before the pool is freed.
 * Threads: safe from any. */
#ifndef SLUICE_CONNECTORS_INGEST_POOL_H
#define SLUICE_CONNECTORS_INGEST_POOL_H

#include "connectors/ingest.h"

struct ingest_pool;

/* The arguments are those of ingest_new; routes is borrowed. */
struct ingest_pool *ingest_pool_new(const struct route_table *routes, bool archive_raw,
                                    ingest_rejected_fn *rejected, void *context);
void ingest_pool_free(struct ingest_pool **pool);

struct ingest *ingest_pool_take(struct ingest_pool *pool);
void ingest_pool_give(struct ingest_pool *pool, struct ingest *ingest);

#endif
