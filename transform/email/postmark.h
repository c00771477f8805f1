/* postmark.h: what Postmark's webhooks and its send API write alike.
 *
 * Source:  reference/email.md 1.2.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_EMAIL_POSTMARK_H
#define SLUICE_TRANSFORM_EMAIL_POSTMARK_H

#include "transform/email/json_mail.h"

struct postmark_attachment {
    struct jpath_element element;
    struct str name, content, type, content_id;
    struct str data; /* content, in the dashboard's test payload */
};

extern const struct jpath_rule postmark_attachment_rules[];

void postmark_take_attachments(struct draft *draft, const struct jpath_list *attachments);

#endif
