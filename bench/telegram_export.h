/* telegram_export.h: invented exports of Telegram Desktop of any size, the same every time.
 *
 * A supergroup as a company might have it: three in four messages plain text, and parts with
 * formatting, photographs, documents, replies, edits, reactions and service messages as they occur.
 * Threads: no state. */
#ifndef SLUICE_BENCH_TELEGRAM_EXPORT_H
#define SLUICE_BENCH_TELEGRAM_EXPORT_H

#include <stdint.h>

#include "lib/buf.h"

#define TELEGRAM_EXPORT_ACCOUNT "7000000001"

struct telegram_writer {
    const char *name;
    size_t id;
};

/* One message of a chat, whose number decides what it is; id counts from 1 within the chat. */
void telegram_export_message(struct buf *file, size_t number, size_t id, int64_t at,
                             const struct telegram_writer *writer);

/* The file's beginning, its messages number 0, 1, 2 ..., and its end. */
void telegram_export_begin(struct buf *file);
void telegram_export_add(struct buf *file, size_t number);
void telegram_export_end(struct buf *file);

#endif
