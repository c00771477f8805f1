DELETE FROM etl.daily_analytics d USING rollup_day r WHERE d.tenant_id = $1::uuid AND d.date = r.day
