/* b2chat_window.h: one list of an account between two days, read page by page, published and made
 * durable.
 *
 * Of each page: the reply as it came (raw_responses), its records on the bus, the checkpoint once
 * the bus has them all; then the next page.
 * Owns:    nothing; everything is the reader's.
 * Errors:  as b2chat_api.h, publish.h and sync.h. After an error the window is read anew.
 * Source:  reference/b2chat.md 10.2, 10.5.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_B2CHAT_WINDOW_H
#define SLUICE_CONNECTORS_B2CHAT_WINDOW_H

#include "connectors/b2chat_api.h"
#include "connectors/b2chat_walk.h"
#include "connectors/pull.h"

#define B2CHAT_WINDOW_DAYS 2 /* what one window of chats has: the API wants "from" before "to" */

struct b2chat_totals { /* of a run; added to */
    int64_t windows;
    int64_t pages;
    int64_t unsteady; /* windows whose rows did not stand still */
};

struct b2chat_windows { /* begin with zero, fill in the first three */
    struct pull *pull;
    struct b2chat_api *api;
    struct zone *zone;
    struct b2chat_totals totals;
    uint64_t mark; /* of the last page published */
    /* of the window under way */
    int32_t first_day;
    bool is_open[B2CHAT_WINDOW_DAYS]; /* whether chats of that day were open */
};

struct b2chat_window {
    enum b2chat_list list;
    int32_t from, to; /* both included */
    bool is_settled;  /* nothing is created there any more: its rows must stand still */
};

/* Of chats, afterwards is_open says on which of the days some are open. */
enum rc b2chat_window_read(struct b2chat_windows *windows, const struct b2chat_window *window,
                           struct err *err) MUST_USE;

/* To be given to pull_publisher_open, with the struct b2chat_windows: looks at what is published.
 */
bool b2chat_window_wants(void *context, const struct record *record);

#endif
