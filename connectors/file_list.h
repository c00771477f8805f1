/* file_list.h: from files, folders and patterns that a person names to what is to be read, in an
 * order that does not depend on the file system.
 *
 * A file is an item. Of a folder, at any depth, those files are that the channel may read, by their
 * names; mails that lie in one folder, a file each (.eml, or the cur and new of a Maildir), are one
 * item together. A pattern that the shell has not resolved ("*.json") is.
 * Owns:    its texts and items, until file_list_free.
 * Errors:  RC_REJECT: there is no such file, or nothing in a folder that the channel reads; the
 *          message says what was looked for.
 * Bounds:  LIMIT_FILE_LIST_BYTES of names.
 * Threads: constant once it is made.
 * Source:  reference/email.md 3.1, whatsapp.md 7.1. */
#ifndef SLUICE_CONNECTORS_FILE_LIST_H
#define SLUICE_CONNECTORS_FILE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/str.h"

struct file_item {
    const char *path;         /* of the file, or of the folder of mails */
    bool is_found;            /* in a folder, so that it may be something else */
    const char *const *mails; /* of a folder of mails: their names in it; NULL: a file */
    size_t mail_count;
    int64_t bytes;
    int64_t changed_at; /* of the file, or of the newest mail */
};

struct file_list {
    const struct file_item *items;
    size_t count;
    size_t left_out; /* files of folders that the channel does not read */
    size_t drafts;   /* mails of Maildirs that were never sent */
};

enum rc file_list_new(const char *const *paths, size_t count, struct str channel,
                      struct file_list **list_out, struct err *err) MUST_USE;
/* What stays of a mail's name when it is moved from new to cur and flagged; mails are in its order.
 */
struct str file_mail_key(const char *mail);
void file_list_free(struct file_list **list);

#endif
