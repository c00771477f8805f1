/* surrogate.h: a filter in front of yajl that replaces lone surrogate escapes.
 *
 * yajl writes '?' for a lone high surrogate escape, and for one that another escape follows it
 * swallows that one too
 * ("\ud83d\u0041" becomes U+1F441): nothing of it can be seen after decoding. So each lone escape,
 * high or low, becomes
 * "\ufffd" before yajl sees it. The replacement is as long as what it replaces: byte offsets stay
 * true.
 *
 * Owns:    up to SURROGATE_HELD_BYTES of a piece whose meaning depends on the next piece.
 * Threads: one owner; nothing here locks. */
#ifndef SLUICE_TRANSFORM_SURROGATE_H
#define SLUICE_TRANSFORM_SURROGATE_H

#include <stddef.h>
#include <stdint.h>

#define SURROGATE_PAIR_BYTES 12 /* of "\ud83d\ude42" */

struct surrogate_filter {
    char held[SURROGATE_PAIR_BYTES];
    size_t held_count;
    uint64_t replaced; /* since init */
};

/* Takes filtered bytes; a result other than 0 ends the call that led to it, which returns it. */
typedef int surrogate_out_fn(void *context, const char *bytes, size_t n);

void surrogate_init(struct surrogate_filter *filter);
int surrogate_feed(struct surrogate_filter *filter, const char *bytes, size_t n,
                   surrogate_out_fn *out, void *context);
/* The document has ended: lets out what was held. */
int surrogate_end(struct surrogate_filter *filter, surrogate_out_fn *out, void *context);

#endif
