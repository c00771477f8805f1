/* new_text.h: what the sender wrote, without quotes and signature (email.md 6.4).
 *
 * Cuts by rules in all languages that the reference lists; a cut that would leave nothing is none.
 * Time grows with the text alone; no regular expressions.
 * Owns:    nothing; results are parts of the text.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_NEW_TEXT_H
#define SLUICE_TRANSFORM_EMAIL_NEW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define NEW_TEXT_NO_QUOTE SIZE_MAX

struct mail_new_text {
    struct str text; /* STR_NULL: all of it is new */
    size_t quote_at; /* where the quotes begin; NEW_TEXT_NO_QUOTE: nowhere */
    bool is_forward; /* it passes on another mail */
};

/* text: LF line ends, UTF-8. quote_at: where the HTML says that quotes begin, or
 * NEW_TEXT_NO_QUOTE. */
void mail_new_text_find(struct str text, size_t quote_at, struct mail_new_text *out);

#endif
