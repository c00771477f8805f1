-- Attachments stand and fall with the content version that states them: drops those of staged messages whose stored content
-- is a later one by now. Those of the winning version are inserted afterwards. A message that stands in two conversations has
-- its attachments once, so an earlier version of one row does not touch those of the other.
DELETE FROM etl.message_attachments a
USING stage_messages s
JOIN etl.messages m ON m.conversation_id = s.conversation_id AND m.id = s.id
WHERE a.message_id = s.id AND a.content_ver < m.content_ver
