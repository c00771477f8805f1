#include "connectors/auth_hmacs.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/hex.h"

#define PREFIX "sha256="

struct auth_hmacs {
    size_t count;
    struct hmac *hmacs[];
};

struct auth_hmacs *auth_hmacs_new(size_t most)
{
    struct auth_hmacs *hmacs = NULL;
    return xcalloc(1, sizeof *hmacs + most * sizeof hmacs->hmacs[0]);
}

void auth_hmacs_free(struct auth_hmacs **hmacs)
{
    if (hmacs == NULL || *hmacs == NULL)
        return;
    for (size_t i = 0; i < (*hmacs)->count; i++)
        hmac_free(&(*hmacs)->hmacs[i]);
    free(*hmacs);
    *hmacs = NULL;
}

void auth_hmacs_add(struct auth_hmacs *hmacs, struct str secret)
{
    if (secret.n > 0)
        hmacs->hmacs[hmacs->count++] = hmac_new(secret);
}

struct auth_hmacs *auth_hmacs_of(const struct receive_connector *connector)
{
    struct auth_hmacs *hmacs = auth_hmacs_new(connector->secret_count);
    for (size_t i = 0; i < connector->secret_count; i++)
        auth_hmacs_add(hmacs, str_of(connector->secrets[i]));
    return hmacs;
}

bool auth_hmacs_match_any(struct auth_hmacs *hmacs, const struct str *parts, size_t count,
                          const unsigned char (*macs)[DIGEST_SHA256_BYTES], size_t mac_count)
{
    bool any = false;
    for (size_t i = 0; i < hmacs->count; i++) {
        unsigned char digest[DIGEST_SHA256_BYTES];
        hmac_sha256_parts(hmacs->hmacs[i], parts, count, digest);
        for (size_t k = 0; k < mac_count; k++)
            any |= digest_equal(digest, macs[k], sizeof digest);
    }
    return any;
}

bool auth_hmacs_match(struct auth_hmacs *hmacs, const struct str *parts, size_t count,
                      const unsigned char mac[static DIGEST_SHA256_BYTES])
{
    return auth_hmacs_match_any(hmacs, parts, count,
                                (const unsigned char(*)[DIGEST_SHA256_BYTES])mac, 1);
}

bool auth_hmacs_claim(const struct auth_source *source, const char *header,
                      struct auth_claim *claim_out)
{
    struct str value = auth_header(source, header);
    if (!str_starts_with(value, PREFIX))
        return false;
    size_t skip = strlen(PREFIX);
    struct str digits = {value.p + skip, value.n - skip};
    return hex_decode(digits, claim_out->mac, sizeof claim_out->mac);
}
