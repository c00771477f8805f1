/* whatsapp_bodies.h: invented webhook bodies, as the platform writes them (reference/whatsapp.md 1
 * to 3): compact ASCII, escaped slashes, \u escapes.
 *
 * Mix:     of 100 bodies 42 texts, 8 images, 4 voice notes, 3 documents, 3 reactions, 3 button
 *          replies, 1 location, 36 statuses. Mean about 700 bytes.
 * Shape:   the same number gives the same body, everywhere and always.
 * Threads: no state. */
#ifndef SLUICE_BENCH_WHATSAPP_BODIES_H
#define SLUICE_BENCH_WHATSAPP_BODIES_H

#include <stdint.h>

#include "lib/buf.h"

#define WHATSAPP_BODIES_ACCOUNT "402117396318254"

/* Appends the body of that number. */
void whatsapp_bodies_add(struct buf *out, uint64_t number);

#endif
