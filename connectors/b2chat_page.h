/* b2chat_page.h: what paging needs to know of a reply of the export API: which rows it has, and how
 * many there are in all.
 *
 * Owns:    its parser; a page's ids until the next reading.
 * Source:  reference/b2chat.md 4, 5: "exported" and "total" follow the rows.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_B2CHAT_PAGE_H
#define SLUICE_CONNECTORS_B2CHAT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

struct b2chat_page {
    const struct str *ids; /* of the rows, in their order; one without an id has an empty one */
    size_t count;
    int64_t total; /* -1: not said */
};

struct b2chat_page_reader;

struct b2chat_page_reader *b2chat_page_reader_new(void);
void b2chat_page_reader_free(struct b2chat_page_reader **reader);

/* false: the body is no JSON, or no page: an error, another list, half a reply. name: of the list,
 * "chats" or "contacts". */
bool b2chat_page_read(struct b2chat_page_reader *reader, const char *name, struct str body,
                      struct b2chat_page *page_out);

#endif
