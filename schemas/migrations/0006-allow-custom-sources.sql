-- Tenants' own sources: canonical records and webhooks of their own programs.

SET LOCAL search_path = etl, public;

ALTER TABLE channels DROP CONSTRAINT channels_provider_check;
ALTER TABLE channels ADD CONSTRAINT channels_provider_check
  CHECK (provider IN ('whatsapp_cloud', 'telegram_bot', 'email_imap', 'email_webhook', 'b2chat', 'file', 'custom'));

COMMENT ON COLUMN channels.provider IS
  'Who delivers: whatsapp_cloud, telegram_bot, email_imap, email_webhook, b2chat, file, custom (a program of the tenant''s own).';
