/* b2chat_cursor.h: how far the reading of a B2Chat account has come.
 *
 * B2Chat tells nobody what has changed, and a chat stays under the day of its creation: so the days
 * are remembered on which a chat was open when it was last read, to be read again until all are
 * closed.
 * Units:   days local to the account; times by the server's clock.
 * Form:    a JSON object; what it lacks, or what cannot be read, is as at the beginning.
 * Threads: plain values; one owner. */
#ifndef SLUICE_CONNECTORS_B2CHAT_CURSOR_H
#define SLUICE_CONNECTORS_B2CHAT_CURSOR_H

#include "connectors/b2chat_api.h"
#include "lib/buf.h"

#define B2CHAT_OPEN_DAYS 64 /* more than a chat is followed for */
#define B2CHAT_NO_DAY INT32_MIN

struct b2chat_cursor {
    int32_t
        full_next; /* the first reading: the day at which it goes on; B2CHAT_NO_DAY: not begun */
    bool is_full_done;
    int32_t fresh_day;   /* the newest day that was read */
    int32_t deep_day;    /* on which the last month was read again */
    int64_t open_at;     /* when open days were read; TIME_NONE: never, as the two below */
    int64_t contacts_at; /* start of the last reading of contacts */
    int64_t contacts_full_at;
    int32_t open_days[B2CHAT_OPEN_DAYS]; /* ascending */
    size_t open_count;
    struct b2chat_pace pace;
};

void b2chat_cursor_read(struct b2chat_cursor *cursor, struct str json);
void b2chat_cursor_write(const struct b2chat_cursor *cursor, struct buf *json);

/* Whether that day has open chats. Beyond B2CHAT_OPEN_DAYS the oldest day is forgotten. */
void b2chat_cursor_set_open(struct b2chat_cursor *cursor, int32_t day, bool is_open);

#endif
