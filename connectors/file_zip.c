/* Zip archives: the entries that are documents, one after the other. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connectors/file_pick.h"
#include "connectors/file_stream.h"
#include "lib/arena.h"

#define MESSAGE_BYTES 256
#define PLACE_BYTES 1024
#define NAME_BYTES 512

struct archive {
    struct file_stream *stream;
    zip_t *zip;
    struct file_picks picks;
    char *out;
    uint64_t done_bytes; /* compressed, of the entries before */
};

struct entry {
    zip_stat_t about;
    uint64_t out_bytes;
    char place[PLACE_BYTES];
    char name[NAME_BYTES];
};

/* Names come from outside, and messages go to terminals. */
static void make_place(const struct archive *archive, struct entry *entry)
{
    (void)snprintf(entry->place, sizeof entry->place, "%s: %s", archive->stream->path,
                   entry->about.name);
    for (char *p = entry->place; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
}

/* The base name. That of "_chat.txt" says nothing: its folder's, or the archive's, does. */
static struct str make_name(const struct archive *archive, struct entry *entry)
{
    (void)snprintf(entry->name, sizeof entry->name, "%s", entry->about.name);
    char *slash = strrchr(entry->name, '/');
    struct str base = str_of(slash != NULL ? slash + 1 : entry->name);
    if (!str_is(base, "_chat.txt"))
        return base;
    if (slash == NULL)
        return !str_is_null(archive->stream->name) ? archive->stream->name : base;
    *slash = '\0';
    slash = strrchr(entry->name, '/');
    return str_of(slash != NULL ? slash + 1 : entry->name);
}

static enum rc fault(struct archive *archive, const struct entry *entry, const char *message,
                     struct err *err)
{
    const struct file_sink *sink = archive->stream->sink;
    return sink->fault(sink->context, str_of(entry->place), message, err);
}

static enum rc fault_within(struct archive *archive, const struct entry *entry, const char *what,
                            struct err *err)
{
    char message[MESSAGE_BYTES];
    (void)snprintf(message, sizeof message,
                   "%s at byte %" PRIu64 " of the entry; what is before it was read", what,
                   entry->out_bytes);
    return fault(archive, entry, message, err);
}

static void move_position(struct archive *archive, const struct entry *entry)
{
    double share = entry->about.size > 0 ? (double)entry->out_bytes / (double)entry->about.size : 1;
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
            return fault_within(archive, entry, zip_file_strerror(file), err);
        if (n == 0)
            return RC_OK;
        entry->out_bytes += (uint64_t)n;
        if (file_stream_is_bomb(entry->about.comp_size, entry->out_bytes))
            return fault_within(archive, entry, "more unfolds than any real file holds: stopped",
                                err);
        move_position(archive, entry);
        rc = sink->bytes(sink->context, archive->out, (size_t)n, &archive->stream->position, err);
    }
    return rc;
}

static enum rc deliver(struct archive *archive, struct entry *entry, zip_file_t *file,
                       struct err *err)
{
    const struct file_sink *sink = archive->stream->sink;
    const struct file_document document = {make_name(archive, entry), str_of(entry->place),
                                           archive->stream->changed_at};
    enum rc rc = sink->begin(sink->context, &document, err);
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
    struct entry entry = {.out_bytes = 0};
    zip_stat_init(&entry.about);
    if (zip_stat_index(archive->zip, index, 0, &entry.about) != 0)
        return err_set(err, RC_REJECT, "cannot read \"%s\": %s", archive->stream->path,
                       zip_strerror(archive->zip));
    make_place(archive, &entry);
    bool is_open =
        entry.about.encryption_method == ZIP_EM_NONE && entry.about.size <= LIMIT_EXPANDED_BYTES;
    zip_file_t *file = is_open ? zip_fopen_index(archive->zip, index, 0) : NULL;
    if (file == NULL)
        return fault(archive, &entry, obstacle(archive, &entry), err);
    enum rc rc = deliver(archive, &entry, file, err);
    (void)zip_fclose(file);
    archive->done_bytes += entry.about.comp_size;
    return rc;
}

static enum rc read_picks(struct archive *archive, struct err *err)
{
    struct file_stream *stream = archive->stream;
    const char *wanted = file_pick(archive->zip, stream->channel, stream->format, &archive->picks);
    if (archive->picks.count == 0)
        return err_set(err, RC_REJECT, "the zip archive \"%s\" does not hold %s", stream->path,
                       wanted);
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
