#include "connectors/auth_seen.h"

#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

struct pair {
    unsigned char token[DIGEST_SHA256_BYTES];
    unsigned char body[DIGEST_SHA256_BYTES];
    int64_t at_us;
};

struct auth_seen {
    pthread_mutex_t lock;
    GHashTable *pairs; /* by token, which stands first in a pair */
    GQueue *order;     /* the oldest first */
    size_t most;
    int64_t keep_us;
};

/* A digest is as good as random. */
static guint hash(gconstpointer token)
{
    guint first;
    memcpy(&first, token, sizeof first);
    return first;
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DIGEST_SHA256_BYTES) == 0;
}

struct auth_seen *auth_seen_new(size_t most, int64_t keep_us)
{
    struct auth_seen *seen = xcalloc(1, sizeof *seen);
    (void)pthread_mutex_init(&seen->lock, NULL);
    seen->pairs = g_hash_table_new(hash, equal);
    seen->order = g_queue_new();
    seen->most = most;
    seen->keep_us = keep_us;
    return seen;
}

static void forget_oldest(struct auth_seen *seen)
{
    struct pair *pair = g_queue_pop_head(seen->order);
    (void)g_hash_table_remove(seen->pairs, pair->token);
    free(pair);
}

void auth_seen_free(struct auth_seen **seen)
{
    if (seen == NULL || *seen == NULL)
        return;
    while (!g_queue_is_empty((*seen)->order))
        forget_oldest(*seen);
    g_queue_free((*seen)->order);
    g_hash_table_destroy((*seen)->pairs);
    (void)pthread_mutex_destroy(&(*seen)->lock);
    free(*seen);
    *seen = NULL;
}

static void forget_old(struct auth_seen *seen, int64_t now_us)
{
    const struct pair *oldest;
    while ((oldest = g_queue_peek_head(seen->order)) != NULL &&
           (now_us - oldest->at_us > seen->keep_us || g_queue_get_length(seen->order) > seen->most))
        forget_oldest(seen);
}

static void add(struct auth_seen *seen, const unsigned char *token, const unsigned char *body,
                int64_t now_us)
{
    struct pair *pair = xcalloc(1, sizeof *pair);
    memcpy(pair->token, token, sizeof pair->token);
    memcpy(pair->body, body, sizeof pair->body);
    pair->at_us = now_us;
    g_queue_push_tail(seen->order, pair);
    (void)g_hash_table_insert(seen->pairs, pair->token, pair);
}

bool auth_seen_put(struct auth_seen *seen, const unsigned char token[static DIGEST_SHA256_BYTES],
                   const unsigned char body[static DIGEST_SHA256_BYTES], int64_t now_us)
{
    (void)pthread_mutex_lock(&seen->lock);
    const struct pair *pair = g_hash_table_lookup(seen->pairs, token);
    bool is_right = pair == NULL || memcmp(pair->body, body, DIGEST_SHA256_BYTES) == 0;
    if (pair == NULL)
        add(seen, token, body, now_us);
    forget_old(seen, now_us);
    (void)pthread_mutex_unlock(&seen->lock);
    return is_right;
}
