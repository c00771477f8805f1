-- Conversations whose sessions must be built again: those of which this batch changed something. What a status tells of a
-- message is in no session and in no day.
INSERT INTO etl.rollup_dirty_conversations (tenant_id, conversation_id)
SELECT DISTINCT etl.current_tenant(), t.conversation_id
FROM touched t
WHERE t.source NOT IN ('status', 'refresh') AND t.conversation_id IS NOT NULL
