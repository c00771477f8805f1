/* mime.h: raw bytes of one mail to struct mail, through GMime.
 *
 * Owns:    nothing; results live in the arena.
 * Errors:  RC_REJECT = no mail at all: err says why, its code is that of the reject; anything
 *          readable is read, what is left out of it is marked as truncated.
 * Threads: no state beyond GMime's (email_init in address.h).
 * Source:  reference/email.md 4. */
#ifndef SLUICE_TRANSFORM_EMAIL_MIME_H
#define SLUICE_TRANSFORM_EMAIL_MIME_H

#include "lib/err.h"
#include "transform/email/mail.h"

enum rc email_mime_read(struct str raw, struct arena *arena, struct mail *mail_out,
                        struct err *err) MUST_USE;

/* Transfer-decoded bytes to UTF-8 with LF line ends, by email.md 4.4; charset STR_NULL: not
 * declared. p NULL: the arena's cap. */
struct str email_text(struct arena *arena, struct str bytes, struct str charset);
/* A header's value, unfolded and decoded. */
struct str email_header_value(struct arena *arena, struct str raw);
/* RFC 5322 and the usual deviations (4.5). false: cannot be read. */
bool email_date(struct str text, int64_t *us_out);
/* A file name as it may be stored (email.md 7); STR_NULL: nothing is left of it. */
struct str email_filename(struct arena *arena, struct str name);

#endif
