/* thread.h: ids of a mail and of the conversation it belongs to: functions of the one mail alone,
 * so that no order of arrival can show (email.md 5.1, 5.2, 5.7; canonical-model 11.1).
 *
 * Owns:    nothing; results live in the arena or borrow from the mail.
 * Errors:  false = the arena's cap was reached.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_THREAD_H
#define SLUICE_TRANSFORM_EMAIL_THREAD_H

#include "transform/email/direction.h"

#define MAIL_LINKS_MOST 100

struct mail_thread {
    struct str message_id;        /* external id of the mail */
    struct str key;               /* external id of the conversation */
    struct str reply_to;          /* external id of the mail it answers; STR_NULL: none */
    const struct str *references; /* root first, at most MAIL_LINKS_MOST */
    size_t reference_count;
    const struct str *aliases; /* other ids under which the conversation is known */
    size_t alias_count;
    struct str mid_check; /* STR_NULL: the mail has no Message-ID of its own */
};

struct mail_thread_basis {
    const struct mail *mail;
    const struct mail_own *own;
    struct str counterpart; /* address of the other side; STR_NULL: none */
    struct str about;       /* id of the mail that a report is about; STR_NULL: none */
    struct str text;        /* the whole text, for the id of a mail without one */
};

bool mail_thread_find(struct arena *arena, const struct mail_thread_basis *basis,
                      struct mail_thread *out);

/* Key of the conversation that a mail begins, or that is known by one of its ids: the id, or
 * "<id>␟<address>" where the account keeps a thread per contact. */
struct str mail_thread_key(struct arena *arena, const struct channel_settings *settings,
                           struct str id, struct str contact);

/* Ids of References: every "<...>", whatever stands between them; without brackets, every word with
 * "@". Duplicates go; over the most, the first and the last ones stay. */
bool mail_references_scan(struct arena *arena, struct str text,
                          struct str ids[static MAIL_LINKS_MOST], size_t *count_out);

#endif
