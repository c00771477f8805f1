/* export_text.h: texts of an export, made of parts: flattened, and with entities as the Bot API
 * writes them.
 * Owns:    nothing; results live in the arena.
 * Source:  reference/telegram.md 1.5, 10.5.1.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_TEXT_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_TEXT_H

#include "transform/json.h"
#include "transform/telegram/export_rules.h"

bool tgx_text_is_empty(const struct tgx_text *text);
/* All parts end to end; STR_NULL: none, or no memory. text may be NULL. */
struct str tgx_text_flat(struct arena *arena, const struct tgx_text *text);
/* A JSON array, offsets in UTF-16; STR_NULL: there are none. */
struct str tgx_text_entities(struct arena *arena, struct json_writer *json,
                             const struct tgx_text *text);

#endif
