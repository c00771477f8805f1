#include "lib/suggest.h"

#include <stdint.h>

#define LONGEST_WORD 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t suggest_distance(struct str a, struct str b)
{
    size_t row[LONGEST_WORD + 1];
    if (a.n > LONGEST_WORD || b.n > LONGEST_WORD)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 0; i < a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.n; j++) {
            size_t replaced = diagonal + (a.p[i] != b.p[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(replaced, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[b.n];
}

struct suggest suggest_begin(struct str typed)
{
    /* Half of a short word may be wrong, at most three characters of a long one. */
    size_t tolerance = least(typed.n / 2, 3);
    return (struct suggest){.typed = typed, .distance = tolerance + 1};
}

void suggest_offer(struct suggest *suggest, const char *candidate)
{
    size_t distance = suggest_distance(suggest->typed, str_of(candidate));
    if (distance >= suggest->distance)
        return;
    suggest->distance = distance;
    suggest->best = candidate;
}
