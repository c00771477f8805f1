#include "lib/base64.h"

#include <openssl/evp.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (memchr(alphabet, text.p[i], sizeof alphabet - 1) == NULL)
            return false;
    return true;
}

/* Two to four characters to one byte less. false: bits that no byte has are not zero. */
static bool read_group(struct str group, unsigned char *bytes_out)
{
    unsigned char padded[4] = {'A', 'A', 'A', 'A'};
    unsigned char bytes[3];
    memcpy(padded, group.p, group.n);
    (void)EVP_DecodeBlock(bytes, padded, sizeof padded);
    memcpy(bytes_out, bytes, group.n - 1);
    return group.n == 4 || (bytes[2] == 0 && (group.n == 3 || bytes[1] == 0));
}

bool base64_read(struct str text, unsigned char *bytes_out, size_t most, size_t *n_out)
{
    size_t n = text.n;
    while (n > 0 && text.n - n < 2 && text.p[n - 1] == '=')
        n--;
    bool is_whole = n % 4 != 1 && (n == text.n || text.n % 4 == 0);
    size_t bytes = n / 4 * 3 + (n % 4 > 0 ? n % 4 - 1 : 0);
    if (str_is_null(text) || !is_whole || bytes > most || !is_plain((struct str){text.p, n}))
        return false;
    for (size_t at = 0; at < n; at += 4)
        if (!read_group((struct str){text.p + at, n - at < 4 ? n - at : 4}, bytes_out + at / 4 * 3))
            return false;
    *n_out = bytes;
    return true;
}
