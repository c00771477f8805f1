/* day.h: calendar days without a zone.
 *
 * Units:   an int32_t is days since 1970-01-01; "local microseconds" are those of zone.h.
 * Threads: no state. */
#ifndef SLUICE_LIB_DAY_H
#define SLUICE_LIB_DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

#define DAY_TEXT_BYTES 11 /* "2025-03-04" and NUL */
#define DAY_US (INT64_C(86400) * 1000000)

int32_t day_of(int64_t local_us);
/* Years 1 to 9999. */
void day_format(int32_t day, char text[static DAY_TEXT_BYTES]);
/* false: not of that form, or no such day. */
bool day_parse(struct str text, int32_t *day_out);

#endif
