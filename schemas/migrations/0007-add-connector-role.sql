-- Role of pulling connectors and backfills: what they remember between runs, and nothing else.

SET LOCAL search_path = etl, public;
SET LOCAL lock_timeout = '5s';

-- As in 0002: roles belong to the cluster.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_connector') THEN
    BEGIN
      CREATE ROLE sluice_connector NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  IF NOT pg_has_role(current_user, 'sluice_connector', 'USAGE') THEN
    BEGIN
      GRANT sluice_connector TO CURRENT_USER;
    EXCEPTION WHEN unique_violation OR internal_error THEN NULL;
    END;
  END IF;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO sluice_connector', current_database());
END $$;

GRANT USAGE ON SCHEMA etl TO sluice_connector;
GRANT SELECT (id, tenant_id) ON channels TO sluice_connector;
GRANT SELECT, INSERT, UPDATE ON sync_runs, sync_states, sync_checkpoints TO sluice_connector;
GRANT INSERT ON raw_responses TO sluice_connector;

CREATE POLICY connector_isolation ON channels FOR SELECT TO sluice_connector
  USING (tenant_id = (SELECT etl.current_tenant()));
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['sync_runs', 'sync_states', 'sync_checkpoints', 'raw_responses'] LOOP
    EXECUTE format('CREATE POLICY connector_isolation ON %I FOR ALL TO sluice_connector
      USING (tenant_id = (SELECT etl.current_tenant())) WITH CHECK (tenant_id = (SELECT etl.current_tenant()))', t);
  END LOOP;
END $$;

-- What was done with a part before, whatever the run.
CREATE INDEX sync_checkpoints_part_idx ON sync_checkpoints (tenant_id, part, updated_at DESC);
