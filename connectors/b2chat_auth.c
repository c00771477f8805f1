#include "connectors/b2chat_auth.h"

#include <stdlib.h>

#include "connectors/auth_hmacs.h"
#include "connectors/auth_secrets.h"
#include "lib/arena.h"

#define SIGNATURE_HEADER "X-B2Chat-Signature"

struct auth_keys {
    struct auth_secrets *tokens;
    struct auth_hmacs *hmacs; /* NULL: bodies are not signed */
};

static bool claim_token(const struct auth_source *source, struct auth_claim *claim_out)
{
    if (str_is_null(source->path_token))
        return auth_secrets_claim_bearer(source, claim_out);
    digest_sha256(source->path_token, claim_out->secret);
    return true;
}

/* A missing signature is none: it is refused after the token was found right, not before. */
static enum auth_result claim(const struct receive_connector *connector,
                              const struct auth_source *source, struct auth_claim *claim_out)
{
    (void)connector;
    if (!claim_token(source, claim_out))
        return AUTH_UNKNOWN;
    if (auth_hmacs_claim(source, SIGNATURE_HEADER, claim_out))
        claim_out->signature = STR_LIT(SIGNATURE_HEADER);
    return AUTH_OK;
}

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    (void)shared;
    struct auth_keys *keys = xcalloc(1, sizeof *keys);
    keys->tokens = auth_secrets_new(connector->tokens.v, connector->tokens.n);
    if (connector->secret_count > 0)
        keys->hmacs = auth_hmacs_of(connector);
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    auth_secrets_free(&(*keys)->tokens);
    auth_hmacs_free(&(*keys)->hmacs);
    free(*keys);
    *keys = NULL;
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    if (!auth_secrets_have(keys->tokens, claimed->secret))
        return AUTH_UNKNOWN;
    if (keys->hmacs == NULL)
        return AUTH_OK;
    bool is_right =
        !str_is_null(claimed->signature) && auth_hmacs_match(keys->hmacs, &body, 1, claimed->mac);
    return is_right ? AUTH_OK : AUTH_REFUSED;
}

const struct auth_channel b2chat_auth = {
    .channel = "b2chat",
    .takes_path_token = true,
    .claim = claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
};
