/* gunzip.h: gzip members one after the other, piece by piece.
 *
 * Owns:    the decompressor. What is fed is borrowed until GUNZIP_HUNGRY.
 * Bounds:  none of its own: whoever takes the pieces counts them.
 * Errors:  zlib out of memory = message and exit.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_GUNZIP_H
#define SLUICE_CONNECTORS_GUNZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

struct gunzip;

enum gunzip_result {
    GUNZIP_PIECE,  /* there are bytes, maybe not the last of what was fed */
    GUNZIP_HUNGRY, /* all that was fed is used up */
    GUNZIP_PADDED, /* a zero follows a member: what is left is no gzip */
    GUNZIP_DAMAGED
};

struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip **gunzip);

void gunzip_feed(struct gunzip *gunzip, struct str bytes);
/* Writes at most "room" bytes, and to n_out how many they are; before damage there may be some. */
enum gunzip_result gunzip_next(struct gunzip *gunzip, char *out, size_t room, size_t *n_out);
/* A member has ended and nothing of another one came. */
bool gunzip_is_complete(const struct gunzip *gunzip);
uint64_t gunzip_bytes_used(const struct gunzip *gunzip);

#endif
