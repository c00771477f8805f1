#include "connectors/sns_cache.h"

#include <stdlib.h>

#include "lib/arena.h"

void sns_cache_init(struct sns_cache *cache, int64_t now_us)
{
    *cache = (struct sns_cache){.fetches = SNS_LINKS_BURST, .counted_us = now_us};
}

static void forget(struct sns_link *link)
{
    pubkey_free(&link->key);
    free(link->url);
    *link = (struct sns_link){.is_used = false};
}

void sns_cache_done(struct sns_cache *cache)
{
    for (size_t i = 0; i < SNS_LINKS_MOST; i++)
        forget(&cache->links[i]);
}

static struct sns_link *find(struct sns_cache *cache, const unsigned char *id)
{
    for (size_t i = 0; i < SNS_LINKS_MOST; i++)
        if (cache->links[i].is_used && memcmp(cache->links[i].id, id, DIGEST_SHA256_BYTES) == 0)
            return &cache->links[i];
    return NULL;
}

/* ---- places ---- */

static bool has_key(const struct sns_link *link, int64_t now_us)
{
    return link->key != NULL && now_us < link->key_until_us;
}

/* How much it is worth to remember. */
static int worth(const struct sns_link *link, int64_t now_us)
{
    if (!link->is_used)
        return 0;
    if (link->state == SNS_LINK_PENDING)
        return INT32_MAX;
    if (has_key(link, now_us))
        return link->is_proven ? 4 : 3;
    if (now_us >= link->until_us)
        return 1;
    return link->state == SNS_LINK_THERE ? 3 : 2;
}

/* The place of the least worth, the oldest of those. There are fewer pending ones than places. */
static struct sns_link *make_room(struct sns_cache *cache, int64_t now_us)
{
    struct sns_link *least = &cache->links[0];
    for (size_t i = 1; i < SNS_LINKS_MOST; i++) {
        struct sns_link *link = &cache->links[i];
        int difference = worth(link, now_us) - worth(least, now_us);
        if (difference < 0 || (difference == 0 && link->since_us < least->since_us))
            least = link;
    }
    forget(least);
    return least;
}

/* ---- looking ---- */

static bool may_fetch(struct sns_cache *cache, int64_t now_us)
{
    int64_t more = (now_us - cache->counted_us) / SNS_LINKS_EVERY_US;
    cache->counted_us += more * SNS_LINKS_EVERY_US;
    cache->fetches =
        cache->fetches + more < SNS_LINKS_BURST ? cache->fetches + more : SNS_LINKS_BURST;
    return cache->fetches > 0 && cache->pending < SNS_LINKS_PENDING;
}

static struct sns_link *add(struct sns_cache *cache, enum sns_link_kind kind, struct str url,
                            const unsigned char *id, int64_t now_us)
{
    struct sns_link *link = make_room(cache, now_us);
    *link = (struct sns_link){.is_used = true, .kind = kind, .url = xmalloc(url.n + 1)};
    memcpy(link->id, id, sizeof link->id);
    memcpy(link->url, url.p, url.n);
    link->url[url.n] = '\0';
    return link;
}

/* The kind is a part of the name: what confirms is no certificate. */
static void name_link(enum sns_link_kind kind, struct str url, unsigned char *id_out)
{
    digest_sha256(url, id_out);
    id_out[0] = (unsigned char)((id_out[0] & 0xfe) | (kind == SNS_LINK_CONFIRMATION));
}

static void begin(struct sns_cache *cache, struct sns_link *link, int64_t now_us)
{
    link->state = SNS_LINK_PENDING;
    link->since_us = now_us;
    cache->fetches--;
    cache->pending++;
}

enum sns_link_state sns_cache_look(struct sns_cache *cache, enum sns_link_kind kind, struct str url,
                                   int64_t now_us, unsigned char id_out[static DIGEST_SHA256_BYTES],
                                   struct pubkey **key_out)
{
    *key_out = NULL;
    name_link(kind, url, id_out);
    struct sns_link *link = find(cache, id_out);
    bool is_due = link == NULL || (link->state != SNS_LINK_PENDING && now_us >= link->until_us);
    bool begins = is_due && may_fetch(cache, now_us);
    if (begins && link == NULL)
        link = add(cache, kind, url, id_out, now_us);
    if (begins)
        begin(cache, link, now_us);
    if (link != NULL && has_key(link, now_us)) {
        *key_out = pubkey_dup(link->key);
        return SNS_LINK_THERE;
    }
    if (is_due && !begins)
        return SNS_LINK_BUSY;
    bool waits = link->state == SNS_LINK_PENDING;
    return waits && cache->waiting >= SNS_LINKS_WAITS ? SNS_LINK_BUSY : link->state;
}

void sns_cache_prove(struct sns_cache *cache, const unsigned char id[static DIGEST_SHA256_BYTES])
{
    struct sns_link *link = find(cache, id);
    if (link != NULL && link->key != NULL)
        link->is_proven = true;
}

/* ---- fetching ---- */

struct sns_link *sns_cache_next(struct sns_cache *cache)
{
    struct sns_link *next = NULL;
    for (size_t i = 0; i < SNS_LINKS_MOST; i++) {
        struct sns_link *link = &cache->links[i];
        if (link->is_used && link->state == SNS_LINK_PENDING &&
            (next == NULL || link->since_us < next->since_us))
            next = link;
    }
    return next;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct auth_wait *take_waits(struct sns_cache *cache, struct sns_link *link)
{
    struct auth_wait *waits = link->waits;
    link->waits = NULL;
    for (struct auth_wait *wait = waits; wait != NULL; wait = wait->next)
        cache->waiting--;
    return waits;
}

static int64_t keep_us(const struct sns_link *link, const struct sns_found *found)
{
    if (found->state == SNS_LINK_AWAY)
        return SNS_KEEP_AWAY_US;
    if (found->state == SNS_LINK_BAD)
        return SNS_KEEP_BAD_US;
    return link->kind == SNS_LINK_CONFIRMATION ? SNS_KEEP_CONFIRMATION_US
                                               : least_of(SNS_KEEP_CERTIFICATE_US, found->valid_us);
}

/* What was found before goes on serving only when nothing was found out. */
struct auth_wait *sns_cache_settle(struct sns_cache *cache, struct sns_link *link,
                                   const struct sns_found *found, int64_t now_us)
{
    if (found->state != SNS_LINK_AWAY) {
        pubkey_free(&link->key);
        link->key = found->key;
        link->key_until_us = now_us + least_of(SNS_SERVE_CERTIFICATE_US, found->valid_us);
    }
    link->state = found->state;
    link->since_us = now_us;
    link->until_us = now_us + keep_us(link, found);
    cache->pending--;
    return take_waits(cache, link);
}

/* ---- waiting ---- */

bool sns_cache_await(struct sns_cache *cache, const unsigned char id[static DIGEST_SHA256_BYTES],
                     struct auth_wait *wait)
{
    struct sns_link *link = find(cache, id);
    if (link == NULL || link->state != SNS_LINK_PENDING || cache->waiting >= SNS_LINKS_WAITS)
        return false;
    wait->next = link->waits;
    link->waits = wait;
    cache->waiting++;
    return true;
}

struct auth_wait *sns_cache_take_waits(struct sns_cache *cache)
{
    struct auth_wait *waits = NULL;
    for (size_t i = 0; i < SNS_LINKS_MOST && waits == NULL; i++)
        waits = take_waits(cache, &cache->links[i]);
    return waits;
}
