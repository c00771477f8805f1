#include "lib/pubkey.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <time.h>

#include "lib/arena.h"
#include "lib/base64.h"
#include "lib/clock.h"

#define KEY_MOST_BYTES 1024
#define GROUP_NAME_BYTES 32
#define RSA_LEAST_BITS 2048

struct pubkey {
    EVP_PKEY *key;
};

static struct pubkey *wrap(EVP_PKEY *key)
{
    struct pubkey *pubkey = xcalloc(1, sizeof *pubkey);
    pubkey->key = key;
    return pubkey;
}

static bool is_p256(const EVP_PKEY *key)
{
    char name[GROUP_NAME_BYTES];
    size_t n = 0;
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, name, sizeof name, &n) == 1 &&
           strcmp(name, "prime256v1") == 0;
}

struct pubkey *pubkey_new_p256(struct str base64)
{
    unsigned char der[KEY_MOST_BYTES];
    size_t n;
    if (!base64_read(base64, der, sizeof der, &n))
        return NULL;
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)n);
    ERR_clear_error();
    if (key != NULL && at == der + n && is_p256(key))
        return wrap(key);
    EVP_PKEY_free(key);
    return NULL;
}

static bool read_time(const ASN1_TIME *from, int64_t *us_out)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(from, &tm) != 1)
        return false;
    *us_out = timegm(&tm) * US_PER_SECOND;
    return true;
}

/* PEM may be encrypted; then OpenSSL would ask the terminal. */
static int no_passphrase(char *text, int size, int is_writing, void *context)
{
    (void)text, (void)size, (void)is_writing, (void)context;
    return -1;
}

static X509 *read_certificate(struct str pem)
{
    BIO *bio = pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

struct pubkey *pubkey_new_certificate(struct str pem, int64_t *from_us_out, int64_t *until_us_out)
{
    X509 *certificate = read_certificate(pem);
    if (certificate == NULL)
        return NULL;
    EVP_PKEY *key = X509_get_pubkey(certificate);
    bool is_right = key != NULL && EVP_PKEY_is_a(key, "RSA") &&
                    EVP_PKEY_get_bits(key) >= RSA_LEAST_BITS &&
                    read_time(X509_get0_notBefore(certificate), from_us_out) &&
                    read_time(X509_get0_notAfter(certificate), until_us_out);
    X509_free(certificate);
    ERR_clear_error();
    if (is_right)
        return wrap(key);
    EVP_PKEY_free(key);
    return NULL;
}

struct pubkey *pubkey_dup(const struct pubkey *key)
{
    (void)EVP_PKEY_up_ref(key->key);
    return wrap(key->key);
}

void pubkey_free(struct pubkey **key)
{
    if (key == NULL || *key == NULL)
        return;
    EVP_PKEY_free((*key)->key);
    free(*key);
    *key = NULL;
}

static bool digest_parts(EVP_MD_CTX *context, const struct str *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (EVP_DigestVerifyUpdate(context, parts[i].p, parts[i].n) != 1)
            return false;
    return true;
}

bool pubkey_verify(const struct pubkey *key, enum pubkey_digest digest, const struct str *parts,
                   size_t count, struct str signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *md = digest == PUBKEY_SHA1 ? EVP_sha1() : EVP_sha256();
    bool is_right =
        context != NULL && EVP_DigestVerifyInit(context, NULL, md, NULL, key->key) == 1 &&
        digest_parts(context, parts, count) &&
        EVP_DigestVerifyFinal(context, (const unsigned char *)signature.p, signature.n) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error(); /* a wrong signature leaves entries for this thread */
    return is_right;
}
