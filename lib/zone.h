/* zone.h: times that carry no zone, to instants and back.
 *
 * Rules:   an ambiguous local time (clocks set back) takes the later instant, a skipped one the
 * offset in force before the change, as PostgreSQL does (canonical-model 2.2). Owns:    one zone's
 * rules, from the system's time zone database. Units:   local times are microseconds of the wall
 * clock, counted as if it were UTC; see zone_local. Instants are microseconds since 1970, UTC.
 * Threads: one owner. */
#ifndef SLUICE_LIB_ZONE_H
#define SLUICE_LIB_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

struct zone;

/* NULL: no IANA zone of that name. */
struct zone *zone_open(struct str name);
void zone_close(struct zone **zone);

int64_t zone_to_utc(struct zone *zone, int64_t local_us);
/* What the wall clock shows at that instant. */
int64_t zone_to_local(struct zone *zone, int64_t utc_us);

/* A wall clock's reading as local microseconds. false: no such date or time of day; second 60 is
 * read as 59. */
bool zone_local(int year, int month, int day, int hour, int minute, int second,
                int64_t *local_us_out);

#endif
