-- $1, $2: two conversations that are one thread.
INSERT INTO stage_aliases (a, b) VALUES ($1, $2)
