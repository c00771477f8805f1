-- The canonical model: tables, keys, checks (reference/canonical-model.md 3), roles and row-level security.
--
-- Where the physical form differs from the model, a comment beside the table says why; docs/SCHEMA.md has the list.
-- Three reasons recur:
--   locality   A key that begins with the conversation has locality in live order and chat by chat alike, which a random
--              id alone does not: the hot tables are keyed that way.
--   redundancy Ids are UUIDv5 of the external id, so a second unique index on the external id proves nothing new; it is
--              dropped where it costs load time.
--   locking    A foreign key to a hot parent locks the parent's row for every child row. The loader writes parents first
--              in the same transaction, so those keys are dropped; "sluice verify" counts orphans.

CREATE SCHEMA IF NOT EXISTS etl;
SET LOCAL search_path = etl, public;
SET LOCAL lock_timeout = '5s';

CREATE TABLE tenants (
  id          uuid PRIMARY KEY,
  slug        text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,98}$'),
  name        text NOT NULL,
  timezone    text NOT NULL DEFAULT 'UTC',          -- IANA name; defines the tenant's calendar day
  locale      text NOT NULL DEFAULT 'en',
  status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active','suspended','pending','deleted')),
  settings    jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  deleted_at  timestamptz
);

CREATE TABLE channels (                             -- one ingestion connection = one provider account
  id                  uuid PRIMARY KEY,
  tenant_id           uuid NOT NULL REFERENCES tenants(id),
  provider            text NOT NULL CHECK (provider IN ('whatsapp_cloud','telegram_bot','email_imap','email_webhook','b2chat','file')),
  channel             text NOT NULL,                -- default medium of the connection
  external_account_id text NOT NULL,
  name                text,
  source_timezone     text,                         -- only for providers that send zone-less local times
  provider_sessioned  boolean NOT NULL DEFAULT false, -- provider opens and closes conversations itself
  session_gap_s       integer NOT NULL DEFAULT 86400 CHECK (session_gap_s > 0),
  outbound_visible    boolean NOT NULL DEFAULT true,  -- false: the source does not show what the business sends
  credentials_ref     text,                         -- name of a secret, never the secret
  settings            jsonb NOT NULL DEFAULT '{}',
  is_active           boolean NOT NULL DEFAULT true,
  is_verified         boolean NOT NULL DEFAULT false,
  last_verified_at    timestamptz,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  deleted_at          timestamptz,
  UNIQUE (tenant_id, id),
  UNIQUE (tenant_id, provider, external_account_id)
);

CREATE TABLE office_hours (
  id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id             uuid NOT NULL REFERENCES tenants(id),
  channel_id            uuid,                       -- NULL = whole tenant
  enabled               boolean NOT NULL DEFAULT true,
  timezone              text NOT NULL,
  schedule              jsonb NOT NULL,             -- [{"day":1,"enabled":true,"start":"09:00","end":"17:00"},...] day 1=Mon..7=Sun
  holidays              date[] NOT NULL DEFAULT '{}',
  offline_message       text,
  expected_reply_minutes integer,
  updated_at            timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id),
  UNIQUE NULLS NOT DISTINCT (tenant_id, channel_id)
);

CREATE TABLE departments (
  id              uuid PRIMARY KEY,
  tenant_id       uuid NOT NULL,
  channel_id      uuid NOT NULL,
  external_id     text COLLATE "C" NOT NULL,
  name            text NOT NULL,
  parent_id       uuid,
  path            text,                             -- materialised path '/sales/enterprise/'
  level           integer NOT NULL DEFAULT 0,
  is_leaf         boolean NOT NULL DEFAULT true,
  is_active       boolean NOT NULL DEFAULT true,
  attributes      jsonb NOT NULL DEFAULT '{}',
  profile_ver     bytea NOT NULL CHECK (octet_length(profile_ver) = 16),
  first_seen_at   timestamptz NOT NULL,
  last_seen_at    timestamptz NOT NULL,
  deleted_at      timestamptz,
  deletion_reason text,
  UNIQUE (tenant_id, channel_id, external_id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);
CREATE INDEX departments_parent_idx ON departments (tenant_id, parent_id);
CREATE INDEX departments_path_idx   ON departments (tenant_id, path text_pattern_ops);

CREATE TABLE agents (
  id              uuid PRIMARY KEY,
  tenant_id       uuid NOT NULL,
  channel_id      uuid NOT NULL,
  external_id     text COLLATE "C" NOT NULL,
  kind            text NOT NULL DEFAULT 'human' CHECK (kind IN ('human','bot')),
  name            text NOT NULL,
  email           text,
  username        text,
  department_id   uuid,
  is_active       boolean NOT NULL DEFAULT true,
  attributes      jsonb NOT NULL DEFAULT '{}',
  profile_ver     bytea NOT NULL CHECK (octet_length(profile_ver) = 16),
  first_seen_at   timestamptz NOT NULL,
  last_seen_at    timestamptz NOT NULL,
  deleted_at      timestamptz,
  deletion_reason text,
  UNIQUE (tenant_id, channel_id, external_id),
  -- no foreign key to departments: agents are written before the department they name
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);
CREATE INDEX agents_username_idx   ON agents (tenant_id, username);
CREATE INDEX agents_department_idx ON agents (tenant_id, department_id);

CREATE TABLE contacts (
  id                uuid PRIMARY KEY,
  tenant_id         uuid NOT NULL,
  channel_id        uuid NOT NULL,
  external_id       text COLLATE "C" NOT NULL,
  -- group "profile"
  display_name      text,
  username          text,
  language          text,
  avatar_url        text,
  profile_ver       bytea CHECK (octet_length(profile_ver) = 16),
  -- group "crm"
  email             text,
  mobile            text,
  phone             text,                           -- land line
  identification    text,
  address           text,
  city              text,
  country           text,
  company           text,
  merchant_id       text,
  custom_attributes jsonb,
  tags              jsonb,                          -- [{"name":"VIP","assigned_at":"2024-01-30T19:48:04Z"}]
  source_created_at timestamptz,
  source_updated_at timestamptz,
  crm_ver           bytea CHECK (octet_length(crm_ver) = 16),
  -- outside the groups
  is_stub           boolean NOT NULL DEFAULT true,  -- false once a record of the provider's own contact feed was seen
  merged_into_id    uuid,
  first_seen_at     timestamptz NOT NULL,
  last_seen_at      timestamptz NOT NULL,
  last_sync_at      timestamptz,
  deleted_at        timestamptz,
  deletion_reason   text,
  UNIQUE (tenant_id, channel_id, external_id)        -- no foreign key to channels: every batch would lock one row
);
CREATE INDEX contacts_email_idx  ON contacts (tenant_id, lower(email)) WHERE email IS NOT NULL;
CREATE INDEX contacts_mobile_idx ON contacts (tenant_id, mobile)       WHERE mobile IS NOT NULL;
CREATE INDEX contacts_merged_idx ON contacts (tenant_id, merged_into_id) WHERE merged_into_id IS NOT NULL;

CREATE TABLE contact_identities (
  id            uuid PRIMARY KEY,
  tenant_id     uuid NOT NULL,
  contact_id    uuid NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('wa_id','wa_bsuid','wa_parent_bsuid','wa_username','phone','telegram_user_id','telegram_username','email','b2chat_contact_id','external_ref')),
  value         text NOT NULL,                      -- normalised
  value_raw     text NOT NULL,
  is_primary    boolean NOT NULL DEFAULT false,
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  UNIQUE (contact_id, kind, value)                  -- begins with the contact: "identities of a contact"; no foreign key
);
CREATE INDEX contact_identities_lookup_idx ON contact_identities (tenant_id, kind, value);

CREATE TABLE conversations (
  id                  uuid PRIMARY KEY,
  tenant_id           uuid NOT NULL,
  channel_id          uuid NOT NULL,
  external_id         text COLLATE "C" NOT NULL,
  channel             text NOT NULL CHECK (channel IN ('whatsapp','telegram','email','facebook','instagram','livechat','sms','voice','slack','teams','social','bot_api','other')),
  kind                text NOT NULL DEFAULT 'direct' CHECK (kind IN ('direct','group','broadcast')),
  contact_id          uuid,
  -- group "lifecycle"
  status              text NOT NULL DEFAULT 'new' CHECK (status IN ('new','bot_active','queued','open','pending','snoozed','resolved','abandoned','archived','spam')),
  provider_status     text,
  survey_state        text NOT NULL DEFAULT 'none' CHECK (survey_state IN ('none','requested','completed','abandoned')),
  assigned_agent_id   uuid,
  department_id       uuid,
  is_agent_available  boolean,
  priority            text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low','normal','high','urgent')),
  opened_at           timestamptz,
  picked_up_at        timestamptz,
  provider_response_at timestamptz,                 -- first agent response as the provider states it
  closed_at           timestamptz,
  provider_duration_s integer,
  resolution_note     text,
  lifecycle_ver       bytea CHECK (octet_length(lifecycle_ver) = 16),
  -- group "labels"
  subject             text,
  topic               text,
  account_alias       text,
  viewer_url          text,
  tags                text[] NOT NULL DEFAULT '{}',
  labels_ver          bytea CHECK (octet_length(labels_ver) = 16),
  -- monotone fields
  started_at          timestamptz NOT NULL,         -- MIN
  source_created_at   timestamptz,                  -- MIN
  last_message_at     timestamptz,                  -- MAX
  last_inbound_at     timestamptz,                  -- MAX
  last_outbound_at    timestamptz,                  -- MAX
  metadata            jsonb NOT NULL DEFAULT '{}',
  first_seen_at       timestamptz NOT NULL,
  last_seen_at        timestamptz NOT NULL,
  last_sync_at        timestamptz,
  sync_version        integer NOT NULL DEFAULT 1,   -- +1 on every effective change
  archived_at         timestamptz,
  deleted_at          timestamptz,
  deletion_reason     text,
  UNIQUE (tenant_id, channel_id, external_id)       -- no foreign keys: see the head of this file
) WITH (fillfactor = 80);                           -- last_message_at moves with every batch; no index covers it, so updates stay in the page
CREATE INDEX conversations_contact_idx ON conversations (tenant_id, contact_id, started_at);
CREATE INDEX conversations_started_idx ON conversations (tenant_id, started_at);
CREATE INDEX conversations_tags_idx    ON conversations USING gin (tags) WHERE tags <> '{}';

-- messages: the hot table. Key (conversation_id, id): locality, and one index instead of two. No unique external id (the id
-- is its hash), no foreign keys, no session_id: sessions are cut by time, so the session of a message is the one of its
-- conversation whose span holds sent_at, and a re-cut rewrites sessions, never messages. bi.messages shows it.
CREATE TABLE messages (
  id                  uuid NOT NULL,
  tenant_id           uuid NOT NULL,
  channel_id          uuid NOT NULL,
  conversation_id     uuid NOT NULL,
  external_id         text COLLATE "C" NOT NULL,
  direction           text NOT NULL CHECK (direction IN ('inbound','outbound')),
  sender_type         text NOT NULL CHECK (sender_type IN ('contact','agent','bot','system')),
  sender_agent_id     uuid,
  contact_id          uuid,                         -- sender (inbound) or recipient (outbound), where known
  -- group "content"
  type                text NOT NULL CHECK (type IN ('text','image','audio','video','document','sticker','location','contact','interactive','template','order','poll','call','system','unsupported')),
  subtype             text,                         -- the channel's own word: voice, video_note, nfm_reply, dice, ...
  text                text,
  caption             text,
  location            jsonb,                        -- {"lat":..,"lon":..,"name":..,"address":..}
  reply_to_external_id text,
  template_name       text,
  metadata            jsonb NOT NULL DEFAULT '{}',
  edited_at           timestamptz,
  content_ver         bytea NOT NULL CHECK (octet_length(content_ver) = 16),
  -- monotone and derived fields
  is_broadcast        boolean NOT NULL DEFAULT false, -- OR
  sent_at             timestamptz NOT NULL,         -- MIN
  ordinal             integer NOT NULL DEFAULT 0,   -- tie-break of equal sent_at
  status              text NOT NULL CHECK (status IN ('received','pending','sent','failed','delivered','read','played')),
  status_rank         smallint NOT NULL,
  delivered_at        timestamptz,                  -- MIN
  read_at             timestamptz,                  -- MIN
  failed_at           timestamptz,                  -- MIN
  error_code          text,
  error_message       text,
  ai_confidence       numeric(4,3),
  sentiment           numeric(4,3),
  tokens_used         integer,
  first_seen_at       timestamptz NOT NULL,
  last_seen_at        timestamptz NOT NULL,
  deleted_at          timestamptz,                  -- MIN, never cleared
  deletion_reason     text,
  PRIMARY KEY (conversation_id, id),
  CHECK ((direction = 'inbound') = (sender_type = 'contact'))
);
CREATE INDEX messages_sent_idx ON messages (tenant_id, sent_at);

-- Attachments belong to the content group of their message: those of the winning version (content_ver) stand.
CREATE TABLE message_attachments (
  id                uuid NOT NULL,
  tenant_id         uuid NOT NULL,
  conversation_id   uuid NOT NULL,                  -- with message_id the key of the message
  message_id        uuid NOT NULL,
  ordinal           integer NOT NULL,
  type              text NOT NULL CHECK (type IN ('image','audio','video','document','sticker','other')),
  provider_media_id text,
  source_url        text,                           -- provider URL, may expire
  storage_url       text,                           -- own copy
  fetch_state       text NOT NULL DEFAULT 'none' CHECK (fetch_state IN ('none','pending','stored','failed','expired')),
  mime_type         text,
  filename          text,
  size_bytes        bigint CHECK (size_bytes >= 0),
  sha256            bytea CHECK (octet_length(sha256) = 32),
  width             integer,
  height            integer,
  duration_s        numeric(10,3),
  thumbnail_url     text,
  metadata          jsonb NOT NULL DEFAULT '{}',
  first_seen_at     timestamptz NOT NULL,
  content_ver       bytea NOT NULL CHECK (octet_length(content_ver) = 16),
  PRIMARY KEY (message_id, ordinal)
);

-- Key (message_id, id): the history of a message is one range of one index.
CREATE TABLE message_status_events (                -- append-only history; no FK to messages on purpose
  id                  uuid NOT NULL,
  tenant_id           uuid NOT NULL,
  channel_id          uuid NOT NULL,
  conversation_id     uuid,                         -- NULL: the source names the message only
  message_id          uuid NOT NULL,
  message_external_id text NOT NULL,
  status              text NOT NULL CHECK (status IN ('received','pending','sent','failed','delivered','read','played')),
  recipient           text NOT NULL DEFAULT '',     -- group messages: participant
  occurred_at         timestamptz NOT NULL,
  received_at         timestamptz NOT NULL,
  error_code          text,
  error_message       text,
  metadata            jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (message_id, id)
);

CREATE TABLE conversation_events (                  -- append-only; no FK to conversations on purpose
  id                 uuid NOT NULL,
  tenant_id          uuid NOT NULL,
  channel_id         uuid NOT NULL,
  conversation_id    uuid NOT NULL,
  external_id        text COLLATE "C" NOT NULL,
  event_type         text NOT NULL CHECK (event_type IN ('created','opened','picked_up','assigned','unassigned','transferred','status_changed','first_response','snoozed','resolved','reopened','closed','abandoned','tag_added','tag_removed','priority_changed','escalated','escalation_resolved','csat_requested','csat_received','csat_abandoned','note_added','message_edited','message_deleted','reaction_added','reaction_removed','merged')),
  occurred_at        timestamptz NOT NULL,
  is_inferred        boolean NOT NULL DEFAULT false, -- deduced from snapshots, not stated by the provider
  actor_type         text NOT NULL DEFAULT 'system' CHECK (actor_type IN ('contact','agent','bot','system')),
  actor_agent_id     uuid,
  from_agent_id      uuid,
  to_agent_id        uuid,
  from_department_id uuid,
  to_department_id   uuid,
  from_status        text,
  to_status          text,
  tag                text,
  assignment_type    text CHECK (assignment_type IN ('manual','auto','round_robin','rule','unknown')),
  reason             text,
  data               jsonb NOT NULL DEFAULT '{}',
  received_at        timestamptz NOT NULL,
  PRIMARY KEY (conversation_id, id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);
CREATE INDEX conversation_events_time_idx ON conversation_events (tenant_id, occurred_at);

CREATE TABLE csat_responses (
  id              uuid PRIMARY KEY,
  tenant_id       uuid NOT NULL,
  channel_id      uuid NOT NULL,
  conversation_id uuid NOT NULL,
  external_id     text COLLATE "C" NOT NULL,
  contact_id      uuid,
  agent_id        uuid,
  state           text NOT NULL CHECK (state IN ('requested','completed','abandoned')),
  rating          numeric(6,2),
  scale_min       numeric(6,2) NOT NULL DEFAULT 1,
  scale_max       numeric(6,2) NOT NULL DEFAULT 5,
  score_pct       numeric(5,2) GENERATED ALWAYS AS
                  (CASE WHEN scale_max > scale_min THEN round(100 * (rating - scale_min) / (scale_max - scale_min), 2) END) STORED,
  feedback        text,
  requested_at    timestamptz,
  responded_at    timestamptz,
  abandoned_at    timestamptz,
  raw             jsonb,
  csat_ver        bytea NOT NULL CHECK (octet_length(csat_ver) = 16),
  first_seen_at   timestamptz NOT NULL,
  UNIQUE (tenant_id, channel_id, external_id),
  CHECK (rating IS NULL OR rating BETWEEN scale_min AND scale_max),
  CHECK (rating IS NULL OR (state = 'completed' AND responded_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);
CREATE INDEX csat_responses_conv_idx ON csat_responses (conversation_id);
CREATE INDEX csat_responses_time_idx ON csat_responses (tenant_id, responded_at);

CREATE TABLE escalations (
  id                uuid PRIMARY KEY,
  tenant_id         uuid NOT NULL,
  channel_id        uuid NOT NULL,
  conversation_id   uuid NOT NULL,
  external_id       text COLLATE "C" NOT NULL,
  trigger_type      text NOT NULL CHECK (trigger_type IN ('keyword','sentiment','confidence','explicit_request','manual','bot_handoff','unknown')),
  reason            text,
  priority          text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low','normal','high','urgent')),
  status            text NOT NULL CHECK (status IN ('pending','assigned','in_progress','resolved','returned_to_bot','abandoned')),
  from_agent_id     uuid,
  assigned_agent_id uuid,
  escalated_at      timestamptz NOT NULL,
  first_response_at timestamptz,
  resolved_at       timestamptz,
  wait_s            integer GENERATED ALWAYS AS ((EXTRACT(epoch FROM first_response_at - escalated_at))::integer) STORED,
  handle_s          integer GENERATED ALWAYS AS ((EXTRACT(epoch FROM resolved_at - escalated_at))::integer) STORED,
  resolution_note   text,
  data              jsonb NOT NULL DEFAULT '{}',
  is_inferred       boolean NOT NULL DEFAULT false,
  esc_ver           bytea NOT NULL CHECK (octet_length(esc_ver) = 16),
  first_seen_at     timestamptz NOT NULL,
  UNIQUE (tenant_id, channel_id, external_id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);
CREATE INDEX escalations_conv_idx ON escalations (conversation_id);
CREATE INDEX escalations_time_idx ON escalations (tenant_id, escalated_at);

-- Threads that turn out to be one (canonical-model 11.2). Flat: to_conversation_id is the smallest id of the joined set and
-- never has a row of its own, so readers resolve in one step.
CREATE TABLE conversation_aliases (
  tenant_id            uuid NOT NULL,
  from_conversation_id uuid NOT NULL,
  to_conversation_id   uuid NOT NULL,
  reason               text NOT NULL,
  first_seen_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, from_conversation_id),
  CHECK (to_conversation_id < from_conversation_id)
);
CREATE INDEX conversation_aliases_to_idx ON conversation_aliases (tenant_id, to_conversation_id);

CREATE TABLE email_links (                          -- which conversations name one mail: evidence for aliases
  tenant_id       uuid NOT NULL,
  channel_id      uuid NOT NULL,
  link_hash       bytea NOT NULL CHECK (octet_length(link_hash) BETWEEN 8 AND 32),
  conversation_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, channel_id, link_hash, conversation_id)
);

CREATE TABLE sla_policies (
  id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id              uuid NOT NULL REFERENCES tenants(id),
  name                   text NOT NULL,
  description            text,
  pickup_target_s        integer CHECK (pickup_target_s > 0),
  first_response_target_s integer CHECK (first_response_target_s > 0),
  resolution_target_s    integer CHECK (resolution_target_s > 0),
  clock                  text NOT NULL DEFAULT 'wall' CHECK (clock IN ('wall','business')),
  conditions             jsonb NOT NULL DEFAULT '{}', -- {"channels":[],"priorities":[],"department_ids":[],"tags":[]}; empty = any
  precedence             integer NOT NULL DEFAULT 100, -- smaller wins
  is_active              boolean NOT NULL DEFAULT true,
  is_default             boolean NOT NULL DEFAULT false,
  created_at             timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, id),
  UNIQUE (tenant_id, name)
);
CREATE UNIQUE INDEX sla_policies_default_idx ON sla_policies (tenant_id) WHERE is_default AND is_active;

CREATE TABLE conversation_sessions (                -- derived; rebuilt as a whole per conversation
  id                 uuid PRIMARY KEY,
  tenant_id          uuid NOT NULL,
  channel_id         uuid NOT NULL,
  conversation_id    uuid NOT NULL,
  seq                integer NOT NULL,
  channel            text NOT NULL,
  contact_id         uuid,
  agent_id           uuid,
  department_id      uuid,
  initiated_by       text NOT NULL CHECK (initiated_by IN ('contact','business','unknown')),
  started_at         timestamptz NOT NULL,
  last_activity_at   timestamptz NOT NULL,
  ended_at           timestamptz,
  outcome            text NOT NULL CHECK (outcome IN ('open','resolved','abandoned','outreach','unknown')),
  resolved_at        timestamptz,
  abandoned_at       timestamptz,
  opened_at          timestamptz,
  picked_up_at       timestamptz,
  first_inbound_at   timestamptz,
  first_response_at  timestamptz,                   -- first human response
  first_bot_response_at timestamptz,
  inbound_count      integer NOT NULL DEFAULT 0,
  agent_count        integer NOT NULL DEFAULT 0,
  bot_count          integer NOT NULL DEFAULT 0,
  broadcast_count    integer NOT NULL DEFAULT 0,
  queue_s            integer,
  pickup_s           integer,
  response_s         integer,
  first_response_s   integer,
  resolution_s       integer,
  duration_s         integer,
  avg_response_s     numeric(12,2),
  response_count     integer NOT NULL DEFAULT 0,
  first_response_bh_s integer,
  resolution_bh_s    integer,
  csat_score_pct     numeric(5,2),
  escalated          boolean NOT NULL DEFAULT false,
  -- Each answered wait of the session, in order: when it was answered, and how long the contact had waited.
  -- Kept so that the response times of a day are read from its sessions, not recomputed from whole conversations.
  replied_at         timestamptz[] NOT NULL DEFAULT '{}',
  waited_us          bigint[] NOT NULL DEFAULT '{}',
  computed_at        timestamptz NOT NULL,
  UNIQUE (conversation_id, seq),
  CHECK (cardinality(replied_at) = response_count AND cardinality(waited_us) = response_count)
);
-- One index per instant that a day is asked for; opened_at mostly equals started_at and is indexed only where it differs.
CREATE INDEX conversation_sessions_started_idx   ON conversation_sessions (tenant_id, started_at);
CREATE INDEX conversation_sessions_opened_idx    ON conversation_sessions (tenant_id, opened_at) WHERE opened_at <> started_at;
CREATE INDEX conversation_sessions_picked_idx    ON conversation_sessions (tenant_id, picked_up_at) WHERE picked_up_at IS NOT NULL;
CREATE INDEX conversation_sessions_responded_idx ON conversation_sessions (tenant_id, first_response_at) WHERE first_response_at IS NOT NULL;
CREATE INDEX conversation_sessions_resolved_idx  ON conversation_sessions (tenant_id, resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX conversation_sessions_abandoned_idx ON conversation_sessions (tenant_id, abandoned_at) WHERE abandoned_at IS NOT NULL;
CREATE INDEX conversation_sessions_contact_idx   ON conversation_sessions (tenant_id, contact_id, started_at);
CREATE INDEX conversation_sessions_open_idx      ON conversation_sessions (tenant_id, channel_id, last_activity_at) WHERE outcome = 'open';

CREATE TABLE sla_evaluations (
  tenant_id       uuid NOT NULL,
  session_id      uuid NOT NULL,
  metric          text NOT NULL CHECK (metric IN ('pickup','first_response','resolution')),
  conversation_id uuid NOT NULL,
  policy_id       uuid NOT NULL,
  clock           text NOT NULL,
  target_s        integer NOT NULL,
  anchor_at       timestamptz NOT NULL,
  due_at          timestamptz NOT NULL,
  met_at          timestamptz,
  actual_s        integer,
  state           text NOT NULL CHECK (state IN ('pending','met','breached','cancelled')),
  breached_at     timestamptz,
  evaluated_at    timestamptz NOT NULL,
  PRIMARY KEY (session_id, metric),
  CHECK ((state = 'breached') = (breached_at IS NOT NULL)),
  FOREIGN KEY (session_id) REFERENCES conversation_sessions(id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, policy_id)  REFERENCES sla_policies(tenant_id, id)
);
CREATE INDEX sla_evaluations_due_idx    ON sla_evaluations (tenant_id, due_at) WHERE state = 'pending';
CREATE INDEX sla_evaluations_breach_idx ON sla_evaluations (tenant_id, breached_at) WHERE state = 'breached';
-- What the rollup still has to recompute: two append-only queues. A loader only adds rows and so never waits for the rollup;
-- the rollup deletes what it takes in the transaction that rewrites the results. The same mark may stand there many times.
CREATE TABLE rollup_dirty_days (
  id        bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  day       date NOT NULL,                          -- tenant-local
  marked_at timestamptz NOT NULL DEFAULT now(),
  reason    text NOT NULL DEFAULT ''
);
CREATE INDEX rollup_dirty_days_idx ON rollup_dirty_days (tenant_id, day);

CREATE TABLE rollup_dirty_conversations (
  id              bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id       uuid NOT NULL,
  conversation_id uuid NOT NULL,
  marked_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rollup_dirty_conversations_idx ON rollup_dirty_conversations (tenant_id, conversation_id);

CREATE TABLE daily_analytics (
  tenant_id                uuid NOT NULL REFERENCES tenants(id),
  date                     date NOT NULL,
  channel                  text,                    -- NULL = all channels
  agent_id                 uuid,                    -- NULL = all agents, including unassigned
  total_conversations      integer NOT NULL DEFAULT 0,
  new_conversations        integer NOT NULL DEFAULT 0,
  resolved_conversations   integer NOT NULL DEFAULT 0,
  escalated_conversations  integer NOT NULL DEFAULT 0,
  abandoned_conversations  integer NOT NULL DEFAULT 0,
  outreach_conversations   integer NOT NULL DEFAULT 0,
  total_messages           integer NOT NULL DEFAULT 0,
  user_messages            integer NOT NULL DEFAULT 0,
  ai_messages              integer NOT NULL DEFAULT 0,
  human_agent_messages     integer NOT NULL DEFAULT 0,
  broadcast_messages       integer NOT NULL DEFAULT 0,
  avg_response_time        numeric(12,2),           -- seconds
  response_time_s_sum      numeric NOT NULL DEFAULT 0,
  response_time_count      integer NOT NULL DEFAULT 0,
  avg_first_response_time  numeric(12,2),           -- seconds
  first_response_time_s_sum numeric NOT NULL DEFAULT 0,
  first_response_time_count integer NOT NULL DEFAULT 0,
  avg_conversation_duration numeric(12,2),          -- seconds
  conversation_duration_s_sum numeric NOT NULL DEFAULT 0,
  conversation_duration_count integer NOT NULL DEFAULT 0,
  avg_messages_per_conversation numeric(10,2),
  avg_confidence_score     numeric(4,3),
  confidence_score_sum     numeric NOT NULL DEFAULT 0,
  confidence_score_count   integer NOT NULL DEFAULT 0,
  avg_sentiment_score      numeric(4,3),
  sentiment_score_sum      numeric NOT NULL DEFAULT 0,
  sentiment_score_count    integer NOT NULL DEFAULT 0,
  total_tokens_used        bigint NOT NULL DEFAULT 0,
  rag_queries_count        integer NOT NULL DEFAULT 0,
  avg_rag_relevance        numeric(4,3),
  estimated_cost           numeric(14,4),
  csat_responses           integer NOT NULL DEFAULT 0,
  avg_csat_pct             numeric(5,2),
  csat_pct_sum             numeric NOT NULL DEFAULT 0,
  computed_at              timestamptz NOT NULL,
  UNIQUE NULLS NOT DISTINCT (tenant_id, date, channel, agent_id)
);
CREATE INDEX daily_analytics_agent_idx ON daily_analytics (tenant_id, agent_id, date);

CREATE TABLE report_snapshots (
  tenant_id    uuid NOT NULL REFERENCES tenants(id),
  report_type  text NOT NULL CHECK (report_type IN ('conversations','agents','csat','ai_agent')),
  granularity  text NOT NULL CHECK (granularity IN ('day','week','month')),
  period_start date NOT NULL,                       -- tenant-local; week = ISO Monday, month = 1st
  period_end   date NOT NULL,                       -- exclusive
  metrics      jsonb NOT NULL,
  is_final     boolean NOT NULL DEFAULT false,      -- period over and nothing dirty inside it
  computed_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, report_type, granularity, period_start),
  CHECK (period_end > period_start)
);

CREATE TABLE effectiveness_analyses (
  id                    uuid PRIMARY KEY,
  tenant_id             uuid NOT NULL,
  conversation_id       uuid NOT NULL,
  session_id            uuid,                       -- NULL allowed for external analyses
  method                text NOT NULL CHECK (method IN ('computed','external')),
  method_version        text NOT NULL,
  requested_by          text,
  effectiveness_score   numeric(5,2) NOT NULL CHECK (effectiveness_score BETWEEN 0 AND 100),
  response_time_score   numeric(5,2) NOT NULL CHECK (response_time_score BETWEEN 0 AND 100),
  resolution_score      numeric(5,2) NOT NULL CHECK (resolution_score BETWEEN 0 AND 100),
  customer_satisfaction numeric(5,2) CHECK (customer_satisfaction BETWEEN 0 AND 100),
  analysis_data         jsonb NOT NULL DEFAULT '{}',
  analyzed_at           timestamptz NOT NULL
);
CREATE INDEX effectiveness_analyses_conv_idx  ON effectiveness_analyses (tenant_id, conversation_id, analyzed_at DESC);
CREATE INDEX effectiveness_analyses_score_idx ON effectiveness_analyses (tenant_id, effectiveness_score);

CREATE TABLE effectiveness_snapshots (
  tenant_id            uuid NOT NULL REFERENCES tenants(id),
  granularity          text NOT NULL CHECK (granularity IN ('day','week','month')),
  period_start         date NOT NULL,
  channel              text,
  agent_id             uuid,
  sessions_scored      integer NOT NULL,
  sessions_with_csat   integer NOT NULL,
  avg_effectiveness    numeric(5,2),
  avg_response_time_score numeric(5,2),
  avg_resolution_score numeric(5,2),
  avg_satisfaction     numeric(5,2),                -- over sessions_with_csat only
  effectiveness_sum    numeric NOT NULL DEFAULT 0,  -- each sum beside its average: averages of any range can be recombined
  response_time_score_sum numeric NOT NULL DEFAULT 0,
  resolution_score_sum numeric NOT NULL DEFAULT 0,
  satisfaction_sum     numeric NOT NULL DEFAULT 0,
  computed_at          timestamptz NOT NULL,
  UNIQUE NULLS NOT DISTINCT (tenant_id, granularity, period_start, channel, agent_id)
);

-- How far the bus was consumed: written in the transaction that writes the rows, so that both stand or fall together.
-- No tenant: a partition carries many.
CREATE TABLE bus_offsets (
  bus            text NOT NULL,
  consumer_group text NOT NULL,
  topic          text NOT NULL,
  partition      integer NOT NULL CHECK (partition >= 0),
  next_offset    bigint NOT NULL CHECK (next_offset >= 0),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bus, consumer_group, topic, partition)
);

CREATE TABLE sync_runs (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id       uuid NOT NULL,
  channel_id      uuid NOT NULL,
  entity_type     text NOT NULL CHECK (entity_type IN ('chats','contacts','agents','departments','messages','events','all')),
  operation       text NOT NULL CHECK (operation IN ('full','incremental','manual','backfill','webhook')),
  triggered_by    text NOT NULL DEFAULT 'scheduler',
  status          text NOT NULL DEFAULT 'in_progress' CHECK (status IN ('in_progress','success','partial','error','cancelled')),
  record_count    bigint NOT NULL DEFAULT 0,
  started_at      timestamptz NOT NULL,
  completed_at    timestamptz,
  error_message   text,
  metadata        jsonb NOT NULL DEFAULT '{}',      -- date window, filters, api_calls, retries
  UNIQUE (tenant_id, id),
  CHECK ((status = 'in_progress') = (completed_at IS NULL)),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);
CREATE INDEX sync_runs_entity_idx ON sync_runs (tenant_id, channel_id, entity_type, started_at DESC);
CREATE INDEX sync_runs_status_idx ON sync_runs (tenant_id, status);

CREATE TABLE sync_states (
  tenant_id           uuid NOT NULL,
  channel_id          uuid NOT NULL,
  entity_type         text NOT NULL,
  sync_status         text NOT NULL DEFAULT 'idle' CHECK (sync_status IN ('idle','running','error','paused')),
  last_sync_timestamp timestamptz,                  -- start of the last fully successful run
  last_synced_id      text,
  last_sync_offset    bigint,
  cursor              jsonb NOT NULL DEFAULT '{}',  -- connector-specific (Telegram offset, IMAP UIDVALIDITY/UID, B2Chat window)
  total_records       bigint NOT NULL DEFAULT 0,
  successful_records  bigint NOT NULL DEFAULT 0,
  failed_records      bigint NOT NULL DEFAULT 0,
  sync_duration_ms    bigint,
  lease_owner         text,
  lease_expires_at    timestamptz,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, channel_id, entity_type),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);

CREATE TABLE sync_checkpoints (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id          uuid NOT NULL,
  sync_run_id        uuid NOT NULL,
  entity_type        text NOT NULL,
  part               text NOT NULL DEFAULT '',      -- e.g. the day window '2025-03-04'
  total_records      bigint,
  processed_records  bigint NOT NULL DEFAULT 0,
  successful_records bigint NOT NULL DEFAULT 0,
  failed_records     bigint NOT NULL DEFAULT 0,
  failure_details    jsonb,                         -- [{"id":"...","error":"..."}], at most 100 entries
  checkpoint         text,                          -- opaque marker
  status             text NOT NULL DEFAULT 'active' CHECK (status IN ('active','completed','failed')),
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now(),
  completed_at       timestamptz,
  UNIQUE (tenant_id, sync_run_id, entity_type, part),
  FOREIGN KEY (tenant_id, sync_run_id) REFERENCES sync_runs(tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE raw_responses (                        -- ApiResponseLog, plus webhook bodies and file chunks
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id      uuid NOT NULL,
  channel_id     uuid NOT NULL,
  sync_run_id    uuid,
  source_kind    text NOT NULL CHECK (source_kind IN ('poll','webhook','file')),
  endpoint       text NOT NULL,                     -- path of the API or webhook, or file name
  request_params jsonb NOT NULL DEFAULT '{}',       -- secrets removed
  http_status    integer,
  headers        jsonb,                             -- selected response or request headers, secrets removed
  body           bytea NOT NULL,                    -- exact bytes, encoded as said next
  body_encoding  text NOT NULL DEFAULT 'zlib' CHECK (body_encoding IN ('identity','zlib')),
  body_sha256    bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
  response_size  bigint NOT NULL,                   -- decoded size
  record_count   integer NOT NULL DEFAULT 0,
  fetched_at     timestamptz NOT NULL,              -- when the reply was received
  created_at     timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id)
);
CREATE INDEX raw_responses_run_idx  ON raw_responses (tenant_id, sync_run_id);
CREATE INDEX raw_responses_time_idx ON raw_responses (tenant_id, endpoint, fetched_at);

CREATE TABLE dead_letters (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id       uuid NOT NULL,
  channel_id      uuid,
  stage           text NOT NULL CHECK (stage IN ('receive','parse','normalize','publish','load','derive')),
  entity_type     text,
  external_id     text,
  error_code      text NOT NULL,
  error_message   text NOT NULL,
  payload         bytea,
  payload_sha256  bytea NOT NULL CHECK (octet_length(payload_sha256) = 32),
  raw_response_id bigint,
  kafka_topic     text,
  kafka_partition integer,
  kafka_offset    bigint,
  attempts        integer NOT NULL DEFAULT 1,
  status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open','retried','resolved','discarded')),
  first_failed_at timestamptz NOT NULL,
  last_failed_at  timestamptz NOT NULL,
  UNIQUE (tenant_id, stage, payload_sha256, error_code)
);
CREATE INDEX dead_letters_open_idx ON dead_letters (tenant_id, status, last_failed_at);

CREATE TABLE error_logs (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id      uuid,                              -- NULL = not tenant-bound
  occurred_at    timestamptz NOT NULL DEFAULT now(),
  level          text NOT NULL CHECK (level IN ('warn','error','critical','fatal')),
  source         text NOT NULL,                     -- 'webhook','poll','normalize','load','rollup','export','auth'
  error_code     text,
  message        text NOT NULL,
  stack_trace    text,
  user_ref       text,
  request_id     text,
  correlation_id text,
  metadata       jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX error_logs_time_idx ON error_logs (tenant_id, occurred_at DESC);
-- a session's impossible timing is reported once, however often it is recomputed
CREATE UNIQUE INDEX error_logs_metric_idx ON error_logs (tenant_id, (metadata->>'session_id'), (metadata->>'metric')) WHERE error_code = 'metric_negative';
CREATE INDEX error_logs_corr_idx ON error_logs (correlation_id) WHERE correlation_id IS NOT NULL;

CREATE TABLE audit_logs (                           -- append-only
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id      uuid,
  occurred_at    timestamptz NOT NULL DEFAULT now(),
  actor_type     text NOT NULL CHECK (actor_type IN ('user','system','api')),
  actor_ref      text,
  actor_email    text,
  session_ref    text,
  ip_address     inet,
  user_agent     text,
  event_type     text NOT NULL,                     -- dotted: data.export, contact.merged, ...
  severity       text NOT NULL DEFAULT 'low' CHECK (severity IN ('low','medium','high','critical')),
  resource_type  text,
  resource_id    text,
  details        jsonb NOT NULL DEFAULT '{}',
  success        boolean NOT NULL DEFAULT true,
  error_message  text,
  request_id     text,
  correlation_id text
);
CREATE INDEX audit_logs_time_idx     ON audit_logs (tenant_id, occurred_at DESC);
CREATE INDEX audit_logs_event_idx    ON audit_logs (tenant_id, event_type, occurred_at DESC);
CREATE INDEX audit_logs_resource_idx ON audit_logs (tenant_id, resource_type, resource_id);
CREATE FUNCTION audit_logs_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('app.retention_job', true) = 'on' THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'audit_logs is append-only';
END $$;
CREATE TRIGGER audit_logs_no_change BEFORE UPDATE OR DELETE ON audit_logs
  FOR EACH ROW EXECUTE FUNCTION audit_logs_immutable();

CREATE TABLE export_logs (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id    uuid NOT NULL REFERENCES tenants(id),
  requested_by text NOT NULL,
  export_type  text NOT NULL CHECK (export_type IN ('agents','contacts','conversations','messages','report','custom')),
  file_name    text NOT NULL,
  file_url     text,
  record_count bigint NOT NULL DEFAULT 0,
  status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending','processing','completed','failed','expired')),
  created_at   timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  expires_at   timestamptz
);
CREATE INDEX export_logs_status_idx ON export_logs (tenant_id, status);

CREATE TABLE retention_policies (
  tenant_id uuid NOT NULL REFERENCES tenants(id),
  dataset   text NOT NULL CHECK (dataset IN ('messages','attachments','conversations','contacts','sync_runs','raw_responses','dead_letters','error_logs','audit_logs','export_logs','effectiveness_analyses','analytics')),
  keep_days integer CHECK (keep_days > 0),          -- NULL = indefinite
  action    text NOT NULL CHECK (action IN ('delete','archive','anonymize')),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, dataset)
);

CREATE TABLE reader_tenants (                       -- which tenants a BI login sees; the only thing that row-level security asks of it
  login     name NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenants(id),
  granted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (login, tenant_id)
);
