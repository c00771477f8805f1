/* event.h: what a provider reports about a mail that was sent, in the model's words.
 *
 * Message ids: an event, the sent side and a customer's answer must name one mail alike. The
 * external id of a mail sent through
 *   Postmark  is "<MessageID>@mtasv.net", the Message-ID that Postmark gives its mails
 *             (unconfirmed); events and the API name only the UUID, also of a mail that kept its
 *             own Message-ID (X-PM-KeepID), which is then an alias of the conversation;
 *   SendGrid  is its message id and "@ismtpd", as in "14c5d75ce93.dfd.64b469@ismtpd": the part of
 *             sg_message_id before ".filter", ".recvd" or ".st", the X-Message-Id of the API, and
 *             the Message-ID on the wire without the machine's name behind "ismtpd"
 *             (mail_message_id), which opens, clicks and the API do not tell. Where there is no
 *             sg_message_id: smtp-id;
 *   Mailgun   is the Message-ID, which events and the API both name;
 *   Resend    is its email_id: the Message-ID is nowhere to be seen;
 *   SES       is "<messageId>@<region>.amazonses.com", of us-east-1 "@email.amazonses.com"
 *             (unconfirmed): the Message-ID that SES writes over any other. The region is that of
 *             the identity's or the topic's ARN; the sent side names it.
 * Codes:   error_code of a bounce is the enhanced status, where there is one, else "bounce" with
 *          the provider's type ("bounce:blocked"); Postmark's is its Type. Mails that the provider
 *          refused have "rejected" (with its word), complaints "complaint".
 * Source:  reference/email.md 1.2 to 1.7.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_EVENT_H
#define SLUICE_TRANSFORM_EMAIL_EVENT_H

#include "transform/email/payload.h"

enum event_kind {
    EVENT_IGNORED, /* about a contact's wishes, or nothing that we know */
    EVENT_KEPT,    /* no change of the status */
    EVENT_PENDING,
    EVENT_SENT,
    EVENT_DELIVERED,
    EVENT_READ,
    EVENT_BOUNCE,
    EVENT_REJECTED,
    EVENT_COMPLAINT
};

struct event_word { /* a table ends with word == NULL; what it does not hold gets that one's kind */
    const char *word;
    enum event_kind kind;
};

enum event_kind event_kind_of(const struct event_word *words, struct str word);

struct event_report {
    enum event_kind kind;
    struct str message_id;
    struct str recipient; /* as given; STR_NULL: not named */
    struct str word;      /* the provider's */
    struct str code;      /* error_code as it is; STR_NULL: of the three below */
    struct str enhanced;  /* "5.1.1" */
    struct str type;      /* the provider's type of the bounce, or its reason to refuse */
    struct str text;      /* of the mail server */
    int64_t at;           /* TIME_NONE: receipt */
    struct str metadata;
};

/* Ignored kinds are counted; no message id is a reject. */
enum rc event_emit(struct map *map, const struct event_report *report, struct err *err) MUST_USE;

/* TIME_NONE: no time, or one before 1970, which no record takes. */
int64_t event_time(struct str text);        /* RFC 3339 */
int64_t event_unix_time(struct str number); /* seconds, with a fraction perhaps */

struct str event_id_postmark(struct arena *arena, struct str id);
struct str event_id_sendgrid(struct arena *arena, struct str sg_message_id, struct str smtp_id);
struct str event_id_ses(struct arena *arena, struct str id, struct str region);
/* The region of an ARN, "arn:aws:ses:us-west-2:..."; STR_NULL: none. */
struct str event_arn_region(struct str arn);

#endif
