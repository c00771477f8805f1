/* file_source.h: documents out of files: plain, gzip, or in a zip or tar archive.
 *
 * What the file is, its first bytes say, not its name. A plain file is one document; so is a gzip
 * file, of any number of members; an archive holds one for each entry that the channel's format is
 * found in (its chat text, its result.json, its mails; else every file).
 * Owns:    nothing between calls. Nothing is ever whole in memory.
 * Errors:  RC_REJECT: the file cannot be opened, or read at all. What breaks off within a document
 *          (a truncated or damaged archive, encryption, a bomb) goes to sink.fault, after which
 * that document ends and the next one begins. Any other result is the sink's, unchanged. Limits:
 * LIMIT_EXPANSION_RATIO and LIMIT_EXPANDED_BYTES bound what compressed files unfold to. Threads: no
 * state. */
#ifndef SLUICE_CONNECTORS_FILE_SOURCE_H
#define SLUICE_CONNECTORS_FILE_SOURCE_H

#include <stdint.h>

#include "lib/err.h"
#include "lib/str.h"

struct file_document {
    struct str name;  /* base name, without .gz; of "_chat.txt" in an archive, the archive's, which
                         is  what tells the chat; STR_NULL: standard input */
    struct str place; /* for messages: "chats.zip: backup/_chat.txt" */
    int64_t changed_at; /* of the file; TIME_NONE: not known */
};

struct file_position { /* in the file on disk */
    int64_t read_bytes;
    int64_t total_bytes; /* -1: not known (a pipe) */
};

/* The texts are valid during the call. */
struct file_sink {
    enum rc (*begin)(void *context, const struct file_document *document, struct err *err);
    enum rc (*bytes)(void *context, const char *bytes, size_t n,
                     const struct file_position *position, struct err *err);
    /* Where a document is open it ends after this, and what came of it so far is good; an entry of
     * an archive that cannot be opened gives only this. */
    enum rc (*fault)(void *context, struct str place, const char *message, struct err *err);
    enum rc (*end)(void *context, struct err *err);
    void *context;
};

/* path NULL or "-": standard input. channel and format (STR_NULL: the channel's first) choose the
 * entries of archives. A folder is an error. */
enum rc file_source_read(const char *path, struct str channel, struct str format,
                         const struct file_sink *sink, struct err *err) MUST_USE;

#endif
