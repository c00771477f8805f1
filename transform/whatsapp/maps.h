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

/* Chats that the phone app exported: the text file.
 *
 * Settings: timezone (required), own (required for groups), date_order. The document's name gives
 *           the chat's title; a telephone number there is the other side's.
 * Source:   reference/whatsapp.md 7.
 * Order:    the file's; contacts and the conversation before their first message.
 * Memory:   flat: what must be known beforehand is found in the first LIMIT_CHAT_AHEAD_BYTES
 *           (export_ahead.h).
 * Rejects:  the document (no chat, no UTF-8, settings missing, nobody can tell who is the
 *           business), one message (a date that does not exist, too long), the rest of the document
 *           (dates of another order, a third person in a chat of two), its last line, cut short.
 * Ignored:  lines before the first message.
 * Threads:  one owner. */
extern const struct map_ops whatsapp_export_map;

/* NULL-terminated. */
extern const struct map_ops *const whatsapp_maps[];

#endif
