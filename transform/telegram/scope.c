#include "transform/telegram/scope.h"

#include "lib/decimal.h"

#include "transform/ids.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
/* The least id of a basic group, 1.2. */
#define GROUP_LEAST INT64_C(-999999999999)

enum rc tg_no_memory(struct err *err)
{
    return err_set(err, RC_REJECT, "the document needs more memory than one document may take");
}

/* ---- rejects ---- */

enum rc tg_reject(struct tg_scope *scope, enum reject_code code, const char *member,
                  const char *detail, struct err *err)
{
    struct arena *arena = scope->out->arena;
    struct str base = str_is_null(scope->base) ? jpath_path(scope->jpath, arena) : scope->base;
    const char *names[] = {scope->member, member};
    for (size_t i = 0; i < 2; i++) {
        if (names[i] == NULL || names[i][0] == '\0')
            continue;
        const struct str parts[] = {base, base.n > 0 ? STR_LIT(".") : STR_NULL, str_of(names[i])};
        base = arena_join(arena, parts, 3);
    }
    if (str_is_null(base))
        return tg_no_memory(err);
    const struct reject reject = {code, base, scope->offset, str_of(detail)};
    return map_out_reject(scope->out, &reject, err);
}

/* ---- places ---- */

static enum tg_chat_type chat_type(struct str word, int64_t id)
{
    if (str_is(word, "private"))
        return TG_PRIVATE;
    if (str_is(word, "group"))
        return TG_GROUP;
    if (str_is(word, "channel"))
        return TG_CHANNEL;
    if (str_is(word, "supergroup"))
        return TG_SUPERGROUP;
    return id > 0 ? TG_PRIVATE : id >= GROUP_LEAST ? TG_GROUP : TG_SUPERGROUP;
}

bool tg_chat_read(const struct tg_chat_info *info, struct tg_chat *chat_out)
{
    if (info == NULL || !decimal_parse(info->id, &chat_out->id) || chat_out->id == 0)
        return false;
    chat_out->type = chat_type(info->type, chat_out->id);
    return true;
}

static struct tg_topic topic_of(const struct tg_place_of *of)
{
    struct tg_topic topic = {0, 0};
    if (tg_true(of->chat->is_direct_messages) && decimal_parse(of->direct_topic_id, &topic.id))
        topic.kind = 'd';
    else if (tg_true(of->is_topic_message) && decimal_parse(of->thread_id, &topic.id))
        topic.kind = 't';
    return topic;
}

static struct str account_of(const struct tg_scope *scope, const struct tg_place_of *of)
{
    struct arena *arena = scope->out->arena;
    const struct str connection[] = {STR_LIT("con:"), of->connection_id};
    const struct str guest[] = {STR_LIT("guest:"), scope->bot};
    if (of->is_guest)
        return arena_join(arena, guest, 2);
    return of->connection_id.n > 0 ? arena_join(arena, connection, 2) : scope->bot;
}

static struct str kind_of(const struct tg_place *place)
{
    if (place->real.type == TG_PRIVATE || place->topic.kind == 'd')
        return STR_LIT("direct");
    return place->real.type == TG_CHANNEL ? STR_LIT("broadcast") : STR_LIT("group");
}

static struct str contact_of(const struct tg_scope *scope, const struct tg_place *place,
                             bool is_guest)
{
    if (place->topic.kind == 'd')
        return tg_user_key(scope->out->arena, place->topic.id);
    bool is_one = place->real.type == TG_PRIVATE && !is_guest;
    return is_one ? tg_user_key(scope->out->arena, place->real.id) : STR_NULL;
}

static enum rc reject_chat(struct tg_scope *scope, const struct tg_chat_info *chat, struct err *err)
{
    if (chat == NULL || str_is_null(tg_text(chat->id)))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "chat.id", "expected the chat's id", err);
    return tg_reject(scope, REJECT_BAD_VALUE, "chat.id",
                     "expected a whole number of 64 bits other than 0", err);
}

enum rc tg_place_find(struct tg_scope *scope, const struct tg_place_of *of, struct tg_place *place,
                      bool *usable_out, struct err *err)
{
    *place = (struct tg_place){.info = of->chat};
    *usable_out = tg_chat_read(of->chat, &place->real);
    if (!*usable_out)
        return reject_chat(scope, of->chat, err);
    place->chat = place->real;
    if (of->is_guest || of->connection_id.n > 0)
        place->chat.type = TG_PRIVATE;
    place->topic = topic_of(of);
    place->account = account_of(scope, of);
    place->kind = kind_of(place);
    place->contact_key = contact_of(scope, place, of->is_guest);
    place->key = tg_conversation_key(scope->out->arena, place->account, &place->chat, place->topic);
    if (str_is_null(place->account) || str_is_null(place->key))
        return tg_no_memory(err);
    place->id = tg_id(scope, "conversation", place->key);
    return RC_OK;
}

struct str tg_place_message_key(const struct tg_scope *scope, const struct tg_place *place,
                                int64_t message_id)
{
    return tg_message_key(scope->out->arena, place->account, &place->chat, message_id);
}

/* ---- records ---- */

struct uuid tg_id(const struct tg_scope *scope, const char *kind, struct str external_id)
{
    return ids_entity(kind, &scope->out->conf->tenant_id, &scope->account.channel_id, external_id);
}

void tg_begin(const struct tg_scope *scope, enum record_kind kind, const char *entity,
              struct str external_id, struct record *record_out)
{
    map_out_begin(scope->out, kind, &scope->account.channel_id, record_out);
    record_out->external_id = external_id;
    record_out->id = tg_id(scope, entity, external_id);
}

void tg_begin_message(const struct tg_scope *scope, const struct tg_place *place,
                      struct str external_id, struct record *record_out)
{
    tg_begin(scope, RECORD_MESSAGE, "message", external_id, record_out);
    struct record_message *message = &record_out->message;
    message->conversation_id = place->id;
    message->conversation_external_id = place->key;
    message->conversation_kind = place->kind;
    message->channel = STR_LIT(TG_MEDIUM);
}

static struct str place_metadata(struct tg_scope *scope, const struct tg_chat_info *info)
{
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    json_member_text(scope->json, "username", tg_text(info->username));
    json_member_true(scope->json, "is_forum", tg_true(info->is_forum));
    json_member_true(scope->json, "is_direct_messages", tg_true(info->is_direct_messages));
    return tg_object(scope);
}

enum rc tg_place_emit(struct tg_scope *scope, const struct tg_place *place, int64_t at,
                      const struct tg_labels *labels, struct str alias, struct err *err)
{
    struct record record;
    tg_begin(scope, RECORD_CONVERSATION, "conversation", place->key, &record);
    struct record_conversation *conversation = &record.conversation;
    conversation->channel = STR_LIT(TG_MEDIUM);
    conversation->conversation_kind = place->kind;
    conversation->started_at = at;
    if (!str_is_null(place->contact_key)) {
        conversation->contact_external_id = place->contact_key;
        conversation->contact_id = tg_id(scope, "contact", place->contact_key);
    }
    if (labels != NULL && labels->as_of != TIME_NONE) {
        conversation->labels_as_of = labels->as_of;
        conversation->subject = labels->subject;
        conversation->topic = labels->topic;
        conversation->metadata = place_metadata(scope, place->info);
    }
    conversation->aliases = str_is_null(alias) ? NULL : &alias;
    conversation->alias_count = !str_is_null(alias);
    return map_out_record(scope->out, &record, err);
}

struct str tg_object(struct tg_scope *scope)
{
    json_writer_close(scope->json, false);
    struct str json = json_writer_peek(scope->json);
    return str_is(json, "{}") ? STR_NULL : arena_str(scope->out->arena, json);
}

bool tg_is_replaced(const struct tg_scope *scope, struct str text)
{
    return scope->replaced > 0 && text.n > 0 &&
           memmem(text.p, text.n, REPLACEMENT, strlen(REPLACEMENT)) != NULL;
}

static struct str event_data(struct tg_scope *scope, const struct tg_event *event)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "target_external_id", event->target);
    json_member_text(json, "type", event->reaction_type);
    json_member_text(json, "emoji", event->emoji);
    json_member_json(json, "totals", event->totals_json);
    json_member_text(json, "into_external_id", event->into);
    json_member_text(json, "contact_external_id", event->contact_key);
    json_member_text(json, "agent_external_id", event->agent_key);
    return tg_object(scope);
}

enum rc tg_event_emit(struct tg_scope *scope, const struct tg_place *place,
                      const struct tg_event *event, struct err *err)
{
    if (str_is_null(event->external_id))
        return tg_no_memory(err);
    struct record record;
    tg_begin(scope, RECORD_EVENT, "event", event->external_id, &record);
    record.event.conversation_id = place->id;
    record.event.conversation_external_id = place->key;
    record.event.event_type = str_of(event->type);
    record.event.occurred_at = event->at;
    record.event.is_inferred = event->is_inferred;
    record.event.actor_type = event->actor_type;
    record.event.data = event_data(scope, event);
    return map_out_record(scope->out, &record, err);
}
