/* suggest.h: "did you mean ...?" for a mistyped word.
 * Threads: no state. */
#ifndef SLUICE_LIB_SUGGEST_H
#define SLUICE_LIB_SUGGEST_H

#include <stddef.h>

#include "lib/str.h"

/* Single-character insertions, deletions and replacements between two words; SIZE_MAX for words
 * longer than any name of ours. */
size_t suggest_distance(struct str a, struct str b);

/* The best of the candidates that were offered one after another. */
struct suggest {
    struct str typed;
    const char *best; /* NULL = nothing is near enough */
    size_t distance;
};

struct suggest suggest_begin(struct str typed);
void suggest_offer(struct suggest *suggest, const char *candidate);

#endif
