/* digest.h: SHA-256 and HMAC-SHA256 over OpenSSL's EVP, with the algorithm fetched once.
 *
 * Owns:    a struct hmac owns its key schedule; the secret is not kept.
 * Errors:  OpenSSL failing here means a broken installation: message and exit.
 * Threads: digest_sha256 is safe; one struct hmac or sha256 belongs to one thread (hmac_dup makes
 * another hmac).
 */
#ifndef SLUICE_LIB_DIGEST_H
#define SLUICE_LIB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

#define DIGEST_SHA256_BYTES 32

void digest_sha256(struct str bytes, unsigned char digest_out[static DIGEST_SHA256_BYTES]);

/* The same over bytes that come piece by piece; begins anew after each digest. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 **sha256);
void sha256_add(struct sha256 *sha256, struct str bytes);
void sha256_take(struct sha256 *sha256, unsigned char digest_out[static DIGEST_SHA256_BYTES]);

struct hmac;
struct hmac *hmac_new(struct str secret);
struct hmac *hmac_dup(const struct hmac *hmac);
void hmac_free(struct hmac **hmac);
void hmac_sha256(struct hmac *hmac, struct str bytes,
                 unsigned char digest_out[static DIGEST_SHA256_BYTES]);
/* Over the parts laid end to end. */
void hmac_sha256_parts(struct hmac *hmac, const struct str *parts, size_t count,
                       unsigned char digest_out[static DIGEST_SHA256_BYTES]);

/* Constant time for equal lengths; different lengths are unequal at once (both lengths are public).
 */
bool digest_equal(const unsigned char *a, const unsigned char *b, size_t n);
/* Constant time whatever the lengths: compares SHA-256 of both. For tokens. */
bool digest_text_equal(struct str a, struct str b);

#endif
