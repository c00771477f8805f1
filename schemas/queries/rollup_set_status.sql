-- $1 tenant. Channels without a desk have no status of their own: it follows from the newest session (canonical-model 4.3).
-- A row that a loader holds is left to the next run, which would be due anyway if the loader commits: a rollup that waits for
-- a loader while it holds rows itself would end in a deadlock.
WITH newest AS (
  SELECT DISTINCT ON (conversation_id) conversation_id, outcome, last_sender
    FROM rollup_fresh ORDER BY conversation_id, seq DESC
), wanted AS (
  SELECT b.conversation_id,
         CASE WHEN n.outcome IN ('resolved', 'abandoned') THEN n.outcome
              WHEN n.outcome = 'open' AND n.last_sender = 'c' THEN 'queued'
              WHEN n.outcome = 'open' AND n.last_sender = 'b' THEN 'bot_active'
              WHEN n.outcome = 'open' AND n.last_sender = 'a' THEN 'pending'
              ELSE 'new' END AS status
    FROM rollup_member b LEFT JOIN newest n ON n.conversation_id = b.representative
), differing AS (
  SELECT v.id, w.status
    FROM wanted w
   CROSS JOIN LATERAL (SELECT * FROM etl.conversations x WHERE x.id = w.conversation_id OFFSET 0) v
    JOIN etl.channels ch ON ch.id = v.channel_id AND NOT ch.provider_sessioned
   WHERE v.tenant_id = $1::uuid AND v.deleted_at IS NULL AND v.status <> w.status
), locked AS (  -- arrays, so that no plan can read the whole table
  SELECT v.id FROM etl.conversations v WHERE v.id = ANY (ARRAY(SELECT id FROM differing)) FOR NO KEY UPDATE SKIP LOCKED
), written AS (
  UPDATE etl.conversations v SET status = d.status FROM differing d
   WHERE v.id = d.id AND v.id = ANY (ARRAY(SELECT id FROM locked))
)
INSERT INTO etl.rollup_dirty_conversations (tenant_id, conversation_id)
SELECT $1::uuid, id FROM differing WHERE id NOT IN (SELECT id FROM locked)
