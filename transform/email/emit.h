/* emit.h: a mail to canonical records: contact, conversation (with its links as aliases), message,
 * and the status records of a report.
 *
 * Ids:     the conversation is its root's Message-ID; every other id that the mail links (5.7) is
 * an alias of it, so that the loader joins what is one thread. All are functions of the one mail.
 *
 * As of:   when the mail was sent (4.5), which all copies of it share: among copies the rank of the
 *          source decides, the content of a mail never changes. 1 us: what follows from an address,
 *          and names that others give. 2 us: an announcement without the body. 0: a stub made of a
 *          provider's status.
 *
 * Reports: statuses of the mail they are about, without a stub of it, since anybody can send a
 *          report about a mail that never was. What changes no status is an event.
 *
 * Errors:  a mail that nobody sent and the like is one reject; other results are the sink's.
 *
 * Source:  reference/email.md 5 to 7, canonical-model 2.1, 6.1, 11.1, 11.2.
 *
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
};

/* Providers do not say whose mailbox it is about: it is the connector's own. */
enum rc email_emit_event(struct email_emitter *emitter, const struct mail_event *event,
                         struct err *err) MUST_USE;

#endif
