/* Gzip files: one document of any number of members, or zeros after the last one, as tapes pad. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/file_stream.h"
#include "connectors/gunzip.h"
#include "lib/arena.h"

#define MESSAGE_BYTES 256

struct gzip {
    struct file_stream *stream;
    struct gunzip *gunzip;
    char *piece;
    uint64_t out_bytes;
    bool is_over; /* nothing more is read: a fault was told, or padding follows */
};

static enum rc fault(struct gzip *gzip, const char *what, struct err *err)
{
    char message[MESSAGE_BYTES];
    const struct file_sink *sink = gzip->stream->sink;
    (void)snprintf(message, sizeof message,
                   "%s at byte %" PRIu64 " of the gzip file; the %" PRIu64
                   " bytes before it were read",
                   what, gunzip_bytes_used(gzip->gunzip), gzip->out_bytes);
    gzip->is_over = true;
    return sink->fault(sink->context, str_of(gzip->stream->path), message, err);
}

static enum rc deliver(struct gzip *gzip, size_t n, struct err *err)
{
    const struct file_sink *sink = gzip->stream->sink;
    gzip->out_bytes += n;
    if (file_stream_is_bomb(gunzip_bytes_used(gzip->gunzip), gzip->out_bytes))
        return fault(gzip, "more unfolds than any real file holds: stopped", err);
    if (n == 0)
        return RC_OK;
    return sink->bytes(sink->context, gzip->piece, n, &gzip->stream->position, err);
}

static enum rc unfold(struct gzip *gzip, struct str bytes, struct err *err)
{
    enum rc rc = RC_OK;
    enum gunzip_result result = GUNZIP_PIECE;
    gunzip_feed(gzip->gunzip, bytes);
    while (rc == RC_OK && !gzip->is_over && result != GUNZIP_HUNGRY) {
        size_t n;
        result = gunzip_next(gzip->gunzip, gzip->piece, FILE_PIECE_BYTES, &n);
        rc = deliver(gzip, n, err);
        if (rc == RC_OK && !gzip->is_over && result == GUNZIP_DAMAGED)
            rc = fault(gzip, "the data is damaged", err);
        gzip->is_over = gzip->is_over || result == GUNZIP_PADDED;
    }
    return rc;
}

static enum rc unfold_all(struct gzip *gzip, struct err *err)
{
    enum rc rc = RC_OK;
    while (rc == RC_OK && !gzip->is_over) {
        struct str bytes;
        rc = file_stream_next(gzip->stream, &bytes.p, &bytes.n, err);
        if (rc == RC_OK && bytes.n == 0)
            return gunzip_is_complete(gzip->gunzip) ? RC_OK
                                                    : fault(gzip, "the file is cut short", err);
        if (rc == RC_OK)
            rc = unfold(gzip, bytes, err);
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
    struct gzip gzip = {
        .stream = stream, .gunzip = gunzip_new(), .piece = xmalloc(FILE_PIECE_BYTES)};
    const struct file_sink *sink = stream->sink;
    const struct file_document document = {without_suffix(stream->name), str_of(stream->path),
                                           stream->changed_at};
    enum rc rc = sink->begin(sink->context, &document, err);
    if (rc == RC_OK)
        rc = unfold_all(&gzip, err);
    if (rc == RC_OK)
        rc = sink->end(sink->context, err);
    gunzip_free(&gzip.gunzip);
    free(gzip.piece);
    return rc;
}
