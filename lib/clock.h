/* clock.h: the time, in the one form used inside the program.
 *
 * Units:   int64_t microseconds since 1970-01-01T00:00:00Z, UTC; TIME_NONE = unknown. Monotonic
 * times only measure spans. Errors:  a text that is no instant is refused (false), never guessed.
 * Threads: no state.
 * Source:  text form is RFC 3339 with six fractional digits (DESIGN 4). Leap second :60 is read as
 * :59. */
#ifndef SLUICE_LIB_CLOCK_H
#define SLUICE_LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

#define TIME_NONE INT64_MIN
#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MS INT64_C(1000)
#define CLOCK_TEXT_BYTES 28 /* "2026-03-01T12:00:00.000000Z" and NUL */

/* Years 0001 to 9999: what the text form and PostgreSQL both hold. */
#define TIME_MIN INT64_C(-62135596800000000)
#define TIME_MAX INT64_C(253402300799999999)

int64_t clock_now_us(void);
int64_t clock_monotonic_us(void);

/* us must lie in [TIME_MIN, TIME_MAX]. */
void clock_format(int64_t us, char text[static CLOCK_TEXT_BYTES]);
/* RFC 3339: date, 'T' or 't' or ' ', time, optional fraction (digits beyond six are cut), 'Z' or
 * offset. */
bool clock_parse(struct str text, int64_t *us_out);

#endif
