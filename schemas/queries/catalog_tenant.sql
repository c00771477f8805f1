-- $1 id, $2 slug, $3 name, $4 time zone. An unknown zone is an error here and not at the first rollup. A change of the zone
-- moves every calendar day: the days already rolled up, and those already marked, are marked with two neighbours on each
-- side, since zones lie up to 26 hours apart. The caller keeps the tenant's rollup away, which may be writing days by the
-- old zone.
WITH checked AS (
  SELECT $4::text AS timezone, now() AT TIME ZONE $4 AS local
), before AS (
  SELECT id, timezone FROM etl.tenants WHERE id = $1::uuid
), written AS (
  INSERT INTO etl.tenants AS t (id, slug, name, timezone)
  SELECT $1::uuid, $2, $3, timezone FROM checked WHERE local IS NOT NULL
  ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, timezone = excluded.timezone, updated_at = now()
    WHERE (t.name, t.timezone) IS DISTINCT FROM (excluded.name, excluded.timezone)
  RETURNING id
)
INSERT INTO etl.rollup_dirty_days (tenant_id, day, reason)
SELECT DISTINCT d.tenant_id, d.date + shift, 'time zone'
  FROM written JOIN before USING (id)
  JOIN (SELECT tenant_id, date FROM etl.daily_analytics
        UNION SELECT tenant_id, day FROM etl.rollup_dirty_days) d ON d.tenant_id = before.id
 CROSS JOIN generate_series(-2, 2) AS shift
 WHERE before.timezone <> $4
