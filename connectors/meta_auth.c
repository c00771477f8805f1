#include "connectors/meta_auth.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/hex.h"

#define SIGNATURE_HEADER "X-Hub-Signature-256"
#define SIGNATURE_PREFIX "sha256="
#define CHALLENGE_MOST_BYTES 256

struct auth_keys {
    size_t count;
    struct hmac *hmacs[];
};

/* The challenge is echoed, so only what can do no harm in an answer is let through. */
static bool challenge_is_sane(struct str challenge)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (str_is_null(challenge) || challenge.n == 0 || challenge.n > CHALLENGE_MOST_BYTES)
        return false;
    for (size_t i = 0; i < challenge.n; i++)
        if (challenge.p[i] == '\0' || strchr(allowed, challenge.p[i]) == NULL)
            return false;
    return true;
}

static enum auth_handshake handshake(const struct receive_connector *connector,
                                     const struct auth_source *source, struct str *echo_out)
{
    struct auth_value mode = source->parameter(source->context, "hub.mode");
    struct auth_value token = source->parameter(source->context, "hub.verify_token");
    struct auth_value challenge = source->parameter(source->context, "hub.challenge");
    if (connector->verify_token == NULL || connector->verify_token[0] == '\0' || mode.count != 1 ||
        !str_is(mode.value, "subscribe") || token.count != 1 || str_is_null(token.value) ||
        !digest_text_equal(token.value, str_of(connector->verify_token)))
        return AUTH_HANDSHAKE_FORBIDDEN;
    if (challenge.count != 1 || !challenge_is_sane(challenge.value))
        return AUTH_HANDSHAKE_MALFORMED;
    *echo_out = challenge.value;
    return AUTH_HANDSHAKE_OK;
}

static bool claim(const struct auth_source *source, struct auth_claim *claim_out)
{
    struct auth_value header = source->header(source->context, SIGNATURE_HEADER);
    if (header.count != 1 || !str_starts_with(header.value, SIGNATURE_PREFIX))
        return false;
    size_t skip = strlen(SIGNATURE_PREFIX);
    struct str digits = {header.value.p + skip, header.value.n - skip};
    return hex_decode(digits, claim_out->digest, sizeof claim_out->digest);
}

static struct auth_keys *keys_new(const struct receive_connector *connector)
{
    size_t count = connector->secret_count;
    struct auth_keys *keys = xcalloc(1, sizeof *keys + count * sizeof keys->hmacs[0]);
    for (size_t i = 0; i < count; i++) {
        /* An empty secret would let everybody sign. */
        if (connector->secrets[i][0] != '\0')
            keys->hmacs[keys->count++] = hmac_new(str_of(connector->secrets[i]));
    }
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    for (size_t i = 0; i < (*keys)->count; i++)
        hmac_free(&(*keys)->hmacs[i]);
    free(*keys);
    *keys = NULL;
}

static bool check(struct auth_keys *keys, const struct auth_claim *claimed, struct str body)
{
    bool any = false;
    for (size_t i = 0; i < keys->count; i++) {
        unsigned char digest[DIGEST_SHA256_BYTES];
        hmac_sha256(keys->hmacs[i], body, digest);
        any |= digest_equal(digest, claimed->digest, sizeof digest);
    }
    return any;
}

const struct auth_channel meta_auth = {
    .channel = "whatsapp",
    .handshake = handshake,
    .claim = claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
};
