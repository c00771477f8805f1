-- $1 tenant, $2 run, $3 status, $4 records written, $5 error message, $6 more metadata, $7 read, $8 rejected
UPDATE etl.sync_runs
   SET status = $3, record_count = $4::bigint, error_message = $5, completed_at = now(),
       metadata = metadata || $6::jsonb || jsonb_build_object('read', $7::bigint, 'written', $4::bigint, 'rejected', $8::bigint)
 WHERE tenant_id = $1::uuid AND id = $2::uuid
