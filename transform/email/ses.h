/* ses.h: the members of Amazon SES's notifications.
 *
 * Source:  reference/email.md 1.6.
 * Threads: plain values. */
#ifndef SLUICE_TRANSFORM_EMAIL_SES_H
#define SLUICE_TRANSFORM_EMAIL_SES_H

#include "transform/email/json_mail.h"

struct ses_recipient {
    struct jpath_element element;
    struct str address, action, status, diagnostic;
};

struct ses_receipt {
    struct str recipients; /* JSON */
    struct str spam, virus, spf, dkim, dmarc, dmarc_policy;
    struct str encoding, topic_arn, bucket, key;
};

struct ses_mail {
    struct str timestamp, source, message_id, source_arn;
    struct str destination, headers_truncated, headers, tags; /* JSON */
    struct str from, to, cc, bcc, reply_to;                   /* JSON; of commonHeaders */
    struct str sender, date, header_id, subject;              /* of commonHeaders */
};

struct ses_outcome { /* the object named like the event; each event has some of these */
    struct str timestamp, type, sub_type;
    struct jpath_list bounced, complained, delayed; /* of struct ses_recipient */
    struct str recipients;                          /* JSON */
    struct str feedback_id, complaint_type, complaint_sub_type, response, reporting_mta;
    struct str delay_type, expiration, reason, error_message, template_name;
    struct str ip, user_agent, link;
};

struct ses_notice {
    struct str notification_type, event_type, content;
    struct ses_receipt receipt;
    struct ses_mail mail;
    struct ses_outcome bounce, complaint, delivery, delay, refusal, failure, open, click;
};

#endif
