-- $1 what is locked. Held until the session ends.
SELECT pg_try_advisory_lock(hashtextextended($1, 0))
