/* imap_cursor.h: how far a folder was read, as it is remembered between runs: a JSON object.
 *
 * Threads: no state.
 * Source:  reference/email.md 2.5. */
#ifndef SLUICE_CONNECTORS_IMAP_CURSOR_H
#define SLUICE_CONNECTORS_IMAP_CURSOR_H

#include <stdint.h>

#include "lib/buf.h"

struct imap_cursor {
    uint32_t uid_validity; /* 0: nothing was read */
    uint32_t last_uid;     /* all mails up to it are durable */
    uint32_t failed_uid;   /* the mail behind it that the server could not give; 0: none */
    uint32_t failures;     /* in a row */
};

/* Anything that is no cursor is one that has read nothing. */
struct imap_cursor imap_cursor_read(struct str json);
/* Appends. shown: the folder's name, for people. */
void imap_cursor_write(struct buf *out, const struct imap_cursor *cursor, struct str shown);

#endif
