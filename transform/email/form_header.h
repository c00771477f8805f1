/* form_header.h: the header block of a part of a form.
 *
 * Source:  RFC 7578 4.2, and what vendors write: quoted strings of raw UTF-8, "%22", backslash
 * escapes, filename*=.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_FORM_HEADER_H
#define SLUICE_TRANSFORM_EMAIL_FORM_HEADER_H

#include "transform/email/form.h"

/* Fills name, filename, content type and charset. false: the arena's cap. */
bool form_header_read(struct str block, struct arena *arena, struct form_field *field);
/* The value of a parameter of a header's value, with its quotes taken off; STR_NULL: none, or the
 * arena's cap. */
struct str form_parameter(struct arena *arena, struct str value, const char *name);
/* Bytes as storable UTF-8. p NULL: the arena's cap. */
struct str form_text(struct arena *arena, struct str bytes);

#endif
