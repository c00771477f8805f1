"""What is stored, to be compared with what is stored elsewhere or was stored before."""

# Columns that depend on when something was read, not on what.
VOLATILE = {"created_at", "updated_at", "last_seen_at", "first_seen_at", "sync_version", "last_sync_at", "observed_at",
            "received_at"}


def contents(stack, without=()):
    """Every table as it is, without what depends on the time of reading, and without columns like those."""
    columns = stack.query("""
        SELECT table_name, string_agg(quote_ident(column_name), ',' ORDER BY ordinal_position) FROM information_schema.columns
         WHERE table_schema = 'etl' AND table_name IN ('contacts', 'contact_identities', 'agents', 'departments', 'conversations',
               'messages', 'message_attachments', 'message_status_events', 'conversation_events', 'csat_responses',
               'conversation_aliases', 'daily_analytics') AND column_name NOT LIKE ALL (ARRAY[%s])
         GROUP BY table_name ORDER BY table_name""" % ",".join(f"'{name}'" for name in sorted({*VOLATILE, "computed_at", *without})))
    return {table: stack.query(f"SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM "
                               f"(SELECT {names} FROM {table}) t")[0] for table, names in columns}
