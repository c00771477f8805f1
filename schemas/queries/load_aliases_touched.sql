-- A conversation that was joined makes its whole thread dirty. Ids under which no conversation is known (a mail's Message-ID is
-- one that its answers may name) change nothing.
WITH thread AS (
  SELECT DISTINCT a.to_conversation_id AS id
  FROM joined j
  JOIN etl.conversations c ON c.id = j.conversation_id
  JOIN etl.conversation_aliases a ON a.tenant_id = etl.current_tenant() AND a.from_conversation_id = c.id
)
INSERT INTO touched (source, conversation_id)
SELECT 'alias', m.id
FROM thread t
CROSS JOIN LATERAL (
  SELECT t.id
  UNION ALL
  SELECT a.from_conversation_id FROM etl.conversation_aliases a
  WHERE a.tenant_id = etl.current_tenant() AND a.to_conversation_id = t.id) m
JOIN etl.conversations c ON c.id = m.id
