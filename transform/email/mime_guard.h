/* mime_guard.h: what GMime must not be given. It keeps an object for every header, parameter,
 * address and part, hundreds of bytes for two of the mail's; it reads groups of addresses within
 * groups by recursion, and words that are no addresses in time that grows with their square.
 *
 * Owns:    nothing.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_MIME_GUARD_H
#define SLUICE_TRANSFORM_EMAIL_MIME_GUARD_H

#include <stdbool.h>

#include "lib/str.h"

/* The beginning of the mail that makes no more than LIMIT_MAIL_OBJECTS objects, up to a line end;
 * the whole mail, if it is an ordinary one. */
struct str mime_guard_cut(struct str raw);
/* Some header opens more groups than LIMIT_MAIL_GROUPS before it closes them, or the words without
 * an address would be searched for longer than LIMIT_MAIL_SEARCH_BYTES. */
bool mime_guard_is_endless(struct str raw);
/* The same of one header's value. */
bool mime_guard_is_endless_list(struct str value);

#endif
