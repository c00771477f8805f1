/* html_piece.h: what of an HTML text libxml2 gets to see.
 *
 * Left out: "</body>" and "</html>", behind which it reads no further though mails do go on;
 * "<![if ...]>", which it takes for text; tags of very many attributes, each of which it compares
 * with all before.
 * Owns:    nothing.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_HTML_PIECE_H
#define SLUICE_TRANSFORM_EMAIL_HTML_PIECE_H

#include <stddef.h>

#include "lib/str.h"

/* The piece from *at on; moves *at behind it and behind what is left out. Time over all pieces
 * grows with the size alone. */
struct str html_piece_next(struct str html, size_t *at);

#endif
