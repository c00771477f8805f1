-- What a provider does not announce: between two snapshots of a chat, the stored one and a later one that is staged, it was handed
-- to another agent or department, or tagged otherwise (reference/b2chat.md 11). Runs between the insert of new conversations
-- and the update of known ones; the events are staged beside those of the batch.
WITH pair AS (
  SELECT c.tenant_id, c.channel_id, c.id, c.external_id,
         s.lifecycle_ver > c.lifecycle_ver AS moves, s.labels_ver > c.labels_ver AS relabels,
         c.assigned_agent_id AS from_agent, s.assigned_agent_id AS to_agent,
         c.department_id AS from_department, s.department_id AS to_department,
         c.tags AS old_tags, coalesce(s.tags, '{}') AS new_tags,
         ('x' || encode(substring(greatest(s.lifecycle_ver, s.labels_ver) FROM 1 FOR 8), 'hex'))::bit(64)::bigint / 1000000 AS epoch
  FROM stage_conversations s
  JOIN etl.conversations c ON c.id = s.id
  JOIN etl.channels h ON h.id = c.channel_id
  WHERE h.provider_sessioned
), difference AS (
  SELECT p.*, 'transferred' AS event_type, NULL::text AS tag,
         'transfer:' || coalesce(a.external_id, d.external_id) || ':' || coalesce(b.external_id, e.external_id) AS what
  FROM pair p
  LEFT JOIN etl.agents a ON a.id = p.from_agent AND p.from_agent <> p.to_agent
  LEFT JOIN etl.agents b ON b.id = p.to_agent AND p.from_agent <> p.to_agent
  LEFT JOIN etl.departments d ON d.id = p.from_department AND p.from_department <> p.to_department
  LEFT JOIN etl.departments e ON e.id = p.to_department AND p.from_department <> p.to_department
  WHERE p.moves AND (p.from_agent <> p.to_agent OR p.from_department <> p.to_department)
  UNION ALL
  SELECT p.*, 'tag_added', t.tag, 'tag+:' || t.tag
  FROM pair p CROSS JOIN LATERAL (SELECT unnest(p.new_tags) EXCEPT SELECT unnest(p.old_tags)) t (tag)
  WHERE p.relabels
  UNION ALL
  SELECT p.*, 'tag_removed', t.tag, 'tag-:' || t.tag
  FROM pair p CROSS JOIN LATERAL (SELECT unnest(p.old_tags) EXCEPT SELECT unnest(p.new_tags)) t (tag)
  WHERE p.relabels
), named AS (
  SELECT d.*, d.external_id || ':' || d.what || ':' || d.epoch AS event_external_id FROM difference d WHERE d.what IS NOT NULL
)
INSERT INTO stage_conversation_events (conversation_id, id, tenant_id, channel_id, external_id, event_type, occurred_at, is_inferred,
    actor_type, from_agent_id, to_agent_id, from_department_id, to_department_id, tag, received_at)
SELECT n.id, etl.uuid5('event/' || n.tenant_id || '/' || n.channel_id || '/' || n.event_external_id), n.tenant_id, n.channel_id,
       n.event_external_id, n.event_type, to_timestamp(n.epoch), true, 'system',
       CASE WHEN n.event_type = 'transferred' AND n.from_agent <> n.to_agent THEN n.from_agent END,
       CASE WHEN n.event_type = 'transferred' AND n.from_agent <> n.to_agent THEN n.to_agent END,
       CASE WHEN n.event_type = 'transferred' AND n.from_department <> n.to_department THEN n.from_department END,
       CASE WHEN n.event_type = 'transferred' AND n.from_department <> n.to_department THEN n.to_department END,
       n.tag, to_timestamp(n.epoch)
FROM named n
