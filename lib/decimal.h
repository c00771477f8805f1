/* decimal.h: whole numbers as decimal digits, read and written without the cost of stdio.
 * Threads: no state. */
#ifndef SLUICE_LIB_DECIMAL_H
#define SLUICE_LIB_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define DECIMAL_TEXT_BYTES 21 /* "-9223372036854775808" and NUL */

/* Returns the number of characters, NUL apart. */
size_t decimal_format(int64_t value, char text[static DECIMAL_TEXT_BYTES]);

/* Digits with an optional '-' before them and nothing else. false: no such text, or no int64. */
bool decimal_parse(struct str text, int64_t *value_out);

#endif
