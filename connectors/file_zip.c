/* Zip archives: the entries that are documents, one after the other. */
#include <stdlib.h>
#include <unistd.h>

#include "connectors/file_entry.h"
#include "connectors/file_pick.h"
#include "lib/arena.h"

struct archive {
    struct file_stream *stream;
    zip_t *zip;
    struct file_picks picks;
    char *out;
    uint64_t done_bytes; /* compressed, of the entries before */
};

struct entry {
    zip_stat_t about;
    struct file_entry file;
};

static void move_position(struct archive *archive, const struct entry *entry)
{
    double share =
        entry->about.size > 0 ? (double)entry->file.out_bytes / (double)entry->about.size : 1;
    double bytes = (double)entry->about.comp_size * (share < 1 ? share : 1);
    archive->stream->position.read_bytes = (int64_t)archive->done_bytes + (int64_t)bytes;
}

static enum rc read_entry(struct archive *archive, struct entry *entry, zip_file_t *file,
                          struct err *err)
{
    const struct file_sink *sink = archive->stream->sink;
    enum rc rc = RC_OK;
    while (rc == RC_OK) {
        zip_int64_t n = zip_fread(file, archive->out, FILE_PIECE_BYTES);
        if (n < 0)
            return file_entry_fault_within(&entry->file, archive->stream, zip_file_strerror(file),
                                           err);
        if (n == 0)
            return RC_OK;
        entry->file.out_bytes += (uint64_t)n;
        if (file_stream_is_bomb(entry->about.comp_size, entry->file.out_bytes))
            return file_entry_fault_within(&entry->file, archive->stream,
                                           "more unfolds than any real file holds: stopped", err);
        move_position(archive, entry);
        rc = sink->bytes(sink->context, archive->out, (size_t)n, &archive->stream->position, err);
    }
    return rc;
}

static enum rc deliver(struct archive *archive, struct entry *entry, zip_file_t *file,
                       struct err *err)
{
    const struct file_sink *sink = archive->stream->sink;
    enum rc rc = file_entry_begin(&entry->file, archive->stream, err);
    if (rc == RC_OK)
        rc = read_entry(archive, entry, file, err);
    return rc == RC_OK ? sink->end(sink->context, err) : rc;
}

static const char *obstacle(const struct archive *archive, const struct entry *entry)
{
    if (entry->about.encryption_method != ZIP_EM_NONE)
        return "the entry is encrypted; unpack the archive with its password first";
    if (entry->about.size > LIMIT_EXPANDED_BYTES)
        return "the entry is larger than any real file: not read";
    return zip_strerror(archive->zip);
}

static enum rc open_entry(struct archive *archive, uint64_t index, struct err *err)
{
    struct entry entry;
    zip_stat_init(&entry.about);
    if (zip_stat_index(archive->zip, index, 0, &entry.about) != 0)
        return err_set(err, RC_REJECT, "cannot read \"%s\": %s", archive->stream->path,
                       zip_strerror(archive->zip));
    file_entry_init(&entry.file, archive->stream, entry.about.name);
    bool is_open =
        entry.about.encryption_method == ZIP_EM_NONE && entry.about.size <= LIMIT_EXPANDED_BYTES;
    zip_file_t *file = is_open ? zip_fopen_index(archive->zip, index, 0) : NULL;
    if (file == NULL)
        return file_entry_fault(&entry.file, archive->stream, obstacle(archive, &entry), err);
    enum rc rc = deliver(archive, &entry, file, err);
    (void)zip_fclose(file);
    archive->done_bytes += entry.about.comp_size;
    return rc;
}

static enum rc read_picks(struct archive *archive, struct err *err)
{
    struct file_stream *stream = archive->stream;
    file_pick(archive->zip, stream->channel, stream->format, &archive->picks);
    if (archive->picks.count == 0)
        return err_set(err, RC_REJECT, "the zip archive \"%s\" does not hold %s", stream->path,
                       file_pick_wanted(stream->channel, stream->format));
    enum rc rc = RC_OK;
    for (size_t i = 0; i < archive->picks.count && rc == RC_OK; i++)
        rc = open_entry(archive, archive->picks.indices[i], err);
    return rc;
}

static zip_t *open_archive(const struct file_stream *stream, struct err *err)
{
    int code = 0;
    int fd = dup(stream->fd); /* libzip closes its own */
    zip_t *zip = fd >= 0 ? zip_fdopen(fd, 0, &code) : NULL;
    if (zip != NULL)
        return zip;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    (void)err_set(err, RC_REJECT,
                  "cannot read the zip archive \"%s\": %s; it may be cut short: copy it again",
                  stream->path, zip_error_strerror(&error));
    zip_error_fini(&error);
    if (fd >= 0)
        (void)close(fd);
    return NULL;
}

enum rc file_zip_read(struct file_stream *stream, struct err *err)
{
    struct archive archive = {.stream = stream};
    if (lseek(stream->fd, 0, SEEK_SET) != 0)
        return err_set(err, RC_REJECT,
                       "a zip archive cannot be read from a pipe, its contents stand at its end; "
                       "give it as a FILE");
    archive.zip = open_archive(stream, err);
    if (archive.zip == NULL)
        return RC_REJECT;
    archive.out = xmalloc(FILE_PIECE_BYTES);
    enum rc rc = read_picks(&archive, err);
    zip_discard(archive.zip);
    free(archive.picks.indices);
    free(archive.out);
    return rc;
}
