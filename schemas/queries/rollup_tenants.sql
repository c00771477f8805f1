-- Needs app.user_role = master_admin.
SELECT id FROM etl.tenants WHERE status <> 'deleted' ORDER BY id
