#include "transform/telegram/value.h"

#include "lib/clock.h"
#include "lib/decimal.h"

#define TIME_LEAST_S INT64_C(1356998400) /* 2013-01-01 */
#define TIME_MOST_S INT64_C(4102444800)  /* 2100-01-01 */

bool tg_time(struct str text, int64_t *us_out)
{
    int64_t seconds;
    if (!decimal_parse(text, &seconds) || seconds < TIME_LEAST_S || seconds >= TIME_MOST_S)
        return false;
    *us_out = seconds * US_PER_SECOND;
    return true;
}

bool tg_true(struct str text)
{
    return str_is(text, "true") || str_is(text, "1");
}
