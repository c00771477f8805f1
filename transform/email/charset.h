/* charset.h: bytes of mails to UTF-8.
 *
 * Rules:   email.md 4.4: what is UTF-8 stays, whatever is declared; then the declared charset,
 * widened to what senders mean by it; then windows-1252. What the charset does not define becomes
 * U+FFFD. email_text (mime.h) makes a body of it.
 * Owns:    nothing; results live in the arena.
 * Errors:  p == NULL: the arena's cap was reached.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_CHARSET_H
#define SLUICE_TRANSFORM_EMAIL_CHARSET_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/str.h"

/* UTF-8 without NUL; line ends as they were. charset STR_NULL: not declared. */
struct str charset_decode(struct arena *arena, struct str bytes, struct str charset);
/* NUL counts as valid. */
bool charset_is_utf8(struct str bytes);
/* Lines joined that RFC 3676's format=flowed broke; text has LF line ends. */
struct str charset_unflow(struct arena *arena, struct str text, bool delsp);
/* The beginning of the text, no longer than most bytes, not cut within a character. */
struct str charset_cut(struct str text, size_t most);

#endif
