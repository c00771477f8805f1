/* Gzip files: one document of any number of members. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "connectors/file_stream.h"
#include "lib/arena.h"

#define GZIP_ONLY (15 + 16)
#define MESSAGE_BYTES 256

struct gzip {
    struct file_stream *stream;
    z_stream z;
    Bytef *out;
    uint64_t in_bytes, out_bytes;
    bool is_between; /* a member ended, another may begin */
    bool is_over;    /* nothing more is read: a fault was told, or padding follows */
};

static enum rc fault(struct gzip *gzip, const char *what, struct err *err)
{
    char message[MESSAGE_BYTES];
    const struct file_sink *sink = gzip->stream->sink;
    (void)snprintf(message, sizeof message,
                   "%s at byte %" PRIu64 " of the gzip file; the %" PRIu64
                   " bytes before it were read",
                   what, gzip->in_bytes, gzip->out_bytes);
    gzip->is_over = true;
    return sink->fault(sink->context, str_of(gzip->stream->path), message, err);
}

/* Between members: another one, or zeros to the end, as tapes pad. */
static enum rc begin_member(struct gzip *gzip, struct err *err)
{
    if (*gzip->z.next_in == 0) {
        gzip->is_over = true;
        return RC_OK;
    }
    gzip->is_between = false;
    return inflateReset(&gzip->z) == Z_OK ? RC_OK : fault(gzip, "zlib failed", err);
}

static enum rc deliver(struct gzip *gzip, struct err *err)
{
    size_t n = FILE_PIECE_BYTES - gzip->z.avail_out;
    const struct file_sink *sink = gzip->stream->sink;
    gzip->out_bytes += n;
    if (file_stream_is_bomb(gzip->in_bytes, gzip->out_bytes))
        return fault(gzip, "more unfolds than any real file holds: stopped", err);
    if (n == 0)
        return RC_OK;
    return sink->bytes(sink->context, (const char *)gzip->out, n, &gzip->stream->position, err);
}

static enum rc inflate_some(struct gzip *gzip, struct err *err)
{
    if (gzip->is_between) {
        enum rc rc = begin_member(gzip, err);
        if (rc != RC_OK || gzip->is_over)
            return rc;
    }
    uInt before = gzip->z.avail_in;
    gzip->z.next_out = gzip->out;
    gzip->z.avail_out = FILE_PIECE_BYTES;
    int result = inflate(&gzip->z, Z_NO_FLUSH);
    gzip->in_bytes += before - gzip->z.avail_in;
    gzip->is_between = result == Z_STREAM_END;
    enum rc rc = deliver(gzip, err);
    if (rc != RC_OK || gzip->is_over || result == Z_OK || result == Z_STREAM_END ||
        result == Z_BUF_ERROR)
        return rc;
    return fault(gzip, "the data is damaged", err);
}

static enum rc inflate_all(struct gzip *gzip, struct err *err)
{
    enum rc rc = RC_OK;
    while (rc == RC_OK && !gzip->is_over) {
        const char *bytes;
        size_t n;
        rc = file_stream_next(gzip->stream, &bytes, &n, err);
        if (rc == RC_OK && n == 0)
            return gzip->is_between ? RC_OK : fault(gzip, "the file is cut short", err);
        gzip->z.next_in = (Bytef *)(uintptr_t)bytes;
        gzip->z.avail_in = (uInt)n;
        /* a full output means that there may be more of the same input */
        while (rc == RC_OK && !gzip->is_over &&
               (gzip->z.avail_in > 0 || (gzip->z.avail_out == 0 && !gzip->is_between)))
            rc = inflate_some(gzip, err);
    }
    return rc;
}

static struct str without_suffix(struct str name)
{
    if (name.n > 3 && memcmp(name.p + name.n - 3, ".gz", 3) == 0)
        name.n -= 3;
    return name;
}

enum rc file_gzip_read(struct file_stream *stream, struct err *err)
{
    struct gzip gzip = {.stream = stream};
    const struct file_sink *sink = stream->sink;
    const struct file_document document = {without_suffix(stream->name), str_of(stream->path),
                                           stream->changed_at};
    if (inflateInit2(&gzip.z, GZIP_ONLY) != Z_OK)
        return err_set(err, RC_FATAL, "zlib cannot be used");
    gzip.out = xmalloc(FILE_PIECE_BYTES);
    gzip.z.avail_out = FILE_PIECE_BYTES;
    enum rc rc = sink->begin(sink->context, &document, err);
    if (rc == RC_OK)
        rc = inflate_all(&gzip, err);
    if (rc == RC_OK)
        rc = sink->end(sink->context, err);
    (void)inflateEnd(&gzip.z);
    free(gzip.out);
    return rc;
}
