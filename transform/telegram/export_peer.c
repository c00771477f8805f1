#include "transform/telegram/export_peer.h"

#include "lib/decimal.h"

#include "transform/telegram/value.h"

#define OLD_USERS_FROM (INT64_C(1) << 32)
#define OLD_GROUPS_FROM (INT64_C(1) << 33)
#define BARE_MOST (INT64_C(1) << 52)
#define CHANNELS_BELOW INT64_C(-1000000000000)
/* A channel's direct messages, which are exported as a person (10.3). */
#define DIRECT_FROM INT64_C(1002147483649)
#define DIRECT_MOST INT64_C(2999999999999)

static bool read_bare(struct str text, int64_t *id_out)
{
    return decimal_parse(text, id_out) && *id_out >= -BARE_MOST && *id_out <= BARE_MOST;
}

/* A number: negative ones are the Bot API's, which some converters write. */
static struct tgx_peer peer_of_number(int64_t n, enum tgx_numbers numbers)
{
    if (n < CHANNELS_BELOW)
        return (struct tgx_peer){TGX_CHANNEL, CHANNELS_BELOW - n};
    if (n < 0)
        return (struct tgx_peer){TGX_BASIC_GROUP, -n};
    if (n < OLD_USERS_FROM || numbers != TGX_NUMBERS_OLD)
        return (struct tgx_peer){TGX_USER, n};
    if (n < OLD_GROUPS_FROM)
        return (struct tgx_peer){TGX_USER, n - OLD_USERS_FROM};
    return (struct tgx_peer){TGX_ANY_GROUP, n - OLD_GROUPS_FROM};
}

struct tgx_peer tgx_peer_read(struct str text, enum tgx_numbers numbers)
{
    static const struct {
        const char *prefix;
        enum tgx_peer_kind kind;
    } prefixes[] = {{"user", TGX_USER}, {"channel", TGX_CHANNEL}, {"chat", TGX_BASIC_GROUP}};
    int64_t id;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t n = strlen(prefixes[i].prefix);
        if (str_starts_with(text, prefixes[i].prefix) &&
            read_bare((struct str){text.p + n, text.n - n}, &id) && id > 0)
            return (struct tgx_peer){prefixes[i].kind, id};
    }
    if (read_bare(text, &id) && id != 0)
        return peer_of_number(id, numbers);
    return (struct tgx_peer){TGX_NOBODY, 0};
}

enum tgx_numbers tgx_numbers_of(const struct tgx_message *message)
{
    int64_t number;
    struct str writer = message->from_id.n > 0 ? message->from_id : message->actor_id;
    if (message->date_unixtime.n > 0)
        return TGX_NUMBERS_BARE;
    if (writer.n == 0)
        return TGX_NUMBERS_UNKNOWN;
    return decimal_parse(writer, &number) ? TGX_NUMBERS_OLD : TGX_NUMBERS_BARE;
}

static bool has_word(struct str type, const char *word)
{
    return type.n > 0 && memmem(type.p, type.n, word, strlen(word)) != NULL;
}

/* Words of 10.3, and others that hold them. */
static enum tg_chat_type type_of(struct str type, int64_t id)
{
    if (has_word(type, "channel"))
        return TG_CHANNEL;
    if (has_word(type, "supergroup") || id < CHANNELS_BELOW)
        return TG_SUPERGROUP;
    if (has_word(type, "group") || id < 0)
        return TG_GROUP;
    return id >= DIRECT_FROM && id <= DIRECT_MOST ? TG_SUPERGROUP : TG_PRIVATE;
}

static enum tgx_chat_kind kind_of(struct str word, enum tg_chat_type type)
{
    if (type == TG_CHANNEL)
        return TGX_CHAT_CHANNEL;
    if (has_word(word, "group"))
        return TGX_CHAT_GROUP;
    if (str_is(word, "saved_messages"))
        return TGX_CHAT_SAVED;
    if (str_is(word, "replies") || str_is(word, "verification_codes"))
        return TGX_CHAT_SYSTEM;
    /* direct messages of a channel have a person on either side too */
    return type == TG_PRIVATE || !str_is_null(word) ? TGX_CHAT_PERSON : TGX_CHAT_GROUP;
}

bool tgx_chat_read(const struct tgx_head *head, enum tgx_numbers numbers, struct tg_chat *chat_out,
                   enum tgx_chat_kind *kind_out)
{
    int64_t id;
    if (!read_bare(head->id, &id) || id == 0)
        return false;
    if (numbers == TGX_NUMBERS_OLD && id > 0)
        id = peer_of_number(id, numbers).id;
    chat_out->type = type_of(head->type, id);
    chat_out->id = tg_chat_id(chat_out->type, id);
    *kind_out = kind_of(head->type, chat_out->type);
    return true;
}

bool tgx_peer_is_chat(struct tgx_peer peer, const struct tg_chat *chat)
{
    if (peer.kind == TGX_ANY_GROUP)
        return chat->id == tg_chat_id(chat->type, peer.id) && chat->type != TG_PRIVATE;
    return peer.kind != TGX_NOBODY && chat->id == tgx_peer_chat(peer).id;
}

struct tg_chat tgx_peer_chat(struct tgx_peer peer)
{
    enum tg_chat_type type = peer.kind == TGX_USER          ? TG_PRIVATE
                             : peer.kind == TGX_BASIC_GROUP ? TG_GROUP
                                                            : TG_SUPERGROUP;
    return (struct tg_chat){tg_chat_id(type, peer.id), type};
}
