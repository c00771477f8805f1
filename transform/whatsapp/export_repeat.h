/* export_repeat.h: which of several equal messages of an exported chat one is.
 *
 * Two "ok" in one minute are two messages; their ids differ by an ordinal, which stays the same in
 * every file that holds both (reference/whatsapp.md 7.8).
 * Memory:  flat: equal messages are found among the last 32768 at least; one that is repeated after
 * more than that, with the same time, counts as the first again.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_REPEAT_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_REPEAT_H

#include "lib/digest.h"

struct wa_repeat;

struct wa_repeat *wa_repeat_new(void);
void wa_repeat_free(struct wa_repeat **repeat);
void wa_repeat_reset(struct wa_repeat *repeat);
/* How many with this digest came before. */
unsigned wa_repeat_count(struct wa_repeat *repeat,
                         const unsigned char digest[static DIGEST_SHA256_BYTES]);

#endif
