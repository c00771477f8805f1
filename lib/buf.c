#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"

#define FIRST_BYTES 1024

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max = max_bytes};
}

void buf_done(struct buf *buf)
{
    free(buf->p);
    *buf = (struct buf){.max = buf->max};
}

void buf_reset(struct buf *buf)
{
    buf->n = 0;
    buf->full = false;
}

char *buf_grow(struct buf *buf, size_t n)
{
    if (n > buf->max || buf->n > buf->max - n) {
        buf->full = true;
        return NULL;
    }
    if (buf->cap - buf->n < n) {
        size_t cap = buf->cap > 0 ? buf->cap : FIRST_BYTES;
        while (cap < buf->n + n)
            cap *= 2;
        buf->p = xrealloc(buf->p, cap);
        buf->cap = cap;
    }
    return buf->p + buf->n;
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = n >= 0 ? buf_reserve(buf, (size_t)n + 1) : NULL;
    if (to != NULL) {
        (void)vsnprintf(to, (size_t)n + 1, format, again);
        buf->n += (size_t)n;
    }
    va_end(again);
    return to != NULL;
}
