-- $1 group, $2 topic, $3 partition, $4 next offset, $5 the value that this loader expects. No row = another loader moved on.
UPDATE etl.bus_offsets SET next_offset = $4, updated_at = now()
WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND next_offset = $5
