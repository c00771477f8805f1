/* imap_folders.h: which folders of a mailbox are read.
 *
 * Asked for: those that a pattern means; a pattern with "*" leaves out junk, trash, drafts and
 *            folders that only repeat others.
 * Else:      INBOX and the folder of sent mails; of Gmail the one that holds all mails.
 * Owns:      its names.
 * Errors:    as imap_session.h. RC_REJECT: none of what was asked for is there.
 * Threads:   one owner. */
#ifndef SLUICE_CONNECTORS_IMAP_FOLDERS_H
#define SLUICE_CONNECTORS_IMAP_FOLDERS_H

#include "connectors/imap_session.h"

struct imap_choice {
    struct str name;  /* as the server writes it */
    struct str shown; /* UTF-8 */
    bool is_sent;
};

struct imap_folders {
    struct arena *arena;
    struct imap_folder *all; /* what the server has */
    size_t all_count;
    struct imap_choice *chosen;
    size_t count;
    struct str missing; /* a pattern that means nothing; STR_NULL: each means something */
};

/* patterns: in UTF-8, as people write them. */
enum rc imap_folders_choose(struct imap_session *session, const char *const *patterns,
                            size_t pattern_count, struct imap_folders *folders_out,
                            struct err *err) MUST_USE;
void imap_folders_done(struct imap_folders *folders);

#endif
