-- $1 tenant, $2 as of. A metric whose end lies before its beginning is NULL in the session and reported once.
INSERT INTO etl.error_logs (tenant_id, occurred_at, level, source, error_code, message, metadata)
SELECT $1::uuid, $2::timestamptz, 'warn', 'rollup', 'metric_negative',
       format('%s of session %s is negative: %s is before %s', v.metric, n.id, v.until_name, v.since_name),
       jsonb_build_object('session_id', n.id, 'conversation_id', n.conversation_id, 'metric', v.metric,
                          v.since_name, v.since, v.until_name, v.until)
  FROM rollup_fresh n
  JOIN etl.channels ch ON ch.id = n.channel_id
 CROSS JOIN LATERAL (VALUES
        ('queue_s', 'started_at', CASE WHEN ch.provider_sessioned THEN n.started_at END, 'opened_at', n.opened_at),
        ('pickup_s', 'opened_at', n.opened_at, 'picked_up_at', n.picked_up_at),
        ('response_s', 'started_at', n.started_at, 'first_response_at', n.first_response_at),
        ('first_response_s', 'opened_at', n.opened_at, 'first_response_at', n.first_response_at),
        ('resolution_s', 'started_at', n.started_at, 'resolved_at', n.resolved_at),
        ('duration_s', 'started_at', n.started_at, 'ended_at', CASE WHEN n.outcome IN ('resolved', 'abandoned') THEN n.ended_at END)
      ) v(metric, since_name, since, until_name, until)
 WHERE v.until < v.since
   AND EXISTS (SELECT FROM rollup_change c WHERE c.conversation_id = n.conversation_id AND c.seq = n.seq)
ON CONFLICT (tenant_id, (metadata->>'session_id'), (metadata->>'metric')) WHERE error_code = 'metric_negative' DO NOTHING
