-- A message moved to an earlier time (a stub or an edit came before the original): if it was the latest of its conversation,
-- another one may be it now. Counted from the rows, for these conversations only.
UPDATE etl.conversations c SET
  last_message_at  = l.any_at,
  last_inbound_at  = l.inbound_at,
  last_outbound_at = l.outbound_at,
  sync_version     = c.sync_version + 1
FROM (SELECT DISTINCT t.conversation_id FROM touched t WHERE t.source = 'message' AND t.before > t.at) d
CROSS JOIN LATERAL (
  SELECT max(m.sent_at) AS any_at,
         max(m.sent_at) FILTER (WHERE m.direction = 'inbound')  AS inbound_at,
         max(m.sent_at) FILTER (WHERE m.direction = 'outbound') AS outbound_at
  FROM etl.messages m
  WHERE m.conversation_id = d.conversation_id) l
WHERE c.id = d.conversation_id
  AND (c.last_message_at, c.last_inbound_at, c.last_outbound_at) IS DISTINCT FROM (l.any_at, l.inbound_at, l.outbound_at)
