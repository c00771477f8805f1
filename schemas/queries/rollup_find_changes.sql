-- Fills rollup_change with the spans of sessions that are new, gone or different, before and after. computed_at
-- alone is no difference: a session that stays as it was is not written again.
WITH stored AS (
  SELECT s.* FROM rollup_member b
   CROSS JOIN LATERAL (SELECT * FROM etl.conversation_sessions x
                        WHERE x.conversation_id = b.conversation_id OFFSET 0) s
), differing AS (
  SELECT o.id AS old_id, n.id AS new_id
    FROM stored o FULL JOIN rollup_fresh n ON n.id = o.id
   WHERE o.id IS NULL OR n.id IS NULL OR
         ROW(
           o.tenant_id, o.channel_id, o.conversation_id, o.seq, o.channel, o.contact_id, o.agent_id, o.department_id,
           o.initiated_by, o.started_at, o.last_activity_at, o.ended_at, o.outcome, o.resolved_at, o.abandoned_at,
           o.opened_at, o.picked_up_at, o.first_inbound_at, o.first_response_at, o.first_bot_response_at,
           o.inbound_count, o.agent_count, o.bot_count, o.broadcast_count, o.queue_s, o.pickup_s, o.response_s,
           o.first_response_s, o.resolution_s, o.duration_s, o.avg_response_s, o.response_count,
           o.first_response_bh_s, o.resolution_bh_s, o.csat_score_pct, o.escalated, o.replied_at, o.waited_us)
         IS DISTINCT FROM ROW(
           n.tenant_id, n.channel_id, n.conversation_id, n.seq, n.channel, n.contact_id, n.agent_id, n.department_id,
           n.initiated_by, n.started_at, n.last_activity_at, n.ended_at, n.outcome, n.resolved_at, n.abandoned_at,
           n.opened_at, n.picked_up_at, n.first_inbound_at, n.first_response_at, n.first_bot_response_at,
           n.inbound_count, n.agent_count, n.bot_count, n.broadcast_count, n.queue_s, n.pickup_s, n.response_s,
           n.first_response_s, n.resolution_s, n.duration_s, n.avg_response_s, n.response_count,
           n.first_response_bh_s, n.resolution_bh_s, n.csat_score_pct, n.escalated, n.replied_at, n.waited_us)
), span AS (
  SELECT o.conversation_id, o.seq, o.started_at, o.last_activity_at, o.channel_id,
         CASE WHEN d.new_id IS NULL THEN d.old_id END AS gone
    FROM differing d JOIN stored o ON o.id = d.old_id
  UNION
  SELECT n.conversation_id, n.seq, n.started_at, n.last_activity_at, n.channel_id, NULL
    FROM differing d JOIN rollup_fresh n ON n.id = d.new_id
)
INSERT INTO rollup_change (conversation_id, seq, span_from, span_to, whole, gone)
SELECT x.conversation_id, x.seq, x.started_at, x.last_activity_at, ch.provider_sessioned, x.gone
  FROM span x JOIN etl.channels ch ON ch.id = x.channel_id
