/* mime_header.h: header values as received, to text.
 *
 * GMime loses what is slightly wrong: unpadded base64 becomes nothing, an unknown charset and a
 * character cut at the end "?", iso-8859-1 in a word control characters (email.md 4.3).
 * email_header_value (mime.h) decodes by the rules for bodies instead; here is the same for values
 * in which encoded words are part of a grammar.
 * Owns:    nothing; results live in the arena.
 * Errors:  p == NULL: the arena's cap was reached.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_MIME_HEADER_H
#define SLUICE_TRANSFORM_EMAIL_MIME_HEADER_H

#include "lib/arena.h"
#include "lib/str.h"

/* Line breaks taken out, blanks at both ends too. */
struct str mime_header_unfold(struct arena *arena, struct str raw);
/* The unfolded value in UTF-8, every encoded word written anew so that any decoder reads it right:
 * for addresses. */
struct str mime_header_mended(struct arena *arena, struct str unfolded);
/* The text of an unfolded value. */
struct str mime_header_decoded(struct arena *arena, struct str unfolded);

#endif
