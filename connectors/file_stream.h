/* file_stream.h: what the kinds of files have in common: the open file, its first bytes, the sink.
 * Private to file_source.c, file_gzip.c, file_zip.c and file_tar.c.
 *
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_FILE_STREAM_H
#define SLUICE_CONNECTORS_FILE_STREAM_H

#include "connectors/file_source.h"
#include "lib/limits.h"

#define FILE_PIECE_BYTES (64 * KIB)

struct file_stream {
    const struct file_sink *sink;
    struct str channel, format;
    int fd;
    const char *path; /* as given; "stdin" */
    struct str name;  /* base name; STR_NULL: stdin */
    int64_t changed_at;
    struct file_position position;
    char *piece;
    size_t held; /* bytes in "piece" that nobody has taken yet */
};

/* The next piece, n_out 0 at the end. RC_REJECT: it cannot be read. */
enum rc file_stream_next(struct file_stream *stream, const char **bytes_out, size_t *n_out,
                         struct err *err) MUST_USE;

/* Whether so many bytes out of so many are no longer a file but a bomb. */
bool file_stream_is_bomb(uint64_t in_bytes, uint64_t out_bytes);

enum rc file_gzip_read(struct file_stream *stream, struct err *err) MUST_USE;
enum rc file_zip_read(struct file_stream *stream, struct err *err) MUST_USE;
/* Whether the held bytes begin a tar archive, gzip'd or not. */
bool file_tar_is(const struct file_stream *stream);
enum rc file_tar_read(struct file_stream *stream, struct err *err) MUST_USE;

#endif
