-- Joins threads that are one (canonical-model 11.2): everything that is reachable from the staged pairs through pairs and
-- through stored aliases is one component, represented by its smallest id. Whatever the order of arrival, the table ends the
-- same. A join makes every conversation of the component dirty. Two loaders may join the same component: the caller holds a
-- lock on the tenant's aliases.
WITH RECURSIVE pair AS (
  SELECT a, b FROM stage_aliases
  UNION
  SELECT b, a FROM stage_aliases
),
member (start, node) AS (
  SELECT DISTINCT p.a, p.a FROM pair p
  UNION
  SELECT m.start, n.node
  FROM member m
  CROSS JOIN LATERAL (
    SELECT p.b AS node FROM pair p WHERE p.a = m.node
    UNION ALL
    SELECT c.to_conversation_id FROM etl.conversation_aliases c
    WHERE c.tenant_id = etl.current_tenant() AND c.from_conversation_id = m.node
    UNION ALL
    SELECT c.from_conversation_id FROM etl.conversation_aliases c
    WHERE c.tenant_id = etl.current_tenant() AND c.to_conversation_id = m.node) n
),
component AS (
  SELECT DISTINCT node, first_value(node) OVER (PARTITION BY start ORDER BY node) AS representative FROM member
),
joined AS (
  INSERT INTO etl.conversation_aliases AS t (tenant_id, from_conversation_id, to_conversation_id, reason, first_seen_at)
  SELECT etl.current_tenant(), node, representative, 'same_thread', now()
  FROM component
  WHERE node <> representative
    AND NOT EXISTS (SELECT FROM etl.conversation_aliases c
                    WHERE c.tenant_id = etl.current_tenant() AND c.from_conversation_id = node AND c.to_conversation_id = representative)
  ORDER BY node
  ON CONFLICT (tenant_id, from_conversation_id) DO UPDATE SET to_conversation_id = EXCLUDED.to_conversation_id
  WHERE t.to_conversation_id <> EXCLUDED.to_conversation_id
  RETURNING to_conversation_id AS representative
)
INSERT INTO touched (source, conversation_id)
SELECT 'alias', node FROM component WHERE representative IN (SELECT representative FROM joined)
