-- A report or a provider's event about a mail names the mail only. A mail's id is also a name of its thread (its conversation
-- lists it among its aliases; where every contact has a thread of their own, together with the recipient), so the mail is
-- found under the conversations of that thread. What is not found is not stored yet, and is refreshed when it comes.
WITH unplaced AS (
  SELECT DISTINCT s.tenant_id, s.channel_id, s.message_id, s.message_external_id, coalesce(s.recipient, '') AS recipient
  FROM touched t
  JOIN stage_message_status_events s ON s.message_id = t.message_id
  JOIN etl.channels c ON c.id = s.channel_id AND c.channel = 'email'
  WHERE t.source = 'status' AND t.conversation_id IS NULL
), named AS (
  SELECT u.message_id, etl.uuid5('conversation/' || u.tenant_id || '/' || u.channel_id || '/' || n.name) AS id
  FROM unplaced u
  CROSS JOIN LATERAL (VALUES (u.message_external_id), (u.message_external_id || E'\x1f' || u.recipient)) n (name)
), thread AS MATERIALIZED (
  SELECT n.message_id, coalesce(a.to_conversation_id, n.id) AS id
  FROM named n
  LEFT JOIN etl.conversation_aliases a ON a.tenant_id = etl.current_tenant() AND a.from_conversation_id = n.id
), found AS (
  INSERT INTO touched (source, conversation_id, message_id)
  SELECT DISTINCT 'status', m.conversation_id, m.id
  FROM thread t
  CROSS JOIN LATERAL (
    SELECT t.id
    UNION ALL
    SELECT a.from_conversation_id FROM etl.conversation_aliases a
    WHERE a.tenant_id = etl.current_tenant() AND a.to_conversation_id = t.id) c
  JOIN etl.messages m ON m.conversation_id = c.id AND m.id = t.message_id
)
DELETE FROM touched t USING unplaced u
WHERE t.source = 'status' AND t.conversation_id IS NULL AND t.message_id = u.message_id
