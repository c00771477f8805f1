/* pubkey.h: signatures that are checked with a public key, over OpenSSL's EVP.
 *
 * Owns:    the key.
 * Errors:  a text that is no such key gives NULL; a signature that cannot be read is a wrong one.
 * Threads: a key may be used by several threads at once. */
#ifndef SLUICE_LIB_PUBKEY_H
#define SLUICE_LIB_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

struct pubkey;

/* Base64 of the DER of a SubjectPublicKeyInfo on curve P-256, without PEM's armour. */
struct pubkey *pubkey_new_p256(struct str base64);
/* The key of an X.509 certificate, the first one of a PEM text: RSA of at least 2048 bits. Times:
 * when it begins and ceases to be valid; who issued it is not looked at. */
struct pubkey *pubkey_new_certificate(struct str pem, int64_t *from_us_out, int64_t *until_us_out);
/* The same key once more, for another owner. */
struct pubkey *pubkey_dup(const struct pubkey *key);
void pubkey_free(struct pubkey **key);

enum pubkey_digest { PUBKEY_SHA1, PUBKEY_SHA256 };

/* Over the parts laid end to end; ECDSA's signature is DER, RSA's is PKCS#1 v1.5. */
bool pubkey_verify(const struct pubkey *key, enum pubkey_digest digest, const struct str *parts,
                   size_t count, struct str signature);

#endif
