-- A status may name its message only (no recipient, hence no conversation). Finds the conversation among the messages; this
-- reads the tenant's messages once and runs only for batches that hold such a status.
INSERT INTO touched (source, conversation_id, message_id)
SELECT 'status', m.conversation_id, m.id
FROM etl.messages m
WHERE m.tenant_id = etl.current_tenant()
  AND m.id = ANY (ARRAY(SELECT t.message_id FROM touched t WHERE t.source = 'status' AND t.conversation_id IS NULL))
