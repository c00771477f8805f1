/* words.h: comparing words of mails, in any language, without a locale.
 *
 * Owns:    nothing; results live in the arena.
 * Errors:  p == NULL: the arena's cap was reached.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_WORDS_H
#define SLUICE_TRANSFORM_EMAIL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/str.h"

/* Lower case, character by character (no special cases such as the German sharp s). */
struct str words_lower(struct arena *arena, struct str text);
/* Bytes of the text that are the word given in lower case, whatever their case; 0: it starts
 * otherwise. */
size_t words_prefix(struct str text, const char *lower);
/* ASCII letters in any case. */
bool words_same(struct str a, const char *b);
bool words_start(struct str text, const char *prefix);
bool words_end(struct str text, const char *suffix);
bool words_hold(struct str text, const char *part);

bool words_is_space(char c);
/* Without blanks at both ends: space, tab, CR, LF. */
struct str words_trim(struct str text);
/* White-space runs as one space, none at the ends. */
struct str words_squeeze(struct arena *arena, struct str text);

#endif
