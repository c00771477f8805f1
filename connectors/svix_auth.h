/* svix_auth.h: webhooks that Svix signs, also known as Standard Webhooks: those of Resend.
 *
 * Signed:  HMAC-SHA256 of "<id>.<timestamp>.<body>"; the header lists several signatures while a
 *          secret is replaced, of which one must be right. The timestamp is renewed with every
 *          repeat.
 * Source:  reference/email.md 1.5, ecosystem.md 7.1. */
#ifndef SLUICE_CONNECTORS_SVIX_AUTH_H
#define SLUICE_CONNECTORS_SVIX_AUTH_H

#include "connectors/auth.h"

#define SVIX_KEY_MOST_BYTES 256

extern const struct auth_channel resend_auth;

/* "whsec_" and base64 to the key's bytes; false: it is no such secret. */
bool svix_auth_key(struct str secret, unsigned char key_out[static SVIX_KEY_MOST_BYTES],
                   size_t *n_out);

#endif
