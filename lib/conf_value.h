/* conf_value.h: the texts of numbers, sizes and spans of time in a pipeline file.
 *
 * Errors:  false = not of that form; out_of_range is the caller's test.
 * Threads: no state. */
#ifndef SLUICE_LIB_CONF_VALUE_H
#define SLUICE_LIB_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

#define CONF_VALUE_TEXT_BYTES 32

/* "0", "-12", "4096": decimal digits, no leading zero, no underscore, no exponent. */
bool conf_value_int(struct str text, int64_t *value_out);
/* "4096", "64KB" (1000), "4MiB" (1024): bytes. */
bool conf_value_size(struct str text, int64_t *bytes_out);
/* "500ms", "60s", "15m", "6h", "30d": milliseconds. The unit is required, except for 0. */
bool conf_value_duration(struct str text, int64_t *ms_out);

/* The shortest text that reads back as the value. */
void conf_value_print_size(int64_t bytes, char text[static CONF_VALUE_TEXT_BYTES]);
void conf_value_print_duration(int64_t ms, char text[static CONF_VALUE_TEXT_BYTES]);

#endif
