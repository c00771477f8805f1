-- The views of schema bi: the contract with business intelligence. Names stay; new columns are added at the end.
--
-- They belong to sluice_views and read the tables with its rights, so a reader needs none on schema etl; row-level security
-- asks etl.reader_tenants for session_user (0002-protect-rows), which no setting of the reader can change.
-- Give a login access:  GRANT sluice_reader TO grafana;
--                       INSERT INTO etl.reader_tenants (login, tenant_id) SELECT 'grafana', id FROM etl.tenants WHERE slug = 'acme';

SET LOCAL search_path = etl, public;

DROP VIEW IF EXISTS bi.daily_analytics, bi.sessions, bi.messages, bi.conversations;

GRANT SELECT ON tenants, channels, contacts, agents, departments, conversations, messages, conversation_aliases,
  conversation_sessions, daily_analytics, reader_tenants TO sluice_views;

CREATE VIEW bi.daily_analytics WITH (security_barrier) AS
SELECT d.tenant_id, t.slug AS tenant, d.date, d.channel, d.agent_id, a.name AS agent_name,
       d.total_conversations, d.new_conversations, d.resolved_conversations, d.escalated_conversations,
       d.abandoned_conversations, d.outreach_conversations,
       d.total_messages, d.user_messages, d.ai_messages, d.human_agent_messages, d.broadcast_messages,
       d.avg_response_time AS avg_response_time_s, d.response_time_s_sum, d.response_time_count,
       d.avg_first_response_time AS avg_first_response_time_s, d.first_response_time_s_sum, d.first_response_time_count,
       d.avg_conversation_duration AS avg_conversation_duration_s, d.conversation_duration_s_sum, d.conversation_duration_count,
       d.avg_messages_per_conversation, d.avg_confidence_score, d.avg_sentiment_score, d.total_tokens_used,
       d.csat_responses, d.avg_csat_pct, d.csat_pct_sum, d.computed_at
  FROM etl.daily_analytics d
  JOIN etl.tenants t ON t.id = d.tenant_id
  LEFT JOIN etl.agents a ON a.id = d.agent_id;

CREATE VIEW bi.sessions WITH (security_barrier) AS
SELECT s.tenant_id, t.slug AS tenant, s.id AS session_id, s.conversation_id, s.seq, s.channel_id, ch.name AS channel_name, s.channel,
       s.contact_id, c.display_name AS contact_name, s.agent_id, a.name AS agent_name, s.department_id, d.name AS department_name,
       s.initiated_by, s.outcome, s.started_at, (s.started_at AT TIME ZONE t.timezone)::date AS started_on, s.last_activity_at,
       s.ended_at, s.opened_at, s.picked_up_at, s.first_inbound_at, s.first_response_at, s.first_bot_response_at, s.resolved_at,
       s.abandoned_at, s.inbound_count, s.agent_count, s.bot_count, s.broadcast_count, s.queue_s, s.pickup_s, s.response_s,
       s.first_response_s, s.resolution_s, s.duration_s, s.avg_response_s, s.response_count, s.first_response_bh_s,
       s.resolution_bh_s, s.csat_score_pct, s.escalated AS is_escalated
  FROM etl.conversation_sessions s
  JOIN etl.tenants t ON t.id = s.tenant_id
  JOIN etl.channels ch ON ch.id = s.channel_id
  LEFT JOIN etl.contacts c ON c.id = s.contact_id
  LEFT JOIN etl.agents a ON a.id = s.agent_id
  LEFT JOIN etl.departments d ON d.id = s.department_id;

CREATE VIEW bi.conversations WITH (security_barrier) AS
SELECT v.tenant_id, t.slug AS tenant, v.id AS conversation_id, coalesce(l.to_conversation_id, v.id) AS joined_conversation_id,
       v.external_id, v.channel_id, ch.name AS channel_name, v.channel, v.kind, v.contact_id, c.display_name AS contact_name,
       v.status, v.priority, v.assigned_agent_id AS agent_id, a.name AS agent_name, v.department_id, d.name AS department_name,
       v.subject, v.topic, v.tags, v.started_at, v.opened_at, v.picked_up_at, v.closed_at, v.last_message_at, v.last_inbound_at,
       v.last_outbound_at
  FROM etl.conversations v
  JOIN etl.tenants t ON t.id = v.tenant_id
  JOIN etl.channels ch ON ch.id = v.channel_id
  LEFT JOIN etl.conversation_aliases l ON l.tenant_id = v.tenant_id AND l.from_conversation_id = v.id
  LEFT JOIN etl.contacts c ON c.id = v.contact_id
  LEFT JOIN etl.agents a ON a.id = v.assigned_agent_id
  LEFT JOIN etl.departments d ON d.id = v.department_id
 WHERE v.deleted_at IS NULL;

CREATE VIEW bi.messages WITH (security_barrier) AS
SELECT m.tenant_id, t.slug AS tenant, m.id AS message_id, m.conversation_id, s.id AS session_id, m.external_id, m.channel_id,
       ch.name AS channel_name, m.direction, m.sender_type, m.sender_agent_id, a.name AS sender_agent_name, m.contact_id,
       m.type, m.subtype, CASE WHEN m.deleted_at IS NULL THEN m.text END AS text,
       CASE WHEN m.deleted_at IS NULL THEN m.caption END AS caption, m.sent_at,
       (m.sent_at AT TIME ZONE t.timezone)::date AS sent_on, m.status, m.delivered_at, m.read_at, m.failed_at, m.error_code,
       m.is_broadcast, m.deleted_at IS NOT NULL AS is_deleted, m.ai_confidence, m.sentiment, m.tokens_used
  FROM etl.messages m
  JOIN etl.tenants t ON t.id = m.tenant_id
  JOIN etl.channels ch ON ch.id = m.channel_id
  LEFT JOIN etl.conversation_aliases l ON l.tenant_id = m.tenant_id AND l.from_conversation_id = m.conversation_id
  LEFT JOIN etl.conversation_sessions s
    ON s.conversation_id = CASE WHEN l.to_conversation_id IS NULL THEN m.conversation_id ELSE l.to_conversation_id END
   AND m.type <> 'system' AND (m.sender_type <> 'system' OR m.is_broadcast)
   AND (ch.provider_sessioned OR m.sent_at BETWEEN s.started_at AND s.last_activity_at)
  LEFT JOIN etl.agents a ON a.id = m.sender_agent_id
 -- twins (the same message in two conversations of one thread) are equal; the one of the smallest conversation is shown
 WHERE NOT EXISTS (
   SELECT FROM etl.conversation_aliases x
   JOIN etl.messages o ON o.conversation_id IN (x.from_conversation_id, x.to_conversation_id) AND o.id = m.id
    WHERE x.tenant_id = m.tenant_id AND x.to_conversation_id = CASE WHEN l.to_conversation_id IS NULL THEN m.conversation_id ELSE l.to_conversation_id END
      AND o.conversation_id < m.conversation_id);

ALTER VIEW bi.daily_analytics OWNER TO sluice_views;
ALTER VIEW bi.sessions OWNER TO sluice_views;
ALTER VIEW bi.conversations OWNER TO sluice_views;
ALTER VIEW bi.messages OWNER TO sluice_views;
GRANT SELECT ON bi.daily_analytics, bi.sessions, bi.conversations, bi.messages TO sluice_reader, sluice_admin;

COMMENT ON VIEW bi.daily_analytics IS 'One row per tenant, tenant-local day, channel and agent; channel NULL = all channels, agent_id NULL = all agents including unassigned. Averages and distinct counts are not additive; sums and counts beside an average are: divide their totals.';
COMMENT ON VIEW bi.sessions IS 'One row per session: a stretch of conversation from its first message to its end. Times are UTC instants, _on dates are the tenant''s, _s are seconds.';
COMMENT ON VIEW bi.conversations IS 'One row per conversation: an endless thread or a chat that the provider opens and closes. Deleted ones are left out.';
COMMENT ON VIEW bi.messages IS 'One row per message and conversation that it is known in, with the session it belongs to. Text of deleted messages is hidden.';

-- A view's column is described as the table's column that it shows; what is new here is described here.
DO $$
DECLARE c record;
BEGIN
  FOR c IN
    SELECT v.relname AS view_name, a.attname, x.words
      FROM pg_class v
      JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN (VALUES ('daily_analytics', 'daily_analytics'), ('sessions', 'conversation_sessions'), ('conversations', 'conversations'),
                   ('messages', 'messages')) source(view_name, table_name) ON source.view_name = v.relname
      LEFT JOIN (VALUES
        ('tenant', 'Short name of the tenant.'),
        ('session_id', 'Id of the session; in messages NULL for service messages, which belong to none.'),
        ('conversation_id', 'Id of the conversation.'), ('message_id', 'Id of the message.'),
        ('joined_conversation_id', 'The conversation under which this one is counted: itself, or the one it was joined to.'),
        ('channel_name', 'Name of the connection, such as the phone number.'), ('contact_name', 'Name the contact shows; NULL = unknown.'),
        ('agent_id', 'Agent; NULL = unassigned, in daily_analytics = all agents.'), ('agent_name', 'Name of the agent; NULL as agent_id.'),
        ('department_name', 'Name of the department; NULL = none.'), ('sender_agent_name', 'Name of the sending agent; NULL = unknown or a contact.'),
        ('started_on', 'Day of started_at in the tenant''s time zone.'), ('sent_on', 'Day of sent_at in the tenant''s time zone.'),
        ('is_deleted', 'Whether the sender deleted the message; text and caption are then NULL.'),
        ('is_escalated', 'Whether the session was handed from a bot or escalated.'),
        ('avg_response_time_s', 'Mean seconds from the first unanswered inbound message to the human reply; NULL without replies. Not additive.'),
        ('avg_first_response_time_s', 'Mean seconds from opening to the first human response; NULL without any. Not additive.'),
        ('avg_conversation_duration_s', 'Mean seconds of the sessions resolved or abandoned that day; NULL without any. Not additive.')
      ) own(name, words) ON own.name = a.attname
      LEFT JOIN pg_attribute o ON o.attrelid = ('etl.' || source.table_name)::regclass AND o.attname = a.attname
     CROSS JOIN LATERAL (SELECT coalesce(own.words, col_description(o.attrelid, o.attnum)) AS words) x
     WHERE v.relnamespace = 'bi'::regnamespace
  LOOP
    EXECUTE format('COMMENT ON COLUMN bi.%I.%I IS %L', c.view_name, c.attname, c.words);
  END LOOP;
END $$;
