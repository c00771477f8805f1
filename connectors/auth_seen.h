/* auth_seen.h: what was presented lately, and with which body: for signatures that do not cover the
 * body.
 *
 * Owns:    pairs of digests, LIMIT_AUTH_SEEN of them at most (about 15 MiB); above that the oldest
 *          are forgotten early. Memory of this process alone: a restart forgets all.
 * Units:   microseconds of any one clock.
 * Threads: all functions from any thread. */
#ifndef SLUICE_CONNECTORS_AUTH_SEEN_H
#define SLUICE_CONNECTORS_AUTH_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"

struct auth_seen;

struct auth_seen *auth_seen_new(size_t most, int64_t keep_us);
void auth_seen_free(struct auth_seen **seen);

/* Remembers the first body of a token. false: the token came with another body before. */
bool auth_seen_put(struct auth_seen *seen, const unsigned char token[static DIGEST_SHA256_BYTES],
                   const unsigned char body[static DIGEST_SHA256_BYTES], int64_t now_us);

#endif
