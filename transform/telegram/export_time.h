/* export_time.h: times of an export: seconds since 1970 where the file has them (since 3.7.6), else
 * the local time of the computer that exported (reference/telegram.md 10.4).
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_TIME_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_TIME_H

#include "lib/str.h"
#include "lib/zone.h"

enum tgx_time {
    TGX_TIME_READ,
    TGX_TIME_ABSENT,
    TGX_TIME_EMPTY,     /* 1970: what stands where there is none */
    TGX_TIME_BAD,       /* no time, or not one of Telegram's years */
    TGX_TIME_NEEDS_ZONE /* local, and no zone is configured */
};

/* zone may be NULL. Microseconds since 1970. */
enum tgx_time tgx_time_read(struct zone *zone, struct str unixtime, struct str local,
                            int64_t *us_out);
/* "2026-01-01T04:14:00" as microseconds of the wall clock. */
bool tgx_time_local(struct str text, int64_t *local_us_out);

#endif
