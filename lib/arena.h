/* arena.h: memory with one lifetime, given back all at once.
 *
 * Owns:    every block it hands out; all are zeroed and aligned for any type, valid until
 * arena_reset or arena_free. Reset at the START of the next scope (body, page, batch), so that
 * results outlive the return. Units:   bytes. Errors:  cap reached = NULL, the input's fault:
 * report RC_REJECT. malloc failing = message and exit, the machine's fault: safe, since every stage
 * restarts from its last acknowledged position. Threads: one owner; nothing here locks. Under
 * AddressSanitizer every block is its own malloc, so that overruns are seen. */
#ifndef SLUICE_LIB_ARENA_H
#define SLUICE_LIB_ARENA_H

#include <stddef.h>

#include "lib/str.h"

struct arena;

struct arena *arena_new(const char *name, size_t cap_bytes); /* name: a literal, for messages */
void arena_free(struct arena **arena);                       /* accepts NULL and *arena == NULL */
void arena_reset(struct arena *arena);        /* keeps one chunk for the next scope */
size_t arena_used(const struct arena *arena); /* bytes handed out since the last reset */

void *arena_alloc(struct arena *arena, size_t size);
/* Copies; the copy is NUL-terminated (not counted). p == NULL result: cap reached, or s was NULL.
 */
struct str arena_str(struct arena *arena, struct str s);
/* The parts laid end to end, NUL-terminated as above; p == NULL: cap reached. */
struct str arena_join(struct arena *arena, const struct str *parts, size_t count);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* malloc that never returns NULL: prints and exits. Also for libraries that do not check theirs
 * (yajl). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *block, size_t size);
char *xstrdup(const char *text);

#endif
