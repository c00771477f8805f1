-- The latest message of each conversation that got one: times only grow here. Reads what was stored, not what was staged: a
-- record may state a later time than its message keeps (sent_at is the earliest stated).
UPDATE etl.conversations c SET
  last_message_at  = GREATEST(c.last_message_at, l.any_at),
  last_inbound_at  = GREATEST(c.last_inbound_at, l.inbound_at),
  last_outbound_at = GREATEST(c.last_outbound_at, l.outbound_at),
  sync_version     = c.sync_version + 1
FROM (SELECT t.conversation_id,
             max(t.at) AS any_at,
             max(t.at) FILTER (WHERE t.direction = 'inbound')  AS inbound_at,
             max(t.at) FILTER (WHERE t.direction = 'outbound') AS outbound_at
      FROM touched t
      WHERE t.source = 'message'
      GROUP BY t.conversation_id) l
WHERE c.id = l.conversation_id
  AND (l.any_at > COALESCE(c.last_message_at, '-infinity')
       OR l.inbound_at > COALESCE(c.last_inbound_at, '-infinity')
       OR l.outbound_at > COALESCE(c.last_outbound_at, '-infinity'))
