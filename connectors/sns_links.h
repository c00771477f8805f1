/* sns_links.h: what messages of Amazon SNS point at: certificates of its signatures, and the links
 * that confirm a subscription. Fetched on a thread of its own; remembered, and bounded, as
 * sns_cache.h says.
 *
 * Owns:    the thread, from the first link on; the cache.
 * Threads: all functions from any, but for new and free; none of them waits for the network. */
#ifndef SLUICE_CONNECTORS_SNS_LINKS_H
#define SLUICE_CONNECTORS_SNS_LINKS_H

#include "connectors/sns_cache.h"

struct sns_links;

/* The connector is borrowed. */
struct sns_links *sns_links_new(const struct receive_connector *connector);
void sns_links_free(struct sns_links **links);
/* From here on nothing is fetched, and nobody waits. */
void sns_links_stop(struct sns_links *links);

/* As sns_cache_look and sns_cache_prove. */
enum sns_link_state sns_links_look(struct sns_links *links, enum sns_link_kind kind, struct str url,
                                   unsigned char id_out[static DIGEST_SHA256_BYTES],
                                   struct pubkey **key_out);
void sns_links_prove(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES]);
/* Calls wait->ready once the link is no longer pending; at once if it is not, or when too many
 * wait. */
void sns_links_await(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES],
                     struct auth_wait *wait);

#endif
