/* automatic.h: mails that no person wrote for this one recipient (email.md 6.2).
 *
 * Owns:    nothing.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_AUTOMATIC_H
#define SLUICE_TRANSFORM_EMAIL_AUTOMATIC_H

#include "transform/email/mail.h"

enum mail_class {
    MAIL_PERSONAL,
    MAIL_BOUNCE,
    MAIL_SPAM_COMPLAINT,
    MAIL_RECEIPT,
    MAIL_AUTO_REPLY,
    MAIL_AUTO_GENERATED,
    MAIL_WEAKLY_GENERATED, /* only asks not to be answered, which people's mails do too */
    MAIL_BULK,
    MAIL_NOREPLY
};

/* report: of the mail, or found in its text (bounce.h). sender: who wrote it. */
enum mail_class mail_classify(const struct mail *mail, const struct mail_report *report,
                              struct str sender);
/* As metadata.auto names it; NULL: a person's. */
const char *mail_class_word(enum mail_class class);
/* Written by a program for sure. */
bool mail_class_is_program(enum mail_class class);

bool mail_has_empty_return_path(const struct mail *mail);
/* A newsletter and the like, if the business sent it. */
bool mail_is_broadcast(const struct mail *mail);
/* "high", "low"; STR_NULL: normal. */
struct str mail_importance(const struct mail *mail);

#endif
