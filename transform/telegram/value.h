/* value.h: texts of a payload as numbers, times and flags.
 *
 * Numbers arrive as text; archived payloads hold them as JSON strings too, and flags as 0 and 1.
 * Source:  reference/telegram.md, Notation and 1.1.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_VALUE_H
#define SLUICE_TRANSFORM_TELEGRAM_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

/* Empty texts of the provider are absent (canonical-model 2.4). */
static inline struct str tg_text(struct str text)
{
    return text.n > 0 ? text : STR_NULL;
}

/* Seconds since 1970, in microseconds. Telegram began in 2013: what lies outside the years up to
 * 2099 is impossible, and 0 marks a message that cannot be read (6.3). */
bool tg_time(struct str text, int64_t *us_out);
bool tg_true(struct str text);

#endif
