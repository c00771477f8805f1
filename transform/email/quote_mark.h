/* quote_mark.h: lines by which mail programs begin what they quote or pass on (email.md 6.4, 1).
 *
 * Owns:    nothing.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_QUOTE_MARK_H
#define SLUICE_TRANSFORM_EMAIL_QUOTE_MARK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

enum quote_kind {
    QUOTE_ATTRIBUTION, /* "On ... wrote:" */
    QUOTE_ORIGINAL,    /* "-----Original Message-----", a block of headers, a desk's line */
    QUOTE_FORWARD      /* "---------- Forwarded message ----------" */
};

struct quote_mark {
    enum quote_kind kind;
    size_t begin, end; /* in the text; the end stands behind a line end, or is the text's */
};

/* The first from the place on, which is the beginning of a line. Lines with ">" hold none. */
bool quote_mark_find(struct str text, size_t from, struct quote_mark *out);

#endif
