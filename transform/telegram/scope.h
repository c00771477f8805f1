/* scope.h: one update, or one captured call, while it is turned into records.
 *
 * A chat becomes a place: keys and ids of its conversation, and the prefix of its messages' keys.
 *
 * Business chats belong to the owner's account, and only the update "business_connection" and what
 * the owner writes name the owner (9.2). So that the key of a message depends on nothing that came
 * before, the account of a business chat is "con:<connection id>", and every message of the owner
 * states the alias "tg:biz:<owner>:<chat>", under which an export and other connections of the same
 * owner know the thread. The channel is the bot's.
 * Owns:    nothing; all lives in the document's arena.
 * Source:  reference/telegram.md 11.1, canonical-model 6.1.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_SCOPE_H
#define SLUICE_TRANSFORM_TELEGRAM_SCOPE_H

#include "transform/json.h"
#include "transform/map.h"
#include "transform/telegram/keys.h"
#include "transform/telegram/rules.h"
#include "transform/telegram/value.h"

#define TG_MEDIUM "telegram"
#define TG_SEPARATOR "\x1f"

struct tg_scope {
    struct map_out *out;
    struct json_writer *json;
    const struct jpath *jpath;
    struct channel_account account;
    struct str bot;     /* "bot:<bot id>" */
    int64_t update_id;  /* -1: none, as in captured calls */
    int64_t tick;       /* microseconds by which updates of one second keep their order */
    int64_t arrival;    /* what stands for the time of facts that carry none */
    bool is_sent;       /* a captured call */
    struct str base;    /* path of the update; STR_NULL: the one being read */
    const char *member; /* of the update, whose value is read */
    int64_t offset;
    uint64_t replaced; /* characters of the update that were replaced */
};

struct tg_place {
    struct tg_chat chat; /* as keys are built: a guest's chat is no shared one */
    struct tg_chat real; /* as the payload has it */
    struct tg_topic topic;
    struct str account; /* prefix of keys */
    struct str key;     /* of the conversation */
    struct uuid id;
    struct str kind;        /* direct, group, broadcast */
    struct str contact_key; /* the only other side; STR_NULL: several */
    const struct tg_chat_info *info;
};

/* What besides the chat decides the conversation. */
struct tg_place_of {
    const struct tg_chat_info *chat;
    struct str connection_id, thread_id, is_topic_message, direct_topic_id;
    bool is_guest;
};

/* Id and type; the id's range tells the type where its word is missing or new (1.2). false: no id.
 */
bool tg_chat_read(const struct tg_chat_info *info, struct tg_chat *chat_out);

enum rc tg_no_memory(struct err *err);
/* A reject about a member of the update's value: "chat.id". */
enum rc tg_reject(struct tg_scope *scope, enum reject_code code, const char *member,
                  const char *detail, struct err *err) MUST_USE;

/* *usable_out false: the chat was rejected. */
enum rc tg_place_find(struct tg_scope *scope, const struct tg_place_of *of,
                      struct tg_place *place_out, bool *usable_out, struct err *err) MUST_USE;
struct str tg_place_message_key(const struct tg_scope *scope, const struct tg_place *place,
                                int64_t message_id);
/* Subject and topic are stated only where known: labels_as_of TIME_NONE states nothing. */
struct tg_labels {
    int64_t as_of;
    struct str subject, topic;
};
/* The conversation's record. */
enum rc tg_place_emit(struct tg_scope *scope, const struct tg_place *place, int64_t at,
                      const struct tg_labels *labels, struct str alias, struct err *err) MUST_USE;

struct uuid tg_id(const struct tg_scope *scope, const char *kind, struct str external_id);
/* A record's common members and id. */
void tg_begin(const struct tg_scope *scope, enum record_kind kind, const char *entity,
              struct str external_id, struct record *record_out);
/* The members of a message that its place decides. */
void tg_begin_message(const struct tg_scope *scope, const struct tg_place *place,
                      struct str external_id, struct record *record_out);

/* The object begun with json_writer_reset and json_writer_open; STR_NULL when it is empty. */
struct str tg_object(struct tg_scope *scope);
/* Whether the text holds characters that were replaced, in an update where some were. */
bool tg_is_replaced(const struct tg_scope *scope, struct str text);

/* An event of the conversation about one of its messages. */
struct tg_event {
    const char *type;
    struct str external_id, actor_type, target, contact_key, agent_key;
    int64_t at;
    struct str reaction_type, emoji, totals_json;
    struct str into; /* merged: the conversation's new key */
    bool is_inferred;
};
enum rc tg_event_emit(struct tg_scope *scope, const struct tg_place *place,
                      const struct tg_event *event, struct err *err) MUST_USE;

#endif
