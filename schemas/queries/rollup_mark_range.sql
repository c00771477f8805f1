-- $1 tenant, $2 first day, $3 last day (NULL = open): marks everything, or the range, for a rebuild.
WITH bounds AS (
  SELECT coalesce($2::date::timestamp AT TIME ZONE t.timezone, '-infinity') AS lo,
         coalesce(($3::date + 1)::timestamp AT TIME ZONE t.timezone, 'infinity') AS hi, t.timezone
    FROM etl.tenants t WHERE t.id = $1::uuid
), message AS (
  SELECT DISTINCT m.conversation_id, (m.sent_at AT TIME ZONE b.timezone)::date AS day
    FROM bounds b JOIN etl.messages m ON m.tenant_id = $1::uuid AND m.sent_at >= b.lo AND m.sent_at < b.hi
), session AS (
  SELECT s.conversation_id FROM bounds b JOIN etl.conversation_sessions s
    ON s.tenant_id = $1::uuid AND s.started_at < b.hi AND s.last_activity_at >= b.lo
), conversation AS (
  SELECT c.id FROM bounds b JOIN etl.conversations c ON c.tenant_id = $1::uuid AND c.started_at >= b.lo AND c.started_at < b.hi
), day AS (
  SELECT day FROM message
  UNION SELECT d.date FROM etl.daily_analytics d
         WHERE d.tenant_id = $1::uuid AND d.date >= coalesce($2::date, '-infinity') AND d.date <= coalesce($3::date, 'infinity')
  UNION SELECT (r.responded_at AT TIME ZONE b.timezone)::date FROM bounds b JOIN etl.csat_responses r
            ON r.tenant_id = $1::uuid AND r.responded_at >= b.lo AND r.responded_at < b.hi AND r.score_pct IS NOT NULL
  UNION SELECT (e.escalated_at AT TIME ZONE b.timezone)::date FROM bounds b JOIN etl.escalations e
            ON e.tenant_id = $1::uuid AND e.escalated_at >= b.lo AND e.escalated_at < b.hi
  UNION SELECT (v.at AT TIME ZONE b.timezone)::date FROM bounds b JOIN etl.conversation_sessions s ON s.tenant_id = $1::uuid
         CROSS JOIN LATERAL (VALUES (s.started_at), (s.opened_at), (s.picked_up_at), (s.first_response_at), (s.resolved_at),
                                    (s.abandoned_at)) v(at)
         WHERE v.at >= b.lo AND v.at < b.hi
), marked AS (
  INSERT INTO etl.rollup_dirty_days (tenant_id, day, reason) SELECT $1::uuid, day, 'rebuild' FROM day
)
INSERT INTO etl.rollup_dirty_conversations (tenant_id, conversation_id)
SELECT $1::uuid, conversation_id FROM message UNION SELECT $1::uuid, conversation_id FROM session UNION SELECT $1::uuid, id FROM conversation
