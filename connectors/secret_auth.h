/* secret_auth.h: senders who present a shared secret in a header and sign nothing: a tenant's own
 * programs ("Authorization: Bearer <key>"), also those that tell what was sent, and Telegram's
 * webhooks.
 *
 * Source:  reference/telegram.md 3.3 (X-Telegram-Bot-Api-Secret-Token); RFC 6750 2.1 (Bearer).
 * Timing:  auth_secrets.h. */
#ifndef SLUICE_CONNECTORS_SECRET_AUTH_H
#define SLUICE_CONNECTORS_SECRET_AUTH_H

#include "connectors/auth.h"

extern const struct auth_channel webchat_auth;
extern const struct auth_channel canonical_auth;
extern const struct auth_channel telegram_auth;
extern const struct auth_channel sent_auth; /* the connector's sent_keys, of any channel */

#endif
