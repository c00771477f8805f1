-- Status, its times and its error from the history of status events, for messages and histories that this batch touched
-- (canonical-model 6.4). A status never goes backward; the times are the earliest; the error belongs to the earliest failure
-- (ties by text, so that the order of loading cannot show).
WITH history AS (
  -- a message touched twice brings its events twice, which changes no minimum and no first element
  SELECT t.conversation_id, t.message_id,
         (array_agg(s.status ORDER BY l.rank DESC))[1]                     AS status,
         max(l.rank)                                                       AS rank,
         min(s.occurred_at) FILTER (WHERE s.status = 'delivered')          AS delivered_at,
         min(s.occurred_at) FILTER (WHERE s.status IN ('read', 'played'))  AS read_at,
         min(s.occurred_at) FILTER (WHERE s.status = 'failed')             AS failed_at,
         (array_agg(s.error_code    ORDER BY s.occurred_at, COALESCE(s.error_code, '') COLLATE "C", COALESCE(s.error_message, '') COLLATE "C")
           FILTER (WHERE s.status = 'failed'))[1]                          AS error_code,
         (array_agg(s.error_message ORDER BY s.occurred_at, COALESCE(s.error_code, '') COLLATE "C", COALESCE(s.error_message, '') COLLATE "C")
           FILTER (WHERE s.status = 'failed'))[1]                          AS error_message
  FROM touched t
  JOIN etl.message_status_events s ON s.message_id = t.message_id
  CROSS JOIN LATERAL (SELECT CASE s.status WHEN 'pending' THEN 0 WHEN 'received' THEN 5 WHEN 'sent' THEN 10 WHEN 'failed' THEN 15
                                           WHEN 'delivered' THEN 20 WHEN 'read' THEN 30 ELSE 40 END::smallint AS rank) l
  WHERE t.source IN ('message', 'status') AND t.conversation_id IS NOT NULL
  GROUP BY t.conversation_id, t.message_id
),
changed AS (
  UPDATE etl.messages m SET
    status        = CASE WHEN h.rank > m.status_rank THEN h.status ELSE m.status END,
    status_rank   = GREATEST(m.status_rank, h.rank),
    delivered_at  = LEAST(m.delivered_at, h.delivered_at),
    read_at       = LEAST(m.read_at, h.read_at),
    error_code    = CASE WHEN ROW(h.failed_at, COALESCE(h.error_code, '') COLLATE "C", COALESCE(h.error_message, '') COLLATE "C")
                            < ROW(COALESCE(m.failed_at, 'infinity'), COALESCE(m.error_code, '') COLLATE "C", COALESCE(m.error_message, '') COLLATE "C")
                         THEN h.error_code ELSE m.error_code END,
    error_message = CASE WHEN ROW(h.failed_at, COALESCE(h.error_code, '') COLLATE "C", COALESCE(h.error_message, '') COLLATE "C")
                            < ROW(COALESCE(m.failed_at, 'infinity'), COALESCE(m.error_code, '') COLLATE "C", COALESCE(m.error_message, '') COLLATE "C")
                         THEN h.error_message ELSE m.error_message END,
    failed_at     = LEAST(m.failed_at, h.failed_at)
  FROM history h
  WHERE m.conversation_id = h.conversation_id AND m.id = h.message_id
    AND (h.rank > m.status_rank
         OR h.delivered_at < COALESCE(m.delivered_at, 'infinity')
         OR h.read_at < COALESCE(m.read_at, 'infinity')
         OR ROW(h.failed_at, COALESCE(h.error_code, '') COLLATE "C", COALESCE(h.error_message, '') COLLATE "C")
            < ROW(COALESCE(m.failed_at, 'infinity'), COALESCE(m.error_code, '') COLLATE "C", COALESCE(m.error_message, '') COLLATE "C"))
  RETURNING m.conversation_id, m.id, m.direction, m.sent_at
)
INSERT INTO touched (source, conversation_id, message_id, direction, at)
SELECT 'refresh', conversation_id, id, direction, sent_at FROM changed
