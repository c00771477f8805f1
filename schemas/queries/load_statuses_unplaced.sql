-- A status may name its message only (no recipient, hence no conversation). Finds the conversations among the messages: reads
-- the tenant's messages once, whatever the number of such statuses, and runs only for batches that hold one. IS TRUE keeps
-- the planner from reading them once for each status.
INSERT INTO touched (source, conversation_id, message_id)
SELECT 'status', m.conversation_id, m.id
FROM etl.messages m
WHERE m.tenant_id = etl.current_tenant()
  AND (m.id IN (SELECT t.message_id FROM touched t WHERE t.source = 'status' AND t.conversation_id IS NULL)) IS TRUE
