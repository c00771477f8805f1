-- $1 tenant, $2 at most so many. Takes marks and fills rollup_member: every conversation joined with a marked one, under its
-- representative; a conversation that is none itself is listed too, so that its former sessions go.
-- The marks are deleted in the transaction that rewrites the sessions. A mark that arrives meanwhile stays for the next run;
-- one that was seen is deleted before its rows are read, so nothing committed with it can be missed.
WITH picked AS (
  SELECT DISTINCT conversation_id FROM etl.rollup_dirty_conversations
   WHERE tenant_id = $1::uuid ORDER BY conversation_id LIMIT $2::integer
), taken AS (
  DELETE FROM etl.rollup_dirty_conversations q USING picked p
   WHERE q.tenant_id = $1::uuid AND q.conversation_id = p.conversation_id
  RETURNING q.conversation_id
), representative AS (
  SELECT DISTINCT coalesce(a.to_conversation_id, t.conversation_id) AS id
    FROM taken t
    LEFT JOIN etl.conversation_aliases a ON a.tenant_id = $1::uuid AND a.from_conversation_id = t.conversation_id
), member AS (
  SELECT id AS representative, id AS conversation_id FROM representative
  UNION ALL
  SELECT r.id, a.from_conversation_id
    FROM representative r
    JOIN etl.conversation_aliases a ON a.tenant_id = $1::uuid AND a.to_conversation_id = r.id
), filled AS (
  INSERT INTO rollup_member
  SELECT representative, conversation_id, count(*) OVER (PARTITION BY representative) > 1 FROM member
)
SELECT count(*) FROM picked
