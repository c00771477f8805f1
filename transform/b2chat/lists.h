/* lists.h: lists of texts and of attributes, out of the JSON in which they were kept.
 *
 * Owns:    its parser; results live in the arena given.
 * Errors:  false: the arena's cap was reached. What is no list of the kind gives an empty one.
 * Source:  reference/b2chat.md 5 (tags), 4 (custom_attributes), 11.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_B2CHAT_LISTS_H
#define SLUICE_TRANSFORM_B2CHAT_LISTS_H

#include <stdbool.h>

#include "lib/arena.h"
#include "transform/json.h"

struct b2_lists;

struct b2_lists *b2_lists_new(void);
void b2_lists_free(struct b2_lists **lists);

struct b2_texts {
    struct str *items;
    size_t count;
};

/* Of an array of strings: trimmed, every one once, in order of first appearance. */
bool b2_lists_texts(struct b2_lists *lists, struct str json, struct arena *arena,
                    struct b2_texts *texts_out);
/* The same of texts that are there already; the array is changed in place. */
bool b2_texts_unique(struct arena *arena, struct b2_texts *texts);

/* [{"name","value"}] as one object, sorted by name; a name that comes twice gets an array of its
 * values. An object stays what it is. STR_NULL: json is neither. */
bool b2_lists_attributes(struct b2_lists *lists, struct str json, struct arena *arena,
                         struct json_writer *writer, struct str *object_out);

#endif
