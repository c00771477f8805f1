/* providers.h: what mail providers post, and what was sent through them.
 *
 * One map of a provider reads everything that it posts to one URL: inbound mail and events about
 * outbound mail, told apart by content; the other reads {"request":...,"response":...} pairs of its
 * send API (sent.h).
 * Source:  reference/email.md 1, DESIGN 9.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_EMAIL_PROVIDERS_H
#define SLUICE_TRANSFORM_EMAIL_PROVIDERS_H

#include "transform/map.h"

extern const struct map_ops email_postmark_webhook_map;
extern const struct map_ops email_postmark_sent_map;
extern const struct map_ops email_sendgrid_webhook_map;
extern const struct map_ops email_sendgrid_sent_map;
extern const struct map_ops email_mailgun_webhook_map;
extern const struct map_ops email_mailgun_sent_map;
extern const struct map_ops email_resend_webhook_map;
extern const struct map_ops email_resend_sent_map;
extern const struct map_ops email_ses_webhook_map;
extern const struct map_ops email_ses_sent_map;

#endif
