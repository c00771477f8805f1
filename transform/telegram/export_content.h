/* export_content.h: what an exported message says: type, text, attachments, metadata, in the words
 * of the Bot API's records.
 * Source:  reference/telegram.md 10.5, 10.6, 11.2; canonical-model 4.4.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_CONTENT_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_CONTENT_H

#include "transform/telegram/export_scope.h"

/* A service message that is somebody's doing: a pressed request button. */
bool tgx_action_is_pressed(const struct tgx_message *message);
bool tgx_message_is_service(const struct tgx_message *message);
/* Repeated edits of it change no words: live locations, polls. */
bool tgx_message_is_live(const struct tgx_message *message);

struct tgx_facts {        /* what is known beside the message's own members */
    struct str actor_key; /* of service messages */
    bool is_topic_guessed;
    bool is_automatic_forward;
    bool is_automated; /* a bot's */
};

void tgx_content_fill(struct tgx_scope *scope, const struct tgx_message *message,
                      const struct tgx_facts *facts, struct record_message *fields);

#endif
