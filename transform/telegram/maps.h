/* maps.h: the shapes of bytes that Telegram traffic comes in. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_MAPS_H
#define SLUICE_TRANSFORM_TELEGRAM_MAPS_H

#include "transform/map.h"

/* Updates of the Bot API: bodies of a webhook, and answers of getUpdates. Either map reads either
 * shape; they differ in what is said of the records' source.
 *
 * Source:  reference/telegram.md 1 to 9 and 11 for reading, canonical-model 3 and 6 for meaning.
 * Order:   members may come in any order: an update is judged when it ends. Of a message: people,
 *          conversation, message, events.
 * Rejects: the document (unreadable, an error answer) or one update; the others go on.
 * Threads: one owner. */
extern const struct map_ops telegram_webhook_map;
extern const struct map_ops telegram_poll_map;

/* Calls of the Bot API as the sending program posts them: {"method","request","response"}, bare
 * responses, or arrays of either (11.4). */
extern const struct map_ops telegram_sent_map;

/* result.json of Telegram Desktop (10). */
extern const struct map_ops telegram_export_map;

/* NULL-terminated. */
extern const struct map_ops *const telegram_maps[];

#endif
