/* emit.h: a mail to canonical records: contact, conversation (with its links as aliases), message,
 * and the status records of a report.
 *
 * Errors:  a mail that nobody sent and the like is one reject; other results are the sink's.
 * Source:  reference/email.md 5 to 7, canonical-model 2.1, 11.1, 11.2.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_EMAIL_EMIT_H
#define SLUICE_TRANSFORM_EMAIL_EMIT_H

#include "transform/email/mail.h"
#include "transform/map.h"

struct email_emitter;

struct email_emitter *email_emitter_new(struct map_out *out);
void email_emitter_free(struct email_emitter **emitter);

/* Uses the document's arena; does not reset it. */
enum rc email_emit(struct email_emitter *emitter, const struct mail *mail,
                   struct err *err) MUST_USE;

/* What a provider, or a report, says about one mail that the business sent. */
struct mail_event {
    struct str
        message_id; /* Message-ID without <>, or the provider's id in the form its mails carry */
    struct str recipient;  /* lower case; STR_NULL: not named */
    struct str status;     /* canonical-model 4.5; STR_NULL: no change, the event is only kept */
    struct str event_type; /* the provider's word, kept in metadata */
    int64_t occurred_at;
    struct str error_code, error_message;
    struct str metadata; /* JSON members, without braces */
    struct str account;  /* STR_NULL: the document's */
};

enum rc email_emit_event(struct email_emitter *emitter, const struct mail_event *event,
                         struct err *err) MUST_USE;

#endif
