/* key.h: the key of a message that its provider gives none (reference/b2chat.md 7).
 *
 * Vectors: tests/unit/transform/b2chat_key_test.c holds that of the reference.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_B2CHAT_KEY_H
#define SLUICE_TRANSFORM_B2CHAT_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

#define B2_HASH_BYTES 17 /* 16 hexadecimal digits and NUL */

struct b2_key {
    struct str local; /* "2025-03-04 09:12:07" */
    bool is_incoming;
    struct str type; /* upper case */
    bool is_text;
    struct str body, caption; /* as the provider wrote them */
    bool has_place;
    double lat, lon;
};

/* false: the texts are longer than one record may be. */
bool b2_key_hash(const struct b2_key *key, char hash_out[static B2_HASH_BYTES]);

#endif
