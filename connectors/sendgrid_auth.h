/* sendgrid_auth.h: webhooks of SendGrid, of events and of Inbound Parse alike: an ECDSA signature
 * over the timestamp and the body, or where the connector has no key for it, Basic or Bearer.
 *
 * Replays: a signature that comes again brings the same bytes, so the same records: it is a repeat
 *          of SendGrid's, and refusing it would lose what the first answer did not reach. Hence no
 *          list of signatures seen.
 * Answers: whether a 4xx is repeated depends on what was sent; so a refusal is 503.
 * Source:  reference/email.md 1.3. */
#ifndef SLUICE_CONNECTORS_SENDGRID_AUTH_H
#define SLUICE_CONNECTORS_SENDGRID_AUTH_H

#include "connectors/auth.h"

extern const struct auth_channel sendgrid_auth;

#endif
