/* received.h: when a mail was sent, as far as its Date can be believed (email.md 4.5).
 *
 * Units:   microseconds UTC.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_RECEIVED_H
#define SLUICE_TRANSFORM_EMAIL_RECEIVED_H

#include "transform/email/mail.h"
#include "transform/normalizer.h"

/* Date, if it lies within 7 days before and 10 minutes after the receipt; else the receipt. Where
 * nobody tells the receipt: any Date from 1990 to a day after the document was observed; else that
 * moment. */
int64_t mail_sent_at(const struct mail *mail, const struct document *document);

#endif
