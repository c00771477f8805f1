-- One refused input. The same input refused for the same reason again raises attempts instead of adding a row.
INSERT INTO etl.dead_letters AS t
  (tenant_id, channel_id, stage, entity_type, external_id, error_code, error_message, payload, payload_sha256,
   kafka_topic, kafka_partition, kafka_offset, first_failed_at, last_failed_at)
VALUES (etl.current_tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
ON CONFLICT (tenant_id, stage, payload_sha256, error_code) DO UPDATE SET
  attempts        = t.attempts + 1,
  first_failed_at = LEAST(t.first_failed_at, EXCLUDED.first_failed_at),
  last_failed_at  = GREATEST(t.last_failed_at, EXCLUDED.last_failed_at),
  status          = CASE WHEN t.status = 'discarded' THEN t.status ELSE 'open' END
