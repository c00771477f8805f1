-- $1, $2: conversations and the representatives of their threads from now on. What stood under a conversation that represented
-- its thread until now goes with it.
WITH moved AS (
  UPDATE etl.conversation_aliases c SET to_conversation_id = n.representative
  FROM unnest($1::uuid[], $2::uuid[]) n (id, representative)
  WHERE c.tenant_id = etl.current_tenant() AND c.to_conversation_id = n.id
  RETURNING c.from_conversation_id AS id
)
INSERT INTO joined (conversation_id) SELECT id FROM moved
