-- $1 tenant. Marks the local days that rollup_change touches. Called before the stored sessions are replaced, so that their
-- instants are still there. A change may move a session to another agent or channel, and with it every message, survey and
-- escalation of its span; therefore those days too.
WITH zone AS (
  SELECT timezone FROM etl.tenants WHERE id = $1::uuid
), changed AS (
  SELECT c.conversation_id, coalesce(b.representative, c.conversation_id) AS representative, c.seq, c.span_from, c.span_to, c.whole
    FROM rollup_change c
    LEFT JOIN rollup_member b ON b.conversation_id = c.conversation_id
), instant AS (
  SELECT v.at FROM changed c
    JOIN rollup_fresh n ON n.conversation_id = c.conversation_id AND n.seq = c.seq
   CROSS JOIN LATERAL (VALUES (n.started_at), (n.opened_at), (n.picked_up_at), (n.first_response_at), (n.resolved_at), (n.abandoned_at)) v(at)
  UNION ALL
  SELECT v.at FROM changed c
   CROSS JOIN LATERAL (SELECT * FROM etl.conversation_sessions x
                        WHERE x.conversation_id = c.conversation_id AND x.seq = c.seq OFFSET 0) o
   CROSS JOIN LATERAL (VALUES (o.started_at), (o.opened_at), (o.picked_up_at), (o.first_response_at), (o.resolved_at), (o.abandoned_at)) v(at)
  UNION ALL
  SELECT m.sent_at FROM (SELECT representative, bool_or(whole) AS whole, range_agg(tstzrange(span_from, span_to, '[]')) AS spans
                           FROM changed GROUP BY 1) c
    JOIN rollup_member b ON b.representative = c.representative
   CROSS JOIN LATERAL (SELECT x.sent_at FROM etl.messages x
                        WHERE x.conversation_id = b.conversation_id AND (c.whole OR c.spans @> x.sent_at) OFFSET 0) m
  UNION ALL
  SELECT r.responded_at FROM (SELECT representative, min(span_from) AS since, bool_or(seq = 1) AS whole FROM changed GROUP BY 1) c
    JOIN rollup_member b ON b.representative = c.representative
    JOIN etl.csat_responses r ON r.conversation_id = b.conversation_id
     AND r.score_pct IS NOT NULL AND (c.whole OR r.responded_at >= c.since)
  UNION ALL
  SELECT e.escalated_at FROM (SELECT representative, min(span_from) AS since, bool_or(seq = 1) AS whole FROM changed GROUP BY 1) c
    JOIN rollup_member b ON b.representative = c.representative
    JOIN etl.escalations e ON e.conversation_id = b.conversation_id
     AND (c.whole OR e.escalated_at >= c.since)
)
INSERT INTO etl.rollup_dirty_days (tenant_id, day, reason)
SELECT DISTINCT $1::uuid, (i.at AT TIME ZONE z.timezone)::date, 'session'
  FROM instant i CROSS JOIN zone z WHERE i.at IS NOT NULL
