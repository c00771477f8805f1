/* maps.h: the shapes of bytes that WhatsApp traffic comes in. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_MAPS_H
#define SLUICE_TRANSFORM_WHATSAPP_MAPS_H

#include "transform/map.h"

/* Webhooks of the Cloud API.
 *
 * Source:  reference/whatsapp.md 1 to 4 and 8 for reading, canonical-model 3 and 6 for meaning.
 * Order:   members may come in any order: a change is judged when it ends, and held until "object"
 *          is known. Of a change: contacts, conversations, messages, statuses, events.
 * Rejects: the document (unreadable, another product, no entries), an entry without changes, a
 *          change (unknown account, a shape that cannot be read), or one message or status (no id,
 *          time or person); the others go on.
 * Threads: one owner. */
extern const struct map_ops whatsapp_webhook_map;

/* NULL-terminated. */
extern const struct map_ops *const whatsapp_maps[];

#endif
