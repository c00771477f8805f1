-- $1 consumer group
SELECT bus, topic, partition, next_offset FROM etl.bus_offsets WHERE consumer_group = $1 ORDER BY bus, topic, partition
