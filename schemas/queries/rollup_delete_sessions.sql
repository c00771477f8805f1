-- Sessions that exist no more: cut otherwise, or of a conversation that was joined to another or deleted. An array, so that
-- no plan can read the whole table.
DELETE FROM etl.conversation_sessions s WHERE s.id = ANY (ARRAY(SELECT c.gone FROM rollup_change c WHERE c.gone IS NOT NULL))
