-- $1 tenant, $2 as of. Rows of a conversation are found by its id alone: with the tenant named too, a planner without
-- statistics may walk an index by time instead. Row-level security keeps to the tenant. Fills rollup_fresh with the sessions of rollup_member (reference/canonical-model.md 5.2 and 5.3).
--
-- One pass over the messages in the order (sent_at, ordinal, id) per representative; pos is the place in that order, and
-- "first" and "last" are taken as least and greatest pos, so that one sort serves every rule.
-- width_bucket(t, a) counts the elements of the sorted array a that are <= t: with t one microsecond less it counts those
-- before t, which finds events between two messages without looking at each pair.
WITH home AS (  -- the conversation whose columns the sessions take: the representative, or the first that is known
  SELECT DISTINCT ON (b.representative) b.representative AS rep, c.*
    FROM rollup_member b CROSS JOIN LATERAL (SELECT * FROM etl.conversations x WHERE x.id = b.conversation_id OFFSET 0) c
   WHERE c.tenant_id = $1::uuid AND c.deleted_at IS NULL
   ORDER BY b.representative, c.id
), member AS (  -- conversations that count
  SELECT b.representative AS rep, b.conversation_id, b.joined
    FROM rollup_member b
   CROSS JOIN LATERAL (SELECT tenant_id, deleted_at FROM etl.conversations x WHERE x.id = b.conversation_id OFFSET 0) c
   WHERE c.tenant_id = $1::uuid AND c.deleted_at IS NULL
), event AS (
  SELECT b.rep,
         array_agg(e.occurred_at ORDER BY e.occurred_at) FILTER (WHERE e.event_type <> 'picked_up') AS closings,
         array_agg(e.occurred_at) FILTER (WHERE e.event_type = 'abandoned') AS abandonings,
         array_agg(e.occurred_at ORDER BY e.occurred_at) FILTER (WHERE e.event_type = 'picked_up') AS pickups
    FROM member b
   CROSS JOIN LATERAL (SELECT * FROM etl.conversation_events x
                        WHERE x.conversation_id = b.conversation_id
                          AND x.event_type IN ('resolved', 'closed', 'abandoned', 'picked_up') OFFSET 0) e
   GROUP BY b.rep
), c AS (
  SELECT h.*, ch.session_gap_s, ch.provider_sessioned AS ps, ch.outbound_visible AS ov,
         coalesce(e.closings, '{}') AS closings, coalesce(e.abandonings, '{}') AS abandonings,
         coalesce(e.pickups, '{}') AS pickups
    FROM home h
    JOIN etl.channels ch ON ch.id = h.channel_id
    LEFT JOIN event e ON e.rep = h.rep
), m AS (  -- k: c contact, a human agent, b bot, x broadcast
  SELECT b.rep, m.id, m.sent_at, m.ordinal, m.sender_agent_id,
         CASE WHEN m.is_broadcast THEN 'x' WHEN m.sender_type = 'contact' THEN 'c'
              WHEN m.sender_type = 'agent' THEN 'a' ELSE 'b' END AS k
    FROM member b
   CROSS JOIN LATERAL (SELECT * FROM etl.messages x
                        WHERE x.conversation_id = b.conversation_id OFFSET 0) m
   WHERE m.type <> 'system' AND (m.sender_type <> 'system' OR m.is_broadcast)
     AND NOT (b.joined AND EXISTS (   -- the same message under a joined conversation, with better content
           SELECT FROM member o JOIN etl.messages x ON x.conversation_id = o.conversation_id AND x.id = m.id
            WHERE o.rep = b.rep
              AND (x.content_ver > m.content_ver OR (x.content_ver = m.content_ver AND x.conversation_id < b.conversation_id))))
), ordered AS (
  SELECT m.*, c.ps, c.session_gap_s, c.closings,
         lag(m.sent_at) OVER w AS prev_at, row_number() OVER w AS pos
    FROM m JOIN c ON c.rep = m.rep
  WINDOW w AS (PARTITION BY m.rep ORDER BY m.sent_at, m.ordinal, m.id)
), s AS MATERIALIZED (
  SELECT rep, id, sent_at, ordinal, sender_agent_id, k, pos,
         CASE WHEN ps THEN 1 ELSE sum(CASE
                WHEN prev_at IS NULL THEN 1
                WHEN sent_at - prev_at > make_interval(secs => session_gap_s) THEN 1
                WHEN closings <> '{}' AND width_bucket(sent_at - interval '1 microsecond', closings)
                                        > width_bucket(prev_at - interval '1 microsecond', closings) THEN 1
                ELSE 0 END) OVER (PARTITION BY rep ORDER BY pos) END::integer AS seq
    FROM ordered
), g AS (
  SELECT rep, seq, min(sent_at) AS t0, max(sent_at) AS t1, min(sent_at) FILTER (WHERE k = 'c') AS fin,
         min(pos) FILTER (WHERE k = 'c') AS contact_first, min(pos) FILTER (WHERE k <> 'x') AS any_first,
         max(pos) FILTER (WHERE k = 'c') AS contact_last, max(pos) FILTER (WHERE k = 'a') AS agent_last,
         max(pos) FILTER (WHERE k <> 'x') AS any_last,
         coalesce(max(pos) FILTER (WHERE k = 'a' AND sender_agent_id IS NOT NULL), max(pos)) AS agent_pos,
         count(*) FILTER (WHERE k = 'c') AS nc, count(*) FILTER (WHERE k = 'a') AS na,
         count(*) FILTER (WHERE k = 'b') AS nb, count(*) FILTER (WHERE k = 'x') AS nx
    FROM s GROUP BY rep, seq
), answer AS (  -- answers at or after the first inbound message, and who answered last
  SELECT g.rep, g.seq,
         min(s.sent_at) FILTER (WHERE s.k = 'a' AND s.sent_at >= g.fin) AS fresp,
         min(s.sent_at) FILTER (WHERE s.k = 'b' AND s.sent_at >= g.fin) AS fbot,
         (array_agg(s.sender_agent_id) FILTER (WHERE s.pos = g.agent_pos))[1] AS last_agent
    FROM g JOIN s ON s.rep = g.rep AND s.seq = g.seq
   GROUP BY g.rep, g.seq
), turn AS (
  SELECT rep, seq, sent_at, k, pos,
         CASE WHEN k = 'c' AND (lag(k) OVER w IS DISTINCT FROM 'c' OR lag(seq) OVER w <> seq) THEN 1 ELSE 0 END AS starts
    FROM s WHERE k IN ('c', 'a')
  WINDOW w AS (PARTITION BY rep ORDER BY pos)
), run AS (
  SELECT rep, seq, sent_at, k, sum(starts) OVER (PARTITION BY rep ORDER BY pos) AS run FROM turn
), wait AS (  -- one row per answered wait: first inbound message of a run -> first human reply
  SELECT rep, seq, run, min(sent_at) FILTER (WHERE k = 'c') AS waiting_since, min(sent_at) FILTER (WHERE k = 'a') AS replied_at
    FROM run GROUP BY rep, seq, run
), pair AS (
  SELECT rep, seq, count(*) AS n, array_agg(replied_at ORDER BY run) AS replied_at,
         array_agg((EXTRACT(epoch FROM replied_at - waiting_since) * 1000000)::bigint ORDER BY run) AS waited_us,
         round(avg(EXTRACT(epoch FROM replied_at - waiting_since)), 2) AS avg_s
    FROM wait WHERE etl.nonneg_s(replied_at - waiting_since) IS NOT NULL
   GROUP BY rep, seq
), h AS (  -- a provider-sessioned conversation has its one session even without messages
  SELECT c.rep, g.seq, g.t0, g.t1, g.fin, g.contact_first, g.any_first, g.contact_last, g.agent_last, g.any_last,
         g.nc, g.na, g.nb, g.nx, lead(g.t0) OVER (PARTITION BY c.rep ORDER BY g.seq) AS next_t0
    FROM c JOIN g ON g.rep = c.rep
  UNION ALL
  SELECT c.rep, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL
    FROM c WHERE c.ps AND NOT EXISTS (SELECT FROM g WHERE g.rep = c.rep)
), i AS (
  SELECT h.*, c.channel_id, c.channel, c.contact_id, c.department_id, c.external_id, c.provider_status, c.ps, c.ov,
         c.session_gap_s, c.abandonings, a.fbot,
         CASE WHEN c.ps THEN coalesce(c.source_created_at, h.t0, c.started_at) ELSE h.t0 END AS started,
         CASE WHEN c.ps THEN GREATEST(h.t1, c.source_created_at, c.opened_at, c.picked_up_at, c.provider_response_at,
                                      c.closed_at, c.started_at) ELSE h.t1 END AS last_act,
         CASE WHEN c.ps THEN c.opened_at ELSE h.fin END AS opened,
         CASE WHEN c.ps THEN c.picked_up_at ELSE c.pickups[width_bucket(h.t0 - interval '1 microsecond', c.pickups) + 1] END AS picked,
         CASE WHEN c.ps THEN coalesce(c.provider_response_at, a.fresp) ELSE a.fresp END AS resp,
         CASE WHEN c.ps THEN c.closed_at ELSE c.closings[width_bucket(h.t0 - interval '1 microsecond', c.closings) + 1] END AS closed,
         coalesce(CASE WHEN c.ps THEN c.assigned_agent_id END, a.last_agent, c.assigned_agent_id) AS agent
    FROM h JOIN c ON c.rep = h.rep LEFT JOIN answer a ON a.rep = h.rep AND a.seq = h.seq
), j AS (  -- an event after the next session's beginning belongs to that one
  SELECT rep, seq, t0, t1, fin, contact_first, any_first, contact_last, agent_last, any_last, nc, na, nb, nx, next_t0,
         channel_id, channel, contact_id, department_id, external_id, provider_status, ps, ov, session_gap_s, abandonings,
         fbot, started, last_act, opened, resp, agent,
         CASE WHEN ps OR picked < coalesce(next_t0, 'infinity') THEN picked END AS picked,
         CASE WHEN ps OR closed < coalesce(next_t0, 'infinity') THEN closed END AS closed
    FROM i
), o AS (
  SELECT j.*, CASE
      WHEN closed IS NOT NULL AND ((ps AND provider_status = 'LEFT_BY_CONTACT') OR closed = ANY (abandonings)
           OR (fin IS NOT NULL AND resp IS NULL AND fbot IS NULL)) THEN 'abandoned'
      WHEN closed IS NOT NULL THEN 'resolved'
      WHEN ps OR $2::timestamptz - last_act <= make_interval(secs => session_gap_s) THEN 'open'
      WHEN fin IS NULL THEN 'outreach'
      WHEN NOT ov AND na + nb = 0 THEN 'unknown'
      WHEN contact_last = any_last THEN 'abandoned'
      ELSE 'resolved' END AS outcome
    FROM j
), p AS (
  SELECT o.*, etl.uuid5('session/' || $1 || '/' || channel_id || '/' || external_id || E'\x1f' || seq) AS id,
         CASE WHEN outcome <> 'open' THEN coalesce(closed, last_act) END AS ended
    FROM o
), survey AS (  -- the newest rated survey of each session's span
  SELECT DISTINCT ON (p.id) p.id, r.score_pct
    FROM member b
   CROSS JOIN LATERAL (SELECT * FROM etl.csat_responses x
                        WHERE x.conversation_id = b.conversation_id
                          AND x.score_pct IS NOT NULL OFFSET 0) r
    JOIN p ON p.rep = b.rep AND (p.ps OR (r.responded_at >= p.started AND r.responded_at < coalesce(p.next_t0, 'infinity')))
   ORDER BY p.id, r.responded_at DESC, r.id
), escalated AS (
  SELECT DISTINCT p.id
    FROM member b
   CROSS JOIN LATERAL (SELECT * FROM etl.escalations x
                        WHERE x.conversation_id = b.conversation_id OFFSET 0) e
    JOIN p ON p.rep = b.rep AND (p.ps OR (e.escalated_at >= p.started AND e.escalated_at < coalesce(p.next_t0, 'infinity')))
)
INSERT INTO rollup_fresh (id, tenant_id, channel_id, conversation_id, seq, channel, contact_id, agent_id, department_id,
    initiated_by, started_at, last_activity_at, ended_at, outcome, resolved_at, abandoned_at, opened_at, picked_up_at,
    first_inbound_at, first_response_at, first_bot_response_at, inbound_count, agent_count, bot_count, broadcast_count,
    queue_s, pickup_s, response_s, first_response_s, resolution_s, duration_s, avg_response_s, response_count,
    first_response_bh_s, resolution_bh_s, csat_score_pct, escalated, replied_at, waited_us, computed_at, last_sender)
SELECT p.id, $1::uuid, p.channel_id, p.rep, p.seq, p.channel, p.contact_id, p.agent, p.department_id,
    CASE WHEN p.t0 IS NULL THEN 'unknown' WHEN contact_first = any_first THEN 'contact' ELSE 'business' END,
    started, last_act, ended, outcome,
    CASE WHEN outcome = 'resolved' THEN ended END, CASE WHEN outcome = 'abandoned' THEN ended END,
    opened, picked, fin, resp, fbot, nc, na, nb, nx,
    CASE WHEN ps THEN etl.nonneg_s(opened - started) END, etl.nonneg_s(picked - opened), etl.nonneg_s(resp - started),
    etl.nonneg_s(resp - opened),
    CASE WHEN outcome = 'resolved' THEN etl.nonneg_s(ended - started) END,
    CASE WHEN outcome IN ('resolved', 'abandoned') THEN etl.nonneg_s(ended - started) END,
    pair.avg_s, coalesce(pair.n, 0),
    CASE WHEN oh.enabled AND etl.nonneg_s(resp - opened) IS NOT NULL
         THEN etl.business_seconds(oh.schedule, oh.timezone, oh.holidays, opened, resp)::integer END,
    CASE WHEN oh.enabled AND outcome = 'resolved' AND etl.nonneg_s(ended - started) IS NOT NULL
         THEN etl.business_seconds(oh.schedule, oh.timezone, oh.holidays, started, ended)::integer END,
    survey.score_pct, escalated.id IS NOT NULL, coalesce(pair.replied_at, '{}'), coalesce(pair.waited_us, '{}'), $2::timestamptz,
    CASE WHEN any_last IS NULL THEN NULL WHEN any_last = contact_last THEN 'c' WHEN any_last = agent_last THEN 'a' ELSE 'b' END
  FROM p
  LEFT JOIN pair ON pair.rep = p.rep AND pair.seq = p.seq
  LEFT JOIN survey ON survey.id = p.id
  LEFT JOIN escalated ON escalated.id = p.id
  LEFT JOIN LATERAL (SELECT x.* FROM etl.office_hours x
                      WHERE x.tenant_id = $1::uuid AND (x.channel_id = p.channel_id OR x.channel_id IS NULL)
                      ORDER BY x.channel_id NULLS LAST LIMIT 1) oh ON true
