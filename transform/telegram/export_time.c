#include "transform/telegram/export_time.h"

#include "lib/clock.h"
#include "transform/telegram/value.h"

#define LOCAL_BYTES 19                   /* of "2026-01-01T04:14:00" */
#define YEAR_LEAST_S INT64_C(1356998400) /* 2013 */
#define YEAR_MOST_S INT64_C(4102444800)  /* 2100 */

static int digits(const char *p, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        value = value * 10 + (p[i] - '0');
    }
    return value;
}

bool tgx_time_local(struct str text, int64_t *local_us_out)
{
    const char *p = text.p;
    if (text.n != LOCAL_BYTES || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' ||
        p[16] != ':')
        return false;
    return zone_local(digits(p, 4), digits(p + 5, 2), digits(p + 8, 2), digits(p + 11, 2),
                      digits(p + 14, 2), digits(p + 17, 2), local_us_out);
}

static enum tgx_time read_local(struct zone *zone, struct str local, int64_t *us_out)
{
    int64_t local_us;
    if (str_starts_with(local, "1970-01-01") || str_starts_with(local, "1969-12-31"))
        return TGX_TIME_EMPTY;
    if (!tgx_time_local(local, &local_us))
        return TGX_TIME_BAD;
    if (zone == NULL)
        return TGX_TIME_NEEDS_ZONE;
    *us_out = zone_to_utc(zone, local_us);
    bool is_possible =
        *us_out >= YEAR_LEAST_S * US_PER_SECOND && *us_out < YEAR_MOST_S * US_PER_SECOND;
    return is_possible ? TGX_TIME_READ : TGX_TIME_BAD;
}

enum tgx_time tgx_time_read(struct zone *zone, struct str unixtime, struct str local,
                            int64_t *us_out)
{
    if (str_is(unixtime, "0"))
        return TGX_TIME_EMPTY;
    if (unixtime.n > 0)
        return tg_time(unixtime, us_out) ? TGX_TIME_READ : TGX_TIME_BAD;
    return local.n > 0 ? read_local(zone, local, us_out) : TGX_TIME_ABSENT;
}
