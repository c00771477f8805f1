#include "pipelines/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "pipelines/pipeline_keys.h"
#include "transform/ids.h"

#define HEAD "database: {url: \"postgresql://x\"}\ntenants:\n  - slug: acme\n    connectors:\n"
#define WA(name, account)                                                                          \
    "      - {name: " name ", channel: whatsapp, account: " account ", app_secrets: [s]}\n"

static void collect(void *context, const char *message)
{
    (void)buf_printf(context, "%s\n", message);
}

static struct pipeline *load(const char *yaml, struct buf *faults)
{
    struct err err;
    struct pipeline *pipeline = NULL;
    buf_init(faults, 1 << 20);
    enum rc rc = pipeline_load_text("f.yaml", str_of(yaml), collect, faults, &pipeline, &err);
    assert_int_equal(rc, faults->n > 0 ? RC_REJECT : RC_OK);
    assert_true((pipeline != NULL) == (rc == RC_OK));
    (void)buf_add(faults, "", 1);
    return pipeline;
}

static void assert_uuid_equal(struct uuid a, struct uuid b)
{
    assert_int_equal(uuid_order(&a, &b), 0);
}

static void defaults_are_filled(void **state)
{
    (void)state;
    struct buf faults;
    struct pipeline *p = load(HEAD WA("wa", "106540352242922"), &faults);
    assert_string_equal(faults.p, "");
    assert_string_equal(p->database_url, "postgresql://x");
    assert_int_equal(p->bus.kind, BUS_EMBEDDED);
    assert_string_equal(p->bus.path, "var/bus.db");
    assert_string_equal(p->bus.topic_prefix, "sluice");
    assert_int_equal(p->bus.retention_days, 30);
    assert_string_equal(p->receive.listen, "127.0.0.1:8080");
    assert_string_equal(p->receive.admin, "127.0.0.1:9180");
    assert_int_equal(p->receive.max_body_bytes, 4 << 20);
    assert_int_equal(p->receive.idle_timeout_s, 60);
    assert_true(p->receive.archive_raw);
    assert_int_equal(p->load.batch_records, 10000);
    assert_int_equal(p->load.batch_wait_ms, 200);
    assert_string_equal(p->load.group, "sluice-loader");
    assert_ptr_equal(p->load.catalog, &p->catalog);
    assert_int_equal(p->rollup_every_ms, 10000);
    assert_int_equal(p->archive_days, 30);

    assert_int_equal(p->catalog.tenant_count, 1);
    const struct catalog_tenant *tenant = &p->catalog.tenants[0];
    struct uuid tenant_id = ids_tenant(STR_LIT("acme"));
    assert_uuid_equal(tenant->id, tenant_id);
    assert_string_equal(tenant->name, "acme");
    assert_string_equal(tenant->timezone, "UTC");
    assert_int_equal(p->receive.connector_count, 1);
    const struct receive_connector *connector = &p->receive.connectors[0];
    assert_int_equal(connector->max_body_bytes, 0);
    assert_string_equal(connector->account, "106540352242922");
    assert_true(str_is(connector->settings.api_sender, "agent"));
    assert_null(connector->verify_token);
    assert_int_equal(connector->secret_count, 1);
    assert_string_equal(connector->secrets[0], "s");
    assert_uuid_equal(connector->channel_id, ids_channel(&tenant_id, STR_LIT("whatsapp_cloud"),
                                                         str_of("106540352242922")));
    assert_uuid_equal(connector->channel_id, tenant->channels[0].id);
    assert_int_equal(p->warning_count, 0);
    pipeline_free(&p);
    assert_null(p);
    pipeline_free(&p);
    buf_done(&faults);
}

/* canonical-model 3.1: what each platform's channel row says. */
static void channels_have_their_columns(void **state)
{
    (void)state;
    static const char yaml[] = HEAD WA(
        "wa-main", "106540352242922") "      - {name: tg-help, channel: telegram, token: \"77:x\", "
                                      "mode: poll}\n"
                                      "      - {name: support, channel: email, address: "
                                      "help@acme.example, mode: imap, "
                                      "url: \"imaps://m\", user: u, password: p, every: 60s}\n"
                                      "      - {name: resend, channel: email, address: "
                                      "in@acme.example, mode: webhook, provider: resend, "
                                      "signing_keys: [whsec_AAEC]}\n"
                                      "      - {name: desk, channel: b2chat, account: acme-main, "
                                      "client_id: i, "
                                      "client_secret: s, every: 6h, timezone: America/Bogota, "
                                      "calls_per_second: 2}\n";
    static const struct catalog_channel expected[] = {
        {.provider = "whatsapp_cloud",
         .medium = "whatsapp",
         .account = "106540352242922",
         .session_gap_s = 86400,
         .outbound_visible = true},
        {.provider = "telegram_bot", .medium = "telegram", .account = "77", .session_gap_s = 86400},
        {.provider = "email_imap",
         .medium = "email",
         .account = "help@acme.example",
         .session_gap_s = 604800},
        {.provider = "email_webhook",
         .medium = "email",
         .account = "in@acme.example",
         .session_gap_s = 604800},
        {.provider = "b2chat",
         .medium = "other",
         .account = "acme-main",
         .source_timezone = "America/Bogota",
         .provider_sessioned = true,
         .session_gap_s = 86400,
         .outbound_visible = true},
    };
    struct buf faults;
    struct pipeline *p = load(yaml, &faults);
    assert_string_equal(faults.p, "");
    assert_int_equal(p->catalog.tenants[0].channel_count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct catalog_channel *got = &p->catalog.tenants[0].channels[i];
        assert_string_equal(got->provider, expected[i].provider);
        assert_string_equal(got->medium, expected[i].medium);
        assert_string_equal(got->account, expected[i].account);
        assert_int_equal(got->session_gap_s, expected[i].session_gap_s);
        assert_int_equal(got->outbound_visible, expected[i].outbound_visible);
        assert_int_equal(got->provider_sessioned, expected[i].provider_sessioned);
        if (expected[i].source_timezone != NULL)
            assert_string_equal(got->source_timezone, expected[i].source_timezone);
        else
            assert_null(got->source_timezone);
    }
    assert_int_equal(p->receive.connector_count, 2);
    assert_int_equal(p->warning_count, 0);
    assert_int_equal(p->pull_count, 3);
    assert_string_equal(p->pulls[0].connector->name, "tg-help");
    assert_string_equal(p->pulls[1].connector->name, "support");
    assert_string_equal(p->pulls[1].login.user, "u");
    assert_string_equal(p->pulls[1].login.password, "p");
    assert_string_equal(p->pulls[0].url, "https://api.telegram.org");
    assert_string_equal(p->pulls[0].token, "77:x");
    assert_int_equal(p->pulls[0].every_ms, 0);
    assert_string_equal(p->pulls[2].url, "https://api.b2chat.io");
    assert_string_equal(p->pulls[2].client_id, "i");
    assert_int_equal(p->pulls[2].every_ms, 6 * 3600 * 1000);
    assert_int_equal(p->pulls[2].calls_per_second, 2);
    assert_int_equal(p->pulls[2].calls_per_day, 10000);
    pipeline_free(&p);
    buf_done(&faults);
}

static void secrets_in_the_clear_are_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        size_t warnings;
    } cases[] = {{"http://bots.example:8081", 1},
                 {"https://bots.example:8081", 0},
                 {"http://127.0.0.1:8081", 0},
                 {"http://localhost:8081", 0},
                 {"http://[::1]:8081", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[1000];
        struct buf faults;
        (void)snprintf(yaml, sizeof yaml,
                       HEAD "      - {name: tg, channel: telegram, token: \"77:x\", mode: poll, "
                            "url: \"%s\"}\n",
                       cases[i].url);
        struct pipeline *p = load(yaml, &faults);
        assert_string_equal(faults.p, "");
        assert_int_equal(p->warning_count, cases[i].warnings);
        if (p->warning_count > 0)
            assert_string_equal(p->warnings[0],
                                "f.yaml:5:71: tenants[0].connectors[0].url: warning: what proves "
                                "this connector goes there unencrypted; https is meant for that");
        pipeline_free(&p);
        buf_done(&faults);
    }
}

/* What the maps are told of an account, and what its sender must present. */
static void settings_reach_the_receiver(void **state)
{
    (void)state;
    static const char yaml[] = HEAD
        "      - {name: wa, channel: whatsapp, account: 1, app_secrets: [s], api_sender: bot,\n"
        "         timezone: America/Bogota, date_order: dmy, own_names: [Tienda Sol, Ventas]}\n"
        "      - {name: tg, channel: telegram, token: \"77:x\", secret_token: t, agent_ids: "
        "['12']}\n"
        "      - {name: shop, channel: webchat, account: shop, keys: [k1, k2]}\n"
        "      - {name: own, channel: canonical, account: desk, keys: [k3]}\n";
    struct buf faults;
    struct pipeline *p = load(yaml, &faults);
    assert_string_equal(faults.p, "");
    assert_int_equal(p->receive.connector_count, 4);
    const struct receive_connector *c = p->receive.connectors;
    assert_true(str_is(c[0].settings.api_sender, "bot"));
    assert_true(str_is(c[0].settings.timezone, "America/Bogota"));
    assert_true(str_is(c[0].settings.date_order, "dmy"));
    assert_int_equal(c[0].settings.own_count, 2);
    assert_true(str_is(c[0].settings.own[1], "Ventas"));
    assert_string_equal(c[1].account, "77");
    assert_int_equal(c[1].secret_count, 1);
    assert_string_equal(c[1].secrets[0], "t");
    assert_true(str_is(c[1].settings.own[0], "12"));
    assert_string_equal(c[2].provider, "custom");
    assert_int_equal(c[2].secret_count, 2);
    assert_string_equal(c[3].secrets[0], "k3");
    pipeline_free(&p);
    buf_done(&faults);
}

#define MAIL(rest) "      - {name: m, channel: email, address: a@b, mode: webhook, " rest "}\n"

/* Keys of every provider, and what is told of sent messages. */
static void senders_reach_the_receiver(void **state)
{
    (void)state;
    static const char yaml[] = HEAD
        "      - {name: m1, channel: email, address: a@1, mode: webhook, provider: postmark, "
        "basic_auth: ['u:p'], keys: [k1], sent_keys: [s1, s2]}\n"
        "      - {name: m2, channel: email, address: a@2, mode: webhook, provider: mailgun, "
        "signing_keys: [g1, g2], signature_age: 1d, max_body: 1KiB}\n"
        "      - {name: m3, channel: email, address: a@3, mode: webhook, provider: sendgrid, "
        "keys: [k3]}\n"
        "      - {name: desk, channel: b2chat, account: d, client_id: i, client_secret: s, "
        "webhook_tokens: [0123456789abcdef0123456789abcdef], webhook_secrets: [w]}\n"
        "      - {name: tg, channel: telegram, token: \"77:x\", mode: poll, sent_keys: [s3]}\n";
    struct buf faults;
    struct pipeline *p = load(yaml, &faults);
    assert_string_equal(faults.p, "");
    assert_int_equal(p->receive.connector_count, 5);
    const struct receive_connector *c = p->receive.connectors;
    assert_string_equal(c[0].map_provider, "postmark");
    assert_string_equal(c[0].basic.v[0], "u:p");
    assert_string_equal(c[0].bearers.v[0], "k1");
    assert_int_equal(c[0].secret_count, 0);
    assert_string_equal(c[0].sent_keys.v[1], "s2");
    assert_string_equal(c[1].secrets[1], "g2");
    assert_int_equal(c[1].tolerance_s, 86400);
    assert_int_equal(c[1].max_body_bytes, 1024);
    assert_int_equal(c[2].secret_count, 0);
    assert_string_equal(c[2].bearers.v[0], "k3");
    assert_int_equal(c[2].tolerance_s, 0);
    assert_int_equal(c[3].tokens.n, 1);
    assert_string_equal(c[3].secrets[0], "w");
    assert_false(c[3].is_sent_only);
    assert_true(c[4].is_sent_only);
    assert_int_equal(p->warning_count, 0);
    assert_int_equal(p->pull_count, 2); /* b2chat and the bot */
    pipeline_free(&p);
    buf_done(&faults);
}

static void kafka_and_its_properties(void **state)
{
    (void)state;
    struct buf faults;
    struct pipeline *p =
        load("bus: {kind: kafka, brokers: \"a:1,[::1]:2\", partitions: 3, delivery_timeout: 5s, "
             "properties: {security.protocol: ssl}}\nreceive: {admin: none}\n"
             "archive: {raw: false}\n" HEAD WA("wa", "1"),
             &faults);
    assert_string_equal(faults.p, "");
    assert_int_equal(p->bus.kind, BUS_KAFKA);
    assert_string_equal(p->bus.brokers, "a:1,[::1]:2");
    assert_int_equal(p->bus.partitions, 3);
    assert_int_equal(p->bus.replication, 1);
    assert_int_equal(p->bus.delivery_timeout_ms, 5000);
    assert_int_equal(p->bus.property_count, 1);
    assert_string_equal(p->bus.properties[0].name, "security.protocol");
    assert_string_equal(p->bus.properties[0].value, "ssl");
    assert_null(p->receive.admin);
    assert_false(p->receive.archive_raw);
    pipeline_free(&p);
    buf_done(&faults);
}

static void faults_between_keys(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *faults;
    } cases[] = {
        {HEAD WA("wa", "1") WA("wa", "2"), "f.yaml:6:16: tenants[0].connectors[1].name: \"wa\" "
                                           "names another connector of this tenant already\n"},
        {HEAD WA("wa", "1") WA("wb", "1"),
         "f.yaml:6:48: tenants[0].connectors[1].account: this account is carried by connector "
         "\"wa\" of this tenant already\n"},
        {HEAD "      - {name: t, channel: telegram, token: \"1:x\", mode: poll}\n"
              "      - {name: u, channel: telegram, token: \"1:y\", mode: poll}\n",
         "f.yaml:6:45: tenants[0].connectors[1].token: this account is carried by connector \"t\" "
         "of "
         "this tenant already\n"},
        /* both are accounts of the tenant's own */
        {HEAD "      - {name: w, channel: webchat, account: shop, keys: [k]}\n"
              "      - {name: c, channel: canonical, account: shop, keys: [k]}\n",
         "f.yaml:6:48: tenants[0].connectors[1].account: this account is carried by connector "
         "\"w\" "
         "of this tenant already\n"},
        {HEAD "      - {name: m, channel: email, address: a@b, url: \"imaps://h\", password: "
              "s}\n"
              "      - {name: p, channel: email, address: a@b, mode: webhook, provider: "
              "mailgun, signing_keys: [k]}\n",
         ""},
        {HEAD MAIL("provider: mailgun"),
         "f.yaml:5:16: tenants[0].connectors[0].name: signing_keys is missing; mode webhook needs "
         "it to know provider mailgun by\n"},
        {HEAD MAIL("provider: postmark"),
         "f.yaml:5:16: tenants[0].connectors[0].name: basic_auth or keys is missing; mode webhook "
         "needs it to know provider postmark by\n"},
        {HEAD MAIL("signing_keys: [k]"),
         "f.yaml:5:16: tenants[0].connectors[0].name: provider is missing; email's mode webhook "
         "needs it, such as postmark\n"},
        {HEAD MAIL("provider: resend, signing_keys: ['whsec_?'], basic_auth: ['a:b']"),
         "f.yaml:5:97: tenants[0].connectors[0].signing_keys[0]: expected a signing secret as "
         "Resend shows it, whsec_ and base64\n"
         "f.yaml:5:121: tenants[0].connectors[0].basic_auth: provider resend does not use it; it "
         "takes signing_keys\n"},
        {HEAD MAIL("provider: postmark, basic_auth: [secret, 'user:']"),
         "f.yaml:5:97: tenants[0].connectors[0].basic_auth[0]: expected user:password\n"
         "f.yaml:5:105: tenants[0].connectors[0].basic_auth[1]: expected user:password\n"},
        {HEAD MAIL("provider: postmark, keys: ['a b'], signature_age: 5m"),
         "f.yaml:5:91: tenants[0].connectors[0].keys[0]: expected a list of keys without blanks, "
         "each such as openssl rand -hex 32 gives, found ***\n"
         "f.yaml:5:114: tenants[0].connectors[0].signature_age: nothing is signed here that could "
         "be old\n"},
        {HEAD "      - {name: m, channel: email, address: a@b, url: \"imaps://h\", provider: "
              "mailgun, signing_keys: [k], password: s}\n",
         "f.yaml:5:100: tenants[0].connectors[0].signing_keys: is for mode webhook, and the "
         "connector's mode is imap; add mode: webhook, or leave it out\n"},
        {HEAD "      - {name: t, channel: telegram, token: \"1:x\", secret_token: \"a b\"}\n",
         "f.yaml:5:66: tenants[0].connectors[0].secret_token: expected 1 to 256 of A-Z a-z 0-9 _ "
         "-, which is what Telegram takes, found ***\n"},
        {HEAD MAIL("provider: ses, basic_auth: ['a:b']"),
         "f.yaml:5:16: tenants[0].connectors[0].name: topics is missing; mode webhook needs it to "
         "know provider ses by\n"},
        {HEAD MAIL("provider: ses, topics: ['arn:aws:sns:us-east-1:123456789012:mail-in'], "
                   "basic_auth: ['a:b'], signature_age: 1h, sha1_signatures: false, "
                   "sns_connect_to: 'vpce.example:443'"),
         ""},
        {HEAD MAIL("provider: ses, topics: [mail-in], sns_ca_file: var/none.pem"),
         "f.yaml:5:88: tenants[0].connectors[0].topics[0]: expected a list of topics such as "
         "arn:aws:sns:us-east-1:123456789012:mail-in, found \"mail-in\"\n"
         "f.yaml:5:111: tenants[0].connectors[0].sns_ca_file: cannot read \"var/none.pem\": No "
         "such "
         "file or directory\n"},
        {HEAD MAIL("provider: mailgun, signing_keys: [k], topics: "
                   "['arn:aws:sns:us-east-1:123456789012:mail-in'], sns_connect_to: 'h:1'"),
         "f.yaml:5:110: tenants[0].connectors[0].topics: provider mailgun does not use it; it "
         "takes "
         "signing_keys\n"
         "f.yaml:5:174: tenants[0].connectors[0].sns_connect_to: is for provider ses alone\n"},
        {HEAD "      - {name: m, channel: email, address: a@b, url: \"imaps://h\", sent_keys: "
              "[k], password: s}\n",
         "f.yaml:5:78: tenants[0].connectors[0].sent_keys: needs provider: whose requests and "
         "responses are told, such as postmark\n"},
        {HEAD "      - {name: d, channel: b2chat, account: d, client_id: i, client_secret: s, "
              "webhook_tokens: [short]}\n",
         "f.yaml:5:97: tenants[0].connectors[0].webhook_tokens[0]: expected at least 32 characters "
         "of A-Z a-z 0-9 - _ . ~, such as openssl rand -hex 32 gives\n"},
        {HEAD "      - {name: d, channel: b2chat, account: d, client_id: i, client_secret: s, "
              "webhook_secrets: [w]}\n",
         "f.yaml:5:97: tenants[0].connectors[0].webhook_secrets: needs webhook_tokens: without "
         "them no webhook is taken\n"},
        {HEAD WA("wa", "1") "  - slug: acme\n",
         "f.yaml:6:11: tenants[1].slug: \"acme\" names another tenant already\n"},
        {HEAD "      - {name: t, channel: telegram, token: \"1:x\"}\n",
         "f.yaml:5:16: tenants[0].connectors[0].name: secret_token is missing; telegram's mode "
         "webhook needs it to know its sender\n"},
        {HEAD "      - {name: e, channel: email, address: a@b}\n",
         "f.yaml:5:16: tenants[0].connectors[0].name: url is missing; email's mode imap needs it, "
         "such as imaps://mail.example:993\n"
         "f.yaml:5:16: tenants[0].connectors[0].name: password, token_command or token_file is "
         "missing; email's mode imap needs one to log in\n"},
        {HEAD "      - {name: e, channel: email, address: a@b, mode: pop3, url: 'imap://h', "
              "password: s, token_file: t, folders: [INBOX], since: 2025-03-04}\n",
         "f.yaml:5:66: tenants[0].connectors[0].url: mode pop3 expects pop3s:// or pop3://, a host "
         "and perhaps a port, without user or path\n"
         "f.yaml:5:103: tenants[0].connectors[0].token_file: only one of password, token_command "
         "and token_file is used\n"
         "f.yaml:5:115: tenants[0].connectors[0].folders: is for mode imap; POP3 has no folders\n"
         "f.yaml:5:131: tenants[0].connectors[0].since: is for mode imap; POP3 knows no dates\n"},
        {HEAD "      - {name: e, channel: email, address: a@b, url: 'imaps://a@h', password: s}\n",
         "f.yaml:5:54: tenants[0].connectors[0].url: mode imap expects imaps:// or imap://, a host "
         "and perhaps a port, without user or path\n"},
        /* a body must fit into one message of the bus */
        {"receive: {max_body: 8MiB}\n" HEAD WA("wa", "1"),
         "f.yaml:1:21: receive.max_body: expected a size with its unit, such as 4MiB, from 1KiB to "
         "7MiB, found \"8MiB\"\n"},
        {"receive: {listen: \"h:65536\"}\n" HEAD WA("wa", "1"),
         "f.yaml:1:19: receive.listen: expected a port from 0 to 65535 after the last colon\n"},
        {HEAD "      - {name: w, channel: whatsapp, account: 1, app_secrets: [s], url: x}\n",
         "f.yaml:5:68: tenants[0].connectors[0]: \"url\" belongs to channel telegram, not to "
         "whatsapp\n"},
        {HEAD "      - {name: t, channel: telegram, token: \"77:x\", mode: poll, url: "
              "\"http://user@host\"}\n",
         "f.yaml:5:70: tenants[0].connectors[0].url: expected a URL such as "
         "https://api.telegram.org, found ***\n"},
        {HEAD "      - {name: w, channel: whatsapp, account: 1e6, app_secrets: [s]}\n",
         "f.yaml:5:47: tenants[0].connectors[0].account: expected a phone number id, digits only, "
         "such as 106540352242922, found \"1e6\"\n"},
        {HEAD "      - {name: w, channel: whatsapp, account: 1}\n",
         "f.yaml:5:9: tenants[0].connectors[0].app_secrets: is missing; expected a list of at "
         "least one app secret\n"},
        {"tenants: []\n",
         "f.yaml:1:1: database.url: is missing; expected a libpq URL such as "
         "postgresql://user@host/database\n"
         "f.yaml:1:10: tenants: expected a list of sections, found an empty list\n"},
        {"database: {url: x}\ntenants: [{slug: -a, timezone: 'a b'}]\n",
         "f.yaml:2:18: tenants[0].slug: expected lower-case letters, digits and dashes, at most "
         "99, found \"-a\"\n"
         "f.yaml:2:32: tenants[0].timezone: expected an IANA time zone such as America/Bogota or "
         "UTC, found \"a b\"\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf faults;
        struct pipeline *pipeline = load(cases[i].yaml, &faults);
        if (strcmp(faults.p, cases[i].faults) != 0)
            fail_msg("case %zu\nexpected:\n%sfound:\n%s", i, cases[i].faults, faults.p);
        pipeline_free(&pipeline);
        buf_done(&faults);
    }
}

static void the_files_that_come_along_are_valid(void **state)
{
    (void)state;
    static const char *const paths[] = {"pipelines/quickstart.yaml",
                                        "pipelines/quickstart-kafka.yaml",
                                        "pipelines/production.yaml"};
    char folder[] = "/tmp/sluice-secrets-XXXXXX", command[256];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(command, sizeof command,
                   "cd %s && echo v >wa_verify_token && echo s >wa_app_secret", folder);
    assert_int_equal(system(command), 0);
    (void)setenv("CREDENTIALS_DIRECTORY", folder, 1);
    (void)setenv("SLUICE_DATABASE_URL", "postgresql://x", 1);
    (void)setenv("WA_VERIFY", "v", 1);
    (void)setenv("WA_SECRET", "s", 1);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct err err;
        struct pipeline *pipeline = NULL;
        struct buf faults;
        buf_init(&faults, 1 << 20);
        if (pipeline_load(paths[i], collect, &faults, &pipeline, &err) != RC_OK)
            fail_msg("%s: %s\n%.*s", paths[i], err.msg, (int)faults.n, faults.p);
        assert_string_equal(pipeline->receive.connectors[0].verify_token, "v");
        pipeline_free(&pipeline);
        buf_done(&faults);
    }
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* docs/CONFIG.md ends with what the tables print; "sluice check --print-config-reference" rewrites
 * it. */
static void the_reference_is_up_to_date(void **state)
{
    (void)state;
    char *printed = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&printed, &n);
    conf_print_reference(memory, pipeline_keys);
    assert_int_equal(fclose(memory), 0);
    static char committed[1 << 16];
    FILE *file = fopen("docs/CONFIG.md", "r");
    assert_non_null(file);
    size_t size = fread(committed, 1, sizeof committed - 1, file);
    (void)fclose(file);
    committed[size] = '\0';
    const char *tables = strstr(committed, "## `database`");
    assert_non_null(tables);
    assert_string_equal(tables, printed);
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled),
        cmocka_unit_test(channels_have_their_columns),
        cmocka_unit_test(secrets_in_the_clear_are_warned_of),
        cmocka_unit_test(settings_reach_the_receiver),
        cmocka_unit_test(senders_reach_the_receiver),
        cmocka_unit_test(kafka_and_its_properties),
        cmocka_unit_test(faults_between_keys),
        cmocka_unit_test(the_files_that_come_along_are_valid),
        cmocka_unit_test(the_reference_is_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
