#include "transform/whatsapp/export_order.h"

#include <stdlib.h>

#include "lib/clock.h"
#include "lib/zone.h"

#define READINGS 2 /* WA_DMY and WA_MDY */
#define DAY_US (INT64_C(86400) * US_PER_SECOND)

struct date {
    int64_t offset;
    int64_t local[READINGS]; /* TIME_NONE: impossible under this reading */
    bool is_certain;         /* year first */
    bool is_slash;           /* of dots and dashes the day stands first, unless a number says no */
    bool agrees[READINGS];   /* with the attachment's name */
    bool looks_american, looks_other;
};

void wa_order_init(struct wa_order_dates *dates, size_t most_bytes)
{
    buf_init(&dates->dates, most_bytes);
    dates->count = 0;
}

void wa_order_done(struct wa_order_dates *dates)
{
    buf_done(&dates->dates);
    dates->count = 0;
}

static bool take_digits(const char **p, const char *end, int count, int *value_out)
{
    *value_out = 0;
    for (; count > 0; count--, (*p)++) {
        if (*p == end || **p < '0' || **p > '9')
            return false;
        *value_out = *value_out * 10 + (**p - '0');
    }
    return true;
}

/* "-20240321-WA0007", "-2024-03-21-18-05-33" after the dash. */
static bool take_name_date(const char *p, const char *end, int64_t *day_out)
{
    int year;
    int month;
    int day;
    if (!take_digits(&p, end, 4, &year))
        return false;
    bool has_dashes = p < end && *p == '-';
    p += has_dashes;
    if (!take_digits(&p, end, 2, &month))
        return false;
    if (has_dashes && (p == end || *p++ != '-'))
        return false;
    if (!take_digits(&p, end, 2, &day) || end - p < 3)
        return false;
    bool is_known = has_dashes ? *p == '-' : memcmp(p, "-WA", 3) == 0;
    return is_known && zone_local(year, month, day, 0, 0, 0, day_out);
}

static bool find_name_date(struct str text, int64_t *day_out)
{
    const char *end = text.p + text.n;
    for (const char *p = text.p; p < end; p++) {
        p = memchr(p, '-', (size_t)(end - p));
        if (p == NULL)
            return false;
        if (take_name_date(p + 1, end, day_out))
            return true;
    }
    return false;
}

/* The name's date is that of arrival: a day more or less. */
static void compare_name(struct date *date, struct str text)
{
    int64_t day;
    if (text.n == 0 || !find_name_date(text, &day))
        return;
    for (int i = 0; i < READINGS; i++)
        date->agrees[i] = date->local[i] != TIME_NONE && date->local[i] >= day - DAY_US &&
                          date->local[i] < day + 2 * DAY_US;
}

bool wa_order_add(struct wa_order_dates *dates, const struct wa_header *header, struct str text,
                  int64_t offset)
{
    struct date date = {.is_certain = header->is_year_first, .offset = offset};
    for (int i = 0; i < READINGS; i++) {
        enum wa_order order = i == 0 ? WA_DMY : WA_MDY;
        if (!wa_header_fits(header, order) || !wa_header_local(header, order, &date.local[i]))
            date.local[i] = TIME_NONE;
    }
    compare_name(&date, text);
    date.is_slash = header->separator == '/';
    date.looks_american =
        date.is_slash && header->is_marked_upper && header->has_short_year && !header->is_padded;
    date.looks_other = !date.is_slash || header->is_marked_other || !header->has_short_year;
    if (!buf_add(&dates->dates, &date, sizeof date))
        return false;
    dates->count++;
    return true;
}

static const struct date *date_at(const struct wa_order_dates *dates, size_t index)
{
    return (const struct date *)(const void *)dates->dates.p + index;
}

/* Which reading the date itself proves: 0 or 1; -1: neither. */
static int proof_of(const struct date *date)
{
    bool fits[READINGS] = {date->local[0] != TIME_NONE, date->local[1] != TIME_NONE};
    if (date->is_certain || fits[0] == fits[1])
        return -1;
    return fits[0] ? 0 : 1;
}

static bool is_backward(const struct date *before, int reading_before, const struct date *after,
                        int reading_after)
{
    int64_t a = before->local[reading_before];
    int64_t b = after->local[reading_after];
    return a != TIME_NONE && b != TIME_NONE && b < a;
}

/* Between the last date that proves the one order and the first that proves the other: where time
 * runs backward least. */
static size_t find_flip(const struct wa_order_dates *dates, size_t last, size_t first, int reading)
{
    int64_t cost = 0;
    for (size_t i = last + 2; i <= first; i++)
        cost += is_backward(date_at(dates, i - 1), !reading, date_at(dates, i), !reading);
    int64_t least = INT64_MAX;
    size_t flip = first;
    for (size_t at = last + 1; at <= first; at++) {
        int64_t seam = is_backward(date_at(dates, at - 1), reading, date_at(dates, at), !reading);
        if (cost + seam < least) {
            least = cost + seam;
            flip = at;
        }
        if (at == first)
            break;
        cost += is_backward(date_at(dates, at - 1), reading, date_at(dates, at), reading);
        cost -= is_backward(date_at(dates, at), !reading, date_at(dates, at + 1), !reading);
    }
    return flip;
}

/* false: no date proves anything. */
static bool find_proofs(const struct wa_order_dates *dates, struct wa_order_found *found)
{
    int first = -1;
    int now = -1;
    size_t last = 0;
    for (size_t i = 0; i < dates->count; i++) {
        int proof = proof_of(date_at(dates, i));
        if (proof < 0)
            continue;
        if (now >= 0 && proof != now && (found->flip_at != WA_NO_FLIP)) {
            found->is_mixed = true;
            found->mixed_at = date_at(dates, i)->offset;
            return true;
        }
        if (now >= 0 && proof != now)
            found->flip_at = find_flip(dates, last, i, now);
        if (first < 0)
            first = proof;
        now = proof;
        last = i;
    }
    found->order = first == 1 ? WA_MDY : WA_DMY;
    return first >= 0;
}

struct tally { /* of each reading */
    int64_t names[READINGS], backward[READINGS];
    int64_t american, other;
};

static void count_hints(const struct wa_order_dates *dates, struct tally *tally)
{
    for (size_t i = 0; i < dates->count; i++) {
        const struct date *date = date_at(dates, i);
        tally->american += date->looks_american;
        tally->other += date->looks_other;
        for (int r = 0; r < READINGS; r++) {
            tally->names[r] += date->agrees[r];
            tally->backward[r] += i > 0 && is_backward(date_at(dates, i - 1), r, date, r);
        }
    }
}

void wa_order_find(const struct wa_order_dates *dates, struct wa_order_found *found_out)
{
    *found_out = (struct wa_order_found){.order = WA_DMY, .flip_at = WA_NO_FLIP};
    found_out->is_year_first = dates->count > 0 && date_at(dates, 0)->is_certain;
    if (find_proofs(dates, found_out) || dates->count == 0 || !date_at(dates, 0)->is_slash)
        return;
    struct tally tally = {.american = 0};
    count_hints(dates, &tally);
    if (tally.names[0] != tally.names[1]) {
        found_out->order = tally.names[0] > tally.names[1] ? WA_DMY : WA_MDY;
    } else if (tally.backward[0] != tally.backward[1]) {
        found_out->order = tally.backward[0] < tally.backward[1] ? WA_DMY : WA_MDY;
    } else { /* a weak sign, else what most of the world writes */
        found_out->order = tally.american > 0 && tally.other == 0 ? WA_MDY : WA_DMY;
        found_out->is_guess = !found_out->is_year_first;
    }
}

enum wa_order wa_order_at(const struct wa_order_found *found, size_t index)
{
    if (index < found->flip_at)
        return found->order;
    return found->order == WA_DMY ? WA_MDY : WA_DMY;
}
