/* subject.h: the base of a subject, without the prefixes of replies and forwards in any language.
 *
 * The algorithm of RFC 5256 2.1 with the prefixes of email.md 5.4. Tags in brackets ("[#4471]")
 * stay, each once.
 * Owns:    nothing; results live in the arena.
 * Errors:  false = the arena's cap was reached.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_EMAIL_SUBJECT_H
#define SLUICE_TRANSFORM_EMAIL_SUBJECT_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/str.h"

struct mail_subject {
    struct str base;           /* STR_NULL: nothing is left */
    bool is_reply, is_forward; /* the outermost prefix decides */
};

bool mail_subject_read(struct arena *arena, struct str subject, struct mail_subject *out);

#endif
