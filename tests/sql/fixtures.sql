-- Short ways to write rows for tests, with the ids of reference/canonical-model.md 2.1. Each marks what it touches as a loader
-- would: the conversation and the local day.

DROP SCHEMA IF EXISTS fixture CASCADE;
CREATE SCHEMA fixture;
SET search_path = etl, public;

CREATE FUNCTION fixture.tenant(p_slug text, p_zone text) RETURNS uuid LANGUAGE sql AS $$
  INSERT INTO etl.tenants (id, slug, name, timezone) VALUES (etl.uuid5('tenant/' || p_slug), p_slug, p_slug, p_zone) RETURNING id $$;

CREATE FUNCTION fixture.channel(p_tenant uuid, p_provider text, p_medium text, p_account text, p_sessioned boolean DEFAULT false,
                                p_gap_s integer DEFAULT 86400, p_outbound boolean DEFAULT true) RETURNS uuid LANGUAGE sql AS $$
  INSERT INTO etl.channels (id, tenant_id, provider, channel, external_account_id, name, provider_sessioned, session_gap_s, outbound_visible)
  VALUES (etl.uuid5('channel/' || p_tenant || '/' || p_provider || '/' || p_account), p_tenant, p_provider, p_medium, p_account,
          p_account, p_sessioned, p_gap_s, p_outbound) RETURNING id $$;

CREATE FUNCTION fixture.id(p_kind text, p_channel uuid, p_external text) RETURNS uuid LANGUAGE sql AS $$
  SELECT etl.uuid5(p_kind || '/' || c.tenant_id || '/' || c.id || '/' || p_external) FROM etl.channels c WHERE c.id = p_channel $$;

CREATE FUNCTION fixture.agent(p_channel uuid, p_external text, p_kind text DEFAULT 'human') RETURNS uuid LANGUAGE sql AS $$
  INSERT INTO etl.agents (id, tenant_id, channel_id, external_id, kind, name, profile_ver, first_seen_at, last_seen_at)
  SELECT fixture.id('agent', c.id, p_external), c.tenant_id, c.id, p_external, p_kind, p_external, '\x00000000000000000000000000000000',
         'epoch', 'epoch' FROM etl.channels c WHERE c.id = p_channel RETURNING id $$;

CREATE FUNCTION fixture.mark(p_tenant uuid, p_conversation uuid, p_at timestamptz) RETURNS void LANGUAGE sql AS $$
  INSERT INTO etl.rollup_dirty_conversations (tenant_id, conversation_id) SELECT p_tenant, p_conversation WHERE p_conversation IS NOT NULL;
  INSERT INTO etl.rollup_dirty_days (tenant_id, day, reason)
  SELECT p_tenant, (p_at AT TIME ZONE timezone)::date, 'load' FROM etl.tenants WHERE id = p_tenant AND p_at IS NOT NULL $$;

CREATE FUNCTION fixture.conversation(p_channel uuid, p_external text, p_started timestamptz, p_medium text DEFAULT NULL,
                                     p_contact text DEFAULT NULL) RETURNS uuid LANGUAGE sql AS $$
  INSERT INTO etl.conversations (id, tenant_id, channel_id, external_id, channel, contact_id, started_at, first_seen_at, last_seen_at)
  SELECT fixture.id('conversation', c.id, p_external), c.tenant_id, c.id, p_external, coalesce(p_medium, c.channel),
         fixture.id('contact', c.id, coalesce(p_contact, p_external)), p_started, p_started, p_started
    FROM etl.channels c WHERE c.id = p_channel RETURNING id $$;

-- p_sender: contact, agent, bot, system, broadcast (by an agent)
CREATE FUNCTION fixture.message(p_conversation uuid, p_external text, p_at timestamptz, p_sender text, p_agent uuid DEFAULT NULL,
                                p_ordinal integer DEFAULT 0, p_ver integer DEFAULT 0, p_confidence numeric DEFAULT NULL,
                                p_sentiment numeric DEFAULT NULL, p_tokens integer DEFAULT NULL) RETURNS uuid LANGUAGE sql AS $$
  SELECT fixture.mark(c.tenant_id, c.id, p_at) FROM etl.conversations c WHERE c.id = p_conversation;
  INSERT INTO etl.messages (id, tenant_id, channel_id, conversation_id, external_id, direction, sender_type, sender_agent_id, type,
      text, content_ver, is_broadcast, sent_at, ordinal, status, status_rank, ai_confidence, sentiment, tokens_used,
      first_seen_at, last_seen_at)
  SELECT fixture.id('message', c.channel_id, p_external), c.tenant_id, c.channel_id, c.id, p_external,
         CASE WHEN p_sender = 'contact' THEN 'inbound' ELSE 'outbound' END, replace(p_sender, 'broadcast', 'agent'), p_agent,
         CASE WHEN p_sender = 'system' THEN 'system' ELSE 'text' END, 'sample', etl.mk_ver('epoch', p_ver, ''),
         p_sender = 'broadcast', p_at, p_ordinal, 'sent', 10, p_confidence, p_sentiment, p_tokens, p_at, p_at
    FROM etl.conversations c WHERE c.id = p_conversation RETURNING id $$;

CREATE FUNCTION fixture.event(p_conversation uuid, p_external text, p_type text, p_at timestamptz) RETURNS void LANGUAGE sql AS $$
  SELECT fixture.mark(c.tenant_id, c.id, NULL) FROM etl.conversations c WHERE c.id = p_conversation;
  INSERT INTO etl.conversation_events (id, tenant_id, channel_id, conversation_id, external_id, event_type, occurred_at, received_at)
  SELECT fixture.id('event', c.channel_id, p_external), c.tenant_id, c.channel_id, c.id, p_external, p_type, p_at, p_at
    FROM etl.conversations c WHERE c.id = p_conversation $$;

CREATE FUNCTION fixture.survey(p_conversation uuid, p_external text, p_at timestamptz, p_rating numeric, p_agent uuid DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
  SELECT fixture.mark(c.tenant_id, c.id, p_at) FROM etl.conversations c WHERE c.id = p_conversation;
  INSERT INTO etl.csat_responses (id, tenant_id, channel_id, conversation_id, external_id, agent_id, state, rating, responded_at,
      csat_ver, first_seen_at)
  SELECT fixture.id('csat', c.channel_id, p_external), c.tenant_id, c.channel_id, c.id, p_external, p_agent, 'completed', p_rating,
         p_at, etl.mk_ver(p_at, 1, ''), p_at
    FROM etl.conversations c WHERE c.id = p_conversation $$;

CREATE FUNCTION fixture.escalation(p_conversation uuid, p_external text, p_at timestamptz) RETURNS void LANGUAGE sql AS $$
  SELECT fixture.mark(c.tenant_id, c.id, p_at) FROM etl.conversations c WHERE c.id = p_conversation;
  INSERT INTO etl.escalations (id, tenant_id, channel_id, conversation_id, external_id, trigger_type, status, escalated_at,
      is_inferred, esc_ver, first_seen_at)
  SELECT fixture.id('escalation', c.channel_id, p_external), c.tenant_id, c.channel_id, c.id, p_external, 'bot_handoff', 'resolved',
         p_at, true, etl.mk_ver(p_at, 1, ''), p_at
    FROM etl.conversations c WHERE c.id = p_conversation $$;
