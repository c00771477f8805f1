-- Roles, rights and row-level security (reference/canonical-model.md 3.6).
--
--   sluice_loader  loads and rolls up: reads and writes rows of the tenant that its transaction has set
--   sluice_admin   retention, erasure, configuration: the same, and may delete
--   sluice_reader  business intelligence: reads the views of schema bi, and there the tenants that etl.reader_tenants maps
--                  its login to
--   sluice_views   owns the views of schema bi and nothing else; nobody logs in with it
--
-- Two kinds of policy. Back ends (loader, admin) are trusted code that names its tenant by a setting; a BI user can run any
-- SQL and so can change any setting, therefore its policy asks session_user, which a login cannot change.
-- The model's policies are kept with its corrections: restrictive role rule, missing settings match nothing, FORCE because
-- owners bypass row-level security, tenant_id on every row. Settings stand in sub-selects: read once per statement, not per row.

SET LOCAL search_path = etl, public;
SET LOCAL lock_timeout = '5s';

-- Roles belong to the cluster, databases come and go (and several may be migrated at once): make what is missing.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['sluice_loader', 'sluice_admin', 'sluice_reader', 'sluice_views'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', r);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was first
      END;
    END IF;
    IF NOT pg_has_role(current_user, r, 'USAGE') THEN
      BEGIN
        EXECUTE format('GRANT %I TO CURRENT_USER', r);
      EXCEPTION WHEN unique_violation OR internal_error THEN NULL; -- "tuple concurrently updated": the same
      END;
    END IF;
  END LOOP;
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO sluice_loader, sluice_admin', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO sluice_reader', current_database());
END $$;

CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT NULLIF(current_setting('app.current_tenant_id', true), '')::uuid $$;
CREATE FUNCTION current_app_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT COALESCE(NULLIF(current_setting('app.user_role', true), ''), 'none') $$;
CREATE FUNCTION current_app_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT NULLIF(current_setting('app.current_user_id', true), '')::uuid $$;
COMMENT ON FUNCTION current_tenant() IS 'Tenant that the transaction works for: setting app.current_tenant_id; NULL = none, which matches no row.';
COMMENT ON FUNCTION current_app_role() IS 'Setting app.user_role: master_admin sees every tenant, support_agent only conversations of its own or of nobody; none when unset.';
COMMENT ON FUNCTION current_app_user() IS 'Setting app.current_user_id: agents.id of the person behind the session; NULL = none.';

-- For this and every later migration that makes a table: its policies, whatever the column that holds the tenant.
CREATE PROCEDURE protect_table(p_table regclass, p_tenant_column name DEFAULT 'tenant_id') LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
  EXECUTE format('CREATE POLICY tenant_isolation ON %1$s FOR ALL TO sluice_loader, sluice_admin
    USING      (%2$I = (SELECT etl.current_tenant()) OR (SELECT etl.current_app_role()) = ''master_admin'')
    WITH CHECK (%2$I = (SELECT etl.current_tenant()) OR (SELECT etl.current_app_role()) = ''master_admin'')', p_table, p_tenant_column);
  EXECUTE format('CREATE POLICY reader_isolation ON %1$s FOR SELECT TO sluice_views
    USING (%2$I IN (SELECT r.tenant_id FROM etl.reader_tenants r WHERE r.login = session_user))', p_table, p_tenant_column);
END $$;
COMMENT ON PROCEDURE protect_table(regclass, name) IS 'Enables and forces row-level security on a table and adds the policies of loader, admin and readers.';

DO $$
DECLARE t regclass;
BEGIN
  FOR t IN SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
            WHERE c.relnamespace = 'etl'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'reader_tenants'
  LOOP
    CALL etl.protect_table(t);
  END LOOP;
END $$;
CALL protect_table('etl.tenants', 'id');

ALTER TABLE reader_tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE reader_tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON reader_tenants FOR ALL TO sluice_admin
  USING      (tenant_id = (SELECT etl.current_tenant()) OR (SELECT etl.current_app_role()) = 'master_admin')
  WITH CHECK (tenant_id = (SELECT etl.current_tenant()) OR (SELECT etl.current_app_role()) = 'master_admin');
CREATE POLICY reader_isolation ON reader_tenants FOR SELECT TO sluice_views USING (login = session_user);

-- Consumed offsets and applied migrations carry no tenant: whoever may read the table may read all of it.
ALTER TABLE bus_offsets ENABLE ROW LEVEL SECURITY;
ALTER TABLE bus_offsets FORCE ROW LEVEL SECURITY;
CREATE POLICY no_tenant ON bus_offsets FOR ALL TO sluice_loader, sluice_admin USING (true) WITH CHECK (true);
ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;
CREATE POLICY no_tenant ON schema_migrations FOR SELECT TO sluice_loader, sluice_admin USING (true);

-- A support agent sees its own and unassigned conversations. Restrictive: it narrows what the policies above allow.
CREATE POLICY support_agent_scope ON conversations AS RESTRICTIVE FOR SELECT
  USING ((SELECT etl.current_app_role()) <> 'support_agent'
         OR assigned_agent_id IS NULL OR assigned_agent_id = (SELECT etl.current_app_user()));
CREATE POLICY support_agent_scope ON messages AS RESTRICTIVE FOR SELECT
  USING ((SELECT etl.current_app_role()) <> 'support_agent'
         OR EXISTS (SELECT FROM etl.conversations c WHERE c.id = messages.conversation_id));

GRANT USAGE ON SCHEMA etl TO sluice_loader, sluice_admin, sluice_views;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA etl TO sluice_admin;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA etl TO sluice_loader;
REVOKE ALL ON reader_tenants FROM sluice_loader;
REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM sluice_loader, sluice_admin;
-- what loading and rolling up replace as a whole
GRANT DELETE ON message_attachments, conversation_aliases, rollup_dirty_days, rollup_dirty_conversations, conversation_sessions,
  sla_evaluations, daily_analytics, report_snapshots, effectiveness_analyses, effectiveness_snapshots, sync_checkpoints TO sluice_loader;

CREATE SCHEMA IF NOT EXISTS bi;
GRANT USAGE ON SCHEMA bi TO sluice_reader, sluice_admin, sluice_loader;
GRANT USAGE, CREATE ON SCHEMA bi TO sluice_views;
