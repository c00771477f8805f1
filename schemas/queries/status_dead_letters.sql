-- Dead letters that nobody has dealt with, by reason.
SELECT COALESCE(t.slug, ''), d.stage, d.error_code, count(*)
  FROM etl.dead_letters d
  LEFT JOIN etl.tenants t ON t.id = d.tenant_id
 WHERE d.status = 'open'
 GROUP BY 1, 2, 3
 ORDER BY 1, 2, 3
