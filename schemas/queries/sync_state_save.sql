-- $1 tenant, $2 channel, $3 entity, $4 status, $5 last successful start, $6 last id, $7 last offset, $8 cursor, $9 read,
-- $10 written, $11 rejected, $12 milliseconds
INSERT INTO etl.sync_states AS s (tenant_id, channel_id, entity_type, sync_status, last_sync_timestamp, last_synced_id,
                                  last_sync_offset, cursor, total_records, successful_records, failed_records, sync_duration_ms)
VALUES ($1::uuid, $2::uuid, $3, $4, $5::timestamptz, $6, $7::bigint, $8::jsonb, $9::bigint, $10::bigint, $11::bigint,
        $12::bigint)
ON CONFLICT (tenant_id, channel_id, entity_type) DO UPDATE
   SET sync_status = excluded.sync_status,
       last_sync_timestamp = coalesce(excluded.last_sync_timestamp, s.last_sync_timestamp),
       last_synced_id = coalesce(excluded.last_synced_id, s.last_synced_id),
       last_sync_offset = coalesce(excluded.last_sync_offset, s.last_sync_offset),
       cursor = excluded.cursor, total_records = excluded.total_records, successful_records = excluded.successful_records,
       failed_records = excluded.failed_records, sync_duration_ms = excluded.sync_duration_ms, updated_at = now()
