-- $1 tenant, $2 at most so many. Takes marks and fills rollup_day with the days and their bounds: half open, from local
-- midnight to local midnight, so 23 or 25 hours twice a year.
WITH picked AS (
  SELECT DISTINCT day FROM etl.rollup_dirty_days WHERE tenant_id = $1::uuid ORDER BY day LIMIT $2::integer
), taken AS (
  DELETE FROM etl.rollup_dirty_days q USING picked p WHERE q.tenant_id = $1::uuid AND q.day = p.day
  RETURNING q.day
), filled AS (
  INSERT INTO rollup_day
  SELECT DISTINCT d.day, d.day::timestamp AT TIME ZONE t.timezone, (d.day + 1)::timestamp AT TIME ZONE t.timezone
    FROM taken d JOIN etl.tenants t ON t.id = $1::uuid
)
SELECT count(*) FROM picked
