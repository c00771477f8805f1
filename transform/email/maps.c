#include "transform/email/maps.h"

#include "transform/email/providers.h"

const struct map_ops *const email_maps[] = {
    &email_mime_map,
    &email_mbox_map,
    &email_postmark_webhook_map,
    &email_postmark_sent_map,
    &email_sendgrid_webhook_map,
    &email_sendgrid_sent_map,
    &email_mailgun_webhook_map,
    &email_mailgun_sent_map,
    &email_resend_webhook_map,
    &email_resend_sent_map,
    &email_ses_webhook_map,
    &email_ses_sent_map,
    NULL,
};
