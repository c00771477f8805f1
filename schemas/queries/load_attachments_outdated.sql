-- Attachments stand and fall with the content version that states them: drops those of staged messages whose stored content
-- is another one by now. Those of the winning version are inserted afterwards.
DELETE FROM etl.message_attachments a
USING stage_messages s
JOIN etl.messages m ON m.conversation_id = s.conversation_id AND m.id = s.id
WHERE a.message_id = s.id AND a.content_ver <> m.content_ver
