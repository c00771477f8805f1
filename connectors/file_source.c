#include "connectors/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/file_stream.h"
#include "lib/arena.h"
#include "lib/clock.h"

#define MAGIC_BYTES 4

bool file_stream_is_bomb(uint64_t in_bytes, uint64_t out_bytes)
{
    if (out_bytes > LIMIT_EXPANDED_BYTES)
        return true;
    return out_bytes > LIMIT_EXPANSION_FREE_BYTES && out_bytes / LIMIT_EXPANSION_RATIO > in_bytes;
}

static enum rc read_some(struct file_stream *stream, size_t from, size_t *n_out, struct err *err)
{
    ssize_t n;
    do {
        n = read(stream->fd, stream->piece + from, FILE_PIECE_BYTES - from);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_set(err, RC_REJECT, "cannot read \"%s\": %s", stream->path, strerror(errno));
    *n_out = (size_t)n;
    stream->position.read_bytes += n;
    return RC_OK;
}

enum rc file_stream_next(struct file_stream *stream, const char **bytes_out, size_t *n_out,
                         struct err *err)
{
    enum rc rc = RC_OK;
    *n_out = stream->held;
    if (stream->held == 0)
        rc = read_some(stream, 0, n_out, err);
    stream->held = 0;
    *bytes_out = stream->piece;
    return rc;
}

/* So that the first bytes tell what it is. */
static enum rc hold_magic(struct file_stream *stream, struct err *err)
{
    size_t n = 1;
    enum rc rc = RC_OK;
    while (rc == RC_OK && n > 0 && stream->held < MAGIC_BYTES) {
        rc = read_some(stream, stream->held, &n, err);
        stream->held += rc == RC_OK ? n : 0;
    }
    return rc;
}

static bool begins(const struct file_stream *stream, const char *magic)
{
    return str_starts_with((struct str){stream->piece, stream->held}, magic);
}

static enum rc read_plain(struct file_stream *stream, struct err *err)
{
    const struct file_sink *sink = stream->sink;
    const struct file_document document = {stream->name, str_of(stream->path), stream->changed_at};
    enum rc rc = sink->begin(sink->context, &document, err);
    size_t n = 1;
    while (rc == RC_OK && n > 0) {
        const char *bytes;
        rc = file_stream_next(stream, &bytes, &n, err);
        if (rc == RC_OK && n > 0)
            rc = sink->bytes(sink->context, bytes, n, &stream->position, err);
    }
    return rc == RC_OK ? sink->end(sink->context, err) : rc;
}

static enum rc read_any(struct file_stream *stream, struct err *err)
{
    enum rc rc = hold_magic(stream, err);
    if (rc != RC_OK)
        return rc;
    if (file_tar_is(stream))
        return file_tar_read(stream, err);
    if (begins(stream, "\x1f\x8b"))
        return file_gzip_read(stream, err);
    if (begins(stream, "PK\x03\x04") || begins(stream, "PK\x05\x06"))
        return file_zip_read(stream, err);
    return read_plain(stream, err);
}

static enum rc open_file(struct file_stream *stream, struct err *err)
{
    struct stat about;
    if (stream->fd < 0)
        stream->fd = open(stream->path, O_RDONLY | O_CLOEXEC);
    if (stream->fd < 0)
        return err_set(err, RC_REJECT, "cannot open \"%s\": %s", stream->path, strerror(errno));
    if (fstat(stream->fd, &about) != 0)
        return err_set(err, RC_REJECT, "cannot read \"%s\": %s", stream->path, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return err_set(err, RC_REJECT, "cannot read \"%s\": Is a directory; give the files in it",
                       stream->path);
    if (!S_ISREG(about.st_mode))
        return RC_OK;
    off_t at = lseek(stream->fd, 0, SEEK_CUR); /* of standard input, others may have read before */
    stream->position.total_bytes = at > 0 ? about.st_size - at : about.st_size;
    if (!str_is_null(stream->name))
        stream->changed_at = about.st_mtim.tv_sec * US_PER_SECOND + about.st_mtim.tv_nsec / 1000;
    return RC_OK;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

enum rc file_source_read(const char *path, struct str channel, struct str format,
                         const struct file_sink *sink, struct err *err)
{
    bool is_stdin = path == NULL || strcmp(path, "-") == 0;
    struct file_stream stream = {.sink = sink,
                                 .channel = channel,
                                 .format = format,
                                 .fd = is_stdin ? STDIN_FILENO : -1,
                                 .path = is_stdin ? "stdin" : path,
                                 .name = is_stdin ? STR_NULL : str_of(base_of(path)),
                                 .changed_at = TIME_NONE,
                                 .position = {0, -1}};
    stream.piece = xmalloc(FILE_PIECE_BYTES);
    enum rc rc = open_file(&stream, err);
    if (rc == RC_OK)
        rc = read_any(&stream, err);
    if (!is_stdin && stream.fd >= 0)
        (void)close(stream.fd);
    free(stream.piece);
    return rc;
}
