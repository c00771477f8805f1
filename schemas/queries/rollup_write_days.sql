-- $1 tenant, $2 as of. The daily analytics of the days in rollup_day (reference/canonical-model.md 5.4), every cell from
-- rows. Reads messages, sessions, surveys and escalations of those days through their indexes, so a day costs the same in a
-- small and in a large table.
--
-- The session of a message is the one of its conversation whose span holds sent_at; a provider's conversation has only one.
WITH message AS MATERIALIZED (  -- so that rep is a column: COALESCE is no condition of an index under row-level security
  SELECT d.day, d.lo, d.hi, m.*, coalesce(a.to_conversation_id, m.conversation_id) AS rep,
         a.from_conversation_id IS NOT NULL
         OR EXISTS (SELECT FROM etl.conversation_aliases o
                     WHERE o.tenant_id = $1::uuid AND o.to_conversation_id = m.conversation_id) AS joined
    FROM rollup_day d
   CROSS JOIN LATERAL (SELECT x.conversation_id, x.id, x.sent_at, x.sender_type, x.is_broadcast, x.ai_confidence, x.sentiment,
                              x.tokens_used, x.content_ver
                         FROM etl.messages x
                        WHERE x.tenant_id = $1::uuid AND x.sent_at >= d.lo AND x.sent_at < d.hi
                          AND x.type <> 'system' AND (x.sender_type <> 'system' OR x.is_broadcast) OFFSET 0) m
    LEFT JOIN etl.conversation_aliases a ON a.tenant_id = $1::uuid AND a.from_conversation_id = m.conversation_id
), counted AS (  -- of a message known under several joined conversations, the one with the best content
  SELECT * FROM message m
   WHERE NOT m.joined OR (
         EXISTS (SELECT FROM etl.conversations v WHERE v.id = m.conversation_id AND v.deleted_at IS NULL)
     AND NOT EXISTS (
         SELECT FROM (SELECT m.rep AS id
                      UNION ALL SELECT o.from_conversation_id FROM etl.conversation_aliases o
                                 WHERE o.tenant_id = $1::uuid AND o.to_conversation_id = m.rep) other
           JOIN etl.conversations v ON v.id = other.id AND v.deleted_at IS NULL
           JOIN etl.messages x ON x.conversation_id = other.id AND x.id = m.id
          WHERE x.content_ver > m.content_ver OR (x.content_ver = m.content_ver AND x.conversation_id < m.conversation_id)))
), active AS (  -- sessions that may hold a message of the day
  SELECT c.day, c.lo, c.hi, s.id, s.conversation_id, s.channel, s.agent_id, s.started_at, s.last_activity_at, s.replied_at,
         s.waited_us, ch.provider_sessioned AS ps
    FROM (SELECT DISTINCT day, lo, hi, rep FROM counted) c
   CROSS JOIN LATERAL (SELECT * FROM etl.conversation_sessions x
                        WHERE x.conversation_id = c.rep OFFSET 0) s
    JOIN etl.channels ch ON ch.id = s.channel_id
   WHERE ch.provider_sessioned OR (s.started_at < c.hi AND s.last_activity_at >= c.lo)
), talk AS (
  SELECT a.day, a.id, a.channel, a.agent_id,
         count(*) FILTER (WHERE NOT m.is_broadcast AND m.sender_type = 'contact') AS user_n,
         count(*) FILTER (WHERE NOT m.is_broadcast AND m.sender_type = 'bot') AS bot_n,
         count(*) FILTER (WHERE NOT m.is_broadcast AND m.sender_type NOT IN ('contact', 'bot')) AS agent_n,
         count(*) FILTER (WHERE m.is_broadcast) AS broadcast_n,
         sum(m.ai_confidence) AS confidence, count(m.ai_confidence) AS confidence_n,
         sum(m.sentiment) AS sentiment, count(m.sentiment) AS sentiment_n, sum(m.tokens_used) AS tokens
    FROM counted m
    JOIN active a ON a.day = m.day AND a.conversation_id = m.rep
     AND (a.ps OR m.sent_at BETWEEN a.started_at AND a.last_activity_at)
   GROUP BY a.day, a.id, a.channel, a.agent_id
), reply AS (
  SELECT a.day, a.id, a.channel, a.agent_id, sum(w.us) AS us, count(*) AS n
    FROM active a CROSS JOIN LATERAL unnest(a.replied_at, a.waited_us) AS w(at, us)
   WHERE w.at >= a.lo AND w.at < a.hi
   GROUP BY a.day, a.id, a.channel, a.agent_id
), instant AS (
  SELECT d.day, s.id, s.channel, s.agent_id, s.kind, s.initiated_by, s.first_response_s, s.duration_s
    FROM rollup_day d CROSS JOIN LATERAL (
         SELECT 'started' AS kind, x.* FROM etl.conversation_sessions x
          WHERE x.tenant_id = $1::uuid AND x.started_at >= d.lo AND x.started_at < d.hi
   UNION ALL SELECT 'opened', x.* FROM etl.conversation_sessions x
          WHERE x.tenant_id = $1::uuid AND x.opened_at >= d.lo AND x.opened_at < d.hi AND x.opened_at <> x.started_at
   UNION ALL SELECT 'picked', x.* FROM etl.conversation_sessions x
          WHERE x.tenant_id = $1::uuid AND x.picked_up_at >= d.lo AND x.picked_up_at < d.hi
   UNION ALL SELECT 'responded', x.* FROM etl.conversation_sessions x
          WHERE x.tenant_id = $1::uuid AND x.first_response_at >= d.lo AND x.first_response_at < d.hi
   UNION ALL SELECT 'resolved', x.* FROM etl.conversation_sessions x
          WHERE x.tenant_id = $1::uuid AND x.resolved_at >= d.lo AND x.resolved_at < d.hi
   UNION ALL SELECT 'abandoned', x.* FROM etl.conversation_sessions x
          WHERE x.tenant_id = $1::uuid AND x.abandoned_at >= d.lo AND x.abandoned_at < d.hi) s
), escalated AS (
  SELECT d.day, s.id, s.channel, s.agent_id
    FROM rollup_day d
    JOIN etl.escalations e ON e.tenant_id = $1::uuid AND e.escalated_at >= d.lo AND e.escalated_at < d.hi
    LEFT JOIN etl.conversation_aliases a ON a.tenant_id = $1::uuid AND a.from_conversation_id = e.conversation_id
    JOIN etl.conversations v ON v.id = e.conversation_id AND v.deleted_at IS NULL
   CROSS JOIN LATERAL (SELECT x.* FROM etl.conversation_sessions x
                        WHERE x.conversation_id = CASE WHEN a.to_conversation_id IS NULL THEN e.conversation_id ELSE a.to_conversation_id END
                          AND (x.started_at <= e.escalated_at OR x.seq = 1) ORDER BY x.seq DESC LIMIT 1) s
), survey AS (
  SELECT d.day, s.id, s.channel, coalesce(r.agent_id, s.agent_id) AS agent_id, r.score_pct
    FROM rollup_day d
    JOIN etl.csat_responses r ON r.tenant_id = $1::uuid AND r.responded_at >= d.lo AND r.responded_at < d.hi
     AND r.score_pct IS NOT NULL
    LEFT JOIN etl.conversation_aliases a ON a.tenant_id = $1::uuid AND a.from_conversation_id = r.conversation_id
    JOIN etl.conversations v ON v.id = r.conversation_id AND v.deleted_at IS NULL
   CROSS JOIN LATERAL (SELECT x.* FROM etl.conversation_sessions x
                        WHERE x.conversation_id = CASE WHEN a.to_conversation_id IS NULL THEN r.conversation_id ELSE a.to_conversation_id END
                          AND (x.started_at <= r.responded_at OR x.seq = 1) ORDER BY x.seq DESC LIMIT 1) s
), fact (day, channel, agent_id, id, active, new, outreach, resolved, abandoned, escalated, user_n, bot_n, agent_n, broadcast_n,
         response_us, response_n, first_response, first_response_n, duration, duration_n,
         confidence, confidence_n, sentiment, sentiment_n, tokens, csat, csat_n) AS (
  SELECT day, NULL, NULL::uuid, NULL::uuid, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0::numeric, 0, 0::numeric, 0, 0, 0::numeric, 0
    FROM rollup_day    -- the total row of a day without anything
  UNION ALL
  SELECT day, channel, agent_id, id, 1, 0, 0, 0, 0, 0, user_n, bot_n, agent_n, broadcast_n, 0, 0, 0, 0, 0, 0,
         confidence, confidence_n, sentiment, sentiment_n, tokens, 0, 0 FROM talk
  UNION ALL
  SELECT day, channel, agent_id, id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, us, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM reply
  UNION ALL
  SELECT day, channel, agent_id, id, 1, (kind = 'started')::integer, (kind = 'started' AND initiated_by = 'business')::integer,
         (kind = 'resolved')::integer, (kind = 'abandoned')::integer, 0, 0, 0, 0, 0, 0, 0,
         CASE WHEN kind = 'responded' THEN first_response_s END, (kind = 'responded' AND first_response_s IS NOT NULL)::integer,
         CASE WHEN kind IN ('resolved', 'abandoned') THEN duration_s END,
         (kind IN ('resolved', 'abandoned') AND duration_s IS NOT NULL)::integer, 0, 0, 0, 0, 0, 0, 0 FROM instant
  UNION ALL
  SELECT day, channel, agent_id, id, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM escalated
  UNION ALL
  SELECT day, channel, agent_id, id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, score_pct, 1 FROM survey
), session AS (  -- one row per session and agent, so that a sum of flags is a count of distinct sessions
  SELECT day, channel, agent_id, id, max(active) AS active, max(new) AS new, max(outreach) AS outreach, max(resolved) AS resolved,
         max(abandoned) AS abandoned, max(escalated) AS escalated, sum(user_n) AS user_n, sum(bot_n) AS bot_n,
         sum(agent_n) AS agent_n, sum(broadcast_n) AS broadcast_n, sum(response_us) AS response_us, sum(response_n) AS response_n,
         sum(first_response) AS first_response, sum(first_response_n) AS first_response_n, sum(duration) AS duration,
         sum(duration_n) AS duration_n, sum(confidence) AS confidence, sum(confidence_n) AS confidence_n,
         sum(sentiment) AS sentiment, sum(sentiment_n) AS sentiment_n, sum(tokens) AS tokens, sum(csat) AS csat, sum(csat_n) AS csat_n
    FROM fact GROUP BY day, channel, agent_id, id
), cell AS (
  SELECT day, channel, agent_id, sum(active) AS active, sum(new) AS new, sum(outreach) AS outreach, sum(resolved) AS resolved,
         sum(abandoned) AS abandoned, sum(escalated) AS escalated, sum(user_n) AS user_n, sum(bot_n) AS bot_n,
         sum(agent_n) AS agent_n, sum(broadcast_n) AS broadcast_n,
         sum(response_us) * 0.000001 AS response, sum(response_n) AS response_n,
         coalesce(sum(first_response), 0)::numeric AS first_response, sum(first_response_n) AS first_response_n,
         coalesce(sum(duration), 0)::numeric AS duration, sum(duration_n) AS duration_n,
         coalesce(sum(confidence), 0) AS confidence, sum(confidence_n) AS confidence_n,
         coalesce(sum(sentiment), 0) AS sentiment, sum(sentiment_n) AS sentiment_n,
         coalesce(sum(tokens), 0) AS tokens, coalesce(sum(csat), 0) AS csat, sum(csat_n) AS csat_n
    FROM session
   GROUP BY GROUPING SETS ((day), (day, channel), (day, agent_id), (day, channel, agent_id))
  HAVING NOT (GROUPING(agent_id) = 0 AND agent_id IS NULL) AND NOT (GROUPING(channel) = 0 AND channel IS NULL)
)
INSERT INTO etl.daily_analytics (tenant_id, date, channel, agent_id, total_conversations, new_conversations,
    resolved_conversations, escalated_conversations, abandoned_conversations, outreach_conversations, total_messages,
    user_messages, ai_messages, human_agent_messages, broadcast_messages,
    avg_response_time, response_time_s_sum, response_time_count,
    avg_first_response_time, first_response_time_s_sum, first_response_time_count,
    avg_conversation_duration, conversation_duration_s_sum, conversation_duration_count,
    avg_messages_per_conversation, avg_confidence_score, confidence_score_sum, confidence_score_count,
    avg_sentiment_score, sentiment_score_sum, sentiment_score_count, total_tokens_used,
    csat_responses, avg_csat_pct, csat_pct_sum, computed_at)
SELECT $1::uuid, day, channel, agent_id, active, new, resolved, escalated, abandoned, outreach, user_n + bot_n + agent_n,
    user_n, bot_n, agent_n, broadcast_n,
    round(response / nullif(response_n, 0), 2), response, response_n,
    round(first_response / nullif(first_response_n, 0), 2), first_response, first_response_n,
    round(duration / nullif(duration_n, 0), 2), duration, duration_n,
    round((user_n + bot_n + agent_n)::numeric / nullif(active, 0), 2),
    round(confidence / nullif(confidence_n, 0), 3), confidence, confidence_n,
    round(sentiment / nullif(sentiment_n, 0), 3), sentiment, sentiment_n, tokens,
    csat_n, round(csat / nullif(csat_n, 0), 2), csat, $2::timestamptz
  FROM cell
