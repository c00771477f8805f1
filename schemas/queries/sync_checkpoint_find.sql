-- $1 tenant, $2 channel, $3 operation, $4 entity, $5 part. The one that says most: completed before all, then the newest.
SELECT c.checkpoint, r.id, r.started_at, c.updated_at, c.status, c.processed_records, c.successful_records, c.failed_records
  FROM etl.sync_checkpoints c JOIN etl.sync_runs r ON r.tenant_id = c.tenant_id AND r.id = c.sync_run_id
 WHERE c.tenant_id = $1::uuid AND r.channel_id = $2::uuid AND r.operation = $3 AND c.entity_type = $4 AND c.part = $5
 ORDER BY c.status = 'completed' DESC, c.updated_at DESC
 LIMIT 1
