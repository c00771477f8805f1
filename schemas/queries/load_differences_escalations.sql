-- A chat that was with a bot when it was seen last and has been taken by an agent since was handed over (reference/b2chat.md 11).
-- Its version is that of the later snapshot without a hash: what a snapshot itself states of the hand-over wins.
WITH handed_over AS (
  SELECT c.tenant_id, c.channel_id, c.id, c.external_id || ':bot' AS external_id, s.assigned_agent_id, s.opened_at,
         s.source_created_at, s.provider_response_at, s.closed_at, s.lifecycle_ver, s.last_seen_at
  FROM stage_conversations s
  JOIN etl.conversations c ON c.id = s.id
  JOIN etl.channels h ON h.id = c.channel_id
  WHERE h.provider_sessioned AND s.lifecycle_ver > c.lifecycle_ver AND c.status = 'bot_active' AND s.picked_up_at IS NOT NULL
), named AS (
  SELECT o.*, etl.uuid5('escalation/' || o.tenant_id || '/' || o.channel_id || '/' || o.external_id) AS escalation_id FROM handed_over o
)
INSERT INTO stage_escalations (id, tenant_id, channel_id, external_id, conversation_id, trigger_type, status, assigned_agent_id,
    escalated_at, first_response_at, resolved_at, is_inferred, esc_ver, first_seen_at)
SELECT n.escalation_id, n.tenant_id, n.channel_id, n.external_id, n.id, 'bot_handoff',
       CASE WHEN n.closed_at IS NOT NULL THEN 'resolved' WHEN n.provider_response_at IS NOT NULL THEN 'in_progress' ELSE 'assigned' END,
       n.assigned_agent_id, coalesce(n.opened_at, n.source_created_at), n.provider_response_at, n.closed_at, true,
       substring(n.lifecycle_ver FROM 1 FOR 9) || '\x00000000000000'::bytea, n.last_seen_at
FROM named n
WHERE coalesce(n.opened_at, n.source_created_at) IS NOT NULL
