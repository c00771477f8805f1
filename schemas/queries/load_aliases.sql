-- $1, $2: conversations and the representatives of their threads from now on (canonical-model 11.2). What stood under a
-- conversation that represented its thread until now goes with it. OFFSET 0 keeps the order of the look-ups, whatever the
-- planner knows of the table.
WITH moved AS (
  INSERT INTO etl.conversation_aliases AS t (tenant_id, from_conversation_id, to_conversation_id, reason, first_seen_at)
  SELECT etl.current_tenant(), m.id, m.representative, 'same_thread', now()
  FROM (
    SELECT n.id, n.representative FROM unnest($1::uuid[], $2::uuid[]) n (id, representative)
    UNION
    SELECT a.from_conversation_id, n.representative
    FROM unnest($1::uuid[], $2::uuid[]) n (id, representative)
    CROSS JOIN LATERAL (
      SELECT x.from_conversation_id FROM etl.conversation_aliases x
      WHERE x.tenant_id = etl.current_tenant() AND x.to_conversation_id = n.id OFFSET 0) a) m
  ORDER BY m.id
  ON CONFLICT (tenant_id, from_conversation_id) DO UPDATE SET to_conversation_id = EXCLUDED.to_conversation_id
  WHERE t.to_conversation_id <> EXCLUDED.to_conversation_id
  RETURNING from_conversation_id AS id
)
INSERT INTO joined (conversation_id) SELECT id FROM moved
