-- $1 tenant, $2 channel, $3 entity, $4 operation, $5 triggered by, $6 started at, $7 metadata. Whoever begins holds the lock of
-- its work, so that a run of the same work still in progress belongs to a process that is dead.
WITH abandoned AS (
  UPDATE etl.sync_runs
     SET status = 'error', completed_at = now(), error_message = 'the process ended without a word'
   WHERE tenant_id = $1::uuid AND channel_id = $2::uuid AND status = 'in_progress'
     AND entity_type = $3 AND (operation = 'backfill') = ($4 = 'backfill')
)
INSERT INTO etl.sync_runs (tenant_id, channel_id, entity_type, operation, triggered_by, started_at, metadata)
VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6::timestamptz, $7::jsonb)
RETURNING id
