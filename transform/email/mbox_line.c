#include "transform/email/mbox_line.h"

#include <ctype.h>
#include <strings.h>

#include "lib/clock.h"
#include "transform/email/mime.h"

#define WORDS_MOST 24 /* of a line: those at its end */
#define PATCH_DATE "Mon Sep 17 00:00:00 2001"
#define PATCH_HASH_DIGITS 40

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The words at the line's end, in their order. */
static size_t last_words(struct str line, struct str words[static WORDS_MOST])
{
    size_t count = 0;
    size_t end = line.n;
    while (count < WORDS_MOST) {
        while (end > 0 && is_blank(line.p[end - 1]))
            end--;
        size_t begin = end;
        while (begin > 0 && !is_blank(line.p[begin - 1]))
            begin--;
        if (begin == end)
            break;
        words[WORDS_MOST - ++count] = (struct str){line.p + begin, end - begin};
        end = begin;
    }
    memmove(words, words + WORDS_MOST - count, count * sizeof *words);
    return count;
}

static bool is_month(struct str word)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (size_t i = 0; word.n == 3 && i < sizeof months - 1; i += 3)
        if (strncasecmp(word.p, months + i, 3) == 0)
            return true;
    return false;
}

static bool is_number(struct str word, size_t least, size_t most)
{
    size_t n = 0;
    while (n < word.n && isdigit((unsigned char)word.p[n]))
        n++;
    return n == word.n && n >= least && n <= most;
}

/* hh:mm[:ss] */
static bool is_time(struct str word)
{
    for (size_t i = 0; i < word.n; i++) {
        bool is_colon = i == 2 || i == 5;
        if (is_colon ? word.p[i] != ':' : !isdigit((unsigned char)word.p[i]))
            return false;
    }
    return word.n == 5 || word.n == 8;
}

static bool is_offset(struct str word)
{
    return word.n == 5 && (word.p[0] == '+' || word.p[0] == '-') &&
           is_number((struct str){word.p + 1, 4}, 4, 4);
}

static bool is_zone(struct str word)
{
    size_t n = 0;
    while (n < word.n && isalpha((unsigned char)word.p[n]))
        n++;
    return is_offset(word) || (n == word.n && n <= 5);
}

/* Month, day, time, up to two zones, year, maybe an offset: from word i to the end. */
static bool is_date_at(const struct str *words, size_t count, size_t i)
{
    if (count - i < 4 || !is_month(words[i]) || !is_number(words[i + 1], 1, 2) ||
        !is_time(words[i + 2]))
        return false;
    i += 3;
    for (int zones = 0; zones < 2 && i < count && is_zone(words[i]); zones++)
        i++;
    if (i == count || !is_number(words[i], 4, 4))
        return false;
    i++;
    return i == count || (i + 1 == count && is_offset(words[i]));
}

enum mbox_from mbox_from_line(struct str line, int64_t *at_out)
{
    struct str words[WORDS_MOST];
    struct str rest = {line.p + MBOX_FROM_BYTES, line.n - MBOX_FROM_BYTES};
    size_t count = last_words(rest, words);
    *at_out = TIME_NONE;
    if (count == 0)
        return MBOX_BARE;
    for (size_t i = 0; i + 4 <= count; i++) {
        if (!is_date_at(words, count, i))
            continue;
        size_t n = (size_t)(line.p + line.n - words[i].p);
        if (!email_date((struct str){words[i].p, n}, at_out))
            *at_out = TIME_NONE;
        return MBOX_DATED;
    }
    return MBOX_NO_FROM;
}

bool mbox_is_patch(struct str line)
{
    size_t digits = 0;
    while (MBOX_FROM_BYTES + digits < line.n &&
           isxdigit((unsigned char)line.p[MBOX_FROM_BYTES + digits]))
        digits++;
    return digits == PATCH_HASH_DIGITS &&
           memmem(line.p, line.n, PATCH_DATE, sizeof PATCH_DATE - 1) != NULL;
}

bool mbox_may_follow(struct str line)
{
    size_t n = 0;
    if (str_starts_with(line, ">" MBOX_FROM))
        return true;
    while (n < line.n && line.p[n] >= '!' && line.p[n] <= '~' && line.p[n] != ':')
        n++;
    size_t name = n;
    while (n < line.n && is_blank(line.p[n]))
        n++;
    return name > 0 && n < line.n && line.p[n] == ':';
}
