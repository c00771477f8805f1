-- Days of the tenant's calendar that this batch changed: those of the old and of the new time of each changed row.
INSERT INTO etl.rollup_dirty_days (tenant_id, day, reason)
SELECT z.id, (d.at AT TIME ZONE z.timezone)::date, min(d.source)
FROM (SELECT t.source, t.at FROM touched t WHERE t.at IS NOT NULL AND t.source NOT IN ('status', 'refresh')
      UNION ALL
      SELECT t.source, t.before FROM touched t WHERE t.before IS NOT NULL AND t.source NOT IN ('status', 'refresh')) d
CROSS JOIN etl.tenants z
WHERE z.id = etl.current_tenant()
GROUP BY 1, 2
