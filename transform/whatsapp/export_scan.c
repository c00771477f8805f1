#include "transform/whatsapp/export_scan.h"

#include <glib.h>

#include "lib/clock.h"
#include "lib/zone.h"
#include "transform/whatsapp/export_words.h"

#define LEFT_TO_RIGHT_MARK 0x200e
#define ARABIC_COMMA 0x060c
#define EN_DASH 0x2013
#define DAY_US (INT64_C(86400) * US_PER_SECOND)
#define YEAR_LEAST 1971 /* records begin with 1970, in any zone */

struct cursor {
    const char *p, *end;
};

static gunichar peek(const struct cursor *at)
{
    if (at->p == at->end)
        return 0;
    return (unsigned char)*at->p < 0x80 ? (gunichar)*at->p : g_utf8_get_char(at->p);
}

static void step(struct cursor *at)
{
    at->p = g_utf8_next_char(at->p);
}

static bool take(struct cursor *at, gunichar c)
{
    if (at->p == at->end || peek(at) != c)
        return false;
    step(at);
    return true;
}

bool wa_is_mark(uint32_t c)
{
    return c == 0xfeff || c == 0x200b || c == LEFT_TO_RIGHT_MARK || c == 0x200f || c == 0x061c ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool wa_is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == 0xa0 || c == 0x2007 || c == 0x2009 || c == 0x202f ||
           c == 0x3000;
}

struct str wa_skip_marks(struct str text, bool *is_written_out)
{
    struct cursor at = {text.p, text.p + text.n};
    *is_written_out = false;
    for (; at.p < at.end && wa_is_mark(peek(&at)); step(&at))
        *is_written_out = *is_written_out || peek(&at) == LEFT_TO_RIGHT_MARK;
    return (struct str){at.p, (size_t)(at.end - at.p)};
}

static bool is_edge(gunichar c)
{
    return wa_is_mark(c) || wa_is_blank(c) || c == '\n' || c == '\r';
}

struct str wa_trim(struct str text)
{
    struct cursor at = {text.p, text.p + text.n};
    while (at.p < at.end && is_edge(peek(&at)))
        step(&at);
    while (at.end > at.p) {
        const char *last = g_utf8_prev_char(at.end);
        if (!is_edge(g_utf8_get_char(last)))
            break;
        at.end = last;
    }
    return (struct str){at.p, (size_t)(at.end - at.p)};
}

/* Marks may stand anywhere in a header. Returns the blanks skipped. */
static int skip(struct cursor *at)
{
    int blanks = 0;
    for (; at->p < at->end && (wa_is_mark(peek(at)) || wa_is_blank(peek(at))); step(at))
        blanks += wa_is_blank(peek(at));
    return blanks;
}

static void skip_marks(struct cursor *at)
{
    while (at->p < at->end && wa_is_mark(peek(at)))
        step(at);
}

/* Decimal digits of any script. Returns how many; 0 where there are more than "most". */
static int take_number(struct cursor *at, int most, int *value_out)
{
    int digits = 0;
    int value = 0;
    for (; at->p < at->end && g_unichar_isdigit(peek(at)); step(at)) {
        if (digits++ == most)
            return 0;
        value = value * 10 + g_unichar_digit_value(peek(at));
    }
    *value_out = value;
    return digits;
}

static bool take_separator(struct cursor *at, struct wa_header *header, bool is_first)
{
    gunichar c = peek(at);
    if (c != '/' && c != '.' && c != '-')
        return false;
    if (!is_first && (char)c != header->separator)
        return false;
    header->separator = (char)c;
    step(at);
    return true;
}

static bool take_date(struct cursor *at, struct wa_header *header)
{
    int digits[3];
    for (int i = 0; i < 3; i++) {
        if (i > 0 && !take_separator(at, header, i == 1))
            return false;
        if (i > 0)
            (void)skip(at);
        bool is_zero = peek(at) < 0x80 ? peek(at) == '0' : g_unichar_digit_value(peek(at)) == 0;
        digits[i] = take_number(at, 4, &header->date[i]);
        header->is_padded = header->is_padded || (digits[i] == 2 && is_zero && i < 2);
        skip_marks(at);
    }
    header->is_year_first = digits[0] == 4;
    header->has_short_year = digits[0] != 4 && digits[2] == 2;
    (void)take(at, '.');
    return digits[1] >= 1 && digits[1] <= 2 && digits[2] >= 1 &&
           (digits[0] == 4
                ? digits[2] <= 2
                : digits[0] >= 1 && digits[0] <= 2 && (digits[2] == 2 || digits[2] == 4));
}

/* The word, whatever the case, with dots and blanks between its letters; it ends where no letter
 * follows. */
static bool take_letters(struct cursor *at, const char *word)
{
    struct cursor to = *at;
    const char *w = word;
    for (; *w != '\0'; w = g_utf8_next_char(w)) {
        while (w != word && to.p < to.end &&
               (peek(&to) == '.' || wa_is_blank(peek(&to)) || wa_is_mark(peek(&to))))
            step(&to);
        if (to.p == to.end || g_unichar_tolower(peek(&to)) != g_utf8_get_char(w))
            return false;
        step(&to);
    }
    (void)take(&to, '.');
    if (to.p < to.end && g_unichar_isalpha(peek(&to)))
        return false;
    *at = to;
    return true;
}

static enum wa_half take_half(struct cursor *at, struct wa_header *header)
{
    gunichar first = peek(at);
    if (first < 0x80 ? !g_ascii_isalpha((char)first) : g_unichar_isdigit(first))
        return WA_HALF_NONE;
    for (const struct wa_half_word *half = wa_half_words; half->word != NULL; half++) {
        if (!take_letters(at, half->word))
            continue;
        header->is_marked_upper = first == 'A' || first == 'P';
        header->is_marked_other = !header->is_marked_upper;
        return half->half;
    }
    return WA_HALF_NONE;
}

static void skip_word(struct cursor *at)
{
    if (g_unichar_isdigit(peek(at)))
        return;
    for (const char *const *word = wa_clock_words; *word != NULL; word++) {
        struct cursor to = *at;
        if (!take_letters(&to, *word))
            continue;
        bool has_comma = take(&to, ','); /* "21.03.2024 г., 18:05" */
        if (skip(&to) > 0 || has_comma) {
            *at = to;
            return;
        }
    }
}

static bool take_minutes(struct cursor *at, int *value_out)
{
    int digits = take_number(at, 2, value_out);
    return digits == 2 && *value_out <= 59;
}

static bool take_time(struct cursor *at, struct wa_header *header)
{
    header->second = WA_NO_SECOND;
    int digits = take_number(at, 2, &header->hour);
    gunichar separator = peek(at);
    if (digits == 0 || (separator != ':' && separator != '.'))
        return false;
    step(at);
    if (!take_minutes(at, &header->minute))
        return false;
    struct cursor to = *at;
    if (!take(&to, separator) || !g_unichar_isdigit(peek(&to)))
        return true;
    *at = to;
    return take_minutes(at, &header->second);
}

static bool apply_half(struct wa_header *header, enum wa_half half)
{
    int hour = header->hour;
    if (half != WA_HALF_NONE && hour <= 12) {
        bool is_noon = half == WA_HALF_NOON && (hour == 12 || hour < 6);
        bool is_second = half == WA_HALF_SECOND || is_noon;
        if (is_second && hour < 12)
            header->hour = hour + 12;
        else if (half == WA_HALF_FIRST && hour == 12)
            header->hour = 0;
    }
    return header->hour <= 23;
}

static bool take_end(struct cursor *at, const struct wa_header *header)
{
    if (header->is_bracketed) {
        (void)skip(at);
        if (!take(at, ']'))
            return false;
        (void)skip(at);
        return true;
    }
    if (peek(at) == ':') {
        step(at);
        return skip(at) > 0;
    }
    if (skip(at) == 0 || (peek(at) != '-' && peek(at) != EN_DASH))
        return false;
    step(at);
    return skip(at) > 0 || at->p == at->end;
}

static bool is_day_month(int day, int month)
{
    return day >= 1 && day <= 31 && month >= 1 && month <= 12;
}

bool wa_header_fits(const struct wa_header *header, enum wa_order order)
{
    const int *n = header->date;
    if (header->is_year_first || order == WA_YMD)
        return is_day_month(n[2], n[1]);
    return order == WA_DMY ? is_day_month(n[0], n[1]) : is_day_month(n[1], n[0]);
}

static bool is_possible(const struct wa_header *header)
{
    return wa_header_fits(header, WA_DMY) || wa_header_fits(header, WA_MDY) ||
           (header->has_short_year && wa_header_fits(header, WA_YMD));
}

/* After the date. *has_time: whether anything of a time was there. */
static bool take_clock(struct cursor *at, struct wa_header *header, bool *has_time)
{
    (void)skip(at);
    if (!take(at, ','))
        (void)take(at, ARABIC_COMMA);
    (void)skip(at);
    enum wa_half half = take_half(at, header);
    (void)skip(at);
    skip_word(at);
    *has_time = at->p < at->end && g_unichar_isdigit(peek(at));
    if (!take_time(at, header))
        return false;
    struct cursor to = *at;
    (void)skip(&to);
    enum wa_half after = take_half(&to, header);
    if (after != WA_HALF_NONE)
        *at = to;
    return apply_half(header, after != WA_HALF_NONE ? after : half);
}

enum wa_scan wa_header_scan(struct str line, struct wa_header *header_out)
{
    struct cursor at = {line.p, line.p + line.n};
    struct wa_header header = {.is_bracketed = false};
    skip_marks(&at);
    header.is_bracketed = take(&at, '[');
    skip_marks(&at);
    if (at.p == at.end || !g_unichar_isdigit(peek(&at)) || !take_date(&at, &header) ||
        !is_possible(&header))
        return WA_SCAN_TEXT;
    bool has_time = false;
    if (!take_clock(&at, &header, &has_time) || !take_end(&at, &header)) {
        *header_out = header;
        return has_time && at.p == at.end ? WA_SCAN_CUT : WA_SCAN_TEXT;
    }
    header.rest = (size_t)(at.p - line.p);
    *header_out = header;
    return WA_SCAN_HEADER;
}

static int full_year(const struct wa_header *header, enum wa_order order)
{
    bool is_first = header->is_year_first || order == WA_YMD;
    int year = is_first ? header->date[0] : header->date[2];
    if (header->has_short_year)
        year = 2000 + (is_first ? header->date[0] : header->date[2]);
    return year >= 2400 && year < 2600 ? year - 543 : year;
}

bool wa_header_is_foreign(const struct wa_header *header)
{
    int year = full_year(header, WA_DMY);
    return year >= 1300 && year < 1500;
}

bool wa_header_local(const struct wa_header *header, enum wa_order order, int64_t *local_us_out)
{
    const int *n = header->date;
    bool is_year_first = header->is_year_first || order == WA_YMD;
    int month = order == WA_MDY && !is_year_first ? n[0] : n[1];
    int day = is_year_first ? n[2] : order == WA_MDY ? n[1] : n[0];
    int second = header->second == WA_NO_SECOND ? 0 : header->second;
    int year = full_year(header, order);
    return year >= YEAR_LEAST &&
           zone_local(year, month, day, header->hour, header->minute, second, local_us_out);
}

bool wa_header_is_past(const struct wa_header *header, enum wa_order order, int64_t *latest_us)
{
    int64_t local;
    if (!wa_header_fits(header, order) || !wa_header_local(header, order, &local))
        return false;
    if (local > *latest_us)
        *latest_us = local;
    return local < *latest_us - DAY_US;
}
