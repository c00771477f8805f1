#include "connectors/svix_auth.h"

#include <stdlib.h>

#include "connectors/auth_hmacs.h"
#include "lib/arena.h"
#include "lib/base64.h"

#define SECRET_PREFIX "whsec_"
#define VERSION "v1,"
#define SIGNATURES_MOST 16
#define TOLERANCE_S 300

struct auth_keys {
    struct auth_hmacs *hmacs;
    int64_t tolerance_s;
};

bool svix_auth_key(struct str secret, unsigned char key_out[static SVIX_KEY_MOST_BYTES],
                   size_t *n_out)
{
    size_t skip = str_starts_with(secret, SECRET_PREFIX) ? strlen(SECRET_PREFIX) : 0;
    struct str base64 = {secret.p + skip, secret.n - skip};
    return base64_read(base64, key_out, SVIX_KEY_MOST_BYTES, n_out) && *n_out > 0;
}

/* Of one family: a mixture would be nobody's. */
static enum auth_result claim(const struct receive_connector *connector,
                              const struct auth_source *source, struct auth_claim *claim_out)
{
    (void)connector;
    bool is_svix = source->header(source->context, "svix-signature").count > 0;
    claim_out->id = auth_header(source, is_svix ? "svix-id" : "webhook-id");
    claim_out->timestamp = auth_header(source, is_svix ? "svix-timestamp" : "webhook-timestamp");
    claim_out->signature = auth_header(source, is_svix ? "svix-signature" : "webhook-signature");
    bool has_all = claim_out->id.n > 0 && claim_out->timestamp.n > 0 && claim_out->signature.n > 0;
    return has_all ? AUTH_OK : AUTH_REFUSED;
}

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    (void)shared;
    struct auth_keys *keys = xcalloc(1, sizeof *keys);
    keys->hmacs = auth_hmacs_new(connector->secret_count);
    keys->tolerance_s = connector->tolerance_s > 0 ? connector->tolerance_s : TOLERANCE_S;
    for (size_t i = 0; i < connector->secret_count; i++) {
        unsigned char key[SVIX_KEY_MOST_BYTES];
        size_t n;
        if (svix_auth_key(str_of(connector->secrets[i]), key, &n))
            auth_hmacs_add(keys->hmacs, (struct str){(const char *)key, n});
    }
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

/* Other versions are skipped: v1a is no HMAC. */
static bool decode(struct str entry, unsigned char mac_out[static DIGEST_SHA256_BYTES])
{
    size_t n;
    size_t skip = strlen(VERSION);
    return str_starts_with(entry, VERSION) &&
           base64_read((struct str){entry.p + skip, entry.n - skip}, mac_out, DIGEST_SHA256_BYTES,
                       &n) &&
           n == DIGEST_SHA256_BYTES;
}

/* Those of the first SIGNATURES_MOST entries that are of our version. */
static size_t decode_all(struct str entries, unsigned char (*macs_out)[DIGEST_SHA256_BYTES])
{
    size_t count = 0;
    for (size_t i = 0; entries.n > 0 && i < SIGNATURES_MOST; i++) {
        const char *blank = memchr(entries.p, ' ', entries.n);
        struct str entry = {entries.p, blank != NULL ? (size_t)(blank - entries.p) : entries.n};
        size_t taken = entry.n + (blank != NULL);
        count += decode(entry, macs_out[count]);
        entries = (struct str){entries.p + taken, entries.n - taken};
    }
    return count;
}

static bool is_one_right(struct auth_keys *keys, const struct auth_claim *claimed, struct str body)
{
    const struct str parts[] = {claimed->id, STR_LIT("."), claimed->timestamp, STR_LIT("."), body};
    unsigned char macs[SIGNATURES_MOST][DIGEST_SHA256_BYTES];
    size_t count = decode_all(claimed->signature, macs);
    return count > 0 &&
           auth_hmacs_match_any(keys->hmacs, parts, sizeof parts / sizeof *parts,
                                (const unsigned char(*)[DIGEST_SHA256_BYTES])macs, count);
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    bool is_right = auth_is_recent(claimed->timestamp, claimed->now_us, keys->tolerance_s) &&
                    is_one_right(keys, claimed, body);
    return is_right ? AUTH_OK : AUTH_REFUSED;
}

const struct auth_channel resend_auth = {
    .channel = "email",
    .provider = "resend",
    .claim = claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
};
