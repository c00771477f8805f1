/* buf.h: a growing byte buffer with a maximum.
 *
 * Owns:    its bytes, until buf_done. buf_reset keeps the memory for the next use.
 * Units:   bytes.
 * Errors:  an append over the maximum changes nothing, sets "full" and returns false: report
 * RC_REJECT. A chain of appends may therefore be checked once, at its end, with buf_is_full. malloc
 * failing = message and exit. Threads: one owner; nothing here locks. */
#ifndef SLUICE_LIB_BUF_H
#define SLUICE_LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

struct buf {
    char *p;
    size_t n;
    size_t cap;
    size_t max;
    bool full; /* an append was refused since the last reset */
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_done(struct buf *buf);
void buf_reset(struct buf *buf);

bool buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What buf_reserve does when there is no room yet. */
char *buf_grow(struct buf *buf, size_t n);

/* Makes room for n more bytes and returns where to write them (then buf->n += written); NULL over
 * the maximum. */
static inline char *buf_reserve(struct buf *buf, size_t n)
{
    bool has_room = n <= buf->cap - buf->n && buf->n <= buf->max && n <= buf->max - buf->n;
    return has_room ? buf->p + buf->n : buf_grow(buf, n);
}

static inline bool buf_add(struct buf *buf, const void *bytes, size_t n)
{
    if (n == 0)
        return true;
    char *to = buf_reserve(buf, n);
    if (to == NULL)
        return false;
    memcpy(to, bytes, n);
    buf->n += n;
    return true;
}

static inline bool buf_add_str(struct buf *buf, struct str s)
{
    return buf_add(buf, s.p, s.n);
}

static inline bool buf_add_text(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

static inline struct str buf_peek(const struct buf *buf)
{
    return (struct str){buf->p != NULL ? buf->p : "", buf->n};
}

static inline bool buf_is_full(const struct buf *buf)
{
    return buf->full;
}

#endif
