#include "transform/b2chat/values.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "transform/json.h"

#define PHONE_DIGITS_LEAST 8
#define PHONE_DIGITS_MOST 15
#define NUMBER_BYTES 64
#define DURATION_FIELDS_MOST 4
#define DURATION_MOST_S INT64_C(2147483647) /* what the column holds */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str b2_text(struct str text)
{
    while (text.n > 0 && is_blank(text.p[text.n - 1]))
        text.n--;
    while (text.n > 0 && is_blank(*text.p)) {
        text.p++;
        text.n--;
    }
    return b2_given(text);
}

struct str b2_first(struct str a, struct str b)
{
    a = b2_text(a);
    return str_is_null(a) ? b2_text(b) : a;
}

static struct str fold(struct arena *arena, struct str text, int (*letter)(int))
{
    char *copy = str_is_null(text) ? NULL : arena_alloc(arena, text.n + 1);
    if (copy == NULL)
        return STR_NULL;
    for (size_t i = 0; i < text.n; i++)
        copy[i] = (char)letter((unsigned char)text.p[i]);
    return (struct str){copy, text.n};
}

struct str b2_lower(struct arena *arena, struct str text)
{
    return fold(arena, text, tolower);
}

struct str b2_upper(struct arena *arena, struct str text)
{
    return fold(arena, text, toupper);
}

bool b2_same_word(struct str a, struct str b)
{
    return a.n == b.n && a.p != NULL && b.p != NULL && strncasecmp(a.p, b.p, a.n) == 0;
}

bool b2_flag(struct str text, bool *flag_out)
{
    static const struct {
        const char *word;
        bool flag;
    } words[] = {{"true", true}, {"false", false}, {"yes", true},
                 {"no", false},  {"1", true},      {"0", false}};
    text = b2_text(text);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (b2_same_word(text, str_of(words[i].word))) {
            *flag_out = words[i].flag;
            return true;
        }
    }
    return false;
}

/* Digits, at most ten of them, and what follows them. */
static bool take_digits(struct str *text, int64_t *value_out)
{
    size_t n = 0;
    *value_out = 0;
    for (; n < text->n && n < 10 && isdigit((unsigned char)text->p[n]); n++)
        *value_out = *value_out * 10 + (text->p[n] - '0');
    text->p += n;
    text->n -= n;
    return n > 0;
}

static bool is_fraction(struct str text)
{
    if (text.n < 2 || text.p[0] != '.')
        return false;
    for (size_t i = 1; i < text.n; i++)
        if (!isdigit((unsigned char)text.p[i]))
            return false;
    return true;
}

bool b2_duration(struct str text, int64_t *seconds_out)
{
    int64_t fields[DURATION_FIELDS_MOST];
    size_t count = 0;
    text = b2_text(text);
    do {
        if (count == DURATION_FIELDS_MOST || !take_digits(&text, &fields[count++]))
            return false;
    } while (text.n > 0 && *text.p == ':' && (text.p++, text.n--, true));
    if (text.n > 0 && !(count == 1 && is_fraction(text)))
        return false;
    /* from the back: seconds, minutes, hours, days; the first field of one alone is seconds */
    static const int64_t weight[] = {1, 60, 3600, 86400};
    static const int64_t most[] = {59, 59, 23, INT64_MAX};
    int64_t seconds = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t field = fields[count - 1 - i];
        if (count > 1 && field > most[i])
            return false;
        seconds += field * weight[i];
    }
    *seconds_out = seconds;
    return seconds <= DURATION_MOST_S;
}

struct str b2_phone_digits(struct arena *arena, struct str text)
{
    char digits[PHONE_DIGITS_MOST];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.p[i]))
            continue;
        if (n == PHONE_DIGITS_MOST)
            return STR_NULL;
        digits[n++] = text.p[i];
    }
    return n < PHONE_DIGITS_LEAST ? STR_NULL : arena_str(arena, (struct str){digits, n});
}

bool b2_coordinate(struct str text, double most, double *value_out)
{
    char number[NUMBER_BYTES];
    text = b2_text(text);
    if (text.n >= sizeof number || !json_is_number(text))
        return false;
    memcpy(number, text.p, text.n);
    number[text.n] = '\0';
    *value_out = strtod(number, NULL);
    return fabs(*value_out) <= most;
}

bool b2_is_url(struct str text)
{
    return str_starts_with(text, "https://") || str_starts_with(text, "http://");
}
