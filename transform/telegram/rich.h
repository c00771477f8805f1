/* rich.h: the plain text of a rich message.
 *
 * Blocks nest without a limit of their own (6.5), which no finite table of path rules can follow;
 * so the message is kept as JSON by a rule, and this walks it. Depth is that of the JSON read.
 * Members are taken by name, whatever the type of their object: text of a type that is not known
 * yet is kept too.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_RICH_H
#define SLUICE_TRANSFORM_TELEGRAM_RICH_H

#include "lib/arena.h"
#include "lib/str.h"

/* Blocks on lines of their own; STR_NULL: no text, or no memory. */
struct str tg_rich_text(struct arena *arena, struct str json);

#endif
