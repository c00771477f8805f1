-- Every channel of every tenant, with when it last carried a message.
SELECT t.slug, COALESCE(c.name, ''), c.provider,
       to_char(max(v.last_message_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM etl.channels c
  JOIN etl.tenants t ON t.id = c.tenant_id
  LEFT JOIN etl.conversations v ON v.tenant_id = c.tenant_id AND v.channel_id = c.id
 WHERE c.deleted_at IS NULL
 GROUP BY t.slug, c.id, c.name, c.provider
 ORDER BY t.slug, c.name, c.provider
