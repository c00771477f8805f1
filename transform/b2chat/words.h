/* words.h: the words of B2Chat and what they mean here.
 *
 * Source:  reference/b2chat.md 6, canonical-model 4.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_B2CHAT_WORDS_H
#define SLUICE_TRANSFORM_B2CHAT_WORDS_H

#include <stdbool.h>

#include "lib/str.h"

struct b2_status {
    const char *word;
    const char *status;       /* canonical-model 4.3 */
    const char *survey_state; /* of conversations */
};

/* Upper or lower case, blanks or hyphens for underscores. NULL: unknown or none. */
const struct b2_status *b2_status_find(struct str word);

/* conversations.channel of a chat's provider. */
const char *b2_medium(struct str provider);

struct b2_type {
    const char *word;
    const char *type;       /* canonical-model 4.4 */
    const char *subtype;    /* NULL: the type says it all */
    const char *attachment; /* type of the file behind the body's URL; NULL: there is none */
};

/* Never NULL: what is unknown is "unsupported". */
const struct b2_type *b2_type_find(struct str word);
/* Whether the body is words, and no URL. */
bool b2_type_is_text(const struct b2_type *type);

struct b2_extension {
    const char *extension;
    const char *mime_type;
    const char *attachment;
};

/* Of a file's name; NULL: no extension, or an unknown one. */
const struct b2_extension *b2_extension_find(struct str filename);

#endif
