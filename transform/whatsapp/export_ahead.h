/* export_ahead.h: what must be known of an exported chat before its first message can be read: its
 * style, the order of its dates, its people.
 *
 * All of it is found in the first LIMIT_CHAT_AHEAD_BYTES, which hold a whole file of 40000 messages
 * as WhatsApp exports them at most. What comes later can only agree: a date that contradicts ends
 * the reading.
 * Source:  reference/whatsapp.md 7.2 (style), 7.3, 7.4.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_AHEAD_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_AHEAD_H

#include "transform/whatsapp/export_chat.h"
#include "transform/whatsapp/export_order.h"

struct wa_ahead {
    bool is_bracketed; /* the style of every header of the file */
    char separator;
    size_t headers;
    size_t dated; /* headers whose order was found out, from the first one */
    struct wa_order_found order;
};

struct wa_ahead_fault {
    enum reject_code code;
    const char *path, *detail;
    int64_t offset;
};

/* Style and order of the bytes; is_whole: they are the whole document. false: they are no exported
 * chat that can be read. */
bool wa_ahead_read(struct wa_ahead *ahead, struct str bytes, bool is_whole, struct arena *scratch,
                   struct wa_ahead_fault *fault_out);
/* Counts who writes in them. */
void wa_ahead_meet(const struct wa_ahead *ahead, struct str bytes, bool is_whole,
                   struct arena *scratch, struct wa_chat *chat);

bool wa_ahead_is_ours(const struct wa_ahead *ahead, const struct wa_header *header);

/* The line without its end, storable. Lives in the arena or in the bytes. */
struct str wa_line_clean(struct arena *arena, struct str line, uint64_t *replaced);

#endif
