#include <ctype.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/zone.h"
#include "transform/email/mime.h"

#define US_PER_MINUTE (60 * US_PER_SECOND)
#define TEXT_MOST 200
#define NONE (-1)

/* Words in any order, each kind once; anything that is none of them makes the text no date. */
struct date {
    int year, month, day, hour, minute, second;
    int64_t fraction_us;
    int zone_minutes;
    bool has_zone, is_summer, has_weekday, has_half, is_pm;
    int numbers[2]; /* without a name: day and year, in the order found */
    int number_digits[2];
    int number_count;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool same(struct str word, const char *name)
{
    return word.n == strlen(name) && strncasecmp(word.p, name, word.n) == 0;
}

/* Digits at the start, at most that many; their number. */
static size_t take_number(struct str text, size_t most, int *value_out)
{
    size_t n = 0;
    *value_out = 0;
    while (n < text.n && n < most && is_digit(text.p[n]))
        *value_out = *value_out * 10 + (text.p[n++] - '0');
    return n;
}

static struct str past(struct str text, size_t n)
{
    return (struct str){text.p + n, text.n - n};
}

/* ---- words ---- */

/* The place of the name among names of which three letters, or all, may be written; NONE. */
static int find_name(struct str word, const char *const *names, int count)
{
    while (word.n > 0 && word.p[word.n - 1] == '.')
        word.n--;
    for (int i = 0; i < count; i++)
        if (same(word, names[i]) || (word.n == 3 && strncasecmp(word.p, names[i], 3) == 0) ||
            (same(word, "Sept") && strcmp(names[i], "September") == 0))
            return i;
    return NONE;
}

static bool take_month(struct date *date, struct str word)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    int month = find_name(word, names, 12);
    if (month == NONE || date->month != 0)
        return false;
    date->month = month + 1;
    return true;
}

static bool take_weekday(struct date *date, struct str word)
{
    static const char *const names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
    bool is_weekday = find_name(word, names, 7) != NONE || same(word, "Tues") ||
                      same(word, "Thur") || same(word, "Thurs");
    if (!is_weekday || date->has_weekday)
        return false;
    date->has_weekday = true;
    return true;
}

static bool set_zone(struct date *date, int minutes)
{
    if (date->has_zone)
        return false;
    date->has_zone = true;
    date->zone_minutes = minutes;
    return true;
}

static bool take_zone_name(struct date *date, struct str word)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"UT", 0},   {"UTC", 0},  {"GMT", 0},  {"Z", 0},    {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
                 {"CET", 1},  {"MET", 1},  {"MEST", 2}, {"CEST", 2}, {"WET", 0},  {"WEST", 1},
                 {"EET", 2},  {"EEST", 3}, {"BST", 1},  {"MSK", 3},  {"JST", 9}};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
        if (same(word, zones[i].name))
            return set_zone(date, zones[i].hours * 60);
    /* RFC 5322 4.3: military letters mean nothing, hence UTC */
    bool is_letter = word.n == 1 && isalpha((unsigned char)word.p[0]) && toupper(word.p[0]) != 'J';
    return is_letter && set_zone(date, 0);
}

/* "MET DST", as some write an hour of summer */
static bool take_summer(struct date *date, struct str word)
{
    if (!date->has_zone || date->is_summer || !same(word, "DST"))
        return false;
    date->is_summer = true;
    date->zone_minutes += 60;
    return true;
}

static bool take_half(struct date *date, struct str word)
{
    if (date->has_half || !(same(word, "AM") || same(word, "PM")))
        return false;
    date->has_half = true;
    date->is_pm = same(word, "PM");
    return true;
}

/* +hhmm, +hh:mm, +hh */
static bool take_offset(struct date *date, struct str word)
{
    int hours;
    int minutes = 0;
    size_t n = take_number(past(word, 1), 2, &hours) + 1;
    if (n != 3)
        return false;
    if (n < word.n && word.p[n] == ':')
        n++;
    struct str rest = past(word, n);
    size_t digits = take_number(rest, 2, &minutes);
    if (digits != rest.n || digits == 1 || minutes > 59 || hours > 15)
        return false;
    int offset = hours * 60 + minutes;
    return set_zone(date, word.p[0] == '-' ? -offset : offset);
}

/* ---- times and numbers ---- */

static bool is_time(struct str word)
{
    int hour;
    size_t n = take_number(word, 2, &hour);
    return n > 0 && n + 2 < word.n && (word.p[n] == ':' || word.p[n] == '.') &&
           is_digit(word.p[n + 1]) && is_digit(word.p[n + 2]);
}

static void take_fraction(struct date *date, struct str *rest)
{
    int64_t unit = US_PER_SECOND / 10;
    size_t n = 1;
    while (n < rest->n && is_digit(rest->p[n])) {
        date->fraction_us += (rest->p[n++] - '0') * unit;
        unit /= 10;
    }
    *rest = past(*rest, n);
}

/* hh:mm[:ss[.fraction]], or with points; then the zone may follow without a blank. */
static bool take_time(struct date *date, struct str word)
{
    size_t n = take_number(word, 2, &date->hour);
    char separator = word.p[n];
    struct str rest = past(word, n + 1);
    if (date->second != NONE)
        return false;
    date->second = 0;
    rest = past(rest, take_number(rest, 2, &date->minute));
    if (rest.n > 2 && rest.p[0] == separator && is_digit(rest.p[1]) && is_digit(rest.p[2]))
        rest = past(rest, 1 + take_number(past(rest, 1), 2, &date->second));
    if (rest.n > 1 && (rest.p[0] == '.' || rest.p[0] == ',') && is_digit(rest.p[1]))
        take_fraction(date, &rest);
    if (rest.n == 0)
        return true;
    return rest.p[0] == '+' || rest.p[0] == '-'
               ? take_offset(date, rest)
               : take_half(date, rest) || take_zone_name(date, rest);
}

/* A day or a year. */
static bool take_plain_number(struct date *date, struct str word)
{
    int value;
    size_t n = take_number(word, 4, &value);
    if (n != word.n || date->number_count == 2)
        return false;
    date->numbers[date->number_count] = value;
    date->number_digits[date->number_count++] = (int)n;
    return true;
}

/* 2024-01-02: the only order of mere numbers that is not a guess. */
static bool take_iso_day(struct date *date, struct str word)
{
    int year;
    int month;
    int day;
    if (word.n < 10 || take_number(word, 4, &year) != 4 || word.p[4] != '-' ||
        take_number(past(word, 5), 2, &month) != 2 || word.p[7] != '-' ||
        take_number(past(word, 8), 2, &day) != 2 || date->month != 0 || date->number_count > 0)
        return false;
    date->month = month;
    date->numbers[0] = day;
    date->numbers[1] = year;
    date->number_digits[0] = 2;
    date->number_digits[1] = 4;
    date->number_count = 2;
    struct str rest = past(word, 10);
    if (rest.n == 0)
        return true;
    return (rest.p[0] == 'T' || rest.p[0] == 't') && is_time(past(rest, 1)) &&
           take_time(date, past(rest, 1));
}

static bool take_word(struct date *date, struct str word);

/* 21-Nov-2026, of IMAP */
static bool take_hyphened(struct date *date, struct str word)
{
    const char *hyphen = memchr(word.p, '-', word.n);
    while (hyphen != NULL) {
        struct str part = {word.p, (size_t)(hyphen - word.p)};
        if (part.n == 0 || !take_word(date, part))
            return false;
        word = past(word, part.n + 1);
        hyphen = word.n > 0 ? memchr(word.p, '-', word.n) : NULL;
    }
    return word.n > 0 && take_word(date, word);
}

static bool take_word(struct date *date, struct str word)
{
    if (word.p[0] == '+' || word.p[0] == '-')
        return take_offset(date, word);
    if (!is_digit(word.p[0]))
        return take_month(date, word) || take_weekday(date, word) || take_half(date, word) ||
               take_summer(date, word) || take_zone_name(date, word);
    if (is_time(word))
        return take_time(date, word);
    if (memchr(word.p, '-', word.n) != NULL)
        return take_iso_day(date, word) || take_hyphened(date, word);
    return take_plain_number(date, word);
}

/* ---- the whole ---- */

/* Bytes of a comment, nested ones included; 0: it never ends. */
static size_t comment_bytes(struct str text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\')
            i++;
        else if (text.p[i] == '(')
            depth++;
        else if (text.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\r' || c == '\n';
}

static bool take_words(struct date *date, struct str text)
{
    while (text.n > 0) {
        if (is_separator(text.p[0])) {
            text = past(text, 1);
        } else if (text.p[0] == '(') {
            size_t n = comment_bytes(text);
            text = past(text, n > 0 ? n : text.n);
        } else {
            size_t n = 0;
            while (n < text.n && !is_separator(text.p[n]) && text.p[n] != '(')
                n++;
            if (!take_word(date, (struct str){text.p, n}))
                return false;
            text = past(text, n);
        }
    }
    return true;
}

/* Day first, then year, unless only the other order makes sense. Two digits are 1950 to 2049
 * (RFC 5322 4.3); three are nobody's year. */
static bool place_numbers(struct date *date)
{
    if (date->number_count != 2)
        return false;
    bool is_year_first = date->number_digits[0] == 4;
    date->day = date->numbers[is_year_first];
    date->year = date->numbers[!is_year_first];
    int digits = date->number_digits[!is_year_first];
    if (digits == 2)
        date->year += date->year < 50 ? 2000 : 1900;
    return (digits == 2 || digits == 4) && date->number_digits[is_year_first] <= 2;
}

static bool place_half(struct date *date)
{
    if (!date->has_half || date->hour > 12) /* "22:30 PM" */
        return !date->has_half || date->is_pm;
    if (date->hour == 0)
        return !date->is_pm;
    date->hour = date->hour % 12 + (date->is_pm ? 12 : 0);
    return true;
}

bool email_date(struct str text, int64_t *us_out)
{
    struct date date = {.second = NONE};
    int64_t local;
    if (text.n == 0 || text.n > TEXT_MOST || !take_words(&date, text))
        return false;
    if (date.month == 0 || date.second == NONE || !place_numbers(&date) || !place_half(&date))
        return false;
    if (!zone_local(date.year, date.month, date.day, date.hour, date.minute, date.second, &local))
        return false;
    int64_t us = local + date.fraction_us - date.zone_minutes * US_PER_MINUTE;
    if (us < TIME_MIN || us > TIME_MAX)
        return false;
    *us_out = us;
    return true;
}
