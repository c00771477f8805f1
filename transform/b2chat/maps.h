/* maps.h: the shapes of bytes that B2Chat traffic comes in. */
#ifndef SLUICE_TRANSFORM_B2CHAT_MAPS_H
#define SLUICE_TRANSFORM_B2CHAT_MAPS_H

#include "transform/map.h"

/* Replies of the export API, as polled or saved: a page of chats or of contacts, or one chat (for
 * JSON Lines).
 *
 * Source:  reference/b2chat.md 4 to 7 and 11 for reading, canonical-model 3 and 6 for meaning.
 * Order:   of a chat: contact, agent, department, conversation, messages, survey, escalation,
 *          events. A page is streamed: one row is in memory at a time.
 * Rejects: the document (unreadable, an error page), a row, or one message; the others go on.
 * Threads: one owner. */
extern const struct map_ops b2chat_export_map;

/* Webhooks by the contract of reference/b2chat.md 8. Their as-of time is "sent_at". */
extern const struct map_ops b2chat_webhook_map;

/* Audit exports of the console as CSV, matched by the names of their columns (reference/b2chat.md
 * 9). Consecutive rows of a chat are one snapshot of it, up to 10000 of them. Their as-of time is
 * that of the document. Rejects: the file (no header, columns missing, endless quotes), a chat or a
 * row. */
extern const struct map_ops b2chat_csv_map;

/* NULL-terminated. */
extern const struct map_ops *const b2chat_maps[];

#endif
