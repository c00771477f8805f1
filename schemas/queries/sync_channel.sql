-- $1 channel. Whether the configured channel is written already.
SELECT 1 FROM etl.channels WHERE id = $1::uuid
