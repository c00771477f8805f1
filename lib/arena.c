#include "lib/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGNMENT _Alignof(max_align_t)
#define FIRST_CHUNK_BYTES ((size_t)16 * 1024)
#define LARGEST_CHUNK_BYTES ((size_t)1024 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define SEPARATE_BLOCKS 1
#else
#define SEPARATE_BLOCKS 0
#endif

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    const char *name;
    size_t cap;
    size_t used;
    struct chunk *head; /* the newest: the only one with room */
};

static void die_of_memory(size_t size)
{
    (void)fprintf(stderr, "level=fatal msg=\"out of memory\" bytes=%zu\n", size);
    exit(1);
}

void *xmalloc(size_t size)
{
    void *block = malloc(size > 0 ? size : 1);
    if (block == NULL)
        die_of_memory(size);
    return block;
}

void *xcalloc(size_t count, size_t size)
{
    void *block = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (block == NULL)
        die_of_memory(count * size);
    return block;
}

void *xrealloc(void *block, size_t size)
{
    void *grown = realloc(block, size > 0 ? size : 1);
    if (grown == NULL)
        die_of_memory(size);
    return grown;
}

char *xstrdup(const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(xmalloc(n), text, n);
}

struct arena *arena_new(const char *name, size_t cap_bytes)
{
    struct arena *arena = xcalloc(1, sizeof *arena);
    arena->name = name;
    arena->cap = cap_bytes;
    return arena;
}

static void free_chunks(struct chunk *chunk)
{
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void arena_free(struct arena **arena)
{
    if (arena == NULL || *arena == NULL)
        return;
    free_chunks((*arena)->head);
    free(*arena);
    *arena = NULL;
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
    if (arena->head == NULL)
        return;
    free_chunks(arena->head->next);
    arena->head->next = NULL;
    arena->head->used = 0;
    if (SEPARATE_BLOCKS) {
        free(arena->head);
        arena->head = NULL;
    }
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

static struct chunk *push_chunk(struct arena *arena, size_t at_least)
{
    size_t size = arena->head != NULL ? arena->head->size * 2 : FIRST_CHUNK_BYTES;
    if (size > LARGEST_CHUNK_BYTES)
        size = LARGEST_CHUNK_BYTES;
    if (SEPARATE_BLOCKS || size < at_least)
        size = at_least;
    struct chunk *chunk = xmalloc(sizeof *chunk + size);
    chunk->size = size;
    chunk->used = 0;
    chunk->next = arena->head;
    arena->head = chunk;
    return chunk;
}

/* Not zeroed. */
static void *take(struct arena *arena, size_t size)
{
    if (size > arena->cap || arena->used > arena->cap - size)
        return NULL;
    arena->used += size;
    size_t need = SEPARATE_BLOCKS ? size : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct chunk *chunk = arena->head;
    if (chunk == NULL || chunk->size - chunk->used < need || SEPARATE_BLOCKS)
        chunk = push_chunk(arena, need);
    void *block = chunk->bytes + chunk->used;
    chunk->used += need;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *block = take(arena, size);
    return block != NULL ? memset(block, 0, size) : NULL;
}

struct str arena_str(struct arena *arena, struct str s)
{
    char *copy = str_is_null(s) ? NULL : take(arena, s.n + 1);
    if (copy == NULL)
        return STR_NULL;
    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return (struct str){copy, s.n};
}

struct str arena_join(struct arena *arena, const struct str *parts, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    char *text = take(arena, n + 1);
    if (text == NULL)
        return STR_NULL;
    char *to = text;
    for (size_t i = 0; i < count; i++)
        if (parts[i].n > 0)
            to = (char *)memcpy(to, parts[i].p, parts[i].n) + parts[i].n;
    *to = '\0';
    return (struct str){text, n};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n >= 0 ? arena_alloc(arena, (size_t)n + 1) : NULL;
    if (text != NULL)
        (void)vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text != NULL ? (struct str){text, (size_t)n} : STR_NULL;
}
