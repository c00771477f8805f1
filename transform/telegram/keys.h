/* keys.h: Telegram's external ids, the same from the Bot API and from an export.
 *
 * Owns:    nothing; texts live in the arena. p NULL: the arena's cap was reached.
 * Source:  reference/telegram.md 1.2, 1.3, 11.1.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_KEYS_H
#define SLUICE_TRANSFORM_TELEGRAM_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/str.h"

enum tg_chat_type { TG_PRIVATE, TG_GROUP, TG_SUPERGROUP, TG_CHANNEL };

struct tg_chat {
    int64_t id; /* in the Bot API's numbering */
    enum tg_chat_type type;
};

struct tg_topic {
    char kind; /* 't' forum topic or private-chat topic, 'd' direct messages; 0: none */
    int64_t id;
};

/* Whether message ids are the chat's own, so that every account sees the same (1.3). */
bool tg_chat_is_shared(const struct tg_chat *chat);
/* account: "bot:<id>", "biz:<id>" or "export:<label>"; not used for shared chats. */
struct str tg_conversation_key(struct arena *arena, struct str account, const struct tg_chat *chat,
                               struct tg_topic topic);
struct str tg_message_key(struct arena *arena, struct str account, const struct tg_chat *chat,
                          int64_t message_id);
struct str tg_user_key(struct arena *arena, int64_t user_id);
struct str tg_sender_chat_key(struct arena *arena, int64_t chat_id);
/* Bare id of an export to the Bot API's numbering; already negative ids stay (10.3). */
int64_t tg_chat_id(enum tg_chat_type type, int64_t bare);

#endif
