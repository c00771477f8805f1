/* str.h: text by pointer and length.
 *
 * Owns:    nothing; a struct str borrows bytes that somebody else keeps alive.
 * Shape:   p == NULL means "no value" (SQL NULL, absent JSON member); n == 0 with p != NULL is
 * empty text. Never assumed to be NUL-terminated. Threads: plain values. */
#ifndef SLUICE_LIB_STR_H
#define SLUICE_LIB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR_NULL ((struct str){NULL, 0})
#define STR_LIT(literal) ((struct str){(literal), sizeof(literal) - 1})

/* For printf's "%.*s". */
#define STR_ARGS(s) (int)(s).n, (s).p != NULL ? (s).p : ""

static inline struct str str_of(const char *text)
{
    return (struct str){text, text != NULL ? strlen(text) : 0};
}

static inline bool str_is_null(struct str s)
{
    return s.p == NULL;
}

static inline bool str_equal(struct str a, struct str b)
{
    if (a.p == NULL || b.p == NULL)
        return a.p == b.p;
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static inline bool str_is(struct str s, const char *text)
{
    return s.p != NULL && s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static inline bool str_starts_with(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.p != NULL && s.n >= n && memcmp(s.p, prefix, n) == 0;
}

#endif
