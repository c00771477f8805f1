/* mail_link.h: a connection to a mail server, IMAP or POP3, that libcurl has made and logged in on.
 *
 * libcurl does names, TCP, TLS, certificates, STARTTLS and the login (CURLOPT_CONNECT_ONLY); what
 * is said after that is said here. Its own IMAP commands let a mail's text end them, fail on long
 * listings and mark mails as read (reference/email.md 2.2).
 *
 * Owns:    the connection; texts of mail_link_conf are borrowed during mail_link_open only.
 * Units:   times in milliseconds.
 * Errors:  RC_RETRY = away, slow or closed: the connection is of no more use. RC_AGAIN = a stop was
 *          requested (lib/stop.h) during a wait: nor is it then. RC_REJECT = somebody must mend it:
 * the login was refused, the certificate does not hold, the URL is none. Messages name the server,
 * never the user, and what the server said about a refused login without the user's name in it.
 * Threads: one owner; several connections may be on several threads.
 * Source:  reference/email.md 2.3, 2.6. */
#ifndef SLUICE_CONNECTORS_MAIL_LINK_H
#define SLUICE_CONNECTORS_MAIL_LINK_H

#include "lib/err.h"
#include "lib/str.h"

struct mail_link;

enum mail_protocol { MAIL_IMAP, MAIL_POP3 };

struct mail_link_conf {
    const char *url; /* imaps://host[:port], imap:// with STARTTLS, and the same with pop3 */
    const char *user;
    const char *password;
    const char *token;     /* XOAUTH2 instead of a password */
    const char *ca_file;   /* of a private CA; NULL = those that the system trusts */
    bool is_plain_allowed; /* imap://, pop3://: without TLS where the server has none */
    int timeout_ms;        /* of the login, and of each wait for the server; 0 = 60 s */
};

/* false: no URL of a mail server. */
bool mail_link_protocol(const char *url, enum mail_protocol *protocol_out);

enum rc mail_link_open(const struct mail_link_conf *conf, struct mail_link **link_out,
                       struct err *err) MUST_USE;
/* Says nothing more to the server. Accepts NULL and *link == NULL. */
void mail_link_close(struct mail_link **link);

/* The login was refused, and not because of the network. */
bool mail_link_is_refusal(const struct err *err);

/* What a server said, for messages: one short line, without mail addresses. */
#define MAIL_SAID_BYTES 160
void mail_link_said(struct str text, char said_out[static MAIL_SAID_BYTES]);
/* The server refuses only for now (RFC 5530, 2449, 3206): code is what stands in brackets. */
bool mail_link_is_for_now(struct str code);

enum rc mail_link_send(struct mail_link *link, struct str bytes, struct err *err) MUST_USE;
/* What has come and was not taken yet, at least one byte; waits for it. Valid until the next call.
 */
enum rc mail_link_peek(struct mail_link *link, struct str *bytes_out, struct err *err) MUST_USE;
void mail_link_take(struct mail_link *link, size_t n);

#endif
