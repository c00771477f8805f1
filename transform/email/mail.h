/* mail.h: one mail, as whoever read it found it: GMime from raw bytes, or a provider's payload.
 *
 * From here on all mails are alike: email_emit (emit.h) decides ids, thread, direction, class and
 * new text, and makes the records.
 * Shape:   texts are UTF-8 and storable; absent = STR_NULL; header names as received.
 * Owns:    nothing; all lives in the document's arena.
 * Source:  reference/email.md 5 to 7.
 * Threads: plain values. */
#ifndef SLUICE_TRANSFORM_EMAIL_MAIL_H
#define SLUICE_TRANSFORM_EMAIL_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/str.h"

struct mail_header {
    struct str name;
    struct str value; /* unfolded and decoded (RFC 2047) */
    struct str raw;   /* as received, unfolded only; STR_NULL: the provider gives only the value */
};

struct mail_address {
    struct str name;
    struct str address; /* addr-spec, lower case, domain in ASCII form */
};

struct mail_addresses {
    struct mail_address *v;
    size_t n;
};

struct mail_attachment {
    struct str filename;   /* base name, cleaned (email.md 7); STR_NULL: nothing is left of it, or
                              none was given */
    struct str mime_type;  /* lower case, without parameters */
    struct str content_id; /* without <> */
    bool is_inline;        /* disposition inline, or in a multipart/related with a Content-ID */
    int64_t size_bytes;    /* decoded; RECORD_INT_NONE: not known */
    struct str sha256;     /* of the decoded bytes, hex; STR_NULL: not known */
    struct str provider_media_id;
    struct str source_url;
    struct str method; /* text/calendar: METHOD */
};

enum mail_report_kind { MAIL_NO_REPORT, MAIL_DELIVERY_REPORT, MAIL_READ_RECEIPT, MAIL_COMPLAINT };

struct mail_recipient { /* one block of a delivery report, or the one of a receipt or complaint */
    struct str address; /* lower case */
    struct str action; /* failed, delayed, delivered, relayed, expanded; receipts: displayed, ... */
    struct str status; /* 5.1.1 */
    struct str diagnostic;
    int64_t occurred_at; /* TIME_NONE: not stated */
};

struct mail_report {
    enum mail_report_kind kind;
    struct str original_id; /* Message-ID of the mail it is about, without <> */
    struct mail_recipient *recipients;
    size_t recipient_count;
};

struct mail {
    const struct mail_header *headers; /* in their order */
    size_t header_count;
    struct mail_addresses from, sender, reply_to, to, cc, bcc;
    struct str subject;
    struct str message_id;        /* without <>; STR_NULL: none, or a dummy (5.1) */
    struct str date;              /* header text */
    struct str envelope_from;     /* "" = the empty sender; STR_NULL: not known */
    struct str envelope_to;       /* the account's address where the payload says so */
    int64_t received_at;          /* by the provider or the mailbox; TIME_NONE: see email.md 4.5 */
    struct str text;              /* text/plain part, LF */
    struct str html;              /* as UTF-8 */
    bool is_flowed_text_of_html;  /* text was made of the HTML by the provider */
    struct str provider_text_new; /* the provider's own cut */
    struct str plus;              /* of a plus address */
    const struct mail_attachment *attachments;
    size_t attachment_count;
    struct mail_report report;
    struct str provider_metadata; /* JSON members, without braces: "\"spam_score\":0.1,..." */
    const struct str *tags;
    size_t tag_count;
    bool is_partial;  /* an announcement without the body: any full copy of the mail wins over it */
    bool is_sent;     /* from the sending side: outbound, whoever From names */
    bool is_replaced; /* U+0000 or what is no UTF-8 became U+FFFD (canonical-model 2.4) */
    const char *path; /* for rejects: where in the document; "" = the whole */
    int64_t offset;
};

/* The first of the name, in any case; NULL: none. */
const struct mail_header *mail_header_find(const struct mail *mail, const char *name);
/* The next of the name behind the one given (NULL: the first). */
const struct mail_header *mail_header_next(const struct mail *mail, const struct mail_header *after,
                                           const char *name);
/* Value of the first; STR_NULL: none. */
struct str mail_header_text(const struct mail *mail, const char *name);

#endif
