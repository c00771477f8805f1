/* mail_login.h: what a mailbox is reached with: a password, or a token that a program or a file
 * gives anew.
 *
 * Tokens live about an hour: they are asked for at every login, and once more when the server
 * refuses one, since it may just have ended.
 * Owns:    nothing; texts are borrowed from the configuration.
 * Bounds:  the program has 30 s, a token LIMIT_MAIL_TOKEN_BYTES.
 * Errors:  RC_REJECT = no token could be got, or the server refused what was presented; the rest as
 *          mail_link.h. No token is in a message; what the program writes to stderr is its own.
 * Threads: one owner of each.
 * Source:  reference/email.md 2.6. */
#ifndef SLUICE_CONNECTORS_MAIL_LOGIN_H
#define SLUICE_CONNECTORS_MAIL_LOGIN_H

#include "connectors/mail_link.h"

struct mail_login {
    const char *url, *user, *ca_file;
    bool is_plain_allowed;
    const char *password;      /* or one of */
    const char *token_command; /* for /bin/sh; its first line on stdout is the token */
    const char *token_file;    /* its first line */
};

/* Opens a session with what it is given; the session goes to context. */
typedef enum rc mail_login_fn(void *context, const struct mail_link_conf *conf, struct err *err);

enum rc mail_login_open(const struct mail_login *login, mail_login_fn *open, void *context,
                        struct err *err) MUST_USE;

#endif
