/* index.h: finds things of one change by text: its contacts, persons and threads. A body
 * may hold a thousand of each, and comparing all with all would cost more than reading it.
 *
 * Owns:    its slots, in the arena given; keys and values are borrowed.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_INDEX_H
#define SLUICE_TRANSFORM_WHATSAPP_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/str.h"

struct wa_slot {
    struct str key; /* STR_NULL: free */
    void *value;
};

struct wa_index {
    struct wa_slot *slots;
    size_t mask; /* 0: the slots are a line */
};

/* Room for as many keys as given, and no more. false: the arena's cap was reached. */
bool wa_index_init(struct wa_index *index, struct arena *arena, size_t keys);
/* NULL: no such key, or STR_NULL. */
void *wa_index_get(const struct wa_index *index, struct str key);
/* An earlier value of the key stays; STR_NULL is no key. */
void wa_index_put(struct wa_index *index, struct str key, void *value);

#endif
