#include "lib/hex.h"

const unsigned char hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

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
