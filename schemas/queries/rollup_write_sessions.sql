-- Writes the changed sessions of rollup_fresh; unchanged ones are not touched. A session can change its conversation: when the
-- representative of a joined thread was deleted or appeared late.
INSERT INTO etl.conversation_sessions AS t (
  id, tenant_id, channel_id, conversation_id, seq, channel, contact_id, agent_id, department_id, initiated_by,
  started_at, last_activity_at, ended_at, outcome, resolved_at, abandoned_at, opened_at, picked_up_at,
  first_inbound_at, first_response_at, first_bot_response_at, inbound_count, agent_count, bot_count, broadcast_count,
  queue_s, pickup_s, response_s, first_response_s, resolution_s, duration_s, avg_response_s, response_count,
  first_response_bh_s, resolution_bh_s, csat_score_pct, escalated, replied_at, waited_us, computed_at)
SELECT
  n.id, n.tenant_id, n.channel_id, n.conversation_id, n.seq, n.channel, n.contact_id, n.agent_id, n.department_id,
  n.initiated_by, n.started_at, n.last_activity_at, n.ended_at, n.outcome, n.resolved_at, n.abandoned_at,
  n.opened_at, n.picked_up_at, n.first_inbound_at, n.first_response_at, n.first_bot_response_at, n.inbound_count,
  n.agent_count, n.bot_count, n.broadcast_count, n.queue_s, n.pickup_s, n.response_s, n.first_response_s,
  n.resolution_s, n.duration_s, n.avg_response_s, n.response_count, n.first_response_bh_s, n.resolution_bh_s,
  n.csat_score_pct, n.escalated, n.replied_at, n.waited_us, n.computed_at
  FROM rollup_fresh n
 WHERE EXISTS (SELECT FROM rollup_change c WHERE c.conversation_id = n.conversation_id AND c.seq = n.seq)
ON CONFLICT (id) DO UPDATE SET
      conversation_id = excluded.conversation_id, seq = excluded.seq, channel_id = excluded.channel_id, channel = excluded.channel, contact_id = excluded.contact_id,
      agent_id = excluded.agent_id, department_id = excluded.department_id, initiated_by = excluded.initiated_by,
      started_at = excluded.started_at, last_activity_at = excluded.last_activity_at, ended_at = excluded.ended_at,
      outcome = excluded.outcome, resolved_at = excluded.resolved_at, abandoned_at = excluded.abandoned_at,
      opened_at = excluded.opened_at, picked_up_at = excluded.picked_up_at,
      first_inbound_at = excluded.first_inbound_at, first_response_at = excluded.first_response_at,
      first_bot_response_at = excluded.first_bot_response_at, inbound_count = excluded.inbound_count,
      agent_count = excluded.agent_count, bot_count = excluded.bot_count, broadcast_count = excluded.broadcast_count,
      queue_s = excluded.queue_s, pickup_s = excluded.pickup_s, response_s = excluded.response_s,
      first_response_s = excluded.first_response_s, resolution_s = excluded.resolution_s,
      duration_s = excluded.duration_s, avg_response_s = excluded.avg_response_s,
      response_count = excluded.response_count, first_response_bh_s = excluded.first_response_bh_s,
      resolution_bh_s = excluded.resolution_bh_s, csat_score_pct = excluded.csat_score_pct,
      escalated = excluded.escalated, replied_at = excluded.replied_at, waited_us = excluded.waited_us,
      computed_at = excluded.computed_at
