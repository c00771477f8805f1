#include "lib/pubkey.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/base64.h"

#define KEY_MOST_BYTES 1024
#define GROUP_NAME_BYTES 32

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
