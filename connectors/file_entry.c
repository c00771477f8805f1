#include "connectors/file_entry.h"

#include <inttypes.h>
#include <stdio.h>

#define MESSAGE_BYTES 256

/* Names come from outside, and messages go to terminals. */
static void make_place(struct file_entry *entry, const struct file_stream *stream, const char *path)
{
    (void)snprintf(entry->place, sizeof entry->place, "%s: %s", stream->path, path);
    for (char *p = entry->place; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
}

/* The base name. That of "_chat.txt" says nothing: its folder's, or the archive's, does. */
static struct str make_name(struct file_entry *entry, const struct file_stream *stream,
                            const char *path)
{
    (void)snprintf(entry->text, sizeof entry->text, "%s", path);
    char *slash = strrchr(entry->text, '/');
    struct str base = str_of(slash != NULL ? slash + 1 : entry->text);
    if (!str_is(base, "_chat.txt"))
        return base;
    if (slash == NULL)
        return !str_is_null(stream->name) ? stream->name : base;
    *slash = '\0';
    slash = strrchr(entry->text, '/');
    return str_of(slash != NULL ? slash + 1 : entry->text);
}

void file_entry_init(struct file_entry *entry, const struct file_stream *stream, const char *path)
{
    entry->out_bytes = 0;
    make_place(entry, stream, path);
    entry->name = make_name(entry, stream, path);
}

enum rc file_entry_begin(const struct file_entry *entry, const struct file_stream *stream,
                         struct err *err)
{
    const struct file_document document = {entry->name, str_of(entry->place), stream->changed_at};
    return stream->sink->begin(stream->sink->context, &document, err);
}

enum rc file_entry_fault(const struct file_entry *entry, const struct file_stream *stream,
                         const char *message, struct err *err)
{
    return stream->sink->fault(stream->sink->context, str_of(entry->place), message, err);
}

enum rc file_entry_fault_within(const struct file_entry *entry, const struct file_stream *stream,
                                const char *what, struct err *err)
{
    char message[MESSAGE_BYTES];
    (void)snprintf(message, sizeof message,
                   "%s at byte %" PRIu64 " of the entry; what is before it was read", what,
                   entry->out_bytes);
    return file_entry_fault(entry, stream, message, err);
}
