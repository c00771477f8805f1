#include "connectors/secret_auth.h"

#include <stdlib.h>

#include "lib/arena.h"

#define BEARER "Bearer "

struct auth_keys {
    size_t count;
    unsigned char digests[][DIGEST_SHA256_BYTES];
};

static bool claim_secret(const struct auth_source *source, const char *header, const char *prefix,
                         struct auth_claim *claim_out)
{
    struct auth_value value = source->header(source->context, header);
    if (value.count != 1 || !str_starts_with(value.value, prefix))
        return false;
    size_t skip = strlen(prefix);
    digest_sha256((struct str){value.value.p + skip, value.value.n - skip}, claim_out->digest);
    return true;
}

static bool claim_bearer(const struct auth_source *source, struct auth_claim *claim_out)
{
    return claim_secret(source, "Authorization", BEARER, claim_out);
}

static bool claim_telegram(const struct auth_source *source, struct auth_claim *claim_out)
{
    return claim_secret(source, "X-Telegram-Bot-Api-Secret-Token", "", claim_out);
}

static enum auth_handshake no_handshake(const struct receive_connector *connector,
                                        const struct auth_source *source, struct str *echo_out)
{
    (void)connector;
    (void)source;
    (void)echo_out;
    return AUTH_HANDSHAKE_FORBIDDEN;
}

static struct auth_keys *keys_new(const struct receive_connector *connector)
{
    struct auth_keys *keys =
        xcalloc(1, sizeof *keys + connector->secret_count * sizeof keys->digests[0]);
    for (size_t i = 0; i < connector->secret_count; i++) {
        /* An empty secret would let everybody in. */
        if (connector->secrets[i][0] != '\0')
            digest_sha256(str_of(connector->secrets[i]), keys->digests[keys->count++]);
    }
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL)
        return;
    free(*keys);
    *keys = NULL;
}

static bool check(struct auth_keys *keys, const struct auth_claim *claimed, struct str body)
{
    (void)body;
    bool any = false;
    for (size_t i = 0; i < keys->count; i++)
        any |= digest_equal(keys->digests[i], claimed->digest, sizeof claimed->digest);
    return any;
}

#define SECRET_AUTH(word, claimer)                                                                 \
    {                                                                                              \
        .channel = (word), .handshake = no_handshake, .claim = (claimer), .keys_new = keys_new,    \
        .keys_free = keys_free, .check = check                                                     \
    }

const struct auth_channel webchat_auth = SECRET_AUTH("webchat", claim_bearer);
const struct auth_channel canonical_auth = SECRET_AUTH("canonical", claim_bearer);
const struct auth_channel telegram_auth = SECRET_AUTH("telegram", claim_telegram);
