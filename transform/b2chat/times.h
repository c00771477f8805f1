/* times.h: the times of B2Chat, which mostly name no zone, to instants.
 *
 * Shapes:  "2025-03-04 09:12:07" in the account's zone; "2025-03-04 09:12:07 PM" in console
 *          exports; ISO 8601 with 'T', fraction, 'Z' or offset, and then the offset wins. "", null
 *          and "0000-00-00 00:00:00" are no time.
 * Owns:    the zone.
 * Source:  reference/b2chat.md 6 and 9.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_B2CHAT_TIMES_H
#define SLUICE_TRANSFORM_B2CHAT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/str.h"

#define B2_LOCAL_BYTES 20 /* "2025-03-04 09:12:07" and NUL */

struct b2_times;

/* NULL: no IANA zone of that name. */
struct b2_times *b2_times_open(struct str timezone);
void b2_times_close(struct b2_times **times);

/* TIME_NONE: not known. false: no time, or one outside the years 2000 to 2099. */
bool b2_time_read(struct b2_times *times, struct str text, int64_t *at_out);
/* The same; local_out: what the account's clocks show then, to the second ("" where not known). */
bool b2_time_read_local(struct b2_times *times, struct str text, int64_t *at_out,
                        char local_out[static B2_LOCAL_BYTES]);

#endif
