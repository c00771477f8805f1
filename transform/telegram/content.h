/* content.h: what a message says: type, text, attachments, metadata.
 *
 * A message holds one kind of content, found in the order of the reference, since some kinds repeat
 * themselves in a second member (5.2); a service message holds none, but a member of section 7.
 * Source:  reference/telegram.md 5.2, 6, 7; canonical-model 4.4.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_CONTENT_H
#define SLUICE_TRANSFORM_TELEGRAM_CONTENT_H

#include "transform/telegram/scope.h"

struct tg_kind;

struct tg_content {
    const struct tg_kind *kind;
    const char *service; /* the documented name of the service member; NULL: none */
    struct str service_json;
    const struct tg_note *note;
};

struct tg_content tg_content_find(const struct tg_message *message);
/* An event of the chat, not somebody's words; a pressed request button is somebody's (7). */
bool tg_content_is_service(const struct tg_content *content);
/* Repeated edits of it change no words: live locations, polls (4). */
bool tg_content_is_live(const struct tg_content *content, const struct tg_message *message);

/* Type, text, attachments and metadata. sender_key: who did it, of service messages. */
void tg_content_fill(struct tg_scope *scope, const struct tg_message *message,
                     const struct tg_content *content, struct str sender_key,
                     struct record_message *fields);

#endif
