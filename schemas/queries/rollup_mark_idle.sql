-- $1 tenant, $2 as of. Open sessions of threads whose gap has run out end by the clock alone: nothing was loaded.
INSERT INTO etl.rollup_dirty_conversations (tenant_id, conversation_id)
SELECT DISTINCT s.tenant_id, s.conversation_id
  FROM etl.channels ch
  JOIN etl.conversation_sessions s
    ON s.tenant_id = ch.tenant_id AND s.channel_id = ch.id AND s.outcome = 'open'
   AND s.last_activity_at < $2::timestamptz - make_interval(secs => ch.session_gap_s)
 WHERE ch.tenant_id = $1::uuid AND NOT ch.provider_sessioned
