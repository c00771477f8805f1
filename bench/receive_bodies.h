/* receive_bodies.h: webhook bodies of WhatsApp, all of one size and signed, for bench/receive.
 *
 * Owns:    the requests belong to the program, for its life.
 * File:    one body a line, "SIGNATURE<tab>BODY", for generators that are not ours. */
#ifndef SLUICE_BENCH_RECEIVE_BODIES_H
#define SLUICE_BENCH_RECEIVE_BODIES_H

#include "lib/str.h"

#define RECEIVE_SECRET "3f1c9a7e5b2d4c6f8a0b1c2d3e4f5a6b"
#define RECEIVE_ACCOUNT "402117396318254"
#define RECEIVE_PATH "/hooks/acme/wa-main"
#define RECEIVE_BODY_BYTES 800
#define RECEIVE_BODIES 20000

struct signed_body {
    struct str request; /* HTTP/1.1, whole */
    struct str body;    /* within it */
    char signature[80]; /* the header's value */
};

/* bodies: RECEIVE_BODIES of them. */
void receive_bodies_make(struct signed_body *bodies);
/* False: errno says why. */
bool receive_bodies_write(const struct signed_body *bodies, const char *path);

#endif
