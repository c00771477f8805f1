#include "transform/whatsapp_index.h"

#include <stdint.h>

bool wa_index_init(struct wa_index *index, struct arena *arena, size_t keys)
{
    size_t slots = 2;
    while (slots < 2 * keys)
        slots *= 2;
    index->mask = slots - 1;
    index->slots = arena_alloc(arena, slots * sizeof *index->slots);
    return index->slots != NULL;
}

static size_t hash(struct str key) /* FNV-1a; ids differ in their last characters */
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.p[i]) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

/* Of the key, or the free one where it belongs: half of the slots stay free. */
static struct wa_slot *slot_of(const struct wa_index *index, struct str key)
{
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
