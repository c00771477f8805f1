/* maps.h: the shapes of bytes that WhatsApp traffic comes in. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_MAPS_H
#define SLUICE_TRANSFORM_WHATSAPP_MAPS_H

#include "transform/map.h"

/* Webhooks of the Cloud API.
 *
 * Source:  reference/whatsapp.md 1 to 5 and 8 for reading, canonical-model 3 and 6 for meaning.
 * Order:   members may come in any order: a change is judged when it ends, and held until "object"
 *          is known. Of a change: contacts, conversations, messages, statuses, events.
 * Rejects: the document (unreadable, another product, no entries), an entry without changes, a
 *          change (unknown account, a shape that cannot be read), or one message or status (no id,
 *          time or person); the others go on.
 * Threads: one owner. */
extern const struct map_ops whatsapp_webhook_map;

/* The sent side: what was posted to /{phone number id}/messages and what came back, as
 * {"request": ..., "response": ...}; also an array of such pairs, or a pair a line.
 *
 * Beside them may stand "phone_number_id" (or "account"), which only the URL of the request names
 * (without it, the account given by the caller), and "sent_at", seconds since 1970 or RFC 3339
 * (without it, the time of capture).
 * Source:  DESIGN 9, canonical-model 11.5, reference/whatsapp.md 2 (typed objects), 4 and 5.3.
 * Ignored: marks that messages were read and typing indicators; requests that the platform refused:
 *          such a message has no id and reached nobody, and no later status will speak of it.
 * Rejects: the document, or one pair (no request or response, no id, no recipient).
 * Threads: one owner. */
extern const struct map_ops whatsapp_sent_map;

/* NULL-terminated. */
extern const struct map_ops *const whatsapp_maps[];

#endif
