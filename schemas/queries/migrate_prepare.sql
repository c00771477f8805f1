-- What a migration run needs before the first migration: the schema and the list of what was applied.
CREATE SCHEMA IF NOT EXISTS etl;
CREATE TABLE IF NOT EXISTS etl.schema_migrations (
  version     integer,                                -- NULL = a file that is applied again whenever its text changes (views)
  name        text PRIMARY KEY,
  sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32),
  applied_at  timestamptz NOT NULL DEFAULT now(),
  duration_ms bigint NOT NULL
);
