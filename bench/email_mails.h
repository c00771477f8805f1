/* email_mails.h: invented mails of a help desk, for measuring: of ten, five plain text, four
 * multipart/alternative, one with a PDF of 45 KB (reference/email.md 4.7). The same number always
 * gives the same mail.
 *
 * Owns:    nothing; appends to the caller's buffer. */
#ifndef SLUICE_BENCH_EMAIL_MAILS_H
#define SLUICE_BENCH_EMAIL_MAILS_H

#include "lib/buf.h"

/* One raw mail with LF line ends. */
void email_mails_add(struct buf *out, size_t number);
/* The same as a mail of an mbox file: From_ line before, empty line after. */
void email_mails_add_mbox(struct buf *out, size_t number);

#endif
