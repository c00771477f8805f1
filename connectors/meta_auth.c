#include "connectors/meta_auth.h"

#include <stdlib.h>

#include "connectors/auth_hmacs.h"
#include "lib/arena.h"

#define SIGNATURE_HEADER "X-Hub-Signature-256"
#define CHALLENGE_MOST_BYTES 256

struct auth_keys {
    struct auth_hmacs *hmacs;
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

static enum auth_result claim(const struct receive_connector *connector,
                              const struct auth_source *source, struct auth_claim *claim_out)
{
    (void)connector;
    return auth_hmacs_claim(source, SIGNATURE_HEADER, claim_out) ? AUTH_OK : AUTH_REFUSED;
}

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    (void)shared;
    struct auth_keys *keys = xcalloc(1, sizeof *keys);
    keys->hmacs = auth_hmacs_of(connector);
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    auth_hmacs_free(&(*keys)->hmacs);
    free(*keys);
    *keys = NULL;
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    return auth_hmacs_match(keys->hmacs, &body, 1, claimed->mac) ? AUTH_OK : AUTH_REFUSED;
}

const struct auth_channel meta_auth = {
    .channel = "whatsapp",
    .handshake = handshake,
    .claim = claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
};
