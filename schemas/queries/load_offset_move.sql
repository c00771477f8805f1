-- $1 bus, $2 group, $3 topic, $4 partition, $5 next offset, $6 the value that this loader expects. No row = another loader
-- moved on.
UPDATE etl.bus_offsets SET next_offset = $5, updated_at = now()
WHERE bus = $1 AND consumer_group = $2 AND topic = $3 AND partition = $4 AND next_offset = $6
