-- The metrics of reference/canonical-model.md 5 as it writes them, as an oracle for tests: schema oracle computes sessions
-- and daily analytics from the rows of schema etl, conversation by conversation and day by day, without any shortcut of the
-- rollup. Two adaptations: its own messages and sessions tables carry the derived session_id, and both are filled through
-- the aliases of 11.2 (each joined thread as one conversation, each message once).
--
--   SELECT oracle.recompute('<as of>');     -- fills oracle.conversation_sessions and oracle.daily_analytics of every tenant
--   SELECT * FROM oracle.differences();     -- cells that differ from schema etl; no row = equal

DROP SCHEMA IF EXISTS oracle CASCADE;
CREATE SCHEMA oracle;
SET search_path = oracle, etl, public;

CREATE TABLE oracle.conversations (LIKE etl.conversations);
CREATE TABLE oracle.messages (LIKE etl.messages, session_id uuid, PRIMARY KEY (conversation_id, id));
CREATE TABLE oracle.conversation_events (LIKE etl.conversation_events, PRIMARY KEY (conversation_id, id));
CREATE TABLE oracle.csat_responses (LIKE etl.csat_responses INCLUDING GENERATED);
CREATE TABLE oracle.escalations (LIKE etl.escalations);
CREATE TABLE oracle.conversation_sessions (LIKE etl.conversation_sessions INCLUDING DEFAULTS, UNIQUE (conversation_id, seq));
CREATE TABLE oracle.daily_analytics (LIKE etl.daily_analytics INCLUDING DEFAULTS);

-- one row per answered wait: the first inbound message of a run of inbound messages -> first human reply
CREATE VIEW response_pairs WITH (security_invoker = true) AS
WITH m AS (
  SELECT tenant_id, conversation_id, session_id, id, sent_at, ordinal,
         CASE WHEN sender_type = 'contact' THEN 'c' ELSE 'a' END AS k
  FROM messages
  WHERE session_id IS NOT NULL AND NOT is_broadcast AND sender_type IN ('contact','agent')
), r AS (
  SELECT *, lag(k) OVER (PARTITION BY session_id ORDER BY sent_at, ordinal, id) AS prev_k FROM m
), g AS (
  SELECT *, sum((k = 'c' AND prev_k IS DISTINCT FROM 'c')::int) OVER (PARTITION BY session_id ORDER BY sent_at, ordinal, id) AS run FROM r
)
SELECT tenant_id, conversation_id, session_id, run,
       min(sent_at) FILTER (WHERE k = 'c') AS waiting_since,
       min(sent_at) FILTER (WHERE k = 'a') AS replied_at,
       EXTRACT(epoch FROM min(sent_at) FILTER (WHERE k = 'a') - min(sent_at) FILTER (WHERE k = 'c')) AS wait_s
FROM g WHERE run > 0
GROUP BY tenant_id, conversation_id, session_id, run
HAVING count(*) FILTER (WHERE k = 'a') > 0;

CREATE FUNCTION rebuild_sessions(p_tenant uuid, p_conv uuid, p_as_of timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE n integer;
BEGIN
  DELETE FROM conversation_sessions WHERE tenant_id = p_tenant AND conversation_id = p_conv;
  UPDATE messages SET session_id = NULL WHERE tenant_id = p_tenant AND conversation_id = p_conv AND session_id IS NOT NULL;

  WITH c AS (
    SELECT c.*, ch.session_gap_s, ch.provider_sessioned AS ps, ch.outbound_visible AS ov
    FROM conversations c JOIN channels ch ON ch.id = c.channel_id
    WHERE c.tenant_id = p_tenant AND c.id = p_conv AND c.deleted_at IS NULL
  ), m AS (   -- k: c contact, a human agent, b bot, x broadcast
    SELECT m.id, m.sent_at, m.ordinal, m.sender_agent_id,
           CASE WHEN m.is_broadcast THEN 'x' WHEN m.sender_type = 'contact' THEN 'c'
                WHEN m.sender_type = 'agent' THEN 'a' ELSE 'b' END AS k
    FROM messages m
    WHERE m.tenant_id = p_tenant AND m.conversation_id = p_conv AND m.type <> 'system'
      AND (m.sender_type <> 'system' OR m.is_broadcast)
  ), ev AS (
    SELECT occurred_at, event_type FROM conversation_events
    WHERE tenant_id = p_tenant AND conversation_id = p_conv AND event_type IN ('resolved','closed','abandoned')
  ), b AS (
    SELECT m.*, lag(sent_at) OVER (ORDER BY sent_at, ordinal, id) AS prev_at FROM m
  ), s AS (
    SELECT b.*, CASE WHEN c.ps THEN 1 ELSE sum(CASE
             WHEN b.prev_at IS NULL THEN 1
             WHEN b.sent_at - b.prev_at > make_interval(secs => c.session_gap_s) THEN 1
             WHEN EXISTS (SELECT 1 FROM ev WHERE ev.occurred_at >= b.prev_at AND ev.occurred_at < b.sent_at) THEN 1
             ELSE 0 END) OVER (ORDER BY b.sent_at, b.ordinal, b.id) END::integer AS seq
    FROM b CROSS JOIN c
  ), f AS (
    SELECT s.*, min(sent_at) FILTER (WHERE k = 'c') OVER (PARTITION BY seq) AS fin,
           first_value(k) OVER (PARTITION BY seq ORDER BY (k = 'x'), sent_at, ordinal, id) AS first_k,
           last_value(k)  OVER (PARTITION BY seq ORDER BY (k <> 'x'), sent_at, ordinal, id
                                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_k,
           last_value(sender_agent_id) OVER (PARTITION BY seq ORDER BY (k = 'a' AND sender_agent_id IS NOT NULL), sent_at, ordinal, id
                                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_agent
    FROM s
  ), g AS (
    SELECT seq, min(sent_at) AS t0, max(sent_at) AS t1, min(fin) AS fin, min(first_k) AS first_k, min(last_k) AS last_k,
           (array_agg(last_agent))[1] AS last_agent,
           min(sent_at) FILTER (WHERE k = 'a' AND sent_at >= fin) AS fresp,
           min(sent_at) FILTER (WHERE k = 'b' AND sent_at >= fin) AS fbot,
           count(*) FILTER (WHERE k = 'c') AS nc, count(*) FILTER (WHERE k = 'a') AS na,
           count(*) FILTER (WHERE k = 'b') AS nb, count(*) FILTER (WHERE k = 'x') AS nx
    FROM f GROUP BY seq
  ), h AS (   -- a provider-sessioned conversation has its one session even without messages
    SELECT c.id AS cid, g.*, lead(g.t0) OVER (ORDER BY g.seq) AS next_t0 FROM c JOIN g ON true
    UNION ALL
    SELECT c.id, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL
    FROM c WHERE c.ps AND NOT EXISTS (SELECT 1 FROM g)
  ), i AS (
    SELECT h.*, c.tenant_id, c.channel_id, c.channel, c.contact_id, c.department_id, c.external_id, c.ps, c.ov, c.session_gap_s,
           c.provider_status,
           CASE WHEN c.ps THEN COALESCE(c.source_created_at, h.t0, c.started_at) ELSE h.t0 END AS started,
           CASE WHEN c.ps THEN GREATEST(h.t1, c.source_created_at, c.opened_at, c.picked_up_at, c.provider_response_at, c.closed_at, c.started_at)
                ELSE h.t1 END AS last_act,
           CASE WHEN c.ps THEN c.opened_at ELSE h.fin END AS opened,
           CASE WHEN c.ps THEN c.picked_up_at ELSE (SELECT min(e.occurred_at) FROM conversation_events e
                 WHERE e.tenant_id = p_tenant AND e.conversation_id = p_conv AND e.event_type = 'picked_up'
                   AND e.occurred_at >= h.t0 AND e.occurred_at < COALESCE(h.next_t0, 'infinity')) END AS picked,
           CASE WHEN c.ps THEN COALESCE(c.provider_response_at, h.fresp) ELSE h.fresp END AS resp,
           CASE WHEN c.ps THEN c.closed_at ELSE (SELECT min(ev.occurred_at) FROM ev
                 WHERE ev.occurred_at >= h.t0 AND ev.occurred_at < COALESCE(h.next_t0, 'infinity')) END AS closed,
           COALESCE(CASE WHEN c.ps THEN c.assigned_agent_id END, h.last_agent, c.assigned_agent_id) AS agent
    FROM h CROSS JOIN c
  ), o AS (
    SELECT i.*, CASE
        WHEN i.closed IS NOT NULL AND ((i.ps AND i.provider_status = 'LEFT_BY_CONTACT')
             OR EXISTS (SELECT 1 FROM ev WHERE ev.occurred_at = i.closed AND ev.event_type = 'abandoned')
             OR (i.fin IS NOT NULL AND i.resp IS NULL AND i.fbot IS NULL)) THEN 'abandoned'
        WHEN i.closed IS NOT NULL THEN 'resolved'
        WHEN i.ps OR p_as_of - i.last_act <= make_interval(secs => i.session_gap_s) THEN 'open'
        WHEN i.fin IS NULL THEN 'outreach'
        WHEN NOT i.ov AND i.na + i.nb = 0 THEN 'unknown'
        WHEN i.last_k = 'c' THEN 'abandoned'
        ELSE 'resolved' END AS outcome
    FROM i
  ), p AS (
    SELECT o.*, CASE WHEN outcome = 'open' THEN NULL ELSE COALESCE(closed, last_act) END AS ended FROM o
  )
  INSERT INTO conversation_sessions (id, tenant_id, channel_id, conversation_id, seq, channel, contact_id, agent_id, department_id,
      initiated_by, started_at, last_activity_at, ended_at, outcome, resolved_at, abandoned_at, opened_at, picked_up_at,
      first_inbound_at, first_response_at, first_bot_response_at, inbound_count, agent_count, bot_count, broadcast_count,
      queue_s, pickup_s, response_s, first_response_s, resolution_s, duration_s, first_response_bh_s, resolution_bh_s,
      csat_score_pct, escalated, computed_at)
  SELECT uuid5('session/' || p.tenant_id || '/' || p.channel_id || '/' || external_id || E'\x1f' || seq), p.tenant_id, p.channel_id, cid, seq,
      channel, contact_id, agent, department_id,
      CASE WHEN first_k IS NULL THEN 'unknown' WHEN first_k = 'c' THEN 'contact' ELSE 'business' END,
      started, last_act, ended, outcome,
      CASE WHEN outcome = 'resolved' THEN ended END, CASE WHEN outcome = 'abandoned' THEN ended END,
      opened, picked, fin, resp, fbot, nc, na, nb, nx,
      CASE WHEN ps THEN nonneg_s(opened - started) END, nonneg_s(picked - opened), nonneg_s(resp - started), nonneg_s(resp - opened),
      CASE WHEN outcome = 'resolved' THEN nonneg_s(ended - started) END,
      CASE WHEN outcome IN ('resolved','abandoned') THEN nonneg_s(ended - started) END,
      CASE WHEN oh.enabled AND resp >= opened THEN business_seconds(oh.schedule, oh.timezone, oh.holidays, opened, resp)::integer END,
      CASE WHEN oh.enabled AND outcome = 'resolved' AND ended >= started THEN business_seconds(oh.schedule, oh.timezone, oh.holidays, started, ended)::integer END,
      (SELECT r.score_pct FROM csat_responses r WHERE r.tenant_id = p_tenant AND r.conversation_id = p_conv AND r.score_pct IS NOT NULL
         AND (ps OR (r.responded_at >= started AND r.responded_at < COALESCE(next_t0, 'infinity'))) ORDER BY r.responded_at DESC, r.id LIMIT 1),
      EXISTS (SELECT 1 FROM escalations e WHERE e.tenant_id = p_tenant AND e.conversation_id = p_conv
         AND (ps OR (e.escalated_at >= started AND e.escalated_at < COALESCE(next_t0, 'infinity')))),
      p_as_of
  FROM p LEFT JOIN LATERAL (SELECT * FROM office_hours x WHERE x.tenant_id = p_tenant
           AND (x.channel_id = p.channel_id OR x.channel_id IS NULL) ORDER BY x.channel_id NULLS LAST LIMIT 1) oh ON true;
  GET DIAGNOSTICS n = ROW_COUNT;

  UPDATE messages m SET session_id = x.id
  FROM (SELECT s.id, s.seq, s.started_at, lead(s.started_at) OVER (ORDER BY s.seq) AS next_start, ch.provider_sessioned AS ps
        FROM conversation_sessions s JOIN channels ch ON ch.id = s.channel_id
        WHERE s.tenant_id = p_tenant AND s.conversation_id = p_conv) x
  WHERE m.tenant_id = p_tenant AND m.conversation_id = p_conv AND m.type <> 'system'
    AND (m.sender_type <> 'system' OR m.is_broadcast)
    AND (x.ps OR (m.sent_at >= x.started_at AND (x.next_start IS NULL OR m.sent_at < x.next_start)));

  UPDATE conversation_sessions s SET avg_response_s = q.a, response_count = q.n
  FROM (SELECT session_id, round(avg(wait_s), 2) AS a, count(*) AS n FROM response_pairs
        WHERE tenant_id = p_tenant AND conversation_id = p_conv GROUP BY session_id) q
  WHERE s.tenant_id = p_tenant AND s.id = q.session_id;
  RETURN n;
END $$;

CREATE FUNCTION rollup_period(p_tenant uuid, p_lo timestamptz, p_hi timestamptz)
RETURNS TABLE (channel text, agent_id uuid, total_conversations bigint, new_conversations bigint, resolved_conversations bigint,
  escalated_conversations bigint, abandoned_conversations bigint, outreach_conversations bigint,
  user_messages bigint, ai_messages bigint, human_agent_messages bigint, broadcast_messages bigint,
  avg_response_time numeric, avg_first_response_time numeric, avg_conversation_duration numeric,
  avg_confidence_score numeric, avg_sentiment_score numeric, total_tokens_used bigint, csat_responses bigint, avg_csat_pct numeric)
LANGUAGE sql STABLE AS $$
  WITH s AS (
    SELECT x.* FROM conversation_sessions x JOIN conversations c ON c.id = x.conversation_id
    WHERE x.tenant_id = p_tenant AND c.deleted_at IS NULL
  ), m AS (
    SELECT s.channel, s.agent_id, s.id AS sid, m.sender_type, m.is_broadcast, m.ai_confidence, m.sentiment, m.tokens_used
    FROM messages m JOIN s ON s.id = m.session_id
    WHERE m.tenant_id = p_tenant AND m.sent_at >= p_lo AND m.sent_at < p_hi
  ), facts(channel, agent_id, sid, k, v) AS (
    SELECT s.channel, s.agent_id, s.id, 'new', NULL::numeric FROM s WHERE started_at >= p_lo AND started_at < p_hi
    UNION ALL SELECT s.channel, s.agent_id, s.id, 'outreach', NULL FROM s WHERE started_at >= p_lo AND started_at < p_hi AND initiated_by = 'business'
    UNION ALL SELECT s.channel, s.agent_id, s.id, 'res', duration_s FROM s WHERE resolved_at >= p_lo AND resolved_at < p_hi
    UNION ALL SELECT s.channel, s.agent_id, s.id, 'abn', duration_s FROM s WHERE abandoned_at >= p_lo AND abandoned_at < p_hi
    UNION ALL SELECT s.channel, s.agent_id, s.id, 'esc', NULL FROM escalations e CROSS JOIN LATERAL
                (SELECT * FROM s WHERE s.conversation_id = e.conversation_id AND (s.started_at <= e.escalated_at OR s.seq = 1)
                 ORDER BY s.seq DESC LIMIT 1) s
                WHERE e.tenant_id = p_tenant AND e.escalated_at >= p_lo AND e.escalated_at < p_hi
    UNION ALL SELECT s.channel, s.agent_id, s.id, 'act', NULL FROM s CROSS JOIN LATERAL
                (VALUES (started_at), (opened_at), (picked_up_at), (first_response_at), (resolved_at), (abandoned_at)) t(at)
                WHERE t.at >= p_lo AND t.at < p_hi
    UNION ALL SELECT m.channel, m.agent_id, m.sid, 'act', NULL FROM m
    UNION ALL SELECT m.channel, m.agent_id, m.sid, CASE WHEN is_broadcast THEN 'mx' WHEN sender_type = 'contact' THEN 'mu'
                WHEN sender_type = 'bot' THEN 'mb' ELSE 'ma' END, NULL FROM m
    UNION ALL SELECT m.channel, m.agent_id, m.sid, 'conf', ai_confidence FROM m WHERE ai_confidence IS NOT NULL
    UNION ALL SELECT m.channel, m.agent_id, m.sid, 'sent', sentiment FROM m WHERE sentiment IS NOT NULL
    UNION ALL SELECT m.channel, m.agent_id, m.sid, 'tok', tokens_used FROM m WHERE tokens_used IS NOT NULL
    UNION ALL SELECT s.channel, s.agent_id, s.id, 'pair', p.wait_s FROM response_pairs p JOIN s ON s.id = p.session_id
                WHERE p.replied_at >= p_lo AND p.replied_at < p_hi
    UNION ALL SELECT s.channel, s.agent_id, s.id, 'frt', s.first_response_s FROM s
                WHERE first_response_at >= p_lo AND first_response_at < p_hi AND first_response_s IS NOT NULL
    UNION ALL SELECT s.channel, COALESCE(r.agent_id, s.agent_id), s.id, 'csat', r.score_pct FROM csat_responses r CROSS JOIN LATERAL
                (SELECT * FROM s WHERE s.conversation_id = r.conversation_id AND (s.started_at <= r.responded_at OR s.seq = 1)
                 ORDER BY s.seq DESC LIMIT 1) s
                WHERE r.tenant_id = p_tenant AND r.score_pct IS NOT NULL AND r.responded_at >= p_lo AND r.responded_at < p_hi
  )
  SELECT f.channel, f.agent_id,
    count(DISTINCT sid) FILTER (WHERE k = 'act'), count(DISTINCT sid) FILTER (WHERE k = 'new'),
    count(DISTINCT sid) FILTER (WHERE k = 'res'), count(DISTINCT sid) FILTER (WHERE k = 'esc'),
    count(DISTINCT sid) FILTER (WHERE k = 'abn'), count(DISTINCT sid) FILTER (WHERE k = 'outreach'),
    count(*) FILTER (WHERE k = 'mu'), count(*) FILTER (WHERE k = 'mb'), count(*) FILTER (WHERE k = 'ma'), count(*) FILTER (WHERE k = 'mx'),
    round(avg(v) FILTER (WHERE k = 'pair'), 2), round(avg(v) FILTER (WHERE k = 'frt'), 2),
    round(avg(v) FILTER (WHERE k IN ('res','abn')), 2),
    round(avg(v) FILTER (WHERE k = 'conf'), 3), round(avg(v) FILTER (WHERE k = 'sent'), 3),
    COALESCE(sum(v) FILTER (WHERE k = 'tok'), 0)::bigint,
    count(*) FILTER (WHERE k = 'csat'), round(avg(v) FILTER (WHERE k = 'csat'), 2)
  FROM facts f
  GROUP BY GROUPING SETS ((), (f.channel), (f.agent_id), (f.channel, f.agent_id))
  HAVING NOT (GROUPING(f.agent_id) = 0 AND f.agent_id IS NULL)
$$;

CREATE FUNCTION rollup_day(p_tenant uuid, p_day date, p_as_of timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE tz text; n integer;
BEGIN
  SELECT timezone INTO STRICT tz FROM tenants WHERE id = p_tenant;
  DELETE FROM daily_analytics WHERE tenant_id = p_tenant AND date = p_day;
  INSERT INTO daily_analytics (tenant_id, date, channel, agent_id, total_conversations, new_conversations, resolved_conversations,
      escalated_conversations, abandoned_conversations, outreach_conversations, total_messages, user_messages, ai_messages,
      human_agent_messages, broadcast_messages, avg_response_time, avg_first_response_time, avg_conversation_duration,
      avg_messages_per_conversation, avg_confidence_score, avg_sentiment_score, total_tokens_used, csat_responses, avg_csat_pct, computed_at)
  SELECT p_tenant, p_day, channel, agent_id, total_conversations, new_conversations, resolved_conversations, escalated_conversations,
      abandoned_conversations, outreach_conversations, user_messages + ai_messages + human_agent_messages, user_messages, ai_messages,
      human_agent_messages, broadcast_messages, avg_response_time, avg_first_response_time, avg_conversation_duration,
      round((user_messages + ai_messages + human_agent_messages)::numeric / NULLIF(total_conversations, 0), 2),
      avg_confidence_score, avg_sentiment_score, total_tokens_used, csat_responses, avg_csat_pct, p_as_of
  FROM rollup_period(p_tenant, p_day::timestamp AT TIME ZONE tz, (p_day + 1)::timestamp AT TIME ZONE tz);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;


CREATE FUNCTION recompute(p_as_of timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE dirty record;
BEGIN
  TRUNCATE oracle.conversations, oracle.messages, oracle.conversation_events, oracle.csat_responses, oracle.escalations,
           oracle.conversation_sessions, oracle.daily_analytics;

  CREATE TEMP TABLE member ON COMMIT DROP AS
    SELECT c.tenant_id, c.id, COALESCE(a.to_conversation_id, c.id) AS rep
    FROM etl.conversations c LEFT JOIN etl.conversation_aliases a ON a.tenant_id = c.tenant_id AND a.from_conversation_id = c.id
    WHERE c.deleted_at IS NULL;
  INSERT INTO oracle.conversations
    SELECT DISTINCT ON (m.rep) c.* FROM member m JOIN etl.conversations c ON c.id = m.id ORDER BY m.rep, c.id;
  UPDATE oracle.conversations c SET id = m.rep FROM member m WHERE m.id = c.id;
  INSERT INTO oracle.messages
    SELECT DISTINCT ON (b.rep, m.id) m.* FROM member b JOIN etl.messages m ON m.conversation_id = b.id
    ORDER BY b.rep, m.id, m.content_ver DESC, m.conversation_id;
  UPDATE oracle.messages m SET conversation_id = b.rep FROM member b WHERE b.id = m.conversation_id AND b.rep <> b.id;
  INSERT INTO oracle.conversation_events
    SELECT e.* FROM member b JOIN etl.conversation_events e ON e.conversation_id = b.id;
  UPDATE oracle.conversation_events e SET conversation_id = b.rep FROM member b WHERE b.id = e.conversation_id AND b.rep <> b.id;
  INSERT INTO oracle.csat_responses (id, tenant_id, channel_id, conversation_id, external_id, contact_id, agent_id, state, rating,
      scale_min, scale_max, feedback, requested_at, responded_at, abandoned_at, raw, csat_ver, first_seen_at)
    SELECT r.id, r.tenant_id, r.channel_id, b.rep, r.external_id, r.contact_id, r.agent_id, r.state, r.rating,
           r.scale_min, r.scale_max, r.feedback, r.requested_at, r.responded_at, r.abandoned_at, r.raw, r.csat_ver, r.first_seen_at
    FROM member b JOIN etl.csat_responses r ON r.conversation_id = b.id;
  INSERT INTO oracle.escalations SELECT e.* FROM member b JOIN etl.escalations e ON e.conversation_id = b.id;
  UPDATE oracle.escalations e SET conversation_id = b.rep FROM member b WHERE b.id = e.conversation_id AND b.rep <> b.id;
  ANALYZE oracle.messages;

  PERFORM oracle.rebuild_sessions(c.tenant_id, c.id, p_as_of) FROM oracle.conversations c;

  FOR dirty IN
    SELECT DISTINCT t.id, (v.at AT TIME ZONE t.timezone)::date AS day
    FROM etl.tenants t JOIN LATERAL (
      SELECT m.sent_at AS at FROM oracle.messages m WHERE m.tenant_id = t.id AND m.session_id IS NOT NULL
      UNION ALL SELECT i FROM oracle.conversation_sessions s CROSS JOIN LATERAL (VALUES (s.started_at), (s.opened_at),
        (s.picked_up_at), (s.first_response_at), (s.resolved_at), (s.abandoned_at)) x(i) WHERE s.tenant_id = t.id
      UNION ALL SELECT e.escalated_at FROM oracle.escalations e WHERE e.tenant_id = t.id
      UNION ALL SELECT c.responded_at FROM oracle.csat_responses c WHERE c.tenant_id = t.id AND c.score_pct IS NOT NULL) v ON true
    WHERE v.at IS NOT NULL
    UNION SELECT tenant_id, date FROM etl.daily_analytics
  LOOP
    PERFORM oracle.rollup_day(dirty.id, dirty.day, p_as_of);
  END LOOP;
END $$;

-- Sums and counts beside the averages have no formula of their own in the reference; they must reproduce the average.
CREATE FUNCTION differences() RETURNS TABLE (what text, row_key text, field text, stored text, expected text) LANGUAGE sql AS $$
  WITH stored AS (
    SELECT 'session' AS what, s.tenant_id || '/' || s.conversation_id || '/' || s.seq AS row_key, to_jsonb(s) AS j FROM etl.conversation_sessions s
    UNION ALL SELECT 'day', concat_ws('/', d.tenant_id, d.date, COALESCE(d.channel, '*'), COALESCE(d.agent_id::text, '*')), to_jsonb(d) FROM etl.daily_analytics d
  ), expected AS (
    SELECT 'session' AS what, s.tenant_id || '/' || s.conversation_id || '/' || s.seq AS row_key, to_jsonb(s) AS j FROM oracle.conversation_sessions s
    UNION ALL SELECT 'day', concat_ws('/', d.tenant_id, d.date, COALESCE(d.channel, '*'), COALESCE(d.agent_id::text, '*')), to_jsonb(d) FROM oracle.daily_analytics d
  )
  SELECT COALESCE(a.what, b.what), COALESCE(a.row_key, b.row_key), COALESCE(k, '(row)'), a.j ->> k, b.j ->> k
  FROM stored a FULL JOIN expected b ON b.what = a.what AND b.row_key = a.row_key
  LEFT JOIN LATERAL jsonb_object_keys(COALESCE(a.j, b.j)) k ON a.j IS NOT NULL AND b.j IS NOT NULL
  WHERE a.j IS NULL OR b.j IS NULL
     OR (k NOT IN ('computed_at', 'replied_at', 'waited_us') AND k !~ '(_sum|_time_count|_duration_count|_score_count)$'
         AND a.j -> k IS DISTINCT FROM b.j -> k)
  UNION ALL
  SELECT 'day', concat_ws('/', d.tenant_id, d.date, d.channel, d.agent_id), v.field, v.stored::text, v.again::text
  FROM etl.daily_analytics d CROSS JOIN LATERAL (VALUES
    ('avg_response_time', d.avg_response_time, round(d.response_time_s_sum / NULLIF(d.response_time_count, 0), 2)),
    ('avg_first_response_time', d.avg_first_response_time, round(d.first_response_time_s_sum / NULLIF(d.first_response_time_count, 0), 2)),
    ('avg_conversation_duration', d.avg_conversation_duration, round(d.conversation_duration_s_sum / NULLIF(d.conversation_duration_count, 0), 2)),
    ('avg_confidence_score', d.avg_confidence_score, round(d.confidence_score_sum / NULLIF(d.confidence_score_count, 0), 3)),
    ('avg_sentiment_score', d.avg_sentiment_score, round(d.sentiment_score_sum / NULLIF(d.sentiment_score_count, 0), 3)),
    ('avg_csat_pct', d.avg_csat_pct, round(d.csat_pct_sum / NULLIF(d.csat_responses, 0), 2))) v(field, stored, again)
  WHERE v.stored IS DISTINCT FROM v.again $$;

ALTER FUNCTION rebuild_sessions(uuid, uuid, timestamptz) SET search_path = oracle, etl, public;
ALTER FUNCTION rollup_period(uuid, timestamptz, timestamptz) SET search_path = oracle, etl, public;
ALTER FUNCTION rollup_day(uuid, date, timestamptz) SET search_path = oracle, etl, public;
