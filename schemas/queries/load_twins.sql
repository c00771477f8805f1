-- A message that stands in two conversations of one joined thread (canonical-model 11.2): a status names the contact by one
-- identity, another by two. Such rows are twins; each takes over what the other knows, so that whichever a reader picks is
-- whole. Twins of what this batch changed, and of everything in threads that it joined.
WITH here AS (
  SELECT t.conversation_id, t.message_id FROM touched t WHERE t.source IN ('message', 'refresh')
  UNION
  SELECT m.conversation_id, m.id FROM touched t JOIN etl.messages m ON m.conversation_id = t.conversation_id WHERE t.source = 'alias'
),
pair AS (
  SELECT h.message_id AS id, h.conversation_id AS a, o.conversation_id AS b
  FROM here h
  LEFT JOIN etl.conversation_aliases l ON l.tenant_id = etl.current_tenant() AND l.from_conversation_id = h.conversation_id
  CROSS JOIN LATERAL (
    SELECT COALESCE(l.to_conversation_id, h.conversation_id) AS conversation_id
    UNION ALL
    SELECT x.from_conversation_id FROM etl.conversation_aliases x
    WHERE x.tenant_id = etl.current_tenant() AND x.to_conversation_id = COALESCE(l.to_conversation_id, h.conversation_id)) o
  JOIN etl.messages m ON m.conversation_id = o.conversation_id AND m.id = h.message_id
  WHERE o.conversation_id <> h.conversation_id
    AND EXISTS (SELECT FROM etl.conversation_aliases e WHERE e.tenant_id = etl.current_tenant())
)
INSERT INTO twins (id, from_conversation_id, to_conversation_id)
SELECT id, a, b FROM pair
UNION
SELECT id, b, a FROM pair
