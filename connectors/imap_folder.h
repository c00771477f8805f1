/* imap_folder.h: brings the mails of one folder to the publisher, from where the last run ended.
 *
 * The folder's place (imap_cursor.h) is stored when everything up to it is durable: behind each
 * group of mails, and at the folder's end. Mails are never marked, moved or removed. A changed
 * UIDVALIDITY begins the folder anew: the records' ids make that harmless.
 *
 * Trouble: a server may break off whenever it is asked for one certain mail. It is asked again by
 *          the next runs, alone; when it failed MAIL_TRIES times and another mail can be had, it is
 *          one dead letter, and those behind it are read.
 * Errors:  those of imap_session.h, publish.h and of "save". RC_RETRY and RC_AGAIN leave the place
 *          at the last mail before which nothing is missing.
 * Threads: one owner.
 * Source:  reference/email.md 2.5. */
#ifndef SLUICE_CONNECTORS_IMAP_FOLDER_H
#define SLUICE_CONNECTORS_IMAP_FOLDER_H

#include "connectors/imap_cursor.h"
#include "connectors/imap_folders.h"
#include "connectors/mail_flow.h"

struct imap_folder_work {
    struct imap_session *session;
    struct mail_flow *flow;
    const struct imap_choice *folder;
    struct imap_span span; /* only these mails; the place moves over all */
    /* Stores the place; only what is durable lies before it. */
    enum rc (*save)(void *context, const struct imap_choice *folder,
                    const struct imap_cursor *cursor, struct err *err);
    void *context;
};

struct imap_folder_result {
    uint64_t gone;  /* mails that were removed while they were read */
    bool was_reset; /* the UIDVALIDITY is another one than that of the cursor */
    bool went_back; /* the folder lost UIDs that were read already */
};

/* cursor: where to begin; then how far it came. */
enum rc imap_folder_pull(const struct imap_folder_work *work, struct imap_cursor *cursor,
                         struct imap_folder_result *result_out, struct err *err) MUST_USE;

#endif
