/* postmark_auth.h: webhooks of Postmark, which signs nothing: user and password stand in the
 * webhook's URL, or a key in a header that is set there (auth_password.h).
 *
 * Answers: 403 would end Postmark's repeats at once; no POST is answered so.
 * Source:  reference/email.md 1.2. */
#ifndef SLUICE_CONNECTORS_POSTMARK_AUTH_H
#define SLUICE_CONNECTORS_POSTMARK_AUTH_H

#include "connectors/auth.h"

extern const struct auth_channel postmark_auth;

#endif
