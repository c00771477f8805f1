-- $1, $2: conversations and the representatives of their threads from now on (canonical-model 11.2).
WITH moved AS (
  INSERT INTO etl.conversation_aliases AS t (tenant_id, from_conversation_id, to_conversation_id, reason, first_seen_at)
  SELECT etl.current_tenant(), n.id, n.representative, 'same_thread', now()
  FROM unnest($1::uuid[], $2::uuid[]) n (id, representative)
  ORDER BY n.id
  ON CONFLICT (tenant_id, from_conversation_id) DO UPDATE SET to_conversation_id = EXCLUDED.to_conversation_id
  WHERE t.to_conversation_id <> EXCLUDED.to_conversation_id
  RETURNING from_conversation_id AS id
)
INSERT INTO joined (conversation_id) SELECT id FROM moved
