-- One joiner of this tenant's threads at a time, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext('sluice.conversation_aliases'), hashtext(etl.current_tenant()::text))
