-- $1 tenant, $2 channel, $3 operation. The newest run, unless it ended well.
SELECT id, metadata
  FROM (SELECT id, status, metadata FROM etl.sync_runs
         WHERE tenant_id = $1::uuid AND channel_id = $2::uuid AND operation = $3
         ORDER BY started_at DESC LIMIT 1) newest
 WHERE status IN ('in_progress', 'error', 'cancelled')
