-- $1 group, $2 topic, $3 partition. The next offset to read; a partition that was never read begins at 0.
WITH made AS (
  INSERT INTO etl.bus_offsets (consumer_group, topic, partition, next_offset) VALUES ($1, $2, $3, 0)
  ON CONFLICT DO NOTHING
  RETURNING next_offset
)
SELECT next_offset FROM made
UNION ALL
SELECT next_offset FROM etl.bus_offsets WHERE consumer_group = $1 AND topic = $2 AND partition = $3
LIMIT 1
