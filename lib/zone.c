#include "lib/zone.h"

#include <glib.h>

#include "lib/arena.h"
#include "lib/clock.h"

#define NAME_MOST_BYTES 64
#define SECONDS_PER_DAY 86400

struct zone {
    GTimeZone *rules;
    /* The span around the last answer in which the offset is the same: times come in order. */
    int64_t same_from, same_to; /* local seconds */
    int64_t offset;             /* seconds */
};

struct zone *zone_open(struct str name)
{
    char text[NAME_MOST_BYTES];
    if (str_is_null(name) || name.n == 0 || name.n >= sizeof text || name.p[0] == '/')
        return NULL;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    GTimeZone *rules = g_time_zone_new_identifier(text);
    if (rules == NULL)
        return NULL;
    struct zone *zone = xcalloc(1, sizeof *zone);
    zone->rules = rules;
    return zone;
}

void zone_close(struct zone **zone)
{
    if (zone == NULL || *zone == NULL)
        return;
    g_time_zone_unref((*zone)->rules);
    free(*zone);
    *zone = NULL;
}

static int64_t offset_at(struct zone *zone, int64_t utc)
{
    int interval = g_time_zone_find_interval(zone->rules, G_TIME_TYPE_UNIVERSAL, utc);
    return g_time_zone_get_offset(zone->rules, interval);
}

/* No zone changes twice within four days. */
static int64_t find_offset(struct zone *zone, int64_t local)
{
    int64_t before = offset_at(zone, local - 2 * SECONDS_PER_DAY);
    int64_t after = offset_at(zone, local + 2 * SECONDS_PER_DAY);
    bool is_same = before == after;
    zone->same_from = is_same ? local - SECONDS_PER_DAY : 0;
    zone->same_to = is_same ? local + SECONDS_PER_DAY : 0;
    return offset_at(zone, local - after) == after ? after : before;
}

int64_t zone_to_utc(struct zone *zone, int64_t local_us)
{
    int64_t local = local_us / US_PER_SECOND - (local_us % US_PER_SECOND < 0);
    if (local < zone->same_from || local >= zone->same_to)
        zone->offset = find_offset(zone, local);
    return local_us - zone->offset * US_PER_SECOND;
}

int64_t zone_to_local(struct zone *zone, int64_t utc_us)
{
    int64_t utc = utc_us / US_PER_SECOND - (utc_us % US_PER_SECOND < 0);
    return utc_us + offset_at(zone, utc) * US_PER_SECOND;
}

bool zone_local(int year, int month, int day, int hour, int minute, int second,
                int64_t *local_us_out)
{
    bool is_leap = second == 60;
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return false;
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    static const int64_t epoch = 719163; /* Julian day of 1970-01-01 in GDate's count */
    int64_t days = (int64_t)g_date_get_julian(&date) - epoch;
    int64_t seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + (is_leap ? 59 : second);
    *local_us_out = seconds * US_PER_SECOND;
    return true;
}
