/* pop3_session.h: what is asked of a POP3 server, by a connection that is logged in.
 *
 * Nothing is deleted here. Whether RETR marks a mail as read is the server's affair (Dovecot does
 * so unless pop3_no_flag_updates is set).
 *
 * Owns:    the connection, and the last answer until the next call.
 * Errors:  RC_RETRY = the connection is of no more use, or the server cannot do it now; RC_REJECT =
 *          the server refused it; mail_link.h's.
 * Threads: one owner.
 * Source:  reference/email.md 2.7; RFC 1939, 2449. */
#ifndef SLUICE_CONNECTORS_POP3_SESSION_H
#define SLUICE_CONNECTORS_POP3_SESSION_H

#include <stdint.h>

#include "connectors/mail_link.h"

struct pop3_session;

enum rc pop3_session_open(const struct mail_link_conf *conf, struct pop3_session **session_out,
                          struct err *err) MUST_USE;
/* Says goodbye. Accepts NULL and *session == NULL. */
void pop3_session_close(struct pop3_session **session);

/* Every mail: its number, of this session only, and its lasting id. */
typedef enum rc pop3_mail_fn(void *context, int64_t number, struct str id, struct err *err);
enum rc pop3_session_mails(struct pop3_session *session, pop3_mail_fn *each, void *context,
                           struct err *err) MUST_USE;

/* bytes_out: more than mail_out->n when the mail is larger than a mail may be. */
enum rc pop3_session_fetch(struct pop3_session *session, int64_t number, struct str *mail_out,
                           uint64_t *bytes_out, struct err *err) MUST_USE;

#endif
