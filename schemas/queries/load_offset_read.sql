-- $1 bus, $2 group, $3 topic, $4 partition. The next offset to read; a partition that was never read begins at 0.
WITH made AS (
  INSERT INTO etl.bus_offsets (bus, consumer_group, topic, partition, next_offset) VALUES ($1, $2, $3, $4, 0)
  ON CONFLICT DO NOTHING
  RETURNING next_offset
)
SELECT next_offset FROM made
UNION ALL
SELECT next_offset FROM etl.bus_offsets WHERE bus = $1 AND consumer_group = $2 AND topic = $3 AND partition = $4
LIMIT 1
