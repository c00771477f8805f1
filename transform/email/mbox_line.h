/* mbox_line.h: which lines of a file of mails begin a mail.
 *
 * Threads: no state.
 * Source:  reference/email.md 3.1. */
#ifndef SLUICE_TRANSFORM_EMAIL_MBOX_LINE_H
#define SLUICE_TRANSFORM_EMAIL_MBOX_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

#define MBOX_FROM "From "
#define MBOX_FROM_BYTES (sizeof MBOX_FROM - 1)

enum mbox_from {
    MBOX_NO_FROM, /* text */
    MBOX_BARE,    /* "From " alone */
    MBOX_DATED
};

/* The line begins with "From " and is given without its end. *at_out: its date, UTC where it names
 * no zone; TIME_NONE: none. */
enum mbox_from mbox_from_line(struct str line, int64_t *at_out);
/* "From 0123... Mon Sep 17 00:00:00 2001", as git writes it above a patch. */
bool mbox_is_patch(struct str line);
/* What may follow a From_ line: a header, or a quoted From_ line. */
bool mbox_may_follow(struct str line);

#endif
