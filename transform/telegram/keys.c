#include "transform/telegram/keys.h"

#include "lib/decimal.h"

#define CHANNELS_FROM INT64_C(-1000000000000) /* supergroups and channels count down from here */

/* "tg:<account>:<chat>" ':' kind number; an account is written for chats that are not shared, kind
 * and number where there are any. */
static struct str chat_key(struct arena *arena, struct str account, const struct tg_chat *chat,
                           struct str kind, int64_t number)
{
    char chat_text[DECIMAL_TEXT_BYTES], number_text[DECIMAL_TEXT_BYTES];
    struct str parts[6];
    size_t count = 0;
    parts[count++] = STR_LIT("tg:");
    if (!tg_chat_is_shared(chat)) {
        parts[count++] = account;
        parts[count++] = STR_LIT(":");
    }
    parts[count++] = (struct str){chat_text, decimal_format(chat->id, chat_text)};
    if (!str_is_null(kind)) {
        parts[count++] = kind;
        parts[count++] = (struct str){number_text, decimal_format(number, number_text)};
    }
    return arena_join(arena, parts, count);
}

static struct str lettered_key(struct arena *arena, struct str letter, int64_t id)
{
    char text[DECIMAL_TEXT_BYTES];
    const struct str parts[] = {letter, {text, decimal_format(id, text)}};
    return arena_join(arena, parts, 2);
}

bool tg_chat_is_shared(const struct tg_chat *chat)
{
    return chat->type == TG_SUPERGROUP || chat->type == TG_CHANNEL;
}

struct str tg_conversation_key(struct arena *arena, struct str account, const struct tg_chat *chat,
                               struct tg_topic topic)
{
    struct str kind = topic.kind == 't'   ? STR_LIT(":t")
                      : topic.kind == 'd' ? STR_LIT(":d")
                                          : STR_NULL;
    return chat_key(arena, account, chat, kind, topic.id);
}

struct str tg_message_key(struct arena *arena, struct str account, const struct tg_chat *chat,
                          int64_t message_id)
{
    return chat_key(arena, account, chat, STR_LIT(":"), message_id);
}

struct str tg_user_key(struct arena *arena, int64_t user_id)
{
    return lettered_key(arena, STR_LIT("tg:u"), user_id);
}

struct str tg_sender_chat_key(struct arena *arena, int64_t chat_id)
{
    return lettered_key(arena, STR_LIT("tg:c"), chat_id);
}

int64_t tg_chat_id(enum tg_chat_type type, int64_t bare)
{
    if (bare <= 0 || type == TG_PRIVATE)
        return bare;
    if (type == TG_GROUP)
        return -bare;
    return bare > INT64_MAX + CHANNELS_FROM ? INT64_MIN : CHANNELS_FROM - bare;
}
