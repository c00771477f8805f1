-- The rows of reference/canonical-model.md 9. Needs fixtures.sql.
DO $$
DECLARE
  tenant uuid := fixture.tenant('acme', 'America/Bogota');
  whatsapp uuid := fixture.channel(tenant, 'whatsapp_cloud', 'whatsapp', '106540352242922');
  desk uuid := fixture.channel(tenant, 'b2chat', 'other', 'acme-main', true);
  ana uuid := fixture.agent(whatsapp, 'ana');
  lrojas uuid := fixture.agent(desk, 'lrojas');
  thread uuid := fixture.conversation(whatsapp, '573001112233', '2025-03-04 14:00Z');
  chat uuid := fixture.conversation(desk, '7b1f6a52-0c7d-4a5e-9a63-3f0f0a0d9c11', '2025-03-04 14:12:30Z', 'whatsapp', '48210377');
BEGIN
  PERFORM fixture.message(thread, 'wamid.1', '2025-03-04 14:00Z', 'contact');
  PERFORM fixture.message(thread, 'wamid.2', '2025-03-04 14:01Z', 'contact');
  PERFORM fixture.message(thread, 'wamid.3', '2025-03-04 14:04Z', 'agent', ana);
  PERFORM fixture.message(thread, 'wamid.4', '2025-03-04 14:10Z', 'contact');
  PERFORM fixture.message(thread, 'wamid.5', '2025-03-04 14:11Z', 'agent', ana);
  PERFORM fixture.message(thread, 'wamid.6', '2025-03-06 03:30Z', 'contact');
  PERFORM fixture.message(thread, 'wamid.7', '2025-03-06 03:40Z', 'contact');

  UPDATE etl.conversations
     SET source_created_at = '2025-03-04 14:12:30Z', opened_at = '2025-03-04 14:12:30Z', picked_up_at = '2025-03-04 14:15Z',
         provider_response_at = '2025-03-04 14:19Z', closed_at = '2025-03-04 15:02:40Z', status = 'resolved',
         provider_status = 'CLOSED', assigned_agent_id = lrojas
   WHERE id = chat;
  PERFORM fixture.message(chat, 'b.1', '2025-03-04 14:12:07Z', 'contact', NULL, 0);
  PERFORM fixture.message(chat, 'b.2', '2025-03-04 14:12:10Z', 'bot', NULL, 1);
  PERFORM fixture.message(chat, 'b.3', '2025-03-04 14:12:28Z', 'contact', NULL, 2);
  PERFORM fixture.message(chat, 'b.4', '2025-03-04 14:19Z', 'agent', lrojas, 3);
  PERFORM fixture.message(chat, 'b.5', '2025-03-04 14:25Z', 'contact', NULL, 4);
  PERFORM fixture.message(chat, 'b.6', '2025-03-04 14:26:30Z', 'agent', lrojas, 5);
  PERFORM fixture.survey(chat, 'survey', '2025-03-04 15:05Z', 4);
  PERFORM fixture.escalation(chat, 'handover', '2025-03-04 14:12:30Z');
END $$;
