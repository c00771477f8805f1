/* whatsapp_map.h: webhooks of the WhatsApp Cloud API to canonical records.
 *
 * Source:  reference/whatsapp.md 1 to 4 and 8 for reading, canonical-model 3 and 6 for meaning.
 * Order:   members may come in any order: a change is judged when it ends, and held until "object"
 *          is known. Of a change: contacts, conversations, messages, statuses, events.
 * Rejects: the document (unreadable, another product, no entries), an entry without changes, a
 *          change (unknown account, a shape that cannot be read), or one message or status (no id,
 *          time or person); the others go on.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_MAP_H
#define SLUICE_TRANSFORM_WHATSAPP_MAP_H

#include "transform/map.h"

extern const struct map_ops whatsapp_map_ops;

#endif
