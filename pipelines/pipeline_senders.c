#include "pipelines/pipeline_senders.h"

#include <unistd.h>

#include "connectors/svix_auth.h"
#include "lib/pubkey.h"
#include "pipelines/pipeline_account.h"
#include "pipelines/pipeline_mail.h"
#include "transform/channels.h"

#define TOKEN_LEAST_CHARACTERS 32

/* Ways to prove oneself, as a set. */
enum { BASIC = 1, BEARER = 2, PUBLIC_KEY = 4, SIGNING_KEY = 8, TOPIC = 16 };
#define WAYS 5

static const struct {
    const char *provider;
    unsigned one_of; /* is needed */
    unsigned also;
    const char *words;
} providers[] = {
    {"postmark", BASIC | BEARER, 0, "basic_auth or keys"},
    {"sendgrid", PUBLIC_KEY | BASIC | BEARER, 0, "public_keys, basic_auth or keys"},
    {"mailgun", SIGNING_KEY, 0, "signing_keys"},
    {"resend", SIGNING_KEY, 0, "signing_keys"},
    {"ses", TOPIC, BASIC, "topics"},
};

static bool is(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

struct given {
    unsigned way;
    const char *name;
    const struct conf_texts *texts;
};

static void find_given(const struct file_connector *connector, struct given given_out[static WAYS])
{
    const struct given all[WAYS] = {{BASIC, "basic_auth", &connector->basic_auth},
                                    {BEARER, "keys", &connector->keys},
                                    {PUBLIC_KEY, "public_keys", &connector->public_keys},
                                    {SIGNING_KEY, "signing_keys", &connector->signing_keys},
                                    {TOPIC, "topics", &connector->topics}};
    memcpy(given_out, all, sizeof all);
}

static void check_ways(struct conf *conf, const struct file_connector *connector, size_t row)
{
    struct given given[WAYS];
    unsigned found = 0;
    find_given(connector, given);
    for (size_t i = 0; i < WAYS; i++) {
        bool is_given = given[i].texts->n > 0;
        found |= is_given ? given[i].way : 0;
        if (is_given && (given[i].way & (providers[row].one_of | providers[row].also)) == 0)
            conf_fault(conf, given[i].texts, "provider %s does not use it; it takes %s",
                       providers[row].provider, providers[row].words);
    }
    if ((found & providers[row].one_of) == 0)
        conf_fault(conf, &connector->name,
                   "%s is missing; mode webhook needs it to know provider %s by",
                   providers[row].words, providers[row].provider);
    if ((found & PUBLIC_KEY) != 0 && (found & (BASIC | BEARER)) != 0)
        conf_fault(conf, &connector->public_keys,
                   "stands beside basic_auth or keys; give one of them, since with public_keys "
                   "every body must be signed");
}

static void check_public_keys(struct conf *conf, const struct conf_texts *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        struct pubkey *key = pubkey_new_p256(str_of(keys->v[i]));
        if (key == NULL && keys->v[i] != NULL)
            conf_fault(conf, &keys->v[i],
                       "expected a public key on curve P-256 as base64, as SendGrid shows it");
        pubkey_free(&key);
    }
}

static void check_svix_keys(struct conf *conf, const struct conf_texts *keys)
{
    unsigned char key[SVIX_KEY_MOST_BYTES];
    size_t n;
    for (size_t i = 0; i < keys->n; i++)
        if (keys->v[i] != NULL && !svix_auth_key(str_of(keys->v[i]), key, &n))
            conf_fault(conf, &keys->v[i],
                       "expected a signing secret as Resend shows it, whsec_ and base64");
}

static void check_basic(struct conf *conf, const struct conf_texts *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        const char *colon = pairs->v[i] != NULL ? strchr(pairs->v[i], ':') : NULL;
        if (pairs->v[i] != NULL && (colon == NULL || colon[1] == '\0'))
            conf_fault(conf, &pairs->v[i], "expected user:password");
    }
}

/* Files and hosts that only ses looks for. */
static void check_sns(struct conf *conf, const struct file_connector *connector)
{
    const char *const *of_ses[] = {&connector->sns_connect_to, &connector->sns_ca_file};
    for (size_t i = 0; i < sizeof of_ses / sizeof *of_ses; i++)
        if (*of_ses[i] != NULL && !is(connector->provider, "ses"))
            conf_fault(conf, of_ses[i], "is for provider ses alone");
    if (connector->sns_ca_file != NULL && access(connector->sns_ca_file, R_OK) != 0)
        conf_fault(conf, &connector->sns_ca_file, "cannot read \"%s\": %m", connector->sns_ca_file);
}

/* Whoever forgot the mode would wait for mails in vain. */
static void check_no_ways(struct conf *conf, const struct file_connector *connector)
{
    struct given given[WAYS];
    find_given(connector, given);
    for (size_t i = 0; i < WAYS; i++)
        if (given[i].texts->n > 0)
            conf_fault(conf, given[i].texts,
                       "is for mode webhook, and the connector's mode is %s; add mode: webhook, "
                       "or leave it out",
                       connector->mode);
}

static void check_age(struct conf *conf, const struct file_connector *connector)
{
    bool is_signed =
        connector->public_keys.n > 0 || connector->signing_keys.n > 0 || connector->topics.n > 0;
    if (connector->signature_age > 0 && !is_signed)
        conf_fault(conf, &connector->signature_age, "nothing is signed here that could be old");
}

static void check_email(struct conf *conf, const struct file_connector *connector)
{
    check_age(conf, connector);
    if (pipeline_is_mailbox(connector))
        check_no_ways(conf, connector);
    if (!pipeline_is_mode(connector, "webhook"))
        return;
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        if (is(connector->provider, providers[i].provider))
            check_ways(conf, connector, i);
    check_sns(conf, connector);
    check_public_keys(conf, &connector->public_keys);
    check_basic(conf, &connector->basic_auth);
    if (is(connector->provider, "resend"))
        check_svix_keys(conf, &connector->signing_keys);
}

/* A token is a part of a path, and all that a stranger would have to guess. */
static void check_tokens(struct conf *conf, const struct file_connector *connector)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    const struct conf_texts *tokens = &connector->webhook_tokens;
    for (size_t i = 0; i < tokens->n; i++) {
        size_t n = tokens->v[i] != NULL ? strlen(tokens->v[i]) : 0;
        if (tokens->v[i] == NULL)
            continue;
        if (n < TOKEN_LEAST_CHARACTERS || strspn(tokens->v[i], allowed) != n)
            conf_fault(conf, &tokens->v[i],
                       "expected at least %d characters of A-Z a-z 0-9 - _ . ~, such as openssl "
                       "rand -hex 32 gives",
                       TOKEN_LEAST_CHARACTERS);
    }
    if (connector->webhook_secrets.n > 0 && tokens->n == 0)
        conf_fault(conf, &connector->webhook_secrets,
                   "needs webhook_tokens: without them no webhook is taken");
}

static void check_sent(struct conf *conf, const struct file_connector *connector)
{
    const struct channel *channel =
        connector->channel != NULL ? channel_find(str_of(connector->channel)) : NULL;
    if (connector->sent_keys.n == 0 || channel == NULL)
        return;
    if (is(connector->channel, "email") && connector->provider == NULL)
        conf_fault(conf, &connector->sent_keys,
                   "needs provider: whose requests and responses are told, such as postmark");
}

void pipeline_senders_check(struct conf *conf, const struct file_connector *connector)
{
    if (is(connector->channel, "email"))
        check_email(conf, connector);
    check_tokens(conf, connector);
    check_sent(conf, connector);
}
