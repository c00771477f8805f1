/* bounce.h: delivery reports of mail servers that know no RFC 3464, by their text (email.md 6.3).
 *
 * Owns:    nothing; results live in the arena or borrow from the mail.
 * Errors:  false = the arena's cap was reached.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_BOUNCE_H
#define SLUICE_TRANSFORM_EMAIL_BOUNCE_H

#include "transform/email/mail.h"

/* The mail's own report; else what its text says, kind MAIL_NO_REPORT where it is none. A report
 * that does not name the mail it is about gets the one it answers. */
bool mail_report_find(struct arena *arena, const struct mail *mail, struct mail_report *out);

/* "5.1.1" within a text, else its code of three digits, "550"; STR_NULL: neither. */
struct str mail_status_code(struct str text);

#endif
