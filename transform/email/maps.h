/* maps.h: the shapes of bytes that mail comes in.
 *
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_EMAIL_MAPS_H
#define SLUICE_TRANSFORM_EMAIL_MAPS_H

#include "transform/email/providers.h"
#include "transform/map.h"

/* One raw mail a document, as IMAP gives it and as .eml files hold it.
 *
 * Rejects: the mail: too large, no header, nobody who sent it. */
extern const struct map_ops email_mime_map;

/* Any number of raw mails in one file, for backfill: a mail is read while the next is not. The
 * records are those of the mailbox itself.
 *
 * Rejects: a mail, as above; the others go on. Their path is mail[n], their offset that of its
 * From_ line. */
extern const struct map_ops email_mbox_map;

/* NULL-terminated. */
extern const struct map_ops *const email_maps[];

#endif
