#include "lib/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"

struct hmac {
    EVP_MAC_CTX
    *keyed; /* never finalised: re-initialised with a NULL key, which keeps the schedule */
};

/* Fetched once: an implicit fetch per call halves the rate (limits.md 2). */
static EVP_MD *sha256_algorithm;
static EVP_MAC *hmac_algorithm;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void require(bool ok)
{
    if (ok)
        return;
    (void)fprintf(
        stderr,
        "level=fatal msg=\"OpenSSL cannot compute SHA-256; check the installation of libssl3\"\n");
    exit(1);
}

static void fetch(void)
{
    sha256_algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac_algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    require(sha256_algorithm != NULL && hmac_algorithm != NULL);
}

void digest_sha256(struct str bytes, unsigned char digest_out[static DIGEST_SHA256_BYTES])
{
    (void)pthread_once(&fetched, fetch);
    require(EVP_Digest(bytes.p, bytes.n, digest_out, NULL, sha256_algorithm, NULL) == 1);
}

struct sha256 {
    EVP_MD_CTX *context;
};

struct sha256 *sha256_new(void)
{
    (void)pthread_once(&fetched, fetch);
    struct sha256 *sha256 = xcalloc(1, sizeof *sha256);
    sha256->context = EVP_MD_CTX_new();
    require(sha256->context != NULL &&
            EVP_DigestInit_ex2(sha256->context, sha256_algorithm, NULL) == 1);
    return sha256;
}

void sha256_free(struct sha256 **sha256)
{
    if (sha256 == NULL || *sha256 == NULL)
        return;
    EVP_MD_CTX_free((*sha256)->context);
    free(*sha256);
    *sha256 = NULL;
}

void sha256_add(struct sha256 *sha256, struct str bytes)
{
    require(EVP_DigestUpdate(sha256->context, bytes.p, bytes.n) == 1);
}

void sha256_take(struct sha256 *sha256, unsigned char digest_out[static DIGEST_SHA256_BYTES])
{
    require(EVP_DigestFinal_ex(sha256->context, digest_out, NULL) == 1 &&
            EVP_DigestInit_ex2(sha256->context, NULL, NULL) == 1);
}

struct hmac *hmac_new(struct str secret)
{
    (void)pthread_once(&fetched, fetch);
    struct hmac *hmac = xcalloc(1, sizeof *hmac);
    hmac->keyed = EVP_MAC_CTX_new(hmac_algorithm);
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                           OSSL_PARAM_construct_end()};
    /* A NULL key would mean "keep the old one": an empty secret still needs an address. */
    const unsigned char *key = (const unsigned char *)(secret.p != NULL ? secret.p : "");
    require(hmac->keyed != NULL && EVP_MAC_init(hmac->keyed, key, secret.n, params) == 1);
    return hmac;
}

struct hmac *hmac_dup(const struct hmac *hmac)
{
    struct hmac *copy = xcalloc(1, sizeof *copy);
    copy->keyed = EVP_MAC_CTX_dup(hmac->keyed);
    require(copy->keyed != NULL);
    return copy;
}

void hmac_free(struct hmac **hmac)
{
    if (hmac == NULL || *hmac == NULL)
        return;
    EVP_MAC_CTX_free((*hmac)->keyed);
    free(*hmac);
    *hmac = NULL;
}

void hmac_sha256_parts(struct hmac *hmac, const struct str *parts, size_t count,
                       unsigned char digest_out[static DIGEST_SHA256_BYTES])
{
    size_t n = 0;
    require(EVP_MAC_init(hmac->keyed, NULL, 0, NULL) == 1);
    for (size_t i = 0; i < count; i++)
        require(EVP_MAC_update(hmac->keyed, (const unsigned char *)parts[i].p, parts[i].n) == 1);
    require(EVP_MAC_final(hmac->keyed, digest_out, &n, DIGEST_SHA256_BYTES) == 1 &&
            n == DIGEST_SHA256_BYTES);
}

void hmac_sha256(struct hmac *hmac, struct str bytes,
                 unsigned char digest_out[static DIGEST_SHA256_BYTES])
{
    hmac_sha256_parts(hmac, &bytes, 1, digest_out);
}

bool digest_equal(const unsigned char *a, const unsigned char *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

bool digest_text_equal(struct str a, struct str b)
{
    unsigned char of_a[DIGEST_SHA256_BYTES], of_b[DIGEST_SHA256_BYTES];
    digest_sha256(a, of_a);
    digest_sha256(b, of_b);
    return digest_equal(of_a, of_b, sizeof of_a);
}
