-- What the rollup has still to recompute. One day or conversation may be marked several times.
SELECT (SELECT count(*) FROM (SELECT DISTINCT tenant_id, day FROM etl.rollup_dirty_days) AS days),
       (SELECT count(*) FROM (SELECT DISTINCT tenant_id, conversation_id FROM etl.rollup_dirty_conversations) AS conversations)
