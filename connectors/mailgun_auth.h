/* mailgun_auth.h: webhooks of Mailgun: an HMAC-SHA256 over a timestamp and a token, all three of
 * which stand in the body, a form or a JSON event.
 *
 * Before the signature is found right the body is read for those three and for nothing else: no
 * other value is kept, no record is made; memory is bounded by the body's size and 4 MiB.
 * Replays: the signature does not cover the body. So the first body of each token is remembered
 *          (auth_seen.h): the same body again is a repeat, another one is refused. A form that
 * comes again with another boundary is the same body. Pairs are taken for 12 hours, since Mailgun
 *          repeats for 8 and it is not known whether it signs anew.
 * Answers: 406 would end Mailgun's repeats at once; it is never answered.
 * Source:  reference/email.md 1.4. */
#ifndef SLUICE_CONNECTORS_MAILGUN_AUTH_H
#define SLUICE_CONNECTORS_MAILGUN_AUTH_H

#include "connectors/auth.h"

extern const struct auth_channel mailgun_auth;

#endif
