-- A conversation that was joined makes its whole thread dirty. Ids under which no conversation is known (a mail's Message-ID is
-- one that its answers may name) change nothing. OFFSET 0 as in load_aliases.sql.
WITH thread AS (
  SELECT DISTINCT a.id
  FROM joined j
  CROSS JOIN LATERAL (SELECT x.id FROM etl.conversations x WHERE x.id = j.conversation_id OFFSET 0) c
  CROSS JOIN LATERAL (
    SELECT x.to_conversation_id AS id FROM etl.conversation_aliases x
    WHERE x.tenant_id = etl.current_tenant() AND x.from_conversation_id = c.id OFFSET 0) a
)
INSERT INTO touched (source, conversation_id)
SELECT 'alias', c.id
FROM thread t
CROSS JOIN LATERAL (
  SELECT t.id
  UNION ALL
  SELECT x.from_conversation_id FROM etl.conversation_aliases x
  WHERE x.tenant_id = etl.current_tenant() AND x.to_conversation_id = t.id OFFSET 0) m
CROSS JOIN LATERAL (SELECT x.id FROM etl.conversations x WHERE x.id = m.id OFFSET 0) c
