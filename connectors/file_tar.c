/* Tar archives, compressed or not: the entries that are documents, in the order in which they come.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "connectors/file_entry.h"
#include "connectors/file_pick.h"
#include "lib/arena.h"

#define GZIP_ONLY (15 + 16)
#define BLOCK_BYTES 512
#define MAGIC_AT 257
#define MAGIC "ustar"
#define MESSAGE_BYTES 512

/* ---- is it one? ---- */

static bool has_magic(struct str block)
{
    return block.n >= MAGIC_AT + sizeof MAGIC - 1 &&
           memcmp(block.p + MAGIC_AT, MAGIC, sizeof MAGIC - 1) == 0;
}

bool file_tar_is(const struct file_stream *stream)
{
    char block[BLOCK_BYTES];
    struct str held = {stream->piece, stream->held};
    if (!str_starts_with(held, "\x1f\x8b"))
        return has_magic(held);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)held.p,
                  .avail_in = (uInt)held.n,
                  .next_out = (Bytef *)block,
                  .avail_out = sizeof block};
    if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
        return false;
    (void)inflate(&z, Z_SYNC_FLUSH);
    (void)inflateEnd(&z);
    return has_magic((struct str){block, sizeof block - z.avail_out});
}

/* ---- reading ---- */

struct tar {
    struct file_stream *stream;
    struct archive *archive;
    char *out;
    size_t found;   /* documents */
    struct err err; /* of a read that failed */
};

static la_ssize_t read_more(struct archive *archive, void *context, const void **bytes_out)
{
    struct tar *tar = context;
    const char *bytes;
    size_t n;
    if (file_stream_next(tar->stream, &bytes, &n, &tar->err) != RC_OK) {
        archive_set_error(archive, EIO, "%s", tar->err.msg);
        return ARCHIVE_FATAL;
    }
    *bytes_out = bytes;
    return (la_ssize_t)n;
}

static bool is_bomb(const struct tar *tar)
{
    return file_stream_is_bomb((uint64_t)archive_filter_bytes(tar->archive, -1),
                               (uint64_t)archive_filter_bytes(tar->archive, 0));
}

static enum rc read_entry(struct tar *tar, struct file_entry *entry, bool *goes_on, struct err *err)
{
    enum rc rc = RC_OK;
    const struct file_sink *sink = tar->stream->sink;
    while (rc == RC_OK) {
        la_ssize_t n = archive_read_data(tar->archive, tar->out, FILE_PIECE_BYTES);
        *goes_on = n >= 0;
        if (n < 0)
            return file_entry_fault_within(entry, tar->stream, archive_error_string(tar->archive),
                                           err);
        if (n == 0)
            return RC_OK;
        entry->out_bytes += (uint64_t)n;
        *goes_on = !is_bomb(tar);
        if (!*goes_on)
            return file_entry_fault_within(entry, tar->stream,
                                           "more unfolds than any real file holds: stopped", err);
        rc = sink->bytes(sink->context, tar->out, (size_t)n, &tar->stream->position, err);
    }
    return rc;
}

static enum rc deliver(struct tar *tar, const char *path, bool *goes_on, struct err *err)
{
    struct file_entry entry;
    const struct file_sink *sink = tar->stream->sink;
    file_entry_init(&entry, tar->stream, path);
    tar->found++;
    enum rc rc = file_entry_begin(&entry, tar->stream, err);
    if (rc == RC_OK)
        rc = read_entry(tar, &entry, goes_on, err);
    return rc == RC_OK ? sink->end(sink->context, err) : rc;
}

/* Between entries, so that no document is open. */
static enum rc fault(struct tar *tar, const char *what, struct err *err)
{
    char message[MESSAGE_BYTES];
    const struct file_sink *sink = tar->stream->sink;
    (void)snprintf(message, sizeof message,
                   "%s, about byte %" PRId64 " of the archive; the entries before it were read",
                   what, (int64_t)archive_filter_bytes(tar->archive, -1));
    return sink->fault(sink->context, str_of(tar->stream->path), message, err);
}

static enum rc take_entry(struct tar *tar, struct archive_entry *entry, bool *goes_on,
                          struct err *err)
{
    const char *path = archive_entry_pathname(entry);
    *goes_on = archive_entry_size(entry) <= (la_int64_t)LIMIT_EXPANDED_BYTES && !is_bomb(tar);
    if (!*goes_on)
        return fault(tar, "more unfolds than any real file holds: stopped", err);
    if (path == NULL || archive_entry_filetype(entry) != AE_IFREG ||
        !file_pick_wants(tar->stream->channel, tar->stream->format, str_of(path)))
        return RC_OK;
    return deliver(tar, path, goes_on, err);
}

static enum rc read_entries(struct tar *tar, struct err *err)
{
    enum rc rc = RC_OK;
    bool goes_on = true;
    while (rc == RC_OK && goes_on) {
        struct archive_entry *entry;
        int code = archive_read_next_header(tar->archive, &entry);
        if (code == ARCHIVE_EOF)
            break;
        if (code < ARCHIVE_WARN) {
            tar->found++; /* whatever it was, it is told */
            return fault(tar, archive_error_string(tar->archive), err);
        }
        rc = take_entry(tar, entry, &goes_on, err);
    }
    if (rc == RC_OK && tar->found == 0)
        rc = err_set(err, RC_REJECT, "the archive \"%s\" does not hold %s", tar->stream->path,
                     file_pick_wanted(tar->stream->channel, tar->stream->format));
    return rc;
}

enum rc file_tar_read(struct file_stream *stream, struct err *err)
{
    struct tar tar = {.stream = stream, .archive = archive_read_new()};
    if (tar.archive == NULL)
        return err_set(err, RC_FATAL, "libarchive cannot be used");
    (void)archive_read_support_filter_gzip(tar.archive);
    (void)archive_read_support_format_tar(tar.archive);
    tar.out = xmalloc(FILE_PIECE_BYTES);
    enum rc rc = RC_OK;
    if (archive_read_open(tar.archive, &tar, NULL, read_more, NULL) != ARCHIVE_OK)
        rc = err_set(err, RC_REJECT, "cannot read the archive \"%s\": %s", stream->path,
                     archive_error_string(tar.archive));
    else
        rc = read_entries(&tar, err);
    (void)archive_read_free(tar.archive);
    free(tar.out);
    return rc;
}
