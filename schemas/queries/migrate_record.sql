INSERT INTO etl.schema_migrations (version, name, sha256, duration_ms)
VALUES (nullif($1::integer, 0), $2, decode($3, 'hex'), $4)
ON CONFLICT (name) DO UPDATE
  SET sha256 = excluded.sha256, applied_at = now(), duration_ms = excluded.duration_ms
