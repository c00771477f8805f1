#include "connectors/ingest_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/arena.h"

struct ingest_pool {
    const struct route_table *routes;
    bool archive_raw;
    ingest_rejected_fn *rejected;
    void *context;
    pthread_mutex_t lock; /* guards what follows */
    struct ingest **idle;
    size_t idle_count;
    size_t made;
};

struct ingest_pool *ingest_pool_new(const struct route_table *routes, bool archive_raw,
                                    ingest_rejected_fn *rejected, void *context)
{
    struct ingest_pool *pool = xcalloc(1, sizeof *pool);
    pool->routes = routes;
    pool->archive_raw = archive_raw;
    pool->rejected = rejected;
    pool->context = context;
    (void)pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

void ingest_pool_free(struct ingest_pool **pool)
{
    if (pool == NULL || *pool == NULL)
        return;
    for (size_t i = 0; i < (*pool)->idle_count; i++)
        ingest_free(&(*pool)->idle[i]);
    free((*pool)->idle);
    (void)pthread_mutex_destroy(&(*pool)->lock);
    free(*pool);
    *pool = NULL;
}

/* Makes room for one more, so that giving it back needs none. */
static void count_one_more(struct ingest_pool *pool)
{
    pool->made++;
    pool->idle = xrealloc(pool->idle, pool->made * sizeof(struct ingest *));
}

struct ingest *ingest_pool_take(struct ingest_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    struct ingest *ingest = pool->idle_count > 0 ? pool->idle[--pool->idle_count] : NULL;
    if (ingest == NULL)
        count_one_more(pool);
    (void)pthread_mutex_unlock(&pool->lock);
    return ingest != NULL
               ? ingest
               : ingest_new(pool->routes, pool->archive_raw, pool->rejected, pool->context);
}

void ingest_pool_give(struct ingest_pool *pool, struct ingest *ingest)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->idle[pool->idle_count++] = ingest;
    (void)pthread_mutex_unlock(&pool->lock);
}
