/* maps.h: canonical records themselves, from a tenant's own programs: agent desks, surveys, bots.
 *
 * One JSON object a line, by schemas/record.schema.json. What follows from the rest may be left out
 * (record_decode_partial). Which channel a record belongs to is said by "channel_id", or by
 * "provider" and "account", or else it is the account that the caller configured.
 * Rejects: a line that is no record, or belongs to another tenant or to a channel that is not
 *          configured. */
#ifndef SLUICE_TRANSFORM_CANONICAL_MAPS_H
#define SLUICE_TRANSFORM_CANONICAL_MAPS_H

#include "transform/map.h"

/* NULL-terminated. */
extern const struct map_ops *const canonical_maps[];

#endif
