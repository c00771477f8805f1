#include "connectors/auth_password.h"

#include <stdlib.h>

#include "connectors/auth_secrets.h"
#include "lib/arena.h"
#include "lib/base64.h"

#define CREDENTIALS_MOST_BYTES 1024

struct auth_password {
    struct auth_secrets *basic;
    struct auth_secrets *bearers;
};

struct auth_password *auth_password_new(const struct receive_connector *connector)
{
    struct auth_password *password = xcalloc(1, sizeof *password);
    password->basic = auth_secrets_new(connector->basic.v, connector->basic.n);
    password->bearers = auth_secrets_new(connector->bearers.v, connector->bearers.n);
    return password;
}

void auth_password_free(struct auth_password **password)
{
    if (password == NULL || *password == NULL)
        return;
    auth_secrets_free(&(*password)->basic);
    auth_secrets_free(&(*password)->bearers);
    free(*password);
    *password = NULL;
}

static bool claim_basic(struct str base64, struct auth_claim *claim_out)
{
    unsigned char credentials[CREDENTIALS_MOST_BYTES];
    size_t n;
    if (!base64_read(base64, credentials, sizeof credentials, &n))
        return false;
    claim_out->scheme = AUTH_SCHEME_BASIC;
    digest_sha256((struct str){(const char *)credentials, n}, claim_out->secret);
    return true;
}

enum auth_result auth_password_claim(const struct receive_connector *connector,
                                     const struct auth_source *source, struct auth_claim *claim_out)
{
    struct str base64 = auth_secrets_credentials(source, "Basic");
    if (!str_is_null(base64))
        return claim_basic(base64, claim_out) ? AUTH_OK : AUTH_REFUSED;
    claim_out->scheme = AUTH_SCHEME_BEARER;
    if (auth_secrets_claim_bearer(source, claim_out))
        return AUTH_OK;
    bool is_missing = source->header(source->context, "Authorization").count == 0;
    return is_missing && connector->basic.n > 0 ? AUTH_ASK : AUTH_REFUSED;
}

enum auth_result auth_password_check(const struct auth_password *password,
                                     const struct auth_claim *claim)
{
    const struct auth_secrets *secrets =
        claim->scheme == AUTH_SCHEME_BASIC ? password->basic : password->bearers;
    return auth_secrets_have(secrets, claim->secret) ? AUTH_OK : AUTH_REFUSED;
}
