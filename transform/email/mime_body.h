/* mime_body.h: which parts of a mail are its text, its attachments, its report.
 *
 * Owns:    nothing; results live in the arena.
 * Errors:  false: the arena's cap was reached.
 * Threads: as GMime.
 * Source:  reference/email.md 4.2, 6.3, 7. */
#ifndef SLUICE_TRANSFORM_EMAIL_MIME_BODY_H
#define SLUICE_TRANSFORM_EMAIL_MIME_BODY_H

#include <gmime/gmime.h>

#include "transform/email/mail.h"

/* Sets text, html, attachments and report; is_cut_out: not everything was read. */
bool mime_body_read(struct arena *arena, GMimeMessage *message, struct mail *mail,
                    bool *is_cut_out);

#endif
