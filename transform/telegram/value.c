#include "transform/telegram/value.h"

#include "lib/clock.h"

#define TIME_LEAST_S INT64_C(1356998400) /* 2013-01-01 */
#define TIME_MOST_S INT64_C(4102444800)  /* 2100-01-01 */

/* Counting downwards holds INT64_MIN as well. */
bool tg_int(struct str text, int64_t *value_out)
{
    bool is_negative = text.n > 0 && text.p[0] == '-';
    size_t at = is_negative;
    int64_t value = 0;
    if (at == text.n)
        return false;
    for (; at < text.n; at++) {
        if (text.p[at] < '0' || text.p[at] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text.p[at] - '0', &value))
            return false;
    }
    if (!is_negative && value == INT64_MIN)
        return false;
    *value_out = is_negative ? value : -value;
    return true;
}

bool tg_time(struct str text, int64_t *us_out)
{
    int64_t seconds;
    if (!tg_int(text, &seconds) || seconds < TIME_LEAST_S || seconds >= TIME_MOST_S)
        return false;
    *us_out = seconds * US_PER_SECOND;
    return true;
}

bool tg_true(struct str text)
{
    return str_is(text, "true") || str_is(text, "1");
}
