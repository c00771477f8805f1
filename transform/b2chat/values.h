/* values.h: the scalars of B2Chat: texts, flags, durations, numbers of phones, places.
 *
 * Errors:  false or STR_NULL: the text is no such value.
 * Source:  reference/b2chat.md 6 and 11.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_B2CHAT_VALUES_H
#define SLUICE_TRANSFORM_B2CHAT_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/str.h"

/* Without blanks around it; STR_NULL when nothing is left. */
struct str b2_text(struct str text);
/* Empty is absent; blanks stay. */
static inline struct str b2_given(struct str text)
{
    return text.n > 0 ? text : STR_NULL;
}
/* The first of two texts that is one, trimmed. */
struct str b2_first(struct str a, struct str b);
/* In the arena; ASCII letters only. STR_NULL: absent, or the arena is full. */
struct str b2_lower(struct arena *arena, struct str text);
struct str b2_upper(struct arena *arena, struct str text);
bool b2_same_word(struct str a, struct str b); /* letter case apart */

/* true, false, YES, NO, 1, 0 */
bool b2_flag(struct str text, bool *flag_out);
/* "DD:HH:MM:SS", "HH:MM:SS", "MM:SS" or seconds. */
bool b2_duration(struct str text, int64_t *seconds_out);
/* The digits of a phone number where there are 8 to 15 of them, in the arena, else STR_NULL. */
struct str b2_phone_digits(struct arena *arena, struct str text);
/* A JSON number, or one in a text, that lies in -most..most. */
bool b2_coordinate(struct str text, double most, double *value_out);
bool b2_is_url(struct str text);

#endif
