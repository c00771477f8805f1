/* uuid.h: 128-bit ids as values.
 *
 * Shape:   16 bytes in network order; all zero = no value. Text is 36 lower-case characters.
 * Errors:  a text that is no UUID is refused (false).
 * Threads: no state. */
#ifndef SLUICE_LIB_UUID_H
#define SLUICE_LIB_UUID_H

#include <stdbool.h>
#include <string.h>

#include "lib/str.h"

#define UUID_TEXT_BYTES 37 /* with NUL */

struct uuid {
    unsigned char b[16];
};

#define UUID_NULL ((struct uuid){{0}})

void uuid_format(const struct uuid *id, char text[static UUID_TEXT_BYTES]);
bool uuid_from_text(struct str text, struct uuid *id_out); /* upper case accepted */

static inline bool uuid_is_none(const struct uuid *id)
{
    static const struct uuid none;
    return memcmp(id, &none, sizeof none) == 0;
}

static inline int uuid_order(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

#endif
