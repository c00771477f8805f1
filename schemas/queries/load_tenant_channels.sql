-- The channels of the tenant that the transaction works for.
SELECT id FROM etl.channels WHERE tenant_id = etl.current_tenant()
