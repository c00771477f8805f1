#include "transform/b2chat/times.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/arena.h"
#include "lib/zone.h"
#include "transform/b2chat/values.h"

/* B2Chat is younger; a time outside is impossible, and would move a message to a day of its own. */
#define YEAR_LEAST 2000
#define YEAR_MOST 2099
#define NOON 12
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define OFFSET_MOST_MINUTES (18 * 60)

struct b2_times {
    struct zone *zone;
};

struct b2_times *b2_times_open(struct str timezone)
{
    struct zone *zone = zone_open(timezone);
    if (zone == NULL)
        return NULL;
    struct b2_times *times = xcalloc(1, sizeof *times);
    times->zone = zone;
    return times;
}

void b2_times_close(struct b2_times **times)
{
    if (times == NULL || *times == NULL)
        return;
    zone_close(&(*times)->zone);
    free(*times);
    *times = NULL;
}

/* ---- reading ---- */

static bool take_number(struct str *text, size_t least, size_t most, int *value_out)
{
    size_t n = 0;
    *value_out = 0;
    for (; n < text->n && n < most && isdigit((unsigned char)text->p[n]); n++)
        *value_out = *value_out * 10 + (text->p[n] - '0');
    text->p += n;
    text->n -= n;
    return n >= least;
}

static bool take_any(struct str *text, const char *any)
{
    if (text->n == 0 || strchr(any, *text->p) == NULL || *text->p == '\0')
        return false;
    text->p++;
    text->n--;
    return true;
}

struct reading {
    int year, month, day, hour, minute, second;
    int64_t fraction_us;
    bool has_offset;
    int64_t offset_us;
};

static bool take_date_and_time(struct str *text, struct reading *r)
{
    return take_number(text, 4, 4, &r->year) && take_any(text, "-") &&
           take_number(text, 2, 2, &r->month) && take_any(text, "-") &&
           take_number(text, 2, 2, &r->day) && take_any(text, " Tt") &&
           take_number(text, 1, 2, &r->hour) && take_any(text, ":") &&
           take_number(text, 2, 2, &r->minute) && take_any(text, ":") &&
           take_number(text, 2, 2, &r->second);
}

static bool take_fraction(struct str *text, struct reading *r)
{
    if (!take_any(text, ".,"))
        return true;
    size_t digits = 0;
    int64_t scale = US_PER_SECOND / 10;
    for (; text->n > 0 && isdigit((unsigned char)*text->p); text->p++, text->n--, digits++) {
        r->fraction_us += (*text->p - '0') * scale;
        scale /= 10;
    }
    return digits > 0;
}

/* 12:00:00 AM is midnight. */
static bool take_half_of_day(struct str text, struct reading *r)
{
    bool is_pm = b2_same_word(text, STR_LIT("PM"));
    if ((!is_pm && !b2_same_word(text, STR_LIT("AM"))) || r->hour < 1 || r->hour > NOON)
        return false;
    r->hour = r->hour % NOON + (is_pm ? NOON : 0);
    return true;
}

static bool take_offset(struct str text, struct reading *r)
{
    int hours = 0;
    int minutes = 0;
    bool is_west = text.n > 0 && *text.p == '-';
    r->has_offset = true;
    if (b2_same_word(text, STR_LIT("Z")))
        return true;
    if (!take_any(&text, "+-") || !take_number(&text, 2, 2, &hours))
        return false;
    if (text.n > 0 && ((void)take_any(&text, ":"), !take_number(&text, 2, 2, &minutes)))
        return false;
    int64_t offset = hours * 60 + minutes;
    r->offset_us = (is_west ? -offset : offset) * US_PER_MINUTE;
    return text.n == 0 && minutes < 60 && offset <= OFFSET_MOST_MINUTES;
}

static bool take_rest(struct str text, struct reading *r)
{
    text = b2_text(text);
    return text.n == 0 || take_half_of_day(text, r) || take_offset(text, r);
}

/* What the clocks of the account show. zone.h goes one way; the second step settles instants near a
 * change of offset. Of an hour that the clocks show twice, both passes give one reading. */
static int64_t local_of(struct zone *zone, int64_t at)
{
    int64_t local = at;
    for (int step = 0; step < 2; step++)
        local = at + (local - zone_to_utc(zone, local));
    return local;
}

static void format_local(int64_t local, char text[static B2_LOCAL_BYTES])
{
    char full[CLOCK_TEXT_BYTES];
    clock_format(local, full);
    memcpy(text, full, B2_LOCAL_BYTES - 1);
    text[strlen("2025-03-04")] = ' ';
    text[B2_LOCAL_BYTES - 1] = '\0';
}

bool b2_time_read_local(struct b2_times *times, struct str text, int64_t *at_out,
                        char local_out[static B2_LOCAL_BYTES])
{
    struct reading r = {.fraction_us = 0};
    int64_t local = 0;
    *at_out = TIME_NONE;
    *local_out = '\0';
    text = b2_text(text);
    if (text.n == 0 || str_starts_with(text, "0000-00-00"))
        return true;
    if (!take_date_and_time(&text, &r) || !take_fraction(&text, &r) || !take_rest(text, &r) ||
        r.year < YEAR_LEAST || r.year > YEAR_MOST ||
        !zone_local(r.year, r.month, r.day, r.hour, r.minute, r.second, &local))
        return false;
    int64_t at = r.has_offset ? local - r.offset_us : zone_to_utc(times->zone, local);
    *at_out = at + r.fraction_us;
    format_local(r.has_offset ? local_of(times->zone, at) : local, local_out);
    return true;
}

bool b2_time_read(struct b2_times *times, struct str text, int64_t *at_out)
{
    char local[B2_LOCAL_BYTES];
    return b2_time_read_local(times, text, at_out, local);
}
