/* telegram_desk.h: invented history of a company's desk, as the export of its Telegram account: any
 * number of customers' chats over five years, the same every time.
 *
 * A chat has 20 messages on average, most a few, some a hundred; a third of them are the desk's.
 * Threads: no state. */
#ifndef SLUICE_BENCH_TELEGRAM_DESK_H
#define SLUICE_BENCH_TELEGRAM_DESK_H

#include "lib/buf.h"

#define TELEGRAM_DESK_OWNER 5998800001

/* A file's beginning, its chats number first, first + 1, ..., and its end. */
void telegram_desk_begin(struct buf *file);
/* is_first: of the file. Returns the number of its messages. */
size_t telegram_desk_chat(struct buf *file, size_t chat, size_t chats, bool is_first);
void telegram_desk_end(struct buf *file);

#endif
