/* html_mark.h: what the attributes of an HTML element say about its text.
 *
 * Attributes: name, value, ..., NULL, as libxml2's SAX gives them (NULL: none; a value may be
 * NULL). Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_HTML_MARK_H
#define SLUICE_TRANSFORM_EMAIL_HTML_MARK_H

#include <stdbool.h>

#include "lib/str.h"

/* STR_NULL: no such attribute, or one without a value. */
struct str html_attribute(const char *const *attributes, const char *name);
/* display:none */
bool html_is_hidden(const char *const *attributes);
/* A mail program begins here what it quotes (email.md 6.4, 5). */
bool html_is_quote(const char *name, const char *const *attributes);

#endif
