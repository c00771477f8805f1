-- Conversations whose sessions must be built again: those of which this batch changed something.
INSERT INTO etl.rollup_dirty_conversations (tenant_id, conversation_id)
SELECT DISTINCT etl.current_tenant(), t.conversation_id
FROM touched t
WHERE t.source <> 'status' AND t.conversation_id IS NOT NULL
