#include "lib/hex.h"

static int value_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_take(const char *from, unsigned char *byte_out)
{
    int high = value_of(from[0]);
    int low = high >= 0 ? value_of(from[1]) : -1;
    if (low < 0)
        return false;
    *byte_out = (unsigned char)(high << 4 | low);
    return true;
}

void hex_encode(const unsigned char *bytes, size_t n, char *text)
{
    for (size_t i = 0; i < n; i++)
        text = hex_put(text, bytes[i]);
    *text = '\0';
}

bool hex_decode(struct str text, unsigned char *bytes_out, size_t n)
{
    if (text.p == NULL || text.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!hex_take(text.p + 2 * i, &bytes_out[i]))
            return false;
    return true;
}
