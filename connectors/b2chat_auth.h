/* b2chat_auth.h: webhooks of B2Chat: a token, as "Authorization: Bearer" or as the last part of the
 * path, without which nothing is there; and a signature over the body where one was agreed upon.
 *
 * Source:  reference/b2chat.md 8, ecosystem.md 7.1. */
#ifndef SLUICE_CONNECTORS_B2CHAT_AUTH_H
#define SLUICE_CONNECTORS_B2CHAT_AUTH_H

#include "connectors/auth.h"

extern const struct auth_channel b2chat_auth;

#endif
