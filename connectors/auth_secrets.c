#include "connectors/auth_secrets.h"

#include <stdlib.h>
#include <strings.h>

#include "lib/arena.h"

struct auth_secrets {
    size_t count;
    unsigned char digests[][DIGEST_SHA256_BYTES];
};

struct auth_secrets *auth_secrets_new(const char *const *texts, size_t count)
{
    struct auth_secrets *secrets = NULL;
    secrets = xcalloc(1, sizeof *secrets + count * sizeof secrets->digests[0]);
    for (size_t i = 0; i < count; i++)
        if (texts[i][0] != '\0')
            digest_sha256(str_of(texts[i]), secrets->digests[secrets->count++]);
    return secrets;
}

void auth_secrets_free(struct auth_secrets **secrets)
{
    if (secrets == NULL)
        return;
    free(*secrets);
    *secrets = NULL;
}

bool auth_secrets_have(const struct auth_secrets *secrets,
                       const unsigned char digest[static DIGEST_SHA256_BYTES])
{
    bool any = false;
    for (size_t i = 0; i < secrets->count; i++)
        any |= digest_equal(secrets->digests[i], digest, DIGEST_SHA256_BYTES);
    return any;
}

bool auth_secrets_claim(const struct auth_source *source, const char *header,
                        struct auth_claim *claim_out)
{
    struct str value = auth_header(source, header);
    if (str_is_null(value))
        return false;
    digest_sha256(value, claim_out->secret);
    return true;
}

struct str auth_secrets_credentials(const struct auth_source *source, const char *scheme)
{
    struct str value = auth_header(source, "Authorization");
    size_t n = strlen(scheme);
    bool is_scheme = value.n > n && strncasecmp(value.p, scheme, n) == 0 && value.p[n] == ' ';
    return is_scheme ? (struct str){value.p + n + 1, value.n - n - 1} : STR_NULL;
}

bool auth_secrets_claim_bearer(const struct auth_source *source, struct auth_claim *claim_out)
{
    struct str key = auth_secrets_credentials(source, "Bearer");
    if (str_is_null(key))
        return false;
    digest_sha256(key, claim_out->secret);
    return true;
}
