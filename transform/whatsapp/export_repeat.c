#include "transform/whatsapp/export_repeat.h"

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/arena.h"

#define GENERATION_MOST 32768

/* Two generations: the older one is forgotten when the newer one is full. */
struct wa_repeat {
    GHashTable *now, *before; /* counts by the digest's first eight bytes */
};

static GHashTable *new_generation(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

struct wa_repeat *wa_repeat_new(void)
{
    struct wa_repeat *repeat = xcalloc(1, sizeof *repeat);
    repeat->now = new_generation();
    repeat->before = new_generation();
    return repeat;
}

void wa_repeat_free(struct wa_repeat **repeat)
{
    if (repeat == NULL || *repeat == NULL)
        return;
    g_hash_table_destroy((*repeat)->now);
    g_hash_table_destroy((*repeat)->before);
    free(*repeat);
    *repeat = NULL;
}

void wa_repeat_reset(struct wa_repeat *repeat)
{
    g_hash_table_remove_all(repeat->now);
    g_hash_table_remove_all(repeat->before);
}

static void turn(struct wa_repeat *repeat)
{
    GHashTable *oldest = repeat->before;
    g_hash_table_remove_all(oldest);
    repeat->before = repeat->now;
    repeat->now = oldest;
}

unsigned wa_repeat_count(struct wa_repeat *repeat,
                         const unsigned char digest[static DIGEST_SHA256_BYTES])
{
    gint64 key;
    memcpy(&key, digest, sizeof key);
    gpointer found = g_hash_table_lookup(repeat->now, &key);
    if (found == NULL)
        found = g_hash_table_lookup(repeat->before, &key);
    unsigned count = GPOINTER_TO_UINT(found);
    if (g_hash_table_size(repeat->now) >= GENERATION_MOST)
        turn(repeat);
    gint64 *kept = g_new(gint64, 1);
    *kept = key;
    g_hash_table_insert(repeat->now, kept, GUINT_TO_POINTER(count + 1));
    return count;
}
