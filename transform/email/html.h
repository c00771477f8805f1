/* html.h: the text of an HTML mail, through libxml2's push parser, without a tree.
 *
 * Rules:   email.md 4.6. Blocks begin and end lines, lists get "- ", cells a tab, images their alt
 *          text; head, style, script and what is not displayed are left out, and so is the padding
 *          that senders put behind a preview text. At most two line ends in a row.
 * Limits:  LIMIT_MAIL_HTML_BYTES are read; time grows with the size alone, whatever the nesting.
 * Owns:    nothing; results live in the arena. Nothing is ever fetched.
 * Errors:  false = the arena's cap was reached.
 * Threads: no state beyond libxml2's, which initializes itself. */
#ifndef SLUICE_TRANSFORM_EMAIL_HTML_H
#define SLUICE_TRANSFORM_EMAIL_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/str.h"

struct html_text {
    struct str text;
    bool is_quoting; /* a mail program marked what it quotes (6.4) */
    size_t quote_at; /* where in the text that begins */
};

bool html_read(struct arena *arena, struct str html, struct html_text *out);

#endif
