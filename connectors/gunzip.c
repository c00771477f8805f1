#include "connectors/gunzip.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "lib/arena.h"

#define GZIP_ONLY (15 + 16)

struct gunzip {
    z_stream z;
    uint64_t used;
    bool is_between; /* a member ended, another may begin */
};

static void *allocate(void *context, unsigned int count, unsigned int size)
{
    (void)context;
    return xcalloc(count, size);
}

static void release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

struct gunzip *gunzip_new(void)
{
    struct gunzip *gunzip = xcalloc(1, sizeof *gunzip);
    gunzip->z.zalloc = allocate;
    gunzip->z.zfree = release;
    int result = inflateInit2(&gunzip->z, GZIP_ONLY);
    assert(result == Z_OK); /* there is memory, and the library is the one that we were built for */
    (void)result;
    return gunzip;
}

void gunzip_free(struct gunzip **gunzip)
{
    if (gunzip == NULL || *gunzip == NULL)
        return;
    (void)inflateEnd(&(*gunzip)->z);
    free(*gunzip);
    *gunzip = NULL;
}

void gunzip_feed(struct gunzip *gunzip, struct str bytes)
{
    assert(gunzip->z.avail_in == 0 && bytes.n <= UINT_MAX);
    gunzip->z.next_in = (Bytef *)(uintptr_t)bytes.p;
    gunzip->z.avail_in = (uInt)bytes.n;
}

static enum gunzip_result inflate_some(struct gunzip *gunzip, char *out, size_t room, size_t *n_out)
{
    z_stream *z = &gunzip->z;
    uInt before = z->avail_in;
    z->next_out = (Bytef *)out;
    z->avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
    uInt given = z->avail_out;
    int result = inflate(z, Z_NO_FLUSH);
    gunzip->used += before - z->avail_in;
    gunzip->is_between = result == Z_STREAM_END;
    *n_out = given - z->avail_out;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return GUNZIP_DAMAGED;
    return *n_out > 0 || gunzip->is_between ? GUNZIP_PIECE : GUNZIP_HUNGRY;
}

enum gunzip_result gunzip_next(struct gunzip *gunzip, char *out, size_t room, size_t *n_out)
{
    *n_out = 0;
    if (gunzip->is_between && gunzip->z.avail_in == 0)
        return GUNZIP_HUNGRY;
    if (gunzip->is_between && *gunzip->z.next_in == 0)
        return GUNZIP_PADDED;
    if (gunzip->is_between && inflateReset(&gunzip->z) != Z_OK)
        return GUNZIP_DAMAGED;
    gunzip->is_between = false;
    return inflate_some(gunzip, out, room, n_out);
}

bool gunzip_is_complete(const struct gunzip *gunzip)
{
    return gunzip->is_between;
}

uint64_t gunzip_bytes_used(const struct gunzip *gunzip)
{
    return gunzip->used;
}
