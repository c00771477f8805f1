/* hex.h: bytes as hexadecimal digits. Writing is lower case; reading accepts both.
 * Threads: no state. */
#ifndef SLUICE_LIB_HEX_H
#define SLUICE_LIB_HEX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

/* Writes two digits without NUL; returns the place after them. */
static inline char *hex_put(char *to, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    to[0] = digits[byte >> 4];
    to[1] = digits[byte & 15];
    return to + 2;
}
/* By character: the digit's value plus one; 0 = no digit. */
extern const unsigned char hex_digits[256];

/* Reads exactly two digits. */
static inline bool hex_take(const char *from, unsigned char *byte_out)
{
    int high = hex_digits[(unsigned char)from[0]];
    int low = high > 0 ? hex_digits[(unsigned char)from[1]] : 0;
    if (low == 0)
        return false;
    *byte_out = (unsigned char)((high - 1) << 4 | (low - 1));
    return true;
}
/* text must hold 2 * n + 1 bytes. */
void hex_encode(const unsigned char *bytes, size_t n, char *text);
/* Reads exactly n bytes from exactly 2 * n digits; false otherwise. */
bool hex_decode(struct str text, unsigned char *bytes_out, size_t n);

#endif
