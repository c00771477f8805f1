/* report.h: what a machine reports about a mail: delivery (RFC 3464), receipt (RFC 8098),
 * complaint (RFC 5965).
 *
 * Owns:    nothing; results live in the arena.
 * Errors:  false: the arena's cap was reached; what cannot be read is left out.
 * Threads: no state.
 * Source:  reference/email.md 6.3. */
#ifndef SLUICE_TRANSFORM_EMAIL_REPORT_H
#define SLUICE_TRANSFORM_EMAIL_REPORT_H

#include "transform/email/mail.h"

/* By the type of the part that is for machines; MAIL_NO_REPORT: no such part. */
enum mail_report_kind report_kind(struct str mime_type);
/* The part that shows the mail reported about, headers alone or whole. */
bool report_is_original(struct str mime_type);

/* The decoded bytes of the part for machines. */
bool report_read(struct arena *arena, enum mail_report_kind kind, struct str bytes,
                 struct mail_report *report_out);
/* Message-ID in a header block; STR_NULL: none. */
struct str report_original_id(struct arena *arena, struct str header);

#endif
