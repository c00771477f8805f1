-- Sessions that exist no more: cut otherwise, or of a conversation that was joined to another or deleted.
DELETE FROM etl.conversation_sessions s
 USING rollup_member b
 WHERE s.conversation_id = b.conversation_id AND NOT EXISTS (SELECT FROM rollup_fresh n WHERE n.id = s.id)
