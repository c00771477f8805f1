#include "lib/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * US_PER_SECOND + t.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a proleptic Gregorian date: counts whole 400-year eras from a year that
 * begins in March. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static char *put_digits(char *to, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + width;
}

void clock_format(int64_t us, char text[static CLOCK_TEXT_BYTES])
{
    int64_t day_us = 86400 * US_PER_SECOND;
    int64_t days = us / day_us - (us % day_us < 0);
    int64_t rest = us - days * day_us;

    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);

    int64_t seconds = rest / US_PER_SECOND;
    char *to = put_digits(text, year, 4);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    to = put_digits(to, day, 2);
    *to++ = 'T';
    to = put_digits(to, seconds / 3600, 2);
    *to++ = ':';
    to = put_digits(to, seconds / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, seconds % 60, 2);
    *to++ = '.';
    to = put_digits(to, rest % US_PER_SECOND, 6);
    *to++ = 'Z';
    *to = '\0';
}

struct cursor {
    const char *p;
    const char *end;
};

static bool take_number(struct cursor *c, int width, int *value_out)
{
    if (c->end - c->p < width)
        return false;
    int value = 0;
    for (int i = 0; i < width; i++) {
        if (c->p[i] < '0' || c->p[i] > '9')
            return false;
        value = value * 10 + (c->p[i] - '0');
    }
    c->p += width;
    *value_out = value;
    return true;
}

static bool take_char(struct cursor *c, const char *any_of)
{
    for (; c->p < c->end && *any_of != '\0'; any_of++) {
        if (*c->p == *any_of) {
            c->p++;
            return true;
        }
    }
    return false;
}

static bool take_fraction(struct cursor *c, int *us_out)
{
    *us_out = 0;
    if (!take_char(c, "."))
        return true;
    int scale = 100000;
    const char *first = c->p;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        *us_out += (*c->p - '0') * scale;
        scale /= 10;
    }
    return c->p > first;
}

static bool take_offset(struct cursor *c, int *seconds_out)
{
    *seconds_out = 0;
    if (take_char(c, "Zz"))
        return true;
    if (c->p == c->end || (*c->p != '+' && *c->p != '-'))
        return false;
    int sign = *c->p++ == '-' ? -1 : 1;
    int hours, minutes;
    if (!take_number(c, 2, &hours) || !take_char(c, ":") || !take_number(c, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *seconds_out = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool day_exists(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= lengths[month - 1] + (month == 2 && leap);
}

bool clock_parse(struct str text, int64_t *us_out)
{
    struct cursor c = {text.p, text.p + text.n};
    int year, month, day, hour, minute, second, us, offset;
    if (text.p == NULL || !take_number(&c, 4, &year) || !take_char(&c, "-") ||
        !take_number(&c, 2, &month) || !take_char(&c, "-") || !take_number(&c, 2, &day) ||
        !take_char(&c, "Tt ") || !take_number(&c, 2, &hour) || !take_char(&c, ":") ||
        !take_number(&c, 2, &minute) || !take_char(&c, ":") || !take_number(&c, 2, &second) ||
        !take_fraction(&c, &us) || !take_offset(&c, &offset) || c.p != c.end)
        return false;
    if (!day_exists(year, month, day) || hour > 23 || minute > 59 || second > 60)
        return false;
    if (second == 60)
        second = 59;
    int64_t seconds =
        days_from_civil(year, month, day) * 86400 + hour * 3600L + minute * 60L + second - offset;
    int64_t result = seconds * US_PER_SECOND + us;
    if (result < TIME_MIN || result > TIME_MAX)
        return false;
    *us_out = result;
    return true;
}
