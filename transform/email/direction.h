/* direction.h: who wrote a mail to whom, seen from the business (email.md 6.1).
 *
 * Owns:    nothing; results live in the arena or borrow from the mail.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_DIRECTION_H
#define SLUICE_TRANSFORM_EMAIL_DIRECTION_H

#include "transform/email/mail.h"
#include "transform/normalizer.h"

/* Whose addresses are the business's own. */
struct mail_own {
    struct str account; /* of the mailbox, lower case */
    const struct channel_settings *settings;
};

/* Compares without "+tag". */
bool mail_is_own(const struct mail_own *own, struct str address);
/* "soporte+c8f2@example.org" without "+c8f2". */
struct str mail_address_untagged(struct arena *arena, struct str address);

struct mail_sides {
    bool is_outbound;
    bool is_internal;            /* own to own */
    bool is_own_address_unknown; /* sent by the business, from an address not among its own */
    struct mail_address sender;  /* who wrote it */
    struct mail_address contact; /* the other side; address STR_NULL: none */
};

/* false: nobody sent it. is_sent: it comes from a folder of sent mails. */
bool mail_sides_find(struct arena *arena, const struct mail *mail, const struct mail_own *own,
                     bool is_sent, struct mail_sides *out);

#endif
