/* decimal.h: whole numbers as decimal digits, without the cost of printf.
 * Threads: no state. */
#ifndef SLUICE_LIB_DECIMAL_H
#define SLUICE_LIB_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_TEXT_BYTES 21 /* "-9223372036854775808" and NUL */

/* Returns the number of characters, NUL apart. */
size_t decimal_format(int64_t value, char text[static DECIMAL_TEXT_BYTES]);

#endif
