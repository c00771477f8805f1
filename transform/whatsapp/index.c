#include "transform/whatsapp/index.h"

#include <stdint.h>

#define LINE_MOST 4 /* keys that are sooner compared than hashed: most changes have no more */

bool wa_index_init(struct wa_index *index, struct arena *arena, size_t keys)
{
    size_t slots = LINE_MOST;
    if (keys <= LINE_MOST) {
        index->mask = 0;
        index->slots = arena_alloc(arena, (keys + 1) * sizeof *index->slots);
        return index->slots != NULL;
    }
    while (slots < 2 * keys)
        slots *= 2;
    index->mask = slots - 1;
    index->slots = arena_alloc(arena, slots * sizeof *index->slots);
    return index->slots != NULL;
}

/* Eight bytes a step; every byte reaches every bit that the mask keeps. */
static size_t hash(struct str key)
{
    uint64_t h = key.n;
    while (key.n > 0) {
        uint64_t word = 0;
        size_t n = key.n < sizeof word ? key.n : sizeof word;
        memcpy(&word, key.p, n);
        h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 32;
        key = (struct str){key.p + n, key.n - n};
    }
    return (size_t)h;
}

/* Of the key, or the free one where it belongs: one at least stays free. */
static struct wa_slot *slot_of(const struct wa_index *index, struct str key)
{
    if (index->mask == 0) {
        struct wa_slot *slot = index->slots;
        while (!str_is_null(slot->key) && !str_equal(slot->key, key))
            slot++;
        return slot;
    }
    size_t at = hash(key) & index->mask;
    while (!str_is_null(index->slots[at].key) && !str_equal(index->slots[at].key, key))
        at = (at + 1) & index->mask;
    return &index->slots[at];
}

void *wa_index_get(const struct wa_index *index, struct str key)
{
    return str_is_null(key) ? NULL : slot_of(index, key)->value;
}

void wa_index_put(struct wa_index *index, struct str key, void *value)
{
    if (str_is_null(key))
        return;
    struct wa_slot *slot = slot_of(index, key);
    if (str_is_null(slot->key))
        *slot = (struct wa_slot){key, value};
}
