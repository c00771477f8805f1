#include "connectors/sendgrid_auth.h"

#include <stdlib.h>

#include "connectors/auth_password.h"
#include "lib/arena.h"
#include "lib/base64.h"
#include "lib/pubkey.h"

#define SIGNATURE_HEADER "X-Twilio-Email-Event-Webhook-Signature"
#define TIMESTAMP_HEADER "X-Twilio-Email-Event-Webhook-Timestamp"
#define TOLERANCE_S 300
#define SIGNATURE_MOST_BYTES 128 /* DER of two 256-bit numbers takes 72 */

struct auth_keys {
    struct auth_password *password;
    int64_t tolerance_s;
    size_t count;
    struct pubkey *pubkeys[];
};

static bool is_signed(const struct receive_connector *connector)
{
    return connector->secret_count > 0;
}

static enum auth_result claim(const struct receive_connector *connector,
                              const struct auth_source *source, struct auth_claim *claim_out)
{
    if (!is_signed(connector))
        return auth_password_claim(connector, source, claim_out);
    claim_out->signature = auth_header(source, SIGNATURE_HEADER);
    claim_out->timestamp = auth_header(source, TIMESTAMP_HEADER);
    bool has_both = claim_out->signature.n > 0 && claim_out->timestamp.n > 0;
    return has_both ? AUTH_OK : AUTH_REFUSED;
}

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    (void)shared;
    struct auth_keys *keys = NULL;
    size_t most = connector->secret_count;
    keys = xcalloc(1, sizeof *keys + most * sizeof keys->pubkeys[0]);
    keys->tolerance_s = connector->tolerance_s > 0 ? connector->tolerance_s : TOLERANCE_S;
    if (!is_signed(connector))
        keys->password = auth_password_new(connector);
    for (size_t i = 0; i < most; i++) {
        struct pubkey *key = pubkey_new_p256(str_of(connector->secrets[i]));
        if (key != NULL)
            keys->pubkeys[keys->count++] = key;
    }
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    auth_password_free(&(*keys)->password);
    for (size_t i = 0; i < (*keys)->count; i++)
        pubkey_free(&(*keys)->pubkeys[i]);
    free(*keys);
    *keys = NULL;
}

static bool is_signature_right(const struct auth_keys *keys, const struct auth_claim *claimed,
                               struct str body)
{
    unsigned char signature[SIGNATURE_MOST_BYTES];
    size_t n;
    if (!base64_read(claimed->signature, signature, sizeof signature, &n))
        return false;
    const struct str parts[] = {claimed->timestamp, body};
    for (size_t i = 0; i < keys->count; i++)
        if (pubkey_verify(keys->pubkeys[i], PUBKEY_SHA256, parts, 2,
                          (struct str){(const char *)signature, n}))
            return true;
    return false;
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    if (keys->password != NULL)
        return auth_password_check(keys->password, claimed);
    bool is_right = auth_is_recent(claimed->timestamp, claimed->now_us, keys->tolerance_s) &&
                    is_signature_right(keys, claimed, body);
    return is_right ? AUTH_OK : AUTH_REFUSED;
}

const struct auth_channel sendgrid_auth = {
    .channel = "email",
    .provider = "sendgrid",
    .client_errors_are_final = true,
    .claim = claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
};
