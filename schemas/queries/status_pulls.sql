-- How far each connector that is pulled has come, with the error of its last run where that failed. Parts of a connector, such as
-- a mailbox's folders, are left out.
SELECT t.slug, coalesce(c.name, ''), s.entity_type, s.sync_status,
       to_char(s.last_sync_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       s.successful_records, s.failed_records,
       CASE WHEN s.sync_status = 'error' THEN r.error_message END
  FROM etl.sync_states s
  JOIN etl.tenants t ON t.id = s.tenant_id
  JOIN etl.channels c ON c.tenant_id = s.tenant_id AND c.id = s.channel_id
  LEFT JOIN LATERAL (SELECT error_message FROM etl.sync_runs
                      WHERE tenant_id = s.tenant_id AND channel_id = s.channel_id AND status = 'error'
                      ORDER BY started_at DESC LIMIT 1) r ON true
 WHERE c.deleted_at IS NULL AND s.entity_type NOT LIKE '%:%'
 ORDER BY t.slug, c.name, s.entity_type
