/* mbox.h: a file of mails, fed in pieces, to single mails.
 *
 * Reads:   mboxo, mboxrd, mboxcl and mboxcl2. A Content-Length is believed only where it leads to
 *          the next mail or to the end. The escaping of "From " lines is taken back by one level.
 * Owns:    one mail's bytes, and no more than a piece beyond it. A mail over the maximum is not
 *          kept, and the next one is read again.
 * Units:   bytes; times microseconds UTC.
 * Errors:  only those of the mail callback. The result never depends on how the bytes were cut.
 * Threads: one owner.
 * Source:  reference/email.md 3.1. */
#ifndef SLUICE_TRANSFORM_EMAIL_MBOX_H
#define SLUICE_TRANSFORM_EMAIL_MBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/str.h"

struct mbox_mail {
    struct str raw;  /* without its From_ line; p == NULL: over the maximum. Until the callback
                        returns */
    int64_t from_at; /* the From_ line's date; TIME_NONE: none */
    int64_t offset;  /* of its From_ line */
    int64_t ordinal; /* from 0 */
};

typedef enum rc mbox_mail_fn(void *context, const struct mbox_mail *mail, struct err *err);

struct mbox;

struct mbox *mbox_new(size_t mail_most_bytes, mbox_mail_fn *mail, void *context);
void mbox_free(struct mbox **mbox);
void mbox_begin(struct mbox *mbox);
enum rc mbox_feed(struct mbox *mbox, const char *bytes, size_t n, struct err *err) MUST_USE;
enum rc mbox_end(struct mbox *mbox, struct err *err) MUST_USE;

#endif
