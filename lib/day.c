#include "lib/day.h"

#include <stdio.h>

#include "lib/clock.h"

int32_t day_of(int64_t local_us)
{
    return (int32_t)(local_us / DAY_US - (local_us % DAY_US < 0));
}

void day_format(int32_t day, char text[static DAY_TEXT_BYTES])
{
    char instant[CLOCK_TEXT_BYTES];
    clock_format(day * DAY_US, instant);
    (void)snprintf(text, DAY_TEXT_BYTES, "%.10s", instant);
}

bool day_parse(struct str text, int32_t *day_out)
{
    char instant[sizeof "2025-03-04T00:00:00Z"];
    int64_t us;
    if (text.n != DAY_TEXT_BYTES - 1)
        return false;
    (void)snprintf(instant, sizeof instant, "%.10sT00:00:00Z", text.p);
    if (!clock_parse(str_of(instant), &us))
        return false;
    *day_out = day_of(us);
    return true;
}
