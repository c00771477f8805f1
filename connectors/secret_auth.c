#include "connectors/secret_auth.h"

#include <stdlib.h>

#include "connectors/auth_secrets.h"
#include "lib/arena.h"

struct auth_keys {
    struct auth_secrets *secrets;
};

static enum auth_result claim_bearer(const struct receive_connector *connector,
                                     const struct auth_source *source, struct auth_claim *claim_out)
{
    (void)connector;
    return auth_secrets_claim_bearer(source, claim_out) ? AUTH_OK : AUTH_REFUSED;
}

static enum auth_result claim_telegram(const struct receive_connector *connector,
                                       const struct auth_source *source,
                                       struct auth_claim *claim_out)
{
    static const char header[] = "X-Telegram-Bot-Api-Secret-Token";
    (void)connector;
    return auth_secrets_claim(source, header, claim_out) ? AUTH_OK : AUTH_REFUSED;
}

static struct auth_keys *keys_of(const char *const *secrets, size_t count)
{
    struct auth_keys *keys = xcalloc(1, sizeof *keys);
    keys->secrets = auth_secrets_new(secrets, count);
    return keys;
}

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    (void)shared;
    return keys_of(connector->secrets, connector->secret_count);
}

static struct auth_keys *sent_keys_new(const struct receive_connector *connector,
                                       struct auth_shared *shared)
{
    (void)shared;
    return keys_of(connector->sent_keys.v, connector->sent_keys.n);
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    auth_secrets_free(&(*keys)->secrets);
    free(*keys);
    *keys = NULL;
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    (void)body;
    return auth_secrets_have(keys->secrets, claimed->secret) ? AUTH_OK : AUTH_REFUSED;
}

#define SECRET_AUTH(word, claimer, keys_maker)                                                     \
    {                                                                                              \
        .channel = (word), .claim = (claimer), .keys_new = (keys_maker), .keys_free = keys_free,   \
        .check = check                                                                             \
    }

const struct auth_channel webchat_auth = SECRET_AUTH("webchat", claim_bearer, keys_new);
const struct auth_channel canonical_auth = SECRET_AUTH("canonical", claim_bearer, keys_new);
const struct auth_channel telegram_auth = SECRET_AUTH("telegram", claim_telegram, keys_new);
const struct auth_channel sent_auth = SECRET_AUTH("sent", claim_bearer, sent_keys_new);
