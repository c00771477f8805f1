#include "pipelines/pipeline_keys.h"

#include "lib/limits.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* The shape of an IANA name; whether the zone exists is PostgreSQL's to say. */
#define ZONE_PATTERN "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
#define ZONE_EXPECTED "an IANA time zone such as America/Bogota or UTC"

#define ADDRESS_PATTERN "([^]:, []+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}"
#define CONNECTOR_PATTERN "^[a-z0-9][a-z0-9-]{0,62}$"

static const struct conf_key database_keys[] = {
    {CONF_AT_SECRET(struct file_database, url), .name = "url", .required = true,
     .expected = "a libpq URL such as postgresql://user@host/database",
     .help = "Where PostgreSQL is: a libpq URL or keyword string. A password is better kept in a "
             "passfile or in `${file:...}`."},
    {.name = NULL}};

static const struct conf_key embedded_keys[] = {
    {CONF_AT_TEXT(struct file_bus, path), .name = "path", .fallback = "var/bus.db",
     .help = "The SQLite file of the embedded bus. A relative path starts at the working "
             "directory."},
    {.name = NULL}};

static const struct conf_key kafka_keys[] = {
    {CONF_AT_TEXT(struct file_bus, brokers), .name = "brokers", .required = true,
     .pattern = "^" ADDRESS_PATTERN "(," ADDRESS_PATTERN ")*$",
     .expected = "brokers as host:port,host:port", .help = "Brokers to begin with."},
    {CONF_AT_INT(struct file_bus, partitions), .name = "partitions", .fallback = "12", .least = 1,
     .most = 10000, .help = "Partitions of the topics that sluice makes; those there are stay."},
    {CONF_AT_INT(struct file_bus, replication), .name = "replication", .fallback = "1", .least = 1,
     .most = 100,
     .help = "Copies of each partition of the topics that sluice makes. Use 3 with "
             "three brokers or more."},
    {CONF_AT_DURATION(struct file_bus, delivery_timeout), .name = "delivery_timeout",
     .fallback = "10s", .least = SECOND, .most = 10 * MINUTE,
     .help = "How long a record may stay unconfirmed before its sender is told to come back."},
    {CONF_AT_SECRET_MAP(struct file_bus, properties), .name = "properties",
     .help = "librdkafka properties, passed on as they are: `security.protocol`, "
             "`sasl.username`, ..."},
    {.name = NULL}};

static const char *const bus_kinds[] = {"embedded", "kafka", NULL};
static const struct conf_variant bus_variants[] = {
    {"embedded", embedded_keys}, {"kafka", kafka_keys}, {NULL, NULL}};

static const struct conf_key bus_keys[] = {
    {CONF_AT_CHOICE(struct file_bus, kind), .name = "kind", .fallback = "embedded",
     .words = bus_kinds, .variants = bus_variants,
     .help = "`embedded` is a log in one file, for one machine; `kafka` is for more."},
    {CONF_AT_TEXT(struct file_bus, topic_prefix), .name = "topic_prefix", .fallback = "sluice",
     .pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$",
     .expected = "letters, digits, dots, dashes and underscores",
     .help = "Topics are named `PREFIX.records`, `PREFIX.raw` and `PREFIX.deadletter`."},
    {CONF_AT_DURATION(struct file_bus, retention), .name = "retention", .fallback = "30d",
     .least = DAY, .most = 3650 * DAY,
     .help = "How long the bus keeps raw traffic, and records that no loader has read."},
    {.name = NULL}};

static const struct conf_key tls_keys[] = {
    {CONF_AT_TEXT(struct file_tls, certificate), .name = "certificate", .required = true,
     .expected = "a PEM file",
     .help = "PEM file of the server's certificate and those that lead from it to a public "
             "authority. Files are read at start, and on SIGHUP to `sluice run`."},
    {CONF_AT_TEXT(struct file_tls, key), .name = "key", .required = true, .expected = "a PEM file",
     .help = "PEM file of its private key, without a passphrase."},
    {CONF_AT_TEXT(struct file_tls, client_ca), .name = "client_ca", .expected = "a PEM file",
     .help = "PEM file of authorities: a client must show a certificate that one of them has "
             "issued, for every route of the listener."},
    {CONF_AT_TEXT(struct file_tls, client_name), .name = "client_name",
     .pattern = "^[A-Za-z0-9.-]{1,253}$",
     .expected = "a name such as client.webhooks.fbclientcerts.com",
     .help = "The common name, or one of the DNS names, that it must have; needed where the "
             "authority issues certificates to others too."},
    {.name = NULL}};

static const struct conf_key receive_keys[] = {
    {CONF_AT_TEXT(struct file_receive, listen), .name = "listen", .fallback = "127.0.0.1:8080",
     .pattern = "^" ADDRESS_PATTERN "$",
     .expected = "an address such as 127.0.0.1:8080 or [::1]:8080",
     .help = "Address of the webhooks, `/hooks/TENANT/CONNECTOR`. For HTTPS: a proxy "
             "before it, or `tls`. Port 0 takes any free port."},
    {CONF_AT_TEXT(struct file_receive, admin), .name = "admin", .fallback = "127.0.0.1:9180",
     .pattern = "^(" ADDRESS_PATTERN "|none)$",
     .expected = "an address such as 127.0.0.1:9180, or none",
     .help = "Address of `/metrics`, `/healthz` and `/readyz`; `none` turns them off."},
    {CONF_AT_SIZE(struct file_receive, max_body), .name = "max_body", .fallback = "4MiB",
     .least = (int64_t)KIB, .most = (int64_t)LIMIT_BODY_MOST_BYTES,
     .help = "Larger bodies are answered 413. WhatsApp sends up to 3 MB."},
    {CONF_AT_INT(struct file_receive, threads), .name = "threads", .fallback = "0", .least = 0,
     .most = 256, .help = "Threads that serve connections; 0 is one per processor."},
    {CONF_AT_DURATION(struct file_receive, idle_timeout), .name = "idle_timeout", .fallback = "60s",
     .least = SECOND, .most = HOUR,
     .help = "A connection that sends nothing for so long is closed."},
    {CONF_AT_INT(struct file_receive, max_connections), .name = "max_connections",
     .fallback = "4096", .least = 1, .most = 1000000,
     .help = "Connections open at a time; further ones wait."},
    {CONF_AT_TABLE(struct file_receive, tls, tls_keys), .name = "tls", .optional = true,
     .help = "TLS of `listen`, at least 1.2. Without this section it speaks plain HTTP."},
    {.name = NULL}};

static const char *const spool_times[] = {"outage", "always", NULL};

static const struct conf_key spool_keys[] = {
    {CONF_AT_TEXT(struct file_spool, path), .name = "path", .required = true,
     .expected = "a file such as var/spool.db",
     .help = "The SQLite file in which the webhook endpoint keeps bodies until the bus has them; "
             "on a local disk. A relative path starts at the working directory."},
    {CONF_AT_SIZE(struct file_spool, max_size), .name = "max_size", .fallback = "1GiB",
     .least = (int64_t)(16 * MIB), .most = INT64_C(1) << 44,
     .help = "How large the file may grow; then senders are told to come back. Its write-ahead log "
             "takes up to 64 MiB more."},
    {CONF_AT_CHOICE(struct file_spool, when), .name = "when", .fallback = "outage",
     .words = spool_times,
     .help = "`outage`: bodies go to the spool while the bus takes none. `always`: every body is "
             "answered from the spool and forwarded: faster, and good for bursts, but until it is "
             "forwarded a body is on this disk alone."},
    {.name = NULL}};

static const struct conf_key load_keys[] = {
    {CONF_AT_INT(struct file_load, batch_records), .name = "batch_records", .fallback = "10000",
     .least = 1, .most = LIMIT_BATCH_RECORDS, .help = "Most records of one transaction."},
    {CONF_AT_SIZE(struct file_load, batch_bytes), .name = "batch_bytes", .fallback = "16MiB",
     .least = (int64_t)(64 * KIB), .most = (int64_t)LIMIT_BATCH_BYTES,
     .help = "Most bytes of records of one transaction."},
    {CONF_AT_DURATION(struct file_load, batch_wait), .name = "batch_wait", .fallback = "200ms",
     .least = 0, .most = MINUTE, .help = "How long a batch that has begun waits for more records."},
    {CONF_AT_TEXT(struct file_load, group), .name = "group", .fallback = "sluice-loader",
     .pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$",
     .expected = "letters, digits, dots, dashes and underscores",
     .help = "Consumer group. Offsets in the database are stored under this name: a new name reads "
             "the bus from its beginning."},
    {.name = NULL}};

static const struct conf_key rollup_keys[] = {
    {CONF_AT_DURATION(struct file_rollup, every), .name = "every", .fallback = "10s", .least = 100,
     .most = DAY, .help = "How often `sluice run` recomputes what is dirty."},
    {.name = NULL}};

static const struct conf_key archive_keys[] = {
    {CONF_AT_BOOL(struct file_archive, raw), .name = "raw", .fallback = "true",
     .help = "Whether the bytes as received are kept beside the records, for replays."},
    {CONF_AT_INT(struct file_archive, days), .name = "days", .fallback = "30", .least = 1,
     .most = 3650, .help = "How many days they are kept."},
    {.name = NULL}};

/* ---- connectors ---- */

#define SESSION_GAP(otherwise)                                                                     \
    {                                                                                              \
        CONF_AT_DURATION(struct file_connector, session_gap),                                      \
            .name = "session_gap", .fallback = (otherwise), .least = MINUTE, .most = 365 * DAY,    \
            .help = "After so long a silence a new session begins."                                \
    }

#define OUTBOUND_VISIBLE(otherwise)                                                                \
    {                                                                                              \
        CONF_AT_BOOL(struct file_connector, outbound_visible),                                     \
            .name = "outbound_visible", .fallback = (otherwise),                                   \
            .help =                                                                                \
                "Whether the source shows what the business sends. If not, response times stay "   \
                "unknown instead of wrong."                                                        \
    }

static const char *const senders[] = {"agent", "bot", NULL};
static const char *const date_orders[] = {"dmy", "mdy", "ymd", NULL};

#define TIMEZONE(otherwise, text)                                                                  \
    {                                                                                              \
        CONF_AT_TEXT(struct file_connector, timezone),                                             \
            .name = "timezone", .fallback = (otherwise), .pattern = ZONE_PATTERN,                  \
            .expected = ZONE_EXPECTED, .help = (text)                                              \
    }

/* What a header can carry. */
#define KEY_PATTERN "^[!-~]+$"
#define KEYS_EXPECTED "a list of keys without blanks, each such as openssl rand -hex 32 gives"

#define KEYS                                                                                       \
    {                                                                                              \
        CONF_AT_SECRET_LIST(struct file_connector, keys),                                          \
            .name = "keys", .required = true, .pattern = KEY_PATTERN, .expected = KEYS_EXPECTED,   \
            .help = "Keys of which the sender must present one, as `Authorization: Bearer KEY`: "  \
                    "several while one is being replaced."                                         \
    }

#define SENT_KEYS                                                                                  \
    {                                                                                              \
        CONF_AT_SECRET_LIST(struct file_connector, sent_keys),                                     \
            .name = "sent_keys", .pattern = KEY_PATTERN, .expected = KEYS_EXPECTED,                \
            .help =                                                                                \
                "Keys of your own programs that post what they sent to "                           \
                "`/hooks/TENANT/CONNECTOR/sent`, as `Authorization: Bearer KEY`. Without them "    \
                "there is no such path."                                                           \
    }

#define API_URL(otherwise, text)                                                                   \
    {                                                                                              \
        CONF_AT_SECRET(struct file_connector, url),                                                \
            .name = "url", .fallback = (otherwise), .pattern = "^https?://[^/@?#]+[^@?#]*$",       \
            .expected = "a URL such as " otherwise, .help = (text)                                 \
    }

#define CA_FILE                                                                                    \
    {                                                                                              \
        CONF_AT_TEXT(struct file_connector, ca_file),                                              \
            .name = "ca_file", .expected = "a PEM file of certificate authorities",                \
            .help =                                                                                \
                "The authorities that are trusted with it instead of the system's. A relative "    \
                "path starts at the working directory."                                            \
    }

#define MAX_BODY                                                                                   \
    {                                                                                              \
        CONF_AT_SIZE(struct file_connector, max_body),                                             \
            .name = "max_body", .least = (int64_t)KIB, .most = (int64_t)LIMIT_BODY_MOST_BYTES,     \
            .help = "Larger webhooks are answered 413; `receive.max_body` if absent."              \
    }

static const struct conf_key whatsapp_keys[] = {
    {CONF_AT_TEXT(struct file_connector, account), .name = "account", .required = true,
     .pattern = "^[0-9]{1,32}$",
     .expected = "a phone number id, digits only, such as 106540352242922",
     .help = "The phone number id (`metadata.phone_number_id`), not the phone number."},
    {CONF_AT_SECRET(struct file_connector, verify_token), .name = "verify_token",
     .help = "What Meta must send when the callback URL is saved. Without it that request is "
             "refused."},
    {CONF_AT_SECRET_LIST(struct file_connector, app_secrets), .name = "app_secrets",
     .required = true, .expected = "a list of at least one app secret",
     .help = "App secrets that may sign a body, tried in order: several while one is being "
             "replaced."},
    SENT_KEYS,
    {CONF_AT_CHOICE(struct file_connector, api_sender), .name = "api_sender", .fallback = "agent",
     .words = senders,
     .help = "Who is taken for the sender of messages known only from their statuses."},
    TIMEZONE(NULL, "Zone of the times in exported chats, which carry none."),
    {CONF_AT_CHOICE(struct file_connector, date_order), .name = "date_order", .words = date_orders,
     .help = "Order of day, month and year in exported chats; found out if absent."},
    {CONF_AT_TEXT_LIST(struct file_connector, own), .name = "own_names",
     .help = "Names under which the business writes in exported chats."},
    MAX_BODY,
    SESSION_GAP("1d"),
    OUTBOUND_VISIBLE("true"),
    {.name = NULL}};

static const char *const telegram_modes[] = {"webhook", "poll", NULL};

static const struct conf_key telegram_keys[] = {
    {CONF_AT_SECRET(struct file_connector, token), .name = "token", .required = true,
     .pattern = "^[0-9]{1,20}:.", .expected = "a bot token as BotFather gives it, 123456:ABC...",
     .help = "The bot's token. The number before the colon names the account."},
    {CONF_AT_CHOICE(struct file_connector, mode), .name = "mode", .fallback = "webhook",
     .words = telegram_modes, .help = "How updates arrive."},
    {CONF_AT_SECRET(struct file_connector, secret_token), .name = "secret_token",
     .pattern = "^[A-Za-z0-9_-]{1,256}$",
     .expected = "1 to 256 of A-Z a-z 0-9 _ -, which is what Telegram takes",
     .help = "What Telegram sends with every webhook request; required by mode `webhook`."},
    API_URL("https://api.telegram.org", "The Bot API server, for mode `poll`; your own, if you "
                                        "host one."),
    CA_FILE,
    SENT_KEYS,
    {CONF_AT_TEXT_LIST(struct file_connector, own), .name = "agent_ids", .pattern = "^[0-9]{1,16}$",
     .expected = "a list of Telegram user ids, digits only",
     .help = "Telegram users who answer for the business in groups."},
    TIMEZONE(NULL, "Zone of the times in old exports, which carry none."),
    MAX_BODY,
    SESSION_GAP("1d"),
    OUTBOUND_VISIBLE("false"),
    {.name = NULL}};

static const char *const email_modes[] = {"imap", "pop3", "webhook", NULL};
static const char *const email_providers[] = {"postmark", "sendgrid", "mailgun",
                                              "resend",   "ses",      NULL};

static const struct conf_key email_keys[] = {
    {CONF_AT_TEXT(struct file_connector, account), .name = "address", .required = true,
     .pattern = "^[^@[:space:]]+@[^@[:space:]]+$", .expected = "a mail address",
     .help = "The mailbox; it names the account."},
    {CONF_AT_CHOICE(struct file_connector, mode), .name = "mode", .fallback = "imap",
     .words = email_modes, .help = "How mail arrives."},
    {CONF_AT_CHOICE(struct file_connector, provider), .name = "provider", .words = email_providers,
     .help = "Who posts the mails; required by mode `webhook`, as are keys to know it by: "
             "docs/RECEIVE.md says which."},
    {CONF_AT_SECRET_LIST(struct file_connector, basic_auth), .name = "basic_auth",
     .help = "`user:password` of which the provider must present one, as HTTP Basic: postmark, "
             "sendgrid without `public_keys`, ses beside its signature."},
    {CONF_AT_SECRET_LIST(struct file_connector, keys), .name = "keys", .pattern = KEY_PATTERN,
     .expected = KEYS_EXPECTED,
     .help = "Keys of which the provider must present one, as `Authorization: Bearer KEY`: "
             "postmark, and sendgrid without `public_keys`."},
    {CONF_AT_TEXT_LIST(struct file_connector, public_keys), .name = "public_keys",
     .pattern = "^[A-Za-z0-9+/]{100,}={0,2}$",
     .expected = "a list of verification keys as SendGrid shows them, base64 without armour",
     .help = "Keys of which one must verify the signature of sendgrid's bodies."},
    {CONF_AT_SECRET_LIST(struct file_connector, signing_keys), .name = "signing_keys",
     .help = "Secrets of which one must have signed: mailgun's webhook signing key, resend's "
             "`whsec_...`."},
    {CONF_AT_TEXT_LIST(struct file_connector, topics), .name = "topics",
     .pattern = "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$",
     .expected = "a list of topics such as arn:aws:sns:us-east-1:123456789012:mail-in",
     .help = "Topics of Amazon SNS of which ses's mails come; required by ses. Their subscriptions "
             "to the webhook's URL are confirmed, those of other topics are not."},
    {CONF_AT_BOOL(struct file_connector, sha1_signatures), .name = "sha1_signatures",
     .fallback = "true",
     .help = "Whether SNS may sign with SHA-1, as it does unless the topic's `SignatureVersion` is "
             "2. Set that first, then this to `false`."},
    {CONF_AT_TEXT(struct file_connector, sns_connect_to), .name = "sns_connect_to",
     .pattern = "^" ADDRESS_PATTERN "$", .expected = "a host and a port such as 127.0.0.1:8443",
     .help = "Where to connect to for SNS's certificates and confirmations instead of "
             "sns.REGION.amazonaws.com, in whose name it must answer: for tests and private "
             "endpoints."},
    {CONF_AT_TEXT(struct file_connector, sns_ca_file), .name = "sns_ca_file",
     .expected = "a PEM file of certificate authorities",
     .help = "The authorities that are trusted with it instead of the system's. A relative path "
             "starts at the working directory."},
    {CONF_AT_DURATION(struct file_connector, signature_age), .name = "signature_age",
     .least = SECOND, .most = 7 * DAY,
     .help = "How far from now a signature may be: 5m for sendgrid and resend, 12h for mailgun and "
             "ses, if absent."},
    SENT_KEYS,
    {CONF_AT_TEXT_LIST(struct file_connector, own), .name = "own_addresses", .pattern = "@.",
     .expected = "a list of mail addresses, or domains such as @acme.example",
     .help = "Further addresses that the business writes from; `@acme.example` is a whole domain."},
    {CONF_AT_BOOL(struct file_connector, thread_per_contact), .name = "thread_per_contact",
     .fallback = "false",
     .help = "Whether everybody who answers one mail has a thread of their own, as after a "
             "campaign."},
    {CONF_AT_TEXT_LIST(struct file_connector, reused_id_domains), .name = "reused_id_domains",
     .help = "Sender domains that give several mails one Message-ID."},
    {CONF_AT_SECRET(struct file_connector, url), .name = "url",
     .expected = "a URL such as imaps://mail.example:993",
     .help = "The mail server, `imaps://HOST` or `pop3s://HOST`, a port may follow; `imap://` and "
             "`pop3://` begin without TLS and then ask for it (STARTTLS). Required by modes `imap` "
             "and `pop3`."},
    CA_FILE,
    {CONF_AT_BOOL(struct file_connector, allow_plain), .name = "allow_plain", .fallback = "false",
     .help = "Whether `imap://` and `pop3://` go on without TLS where the server offers none. The "
             "password is then readable on its way."},
    {CONF_AT_TEXT(struct file_connector, user), .name = "user",
     .help = "Login of the mailbox; the address if absent."},
    {CONF_AT_SECRET(struct file_connector, password), .name = "password",
     .help = "Password of the mailbox. Modes `imap` and `pop3` need this or one of the next two."},
    {CONF_AT_TEXT(struct file_connector, token_command), .name = "token_command",
     .help = "A command for `sh` whose first line of output is an OAuth access token (XOAUTH2), "
             "asked for at every login: Gmail, Microsoft 365."},
    {CONF_AT_TEXT(struct file_connector, token_file), .name = "token_file",
     .help = "A file whose first line is such a token, kept fresh by another program."},
    {CONF_AT_TEXT_LIST(struct file_connector, folders), .name = "folders",
     .help = "Folders to read in mode `imap`, as people write them; `*` stands for any text, and "
             "leaves out junk, trash and drafts. If absent: INBOX and the folder of sent mails, of "
             "Gmail the one of all mails."},
    {CONF_AT_TEXT(struct file_connector, since), .name = "since",
     .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", .expected = "a day such as 2025-03-04",
     .help = "Mails that the mailbox got before this day are left out, in mode `imap`; all are "
             "read if absent."},
    {CONF_AT_DURATION(struct file_connector, every), .name = "every", .fallback = "1m",
     .least = SECOND, .most = DAY, .help = "How often the mailbox is looked at."},
    MAX_BODY,
    SESSION_GAP("7d"),
    OUTBOUND_VISIBLE("false"),
    {.name = NULL}};

static const struct conf_key b2chat_keys[] = {
    {CONF_AT_TEXT(struct file_connector, account), .name = "account", .required = true,
     .help = "A name for the B2Chat account; it may not change later."},
    {CONF_AT_SECRET(struct file_connector, client_id), .name = "client_id", .required = true,
     .help = "Of the API's client."},
    {CONF_AT_SECRET(struct file_connector, client_secret), .name = "client_secret",
     .required = true, .help = "Of the API's client."},
    {CONF_AT_SECRET_LIST(struct file_connector, webhook_tokens), .name = "webhook_tokens",
     .help = "Tokens of which webhooks must present one, as `Authorization: Bearer TOKEN` or as "
             "last part of the path, `/hooks/TENANT/CONNECTOR/TOKEN`. Without them no webhook is "
             "taken."},
    {CONF_AT_SECRET_LIST(struct file_connector, webhook_secrets), .name = "webhook_secrets",
     .help = "Secrets of which one must sign the body (`X-B2Chat-Signature`), where that is agreed "
             "upon."},
    API_URL("https://api.b2chat.io", "The API."),
    CA_FILE,
    {CONF_AT_DURATION(struct file_connector, every), .name = "every", .fallback = "5m",
     .least = SECOND, .most = DAY,
     .help = "How often the API is asked for the chats of today and yesterday. docs/PULL.md says "
             "when it is asked for what else."},
    {CONF_AT_TEXT(struct file_connector, backfill_from), .name = "backfill_from",
     .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", .expected = "a day such as 2025-03-04",
     .help = "The first day of chats that the first run asks for; 30 days ago if absent."},
    MAX_BODY,
    {CONF_AT_INT(struct file_connector, calls_per_second), .name = "calls_per_second",
     .fallback = "5", .least = 1, .most = 1000, .help = "Most calls of the API in a second."},
    {CONF_AT_INT(struct file_connector, calls_per_day), .name = "calls_per_day",
     .fallback = "10000", .least = 1, .most = 10000000,
     .help = "Most calls of the API on a day of the account."},
    TIMEZONE("America/Bogota", "Zone of the times that the API gives without one."),
    OUTBOUND_VISIBLE("true"),
    {.name = NULL}};

static const struct conf_key webchat_keys[] = {
    {CONF_AT_TEXT(struct file_connector, account), .name = "account", .required = true,
     .help = "A name for the chat widget; it may not change later."},
    KEYS,
    MAX_BODY,
    SESSION_GAP("1d"),
    OUTBOUND_VISIBLE("true"),
    {.name = NULL}};

static const struct conf_key canonical_keys[] = {
    {CONF_AT_TEXT(struct file_connector, account), .name = "account", .required = true,
     .help = "A name for the source: the account of records that name no other channel."},
    KEYS,
    MAX_BODY,
    SESSION_GAP("1d"),
    OUTBOUND_VISIBLE("true"),
    {.name = NULL}};

static const char *const channels[] = {"whatsapp", "telegram",  "email", "b2chat",
                                       "webchat",  "canonical", NULL};
static const struct conf_variant channel_variants[] = {{"whatsapp", whatsapp_keys},
                                                       {"telegram", telegram_keys},
                                                       {"email", email_keys},
                                                       {"b2chat", b2chat_keys},
                                                       {"webchat", webchat_keys},
                                                       {"canonical", canonical_keys},
                                                       {NULL, NULL}};

static const struct conf_key connector_keys[] = {
    {CONF_AT_TEXT(struct file_connector, name), .name = "name", .required = true,
     .pattern = CONNECTOR_PATTERN, .expected = "lower-case letters, digits and dashes",
     .help = "Names the connector within its tenant; the last part of its webhook's path."},
    {CONF_AT_CHOICE(struct file_connector, channel), .name = "channel", .required = true,
     .words = channels, .variants = channel_variants,
     .help = "The platform. It decides which further keys the connector has."},
    {.name = NULL}};

static const struct conf_key tenant_keys[] = {
    {CONF_AT_TEXT(struct file_tenant, slug), .name = "slug", .required = true,
     .pattern = "^[a-z0-9][a-z0-9-]{0,98}$",
     .expected = "lower-case letters, digits and dashes, at most 99",
     .help = "Names the tenant for good: every id is derived from it."},
    {CONF_AT_TEXT(struct file_tenant, name), .name = "name",
     .help = "For people; the slug if absent."},
    {CONF_AT_TEXT(struct file_tenant, timezone), .name = "timezone", .fallback = "UTC",
     .pattern = ZONE_PATTERN, .expected = ZONE_EXPECTED,
     .help = "Decides where the tenant's days begin."},
    {CONF_AT_TABLE_LIST(struct file_tenant, connectors, connector_keys, struct file_connector),
     .name = "connectors", .help = "Where the tenant's conversations come from."},
    {.name = NULL}};

const struct conf_key pipeline_keys[] = {
    {CONF_AT_TABLE(struct file_pipeline, database, database_keys), .name = "database",
     .required = true, .help = "Where the conversations are stored."},
    {CONF_AT_TABLE(struct file_pipeline, bus, bus_keys), .name = "bus",
     .help = "What carries records from connectors to the loader."},
    {CONF_AT_TABLE(struct file_pipeline, receive, receive_keys), .name = "receive",
     .help = "The webhook endpoint."},
    {CONF_AT_TABLE(struct file_pipeline, spool, spool_keys), .name = "spool", .optional = true,
     .help = "Where the webhook endpoint keeps bodies while the bus is away. Without this section "
             "senders are told to come back."},
    {CONF_AT_TABLE(struct file_pipeline, load, load_keys), .name = "load",
     .help = "The loader: bus to PostgreSQL."},
    {CONF_AT_TABLE(struct file_pipeline, rollup, rollup_keys), .name = "rollup",
     .help = "Sessions and daily analytics."},
    {CONF_AT_TABLE(struct file_pipeline, archive, archive_keys), .name = "archive",
     .help = "Raw traffic, kept for replays."},
    {CONF_AT_TABLE_LIST(struct file_pipeline, tenants, tenant_keys, struct file_tenant),
     .name = "tenants", .required = true, .help = "Whose conversations are carried."},
    {.name = NULL}};
