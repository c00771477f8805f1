#include "lib/decimal.h"

#include <string.h>

size_t decimal_format(int64_t value, char text[static DECIMAL_TEXT_BYTES])
{
    char digits[DECIMAL_TEXT_BYTES];
    char *end = digits + sizeof digits;
    char *first = end;
    *--first = '\0';
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--first = '-';
    size_t n = (size_t)(end - first);
    memcpy(text, first, n);
    return n - 1;
}
