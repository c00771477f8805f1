/* ses_auth.h: webhooks of Amazon SES, which come through Amazon SNS: an RSA signature by a
 * certificate that SNS publishes, for topics of the connector; HTTP Basic beside it where the
 * connector has it.
 *
 * SNS signs its members after JSON was decoded. So of a body that is not authenticated yet those
 * members are read and nothing else, and only once the headers name a topic of the connector.
 * Anyone may have SNS sign a message of a topic of his own: the topic is what makes it ours. With
 * raw delivery messages come without a signature, and are refused.
 * Waiting:  for the certificate, and for a subscription to be confirmed (sns_links.h): its sender
 *           is answered once Amazon has it, or it would not ask again.
 * Replays: a message that comes again brings the same bytes, so the same records. Its time may be
 *          12 hours away: SNS repeats for up to one.
 * Answers: SNS does not repeat what is answered 4xx; so a refusal is 503. A 401 that asks for
 *          credentials is how SNS comes to send them.
 * Source:  reference/email.md 1.6. */
#ifndef SLUICE_CONNECTORS_SES_AUTH_H
#define SLUICE_CONNECTORS_SES_AUTH_H

#include "connectors/auth.h"

extern const struct auth_channel ses_auth;

#endif
