#include "loaders/threads.h"

#include <glib.h>

struct node {
    struct uuid id;
    size_t parent;      /* a root is its own */
    struct uuid stored; /* representative in the table; UUID_NULL = none */
};

struct threads {
    GHashTable *places; /* id -> place + 1 in nodes */
    GPtrArray *nodes;
};

/* An id is a hash already. */
static guint hash_id(gconstpointer id)
{
    guint hash;
    memcpy(&hash, id, sizeof hash);
    return hash;
}

static gboolean same_id(gconstpointer a, gconstpointer b)
{
    return uuid_order(a, b) == 0;
}

struct threads *threads_new(void)
{
    struct threads *threads = g_new0(struct threads, 1);
    threads->places = g_hash_table_new(hash_id, same_id);
    threads->nodes = g_ptr_array_new_with_free_func(g_free);
    return threads;
}

void threads_free(struct threads **threads)
{
    if (threads == NULL || *threads == NULL)
        return;
    g_hash_table_destroy((*threads)->places);
    g_ptr_array_free((*threads)->nodes, TRUE);
    g_free(*threads);
    *threads = NULL;
}

static struct node *node_at(const struct threads *threads, size_t place)
{
    return g_ptr_array_index(threads->nodes, place);
}

static size_t place_of(struct threads *threads, const struct uuid *id)
{
    gpointer found = g_hash_table_lookup(threads->places, id);
    if (found != NULL)
        return GPOINTER_TO_SIZE(found) - 1;
    struct node *node = g_new0(struct node, 1);
    node->id = *id;
    node->parent = threads->nodes->len;
    g_ptr_array_add(threads->nodes, node);
    g_hash_table_insert(threads->places, &node->id, GSIZE_TO_POINTER(node->parent + 1));
    return node->parent;
}

/* Paths are halved on the way. */
static size_t root_of(const struct threads *threads, size_t place)
{
    struct node *node = node_at(threads, place);
    while (node->parent != place) {
        node->parent = node_at(threads, node->parent)->parent;
        place = node->parent;
        node = node_at(threads, place);
    }
    return place;
}

static void unite(struct threads *threads, size_t a, size_t b)
{
    a = root_of(threads, a);
    b = root_of(threads, b);
    struct node *first = node_at(threads, a);
    struct node *second = node_at(threads, b);
    if (uuid_order(&first->id, &second->id) < 0)
        second->parent = a;
    else
        first->parent = b;
}

void threads_join(struct threads *threads, const struct uuid *a, const struct uuid *b)
{
    size_t first = place_of(threads, a);
    unite(threads, first, place_of(threads, b));
}

void threads_join_stored(struct threads *threads, const struct uuid *from, const struct uuid *to)
{
    size_t place = place_of(threads, from);
    node_at(threads, place)->stored = *to;
    unite(threads, place, place_of(threads, to));
}

size_t threads_count(const struct threads *threads)
{
    return threads->nodes->len;
}

const struct uuid *threads_id(const struct threads *threads, size_t node)
{
    return &node_at(threads, node)->id;
}

bool threads_is_news(struct threads *threads, size_t node, const struct uuid **representative_out)
{
    size_t root = root_of(threads, node);
    *representative_out = threads_id(threads, root);
    return root != node && uuid_order(&node_at(threads, node)->stored, *representative_out) != 0;
}
