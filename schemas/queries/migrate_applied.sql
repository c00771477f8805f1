SELECT coalesce(version, 0), name, encode(sha256, 'hex')
  FROM etl.schema_migrations
 ORDER BY version NULLS LAST, name
