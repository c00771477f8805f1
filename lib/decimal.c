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

bool decimal_parse(struct str text, int64_t *value_out)
{
    bool is_negative = text.n > 0 && text.p[0] == '-';
    size_t at = is_negative;
    int64_t value = 0;
    if (at == text.n)
        return false;
    for (; at < text.n; at++) {
        int digit = text.p[at] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!is_negative && value == INT64_MIN) /* counted downwards, there is one more below zero */
        return false;
    *value_out = is_negative ? value : -value;
    return true;
}
