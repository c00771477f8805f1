-- Random conversations, written in random slices; fixture.slice(n) writes the n-th tenth. Needs fixtures.sql.
-- setseed() before the call decides everything.

CREATE TABLE fixture.plan (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slice integer, sql text);

CREATE FUNCTION fixture.pick(VARIADIC p_words text[]) RETURNS text LANGUAGE sql VOLATILE AS
  $$ SELECT p_words[1 + floor(random() * cardinality(p_words))::integer] $$;

CREATE FUNCTION fixture.plan_step(p_sql text, p_slice integer DEFAULT NULL) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO fixture.plan (slice, sql) VALUES (coalesce(p_slice, floor(random() * 10)::integer), p_sql) $$;

-- Messages around the two changes of clocks and around midnight, with gaps from none to days, ties included.
CREATE FUNCTION fixture.plan_messages(p_conversation uuid, p_prefix text, p_start timestamptz, p_agents uuid[], p_bot uuid, p_n integer)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE at timestamptz := p_start; sender text; agent uuid;
BEGIN
  FOR i IN 1 .. p_n LOOP
    at := at + make_interval(secs => CASE floor(random() * 10) WHEN 0 THEN 0 WHEN 1 THEN 86400 WHEN 2 THEN 86401
                                     WHEN 3 THEN floor(random() * 200000) WHEN 4 THEN random() * 5 ELSE floor(random() * 3000) END);
    sender := fixture.pick('contact', 'contact', 'contact', 'agent', 'agent', 'bot', 'broadcast', 'system');
    agent := CASE WHEN sender IN ('agent', 'broadcast') AND random() < 0.8 THEN p_agents[1 + floor(random() * cardinality(p_agents))::integer]
                  WHEN sender = 'bot' AND random() < 0.5 THEN p_bot END;
    PERFORM fixture.plan_step(format('SELECT fixture.message(%L, %L, %L, %L, %L, %s, %s, %L, %L, %L)', p_conversation, p_prefix || i, at,
      sender, agent, floor(random() * 3), floor(random() * 3),
      CASE WHEN random() < 0.2 THEN round(random()::numeric, 3) END, CASE WHEN random() < 0.2 THEN round(random()::numeric, 3) END,
      CASE WHEN random() < 0.2 THEN floor(random() * 1000) END));
    IF random() < 0.04 THEN
      PERFORM fixture.plan_step(format('SELECT fixture.event(%L, %L, %L, %L)', p_conversation, p_conversation || p_prefix || 'e' || i,
        fixture.pick('resolved', 'closed', 'abandoned', 'picked_up', 'picked_up'), at + make_interval(secs => floor(random() * 3) * floor(random() * 2000))));
    END IF;
    IF random() < 0.04 THEN
      PERFORM fixture.plan_step(format('SELECT fixture.survey(%L, %L, %L, %s, %L)', p_conversation, p_conversation || p_prefix || 's' || i,
        at + make_interval(secs => random() * 100000 - 20000), 1 + floor(random() * 5), CASE WHEN random() < 0.3 THEN p_agents[1] END));
    END IF;
    IF random() < 0.04 THEN
      PERFORM fixture.plan_step(format('SELECT fixture.escalation(%L, %L, %L)', p_conversation, p_conversation || p_prefix || 'x' || i,
        at + make_interval(secs => random() * 100000 - 20000)));
    END IF;
  END LOOP;
END $$;

-- Facts that change what was loaded before: a provider's snapshot, an earlier time, better content, a deletion, a joined thread.
CREATE FUNCTION fixture.plan_changes(p_conversation uuid, p_start timestamptz, p_sessioned boolean, p_agents uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE touch text := format('SELECT fixture.mark(tenant_id, id, NULL) FROM etl.conversations WHERE id = %L', p_conversation);
BEGIN
  IF p_sessioned THEN
    FOR i IN 1 .. 2 LOOP
      PERFORM fixture.plan_step(format(
        'UPDATE etl.conversations SET source_created_at = %L, opened_at = %L, picked_up_at = %L, provider_response_at = %L,
           closed_at = %L, provider_status = %L, assigned_agent_id = %L WHERE id = %L; %s',
        p_start + make_interval(secs => random() * 2000 - 500),
        CASE WHEN random() < 0.8 THEN p_start + make_interval(secs => random() * 3000 - 500) END,
        CASE WHEN random() < 0.7 THEN p_start + make_interval(secs => random() * 6000 - 500) END,
        CASE WHEN random() < 0.5 THEN p_start + make_interval(secs => random() * 9000 - 500) END,
        CASE WHEN random() < 0.8 THEN p_start + make_interval(secs => random() * 200000 - 500) END,
        fixture.pick('CLOSED', 'LEFT_BY_CONTACT'), CASE WHEN random() < 0.6 THEN p_agents[1] END, p_conversation, touch));
    END LOOP;
  END IF;
  IF random() < 0.3 THEN
    PERFORM fixture.plan_step(format(
      'WITH one AS (SELECT id FROM etl.messages WHERE conversation_id = %1$L ORDER BY id LIMIT 1)
       SELECT fixture.mark(tenant_id, conversation_id, sent_at) FROM etl.messages WHERE conversation_id = %1$L AND id IN (SELECT id FROM one);
       WITH one AS (SELECT id FROM etl.messages WHERE conversation_id = %1$L ORDER BY id LIMIT 1)
       UPDATE etl.messages SET sent_at = sent_at - interval %2$L WHERE conversation_id = %1$L AND id IN (SELECT id FROM one);
       WITH one AS (SELECT id FROM etl.messages WHERE conversation_id = %1$L ORDER BY id LIMIT 1)
       SELECT fixture.mark(tenant_id, conversation_id, sent_at) FROM etl.messages WHERE conversation_id = %1$L AND id IN (SELECT id FROM one)',
      p_conversation, fixture.pick('1 second', '1 hour', '3 days')));
  END IF;
  IF random() < 0.08 THEN
    PERFORM fixture.plan_step(format('UPDATE etl.conversations SET deleted_at = now() WHERE id = %L; %s', p_conversation, touch));
  END IF;
END $$;

-- A thread joins another of its channel, flat as the loader keeps it: the representative is the smallest id.
CREATE FUNCTION fixture.join_threads(p_a uuid, p_b uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t uuid; members uuid[]; least_id uuid;
BEGIN
  SELECT tenant_id INTO t FROM etl.conversations WHERE id = p_a;
  SELECT array_agg(DISTINCT x.id) INTO members FROM (
    SELECT unnest(ARRAY[p_a, p_b]) AS id
    UNION SELECT a.to_conversation_id FROM etl.conversation_aliases a WHERE a.from_conversation_id IN (p_a, p_b)
    UNION SELECT o.from_conversation_id FROM etl.conversation_aliases o WHERE o.to_conversation_id IN (p_a, p_b)
       OR o.to_conversation_id IN (SELECT to_conversation_id FROM etl.conversation_aliases WHERE from_conversation_id IN (p_a, p_b))) x;
  SELECT id INTO least_id FROM unnest(members) id ORDER BY id LIMIT 1;
  INSERT INTO etl.conversation_aliases SELECT t, id, least_id, 'test', now() FROM unnest(members) id WHERE id <> least_id
  ON CONFLICT (tenant_id, from_conversation_id) DO UPDATE SET to_conversation_id = excluded.to_conversation_id;
  PERFORM fixture.mark(t, id, NULL) FROM unnest(members) id;
  PERFORM fixture.mark(t, m.conversation_id, m.sent_at) FROM etl.messages m WHERE m.conversation_id = ANY (members);
END $$;

CREATE FUNCTION fixture.plan_tenant(p_slug text, p_zone text, p_start timestamptz, p_n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  tenant uuid := fixture.tenant(p_slug, p_zone);
  channels uuid[] := ARRAY[fixture.channel(tenant, 'whatsapp_cloud', 'whatsapp', '1'), fixture.channel(tenant, 'telegram_bot', 'telegram', '2', false, 3600, false),
                           fixture.channel(tenant, 'email_imap', 'email', '3', false, 604800), fixture.channel(tenant, 'b2chat', 'other', '4', true)];
  agents uuid[]; bot uuid; channel uuid; conversation uuid; before uuid; began timestamptz; sessioned boolean;
BEGIN
  SELECT array_agg(fixture.agent(channels[1], 'agent' || i)) INTO agents FROM generate_series(1, 3) i;
  bot := fixture.agent(channels[1], 'bot', 'bot');
  INSERT INTO etl.office_hours (tenant_id, timezone, schedule) VALUES (tenant, p_zone,
    '[{"day":1,"start":"08:00","end":"18:00"},{"day":3,"start":"22:00","end":"02:00"},{"day":7,"start":"00:00","end":"00:00"}]');
  FOR i IN 1 .. p_n LOOP
    channel := channels[1 + i % 4];
    sessioned := channel = channels[4];
    began := p_start + make_interval(secs => floor(random() * 1000000));
    conversation := fixture.conversation(channel, 'c' || i, began, CASE WHEN sessioned THEN 'whatsapp' END, 'p' || i % 20);
    PERFORM fixture.mark(tenant, conversation, began);
    PERFORM fixture.plan_messages(conversation, 'm' || i || '.', began, agents, bot, CASE WHEN random() < 0.1 THEN 0 ELSE 1 + floor(random() * 12)::integer END);
    PERFORM fixture.plan_changes(conversation, began, sessioned, agents);
    IF NOT sessioned AND i > 8 AND random() < 0.2 THEN   -- the same messages are also known under another thread
      before := fixture.id('conversation', channel, 'c' || (i - 4));
      PERFORM fixture.plan_messages(conversation, 'm' || (i - 4) || '.', began, agents, bot, 3);
      PERFORM fixture.plan_step(format('SELECT fixture.join_threads(%L, %L)', before, conversation));
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION fixture.slice(p_slice integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE step record;
BEGIN
  FOR step IN SELECT sql FROM fixture.plan WHERE slice = p_slice ORDER BY random() LOOP
    EXECUTE step.sql;
  END LOOP;
END $$;
