/* auth_hmacs.h: HMAC-SHA256 under any of several secrets.
 *
 * Owns:    key schedules; the secrets are not kept.
 * Timing:  every secret is tried, whichever matches, and digests are compared in constant time: the
 *          time shows how many secrets there are, not which one is right.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_AUTH_HMACS_H
#define SLUICE_CONNECTORS_AUTH_HMACS_H

#include "connectors/auth.h"

struct auth_hmacs;

struct auth_hmacs *auth_hmacs_new(size_t most);
void auth_hmacs_free(struct auth_hmacs **hmacs);
/* An empty secret would let everybody sign, and is left out. */
void auth_hmacs_add(struct auth_hmacs *hmacs, struct str secret);
/* All secrets of the connector, as they are. */
struct auth_hmacs *auth_hmacs_of(const struct receive_connector *connector);

/* Over the parts laid end to end. */
bool auth_hmacs_match(struct auth_hmacs *hmacs, const struct str *parts, size_t count,
                      const unsigned char mac[static DIGEST_SHA256_BYTES]);
/* Whether one of several is right; the parts are read once for each secret, however many. */
bool auth_hmacs_match_any(struct auth_hmacs *hmacs, const struct str *parts, size_t count,
                          const unsigned char (*macs)[DIGEST_SHA256_BYTES], size_t mac_count);

/* A header "sha256=<64 hex digits>" that was given once. */
bool auth_hmacs_claim(const struct auth_source *source, const char *header,
                      struct auth_claim *claim_out);

#endif
