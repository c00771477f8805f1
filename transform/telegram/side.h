/* side.h: who speaks: direction and sender of a message.
 *
 * Source:  reference/telegram.md 11.3, its table from top to bottom; canonical-model 4.2.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_SIDE_H
#define SLUICE_TRANSFORM_TELEGRAM_SIDE_H

#include "transform/telegram/content.h"
#include "transform/telegram/people.h"

struct tg_side {
    const char *direction, *sender_type;
    struct str contact_key; /* the sender, or whom it is for; STR_NULL: not one */
    struct tg_agent agent;  /* key STR_NULL: none */
    bool is_owner;          /* from is the owner of a business account */
    bool is_post;           /* of a channel: a broadcast */
};

struct tg_side tg_side_find(const struct tg_scope *scope, const struct tg_place *place,
                            const struct tg_message *message, const struct tg_content *content,
                            enum tg_message_kind kind);

#endif
