-- $1 tenant. One at a time, until the end of the transaction: rollups of the tenant, and what moves its calendar.
SELECT pg_advisory_xact_lock(hashtext('sluice rollup'), hashtext($1))
