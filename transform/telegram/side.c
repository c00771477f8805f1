#include "transform/telegram/side.h"

#include "lib/decimal.h"

static bool is_same_id(struct str a, int64_t b)
{
    int64_t id;
    return decimal_parse(a, &id) && id == b;
}

/* The real sender is the chat, where one is named: then from is a stand-in (1.4). */
static const struct tg_user *person(const struct tg_message *message)
{
    return message->sender_chat == NULL ? message->from : NULL;
}

static bool is_from(const struct tg_message *message, int64_t id)
{
    const struct tg_user *user = person(message);
    return user != NULL && is_same_id(user->id, id);
}

static struct tg_side system_side(const struct tg_place *place)
{
    return (struct tg_side){"outbound", "system", place->contact_key, {.key = STR_NULL}, 0, 0};
}

/* Where nobody is named, the only other side of the chat has written. */
static struct tg_side inbound(const struct tg_scope *scope, const struct tg_place *place,
                              const struct tg_message *message)
{
    struct str key = message->sender_chat != NULL ? tg_key_of_chat(scope, message->sender_chat)
                                                  : tg_key_of_user(scope, message->from);
    if (str_is_null(key))
        key = place->contact_key;
    return (struct tg_side){"inbound", "contact", key, {.key = STR_NULL}, 0, 0};
}

static struct tg_side outbound(const struct tg_scope *scope, const struct tg_place *place,
                               const char *sender_type, const struct tg_user *user)
{
    struct tg_side side = {"outbound", sender_type, place->contact_key, {.key = STR_NULL}, 0, 0};
    if (user != NULL)
        side.agent = tg_agent_of(scope, user);
    return side;
}

/* Somebody behind a chat's name; the signature, where there is one, tells who. */
static struct tg_side signed_side(const struct tg_scope *scope, const struct tg_place *place,
                                  const struct tg_message *message)
{
    const struct tg_chat_info *chat =
        message->sender_chat != NULL ? message->sender_chat : message->chat;
    struct str signature = tg_text(message->author_signature);
    const struct str parts[] = {tg_key_of_chat(scope, chat), STR_LIT(":"), signature};
    struct tg_side side = outbound(scope, place, "agent", NULL);
    side.agent.key = str_is_null(signature) ? parts[0] : arena_join(scope->out->arena, parts, 3);
    side.agent.name = str_is_null(signature) ? tg_text(chat->title) : signature;
    return side;
}

static struct tg_side own_bot(const struct tg_scope *scope, const struct tg_place *place,
                              const struct tg_message *message)
{
    bool is_named = tg_is_own_bot(scope, message->from);
    struct tg_side side = outbound(scope, place, "bot", is_named ? message->from : NULL);
    int64_t id;
    if (!is_named && decimal_parse(scope->account.account, &id))
        side.agent.key = tg_user_key(scope->out->arena, id);
    return side;
}

/* Rules 4 to 6. */
static struct tg_side business_side(const struct tg_scope *scope, const struct tg_place *place,
                                    const struct tg_message *message)
{
    const struct tg_user *bot = message->sender_business_bot;
    if (bot == NULL && is_from(message, place->real.id))
        return inbound(scope, place, message);
    bool is_offline = tg_true(message->is_from_offline);
    struct tg_side side = outbound(scope, place, bot != NULL || is_offline ? "bot" : "agent",
                                   bot != NULL ? bot : message->from);
    side.is_owner = true;
    return side;
}

/* Rule 8; a message that does not name the topic is the channel's only if it says so. */
static struct tg_side direct_side(const struct tg_scope *scope, const struct tg_place *place,
                                  const struct tg_message *message)
{
    bool is_contact =
        place->topic.kind == 'd' ? is_from(message, place->topic.id) : message->sender_chat == NULL;
    if (is_contact)
        return inbound(scope, place, message);
    if (message->sender_chat != NULL)
        return signed_side(scope, place, message);
    return outbound(scope, place, "agent", message->from);
}

/* Rules 9 to 13. */
static struct tg_side plain_side(const struct tg_scope *scope, const struct tg_place *place,
                                 const struct tg_message *message)
{
    const struct tg_user *user = person(message);
    if (place->real.type == TG_PRIVATE)
        return inbound(scope, place, message);
    if (message->sender_chat != NULL && is_same_id(message->sender_chat->id, place->real.id))
        return signed_side(scope, place, message);
    if (message->sender_chat != NULL && tg_is_own(scope, message->sender_chat->id))
        return signed_side(scope, place, message);
    if (user != NULL && tg_is_own(scope, user->id))
        return outbound(scope, place, "agent", user);
    if (user != NULL && tg_true(user->is_bot))
        return outbound(scope, place, "bot", user);
    return inbound(scope, place, message);
}

static bool is_post(const struct tg_place *place, enum tg_message_kind kind)
{
    return kind == TG_CHANNEL_POST || kind == TG_EDITED_CHANNEL_POST ||
           place->real.type == TG_CHANNEL;
}

struct tg_side tg_side_find(const struct tg_scope *scope, const struct tg_place *place,
                            const struct tg_message *message, const struct tg_content *content,
                            enum tg_message_kind kind)
{
    if (tg_content_is_service(content) || tg_true(message->is_automatic_forward))
        return system_side(place);
    if (message->connection_id.n > 0 || message->sender_business_bot != NULL)
        return business_side(scope, place, message);
    bool is_own = scope->is_sent || tg_is_own_bot(scope, person(message));
    struct tg_side side = is_own                 ? own_bot(scope, place, message)
                          : is_post(place, kind) ? signed_side(scope, place, message)
                          : tg_true(message->chat->is_direct_messages)
                              ? direct_side(scope, place, message)
                              : plain_side(scope, place, message);
    side.is_post = is_post(place, kind);
    return side;
}
