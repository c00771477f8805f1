-- $1 id, $2 tenant, $3 provider, $4 medium, $5 account, $6 name, $7 source time zone, $8 provider-sessioned, $9 gap in
-- seconds, $10 outbound visible. What decides how sessions are cut marks the channel's conversations when it changes.
WITH checked AS (
  SELECT now() AT TIME ZONE coalesce($7, 'UTC') AS local
), before AS (
  SELECT id, provider_sessioned, session_gap_s, outbound_visible FROM etl.channels WHERE id = $1::uuid
), written AS (
  INSERT INTO etl.channels AS c (id, tenant_id, provider, channel, external_account_id, name, source_timezone,
                                 provider_sessioned, session_gap_s, outbound_visible)
  SELECT $1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8::boolean, $9::integer, $10::boolean FROM checked WHERE local IS NOT NULL
  ON CONFLICT (id) DO UPDATE
    SET channel = excluded.channel, name = excluded.name, source_timezone = excluded.source_timezone,
        provider_sessioned = excluded.provider_sessioned, session_gap_s = excluded.session_gap_s,
        outbound_visible = excluded.outbound_visible, updated_at = now()
    WHERE (c.channel, c.name, c.source_timezone, c.provider_sessioned, c.session_gap_s, c.outbound_visible)
          IS DISTINCT FROM
          (excluded.channel, excluded.name, excluded.source_timezone, excluded.provider_sessioned, excluded.session_gap_s,
           excluded.outbound_visible)
  RETURNING id, provider_sessioned, session_gap_s, outbound_visible
)
INSERT INTO etl.rollup_dirty_conversations (tenant_id, conversation_id)
SELECT v.tenant_id, v.id
  FROM written w JOIN before b USING (id) JOIN etl.conversations v ON v.tenant_id = $2::uuid AND v.channel_id = w.id
 WHERE (w.provider_sessioned, w.session_gap_s, w.outbound_visible)
       IS DISTINCT FROM (b.provider_sessioned, b.session_gap_s, b.outbound_visible)
