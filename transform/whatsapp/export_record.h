/* export_record.h: records of an exported chat: contacts, the conversation, messages.
 *
 * Times:   the file has wall-clock times without zone. An hour that the clocks repeat is told apart
 *          by the file's order: the earlier instant, unless that would run backward.
 * As-of:   messages their own time; names and titles 1 us, so that whatever a platform says of the
 *          same person or chat wins.
 * Source:  reference/whatsapp.md 7.4 to 7.8, 8.1; canonical-model 4.2, 4.4.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_RECORD_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_RECORD_H

#include "lib/zone.h"
#include "transform/json.h"
#include "transform/whatsapp/export_chat.h"
#include "transform/whatsapp/export_repeat.h"
#include "transform/whatsapp/export_scan.h"

struct wa_export_writer {
    struct map_out *out;
    struct json_writer *json;
    struct wa_chat *chat;
    struct wa_repeat *repeat;
    struct zone *zone;
    const char *order;     /* of the dates, a word of the setting date_order */
    bool is_order_guessed; /* nothing in the file decided */
    bool has_conversation; /* its record left already */
    int64_t last_local, last_sent;
    int64_t ordinal; /* among messages of one written time */
};

struct wa_export_message {
    const struct wa_header *header;
    int64_t local;     /* wall clock */
    struct str sender; /* STR_NULL: a line of WhatsApp's own */
    struct str text;
    bool is_replaced; /* holds characters that were replaced */
};

void wa_export_writer_begin(struct wa_export_writer *writer);
/* *is_stranger_out: a third person in a chat of two; nothing was written. */
enum rc wa_export_write(struct wa_export_writer *writer, const struct wa_export_message *message,
                        bool *is_stranger_out, struct err *err) MUST_USE;

#endif
