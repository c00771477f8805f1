/* text.h: makes decoded text storable (canonical-model 2.4).
 *
 * NUL and every sequence that is no UTF-8 (overlong forms, surrogates, beyond U+10FFFF, truncated
 * sequences) become U+FFFD, one per sequence, and are counted.
 * Limit:   of a lone high surrogate escape nothing is left to see: yajl has already written '?' for
 * "\ud800", and has made one wrong character of "\ud83d\u0041". A lone low one arrives as invalid
 * UTF-8 and is found here.
 * Errors:  a result with p == NULL: the arena's cap was reached.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TEXT_H
#define SLUICE_TRANSFORM_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/str.h"

/* Whether text_clean would change nothing. */
bool text_is_clean(struct str bytes);
/* A clean copy in the arena, NUL-terminated; adds the number of replacements to *replaced. bytes.p
 * must not be NULL. */
struct str text_clean(struct arena *arena, struct str bytes, uint64_t *replaced);

#endif
