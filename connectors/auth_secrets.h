/* auth_secrets.h: secrets of which a sender must present one.
 *
 * Owns:    their SHA-256; the secrets are not kept.
 * Timing:  secrets are compared by their SHA-256, all of them, in constant time.
 * Threads: constant once made. */
#ifndef SLUICE_CONNECTORS_AUTH_SECRETS_H
#define SLUICE_CONNECTORS_AUTH_SECRETS_H

#include "connectors/auth.h"

struct auth_secrets;

/* An empty secret would let everybody in, and is left out. */
struct auth_secrets *auth_secrets_new(const char *const *secrets, size_t count);
void auth_secrets_free(struct auth_secrets **secrets);
/* digest: SHA-256 of what was presented. */
bool auth_secrets_have(const struct auth_secrets *secrets,
                       const unsigned char digest[static DIGEST_SHA256_BYTES]);

/* A header that was given once and is the secret. */
bool auth_secrets_claim(const struct auth_source *source, const char *header,
                        struct auth_claim *claim_out);
/* What follows the scheme, whose case does not matter (RFC 9110 11.1), in an Authorization header
 * that was given once; STR_NULL: there is none of that scheme. */
struct str auth_secrets_credentials(const struct auth_source *source, const char *scheme);
/* "Authorization: Bearer <secret>" (RFC 6750 2.1). */
bool auth_secrets_claim_bearer(const struct auth_source *source, struct auth_claim *claim_out);

#endif
