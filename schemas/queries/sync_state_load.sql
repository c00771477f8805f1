-- $1 tenant, $2 channel, $3 entity
SELECT cursor, last_sync_timestamp, last_sync_offset, total_records, successful_records, failed_records, sync_duration_ms
  FROM etl.sync_states
 WHERE tenant_id = $1::uuid AND channel_id = $2::uuid AND entity_type = $3
