-- A message that stands in two conversations of one joined thread (canonical-model 11.2): a status names the contact by one
-- identity, another by two. Such rows are twins; each takes over what the other knows, so that whichever a reader picks is
-- whole. Twins of what this batch changed, and of everything in threads that it joined. OFFSET 0 keeps the order of the
-- look-ups; a condition with COALESCE would be no condition of an index, since row-level security counts it as leaky.
WITH here AS (
  SELECT t.conversation_id, t.message_id FROM touched t WHERE t.source IN ('message', 'refresh')
  UNION
  SELECT m.conversation_id, m.id
  FROM touched t
  CROSS JOIN LATERAL (SELECT x.conversation_id, x.id FROM etl.messages x WHERE x.conversation_id = t.conversation_id OFFSET 0) m
  WHERE t.source = 'alias'
),
home AS (
  SELECT h.conversation_id, h.message_id, COALESCE(l.id, h.conversation_id) AS representative
  FROM here h
  LEFT JOIN LATERAL (
    SELECT x.to_conversation_id AS id FROM etl.conversation_aliases x
    WHERE x.tenant_id = etl.current_tenant() AND x.from_conversation_id = h.conversation_id OFFSET 0) l ON true
  OFFSET 0
),
pair AS (
  SELECT h.message_id AS id, h.conversation_id AS a, o.conversation_id AS b
  FROM home h
  CROSS JOIN LATERAL (
    SELECT h.representative AS conversation_id
    UNION ALL
    SELECT x.from_conversation_id FROM etl.conversation_aliases x
    WHERE x.tenant_id = etl.current_tenant() AND x.to_conversation_id = h.representative OFFSET 0) o
  CROSS JOIN LATERAL (
    SELECT FROM etl.messages x WHERE x.conversation_id = o.conversation_id AND x.id = h.message_id OFFSET 0) m
  WHERE o.conversation_id <> h.conversation_id
    AND EXISTS (SELECT FROM etl.conversation_aliases e WHERE e.tenant_id = etl.current_tenant())
)
INSERT INTO twins (id, from_conversation_id, to_conversation_id)
SELECT id, a, b FROM pair
UNION
SELECT id, b, a FROM pair
