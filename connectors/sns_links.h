/* sns_links.h: what messages of Amazon SNS point at: certificates of its signatures, and the links
 * that confirm a subscription. Fetched on a thread of its own, remembered for a while.
 *
 * A stranger may name any link that SNS's host might have, so that what is fetched, kept and waited
 * for is bounded: SNS_LINKS_MOST links are remembered, failures for a short time and the first to
 * be forgotten, certificates that have verified a message the last; SNS_LINKS_PENDING are fetched
 * or about to be, SNS_LINKS_BURST at once and from then on one every SNS_LINKS_EVERY_US;
 * SNS_LINKS_WAITS requests wait for them. Over that: SNS_LINK_BUSY.
 * Kept:    a certificate for a day, not longer than it is valid; a confirmation for ten minutes;
 * "is not there" for five minutes, "cannot be reached" for ten seconds. Owns:    the thread, from
 * the first link on; keys and texts of the links. Threads: all functions from any, but for new and
 * free; none of them waits for the network. */
#ifndef SLUICE_CONNECTORS_SNS_LINKS_H
#define SLUICE_CONNECTORS_SNS_LINKS_H

#include "connectors/auth.h"
#include "lib/pubkey.h"

#define SNS_LINKS_MOST 32
#define SNS_LINKS_PENDING 4
#define SNS_LINKS_WAITS 32
#define SNS_LINKS_BURST 16
#define SNS_LINKS_EVERY_US (5 * US_PER_SECOND)

struct sns_links;

/* The connector is borrowed. */
struct sns_links *sns_links_new(const struct receive_connector *connector);
void sns_links_free(struct sns_links **links);
/* From here on nothing is fetched, and nobody waits. */
void sns_links_stop(struct sns_links *links);

enum sns_link_kind { SNS_LINK_CERTIFICATE, SNS_LINK_CONFIRMATION };

enum sns_link_state {
    SNS_LINK_THERE,   /* the certificate is at hand; the subscription is confirmed */
    SNS_LINK_PENDING, /* see sns_links_await */
    SNS_LINK_BUSY,
    SNS_LINK_AWAY, /* there was no answer, or one that may be another later */
    SNS_LINK_BAD   /* what is there is no valid certificate; the link confirms nothing any more */
};

/* What is known of a link; fetches it when nothing is. id_out: names it. key_out: the certificate's
 * key when it is there, the caller's to free; NULL for a confirmation. */
enum sns_link_state sns_links_look(struct sns_links *links, enum sns_link_kind kind, struct str url,
                                   unsigned char id_out[static DIGEST_SHA256_BYTES],
                                   struct pubkey **key_out);
/* Its certificate has verified a message that is ours. */
void sns_links_prove(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES]);
/* Calls wait->ready once the link is no longer pending; at once if it is not, or when too many
 * wait. */
void sns_links_await(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES],
                     struct auth_wait *wait);

#endif
