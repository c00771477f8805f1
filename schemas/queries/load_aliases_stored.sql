-- $1: conversations. What is stored about them: each under its representative.
SELECT from_conversation_id, to_conversation_id
FROM etl.conversation_aliases
WHERE tenant_id = etl.current_tenant() AND from_conversation_id = ANY ($1::uuid[])
