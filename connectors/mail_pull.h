/* mail_pull.h: mailboxes as kinds of pulling (pull.h): email with mode imap, and with mode pop3.
 *
 * States:  sync_states "messages:FOLDER" hold each folder's place (imap), "messages" the ids that
 *          were read (pop3) and the last success.
 * Threads: as pull.h.
 * Source:  reference/email.md 2. */
#ifndef SLUICE_CONNECTORS_MAIL_PULL_H
#define SLUICE_CONNECTORS_MAIL_PULL_H

#include "connectors/pull.h"

extern const struct pull_kind imap_pull, pop3_pull;

#endif
