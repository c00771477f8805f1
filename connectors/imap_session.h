/* imap_session.h: what is asked of an IMAP server, by a connection that is logged in.
 *
 * Folders are opened read-only (EXAMINE) and mails fetched with BODY.PEEK: nothing that is done
 * here marks, moves or removes a mail.
 *
 * Owns:    the connection. What callbacks are given is valid during the call.
 * Errors:  RC_RETRY = the connection is of no more use, or the server cannot do it now; RC_REJECT =
 *          the server refused it, and will again; mail_link.h's. A callback's own result ends
 * the command, and the connection with it. Threads: one owner. Source: reference/email.md 2.3, 2.5;
 * RFC 3501. */
#ifndef SLUICE_CONNECTORS_IMAP_SESSION_H
#define SLUICE_CONNECTORS_IMAP_SESSION_H

#include "connectors/imap_words.h"
#include "connectors/mail_link.h"

struct imap_session;

enum rc imap_session_open(const struct mail_link_conf *conf, struct imap_session **session_out,
                          struct err *err) MUST_USE;
/* Says goodbye. Accepts NULL and *session == NULL. */
void imap_session_close(struct imap_session **session);

/* It has Gmail's extensions: labels, and a folder of all mails. */
bool imap_session_is_gmail(const struct imap_session *session);

/* Is the server still there? */
enum rc imap_session_ping(struct imap_session *session, struct err *err) MUST_USE;

/* Every folder, its name borrowed. */
typedef enum rc imap_folder_fn(void *context, const struct imap_folder *folder, struct err *err);
enum rc imap_session_folders(struct imap_session *session, imap_folder_fn *each, void *context,
                             struct err *err) MUST_USE;

struct imap_box {
    int64_t uid_validity;
    int64_t uid_next; /* no mail has this or a higher UID */
    int64_t count;
};
enum rc imap_session_examine(struct imap_session *session, struct str folder,
                             struct imap_box *box_out, struct err *err) MUST_USE;

/* Days as "21-Nov-2026", by the date at which the mailbox got the mail, in the server's zone. */
struct imap_span {
    const char *since;  /* NULL = from the beginning */
    const char *before; /* this day apart; NULL = to the end */
};

struct imap_mail {
    uint32_t uid;
    uint64_t bytes; /* as the server believes */
};
struct imap_mails { /* ascending; init with zeros, free(v) when done */
    struct imap_mail *v;
    size_t n, room;
};
/* The mails of the open folder with a UID from first to last, at most a million of them. */
enum rc imap_session_mails(struct imap_session *session, uint32_t first, uint32_t last,
                           const struct imap_span *span, struct imap_mails *mails,
                           struct err *err) MUST_USE;

/* mail_bytes: what the server said; more than fetched->mail.n when the mail is larger than a mail
 * may be. */
typedef enum rc imap_fetched_fn(void *context, const struct imap_fetched *fetched,
                                uint64_t mail_bytes, struct err *err);
/* Those of the set ("1:5,9") that are still there, in any order. RC_REJECT: the server cannot give
 * some of them; it may have given others before. */
enum rc imap_session_fetch(struct imap_session *session, struct str set, imap_fetched_fn *each,
                           void *context, struct err *err) MUST_USE;

#endif
