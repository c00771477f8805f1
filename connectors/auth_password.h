/* auth_password.h: senders that sign nothing and log in: "Authorization: Basic" with one of several
 * "user:password" (RFC 7617), or "Authorization: Bearer" with one of several keys.
 *
 * Owns:    digests of both.
 * Timing:  as auth_secrets.h.
 * Threads: constant once made. */
#ifndef SLUICE_CONNECTORS_AUTH_PASSWORD_H
#define SLUICE_CONNECTORS_AUTH_PASSWORD_H

#include "connectors/auth.h"

struct auth_password;

struct auth_password *auth_password_new(const struct receive_connector *connector);
void auth_password_free(struct auth_password **password);

/* AUTH_ASK: nothing was presented, and the connector takes Basic. */
enum auth_result auth_password_claim(const struct receive_connector *connector,
                                     const struct auth_source *source,
                                     struct auth_claim *claim_out);
enum auth_result auth_password_check(const struct auth_password *password,
                                     const struct auth_claim *claim);

#endif
