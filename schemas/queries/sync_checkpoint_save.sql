-- $1 tenant, $2 run, $3 entity, $4 part, $5 total, $6 read, $7 written, $8 rejected, $9 failures, $10 marker, $11 status
INSERT INTO etl.sync_checkpoints (tenant_id, sync_run_id, entity_type, part, total_records, processed_records,
                                  successful_records, failed_records, failure_details, checkpoint, status, completed_at)
VALUES ($1::uuid, $2::uuid, $3, $4, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::jsonb, $10, $11,
        CASE WHEN $11 = 'completed' THEN now() END)
ON CONFLICT (tenant_id, sync_run_id, entity_type, part) DO UPDATE
   SET total_records = excluded.total_records, processed_records = excluded.processed_records,
       successful_records = excluded.successful_records, failed_records = excluded.failed_records,
       failure_details = excluded.failure_details, checkpoint = excluded.checkpoint, status = excluded.status,
       completed_at = excluded.completed_at, updated_at = now()
