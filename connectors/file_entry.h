/* file_entry.h: what entries of archives have in common. Private to file_zip.c and file_tar.c.
 *
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_FILE_ENTRY_H
#define SLUICE_CONNECTORS_FILE_ENTRY_H

#include "connectors/file_stream.h"

#define FILE_ENTRY_PLACE_BYTES 1024
#define FILE_ENTRY_NAME_BYTES 512

struct file_entry {
    uint64_t out_bytes; /* unfolded so far */
    struct str name;    /* of the document: struct file_document */
    char place[FILE_ENTRY_PLACE_BYTES];
    char text[FILE_ENTRY_NAME_BYTES];
};

/* path: its name in the archive. */
void file_entry_init(struct file_entry *entry, const struct file_stream *stream, const char *path);

/* Tells the sink. */
enum rc file_entry_begin(const struct file_entry *entry, const struct file_stream *stream,
                         struct err *err) MUST_USE;
enum rc file_entry_fault(const struct file_entry *entry, const struct file_stream *stream,
                         const char *message, struct err *err) MUST_USE;
/* The same, of one that broke off within. */
enum rc file_entry_fault_within(const struct file_entry *entry, const struct file_stream *stream,
                                const char *what, struct err *err) MUST_USE;

#endif
