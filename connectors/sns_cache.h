/* sns_cache.h: what is known of links that messages of Amazon SNS name, and what may be fetched of
 * them when. For connectors/sns_links.c, which locks and fetches.
 *
 * A stranger may name any link that SNS's host might have, so that what is fetched, kept and waited
 * for is bounded: SNS_LINKS_MOST links are remembered, failures the first to be forgotten,
 * certificates that have verified a message the last; SNS_LINKS_PENDING are fetched or about to be,
 * SNS_LINKS_BURST at once and from then on one every SNS_LINKS_EVERY_US; SNS_LINKS_WAITS requests
 * wait for them. Over that: SNS_LINK_BUSY.
 * Kept:    a certificate for a day, then it is fetched anew; while that does not succeed it serves
 *          for up to a week, never longer than it is valid, so that an outage of its host loses no
 *          message. A confirmation for ten minutes; "is not there" for five minutes, "cannot be
 *          reached" for ten seconds.
 * Owns:    keys and texts of the links; waits are borrowed.
 * Units:   microseconds of one monotonic clock.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_SNS_CACHE_H
#define SLUICE_CONNECTORS_SNS_CACHE_H

#include "connectors/auth.h"
#include "lib/clock.h"
#include "lib/pubkey.h"

#define SNS_LINKS_MOST 32
#define SNS_LINKS_PENDING 4
#define SNS_LINKS_WAITS 32
#define SNS_LINKS_BURST 16
#define SNS_LINKS_EVERY_US (5 * US_PER_SECOND)

#define SNS_KEEP_CERTIFICATE_US (24 * 3600 * US_PER_SECOND)
#define SNS_SERVE_CERTIFICATE_US (7 * SNS_KEEP_CERTIFICATE_US)
#define SNS_KEEP_CONFIRMATION_US (600 * US_PER_SECOND)
#define SNS_KEEP_BAD_US (300 * US_PER_SECOND)
#define SNS_KEEP_AWAY_US (10 * US_PER_SECOND)

enum sns_link_kind { SNS_LINK_CERTIFICATE, SNS_LINK_CONFIRMATION };

enum sns_link_state {
    SNS_LINK_THERE, /* the certificate is at hand; the subscription is confirmed */
    SNS_LINK_PENDING,
    SNS_LINK_BUSY,
    SNS_LINK_AWAY, /* there was no answer, or one that may be another later */
    SNS_LINK_BAD   /* what is there is no valid certificate; the link confirms nothing any more */
};

struct sns_link {
    bool is_used;
    unsigned char id[DIGEST_SHA256_BYTES];
    enum sns_link_kind kind;
    enum sns_link_state state; /* never SNS_LINK_BUSY */
    char *url;
    int64_t since_us; /* when it took its state */
    int64_t until_us; /* then it is to be fetched anew; of no meaning while it is pending */
    bool is_proven;
    struct pubkey *key; /* of the certificate found last */
    int64_t key_until_us;
    struct auth_wait *waits;
};

struct sns_cache {
    struct sns_link links[SNS_LINKS_MOST];
    size_t pending;
    size_t waiting;
    int64_t fetches;    /* that may begin at once */
    int64_t counted_us; /* when that was counted */
};

struct sns_found { /* what came of a fetch */
    enum sns_link_state state;
    struct pubkey *key; /* the cache takes it */
    int64_t valid_us;   /* how long the certificate is valid from now on */
};

void sns_cache_init(struct sns_cache *cache, int64_t now_us);
void sns_cache_done(struct sns_cache *cache);

/* What is known of a link; one of which nothing is known becomes pending. id_out: names it.
 * key_out: the certificate's key when it is there, the caller's to free; NULL otherwise. */
enum sns_link_state sns_cache_look(struct sns_cache *cache, enum sns_link_kind kind, struct str url,
                                   int64_t now_us, unsigned char id_out[static DIGEST_SHA256_BYTES],
                                   struct pubkey **key_out);
/* Its certificate has verified a message that is ours. */
void sns_cache_prove(struct sns_cache *cache, const unsigned char id[static DIGEST_SHA256_BYTES]);

/* The link to be fetched; NULL: none. It stays where it is and as it is until it is settled. */
struct sns_link *sns_cache_next(struct sns_cache *cache);
/* Returns who waited for it. */
struct auth_wait *sns_cache_settle(struct sns_cache *cache, struct sns_link *link,
                                   const struct sns_found *found, int64_t now_us);

/* false: the link is not pending, or too many wait. */
bool sns_cache_await(struct sns_cache *cache, const unsigned char id[static DIGEST_SHA256_BYTES],
                     struct auth_wait *wait);
/* Returns one link's worth of those who wait; NULL: nobody does. */
struct auth_wait *sns_cache_take_waits(struct sns_cache *cache);

#endif
