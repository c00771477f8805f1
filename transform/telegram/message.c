#include "transform/telegram/message.h"

#include "lib/decimal.h"
#include "transform/telegram/side.h"

struct work { /* a message, with all that is known of it */
    const struct tg_message *message;
    enum tg_message_kind kind;
    struct tg_place place;
    struct tg_content content;
    struct tg_side side;
    int64_t message_id, at, edited_at; /* edited_at TIME_NONE: not edited */
    struct str key;
};

/* ---- reading ---- */

static bool is_edit(const struct work *work)
{
    return work->kind == TG_EDITED_MESSAGE || work->kind == TG_EDITED_CHANNEL_POST ||
           work->kind == TG_EDITED_BUSINESS_MESSAGE || work->edited_at != TIME_NONE;
}

static enum rc check_times(struct tg_scope *scope, struct work *work, bool *usable, struct err *err)
{
    const struct tg_message *message = work->message;
    *usable = false;
    work->edited_at = TIME_NONE;
    if (str_is_null(message->date))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "date", "expected seconds since 1970", err);
    if (!tg_time(message->date, &work->at))
        return tg_reject(scope, REJECT_BAD_VALUE, "date",
                         "expected seconds since 1970, in the years 2013 to 2099", err);
    if (!str_is_null(message->edit_date) && !str_is(message->edit_date, "0") &&
        !tg_time(message->edit_date, &work->edited_at))
        return tg_reject(scope, REJECT_BAD_VALUE, "edit_date",
                         "expected seconds since 1970, in the years 2013 to 2099", err);
    *usable = true;
    return RC_OK;
}

static enum rc check_id(struct tg_scope *scope, struct work *work, bool *usable, struct err *err)
{
    const struct tg_message *message = work->message;
    *usable = false;
    if (str_is_null(tg_text(message->message_id)))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "message_id", "expected the message's id",
                         err);
    if (!decimal_parse(message->message_id, &work->message_id) || work->message_id < 0)
        return tg_reject(scope, REJECT_BAD_VALUE, "message_id", "expected a whole number", err);
    if (work->message_id == 0 && message->ephemeral_id.n == 0 && scope->update_id < 0)
        return tg_reject(scope, REJECT_BAD_VALUE, "message_id",
                         "0: the message was scheduled, and nothing names it", err);
    *usable = true;
    return RC_OK;
}

/* 11.1 */
static struct str message_key(struct tg_scope *scope, const struct work *work)
{
    struct arena *arena = scope->out->arena;
    const struct tg_message *message = work->message;
    if (message->ephemeral_id.n > 0)
        return arena_printf(arena, "tg:%.*s:%lld:e%.*s:%.*s:%.*s", STR_ARGS(work->place.account),
                            (long long)work->place.real.id,
                            STR_ARGS(message->receiver != NULL ? message->receiver->id : STR_NULL),
                            STR_ARGS(message->ephemeral_id), STR_ARGS(message->date));
    if (work->message_id == 0)
        return arena_printf(arena, "tg:%.*s:u%lld", STR_ARGS(work->place.account),
                            (long long)scope->update_id);
    return tg_place_message_key(scope, &work->place, work->message_id);
}

static enum rc read_message(struct tg_scope *scope, struct work *work, bool *usable,
                            struct err *err)
{
    const struct tg_message *message = work->message;
    const struct tg_place_of of = {.chat = message->chat,
                                   .connection_id = message->connection_id,
                                   .thread_id = message->thread_id,
                                   .is_topic_message = message->is_topic_message,
                                   .direct_topic_id = message->direct_topic_id,
                                   .is_guest = work->kind == TG_GUEST_MESSAGE ||
                                               message->guest_query_id.n > 0};
    enum rc rc = check_id(scope, work, usable, err);
    if (rc == RC_OK && *usable)
        rc = check_times(scope, work, usable, err);
    if (rc == RC_OK && *usable)
        rc = tg_place_find(scope, &of, &work->place, usable, err);
    if (rc != RC_OK || !*usable)
        return rc;
    work->content = tg_content_find(message);
    work->side = tg_side_find(scope, &work->place, message, &work->content, work->kind);
    work->key = message_key(scope, work);
    return str_is_null(work->key) ? tg_no_memory(err) : RC_OK;
}

/* ---- people ---- */

static enum rc emit_sender(struct tg_scope *scope, const struct work *work, int64_t as_of,
                           struct err *err)
{
    const struct tg_message *message = work->message;
    if (message->sender_chat != NULL)
        return tg_chat_contact_emit(scope, message->sender_chat, as_of, err);
    int64_t id, shared;
    bool is_his = tg_user_id(message->from, &id) &&
                  decimal_parse(message->contact_user_id, &shared) && id == shared;
    return tg_contact_phone_emit(scope, message->from, as_of,
                                 is_his ? message->contact_phone : STR_NULL, err);
}

static struct str connection_attributes(struct tg_scope *scope, const struct tg_message *message)
{
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    json_member_text(scope->json, "business_connection_id", tg_text(message->connection_id));
    return tg_object(scope);
}

/* The owner is named beside the bot that wrote for him. */
static enum rc emit_owner(struct tg_scope *scope, const struct work *work, int64_t as_of,
                          struct err *err)
{
    if (!work->side.is_owner || work->message->from == NULL)
        return RC_OK;
    struct tg_agent owner = tg_agent_of(scope, work->message->from);
    owner.attributes = connection_attributes(scope, work->message);
    return tg_agent_emit(scope, &owner, as_of, err);
}

static bool is_owner_himself(const struct work *work)
{
    return work->side.is_owner && work->message->sender_business_bot == NULL;
}

static enum rc emit_addressee(struct tg_scope *scope, const struct work *work, int64_t as_of,
                              struct err *err)
{
    const struct tg_user *topic_user = work->message->direct_topic_user;
    if (work->place.topic.kind == 'd' && topic_user != NULL)
        return tg_contact_emit(scope, topic_user, as_of, err);
    return tg_partner_emit(scope, &work->place, err);
}

static enum rc emit_people(struct tg_scope *scope, const struct work *work, struct err *err)
{
    int64_t as_of = work->at + scope->tick;
    if (strcmp(work->side.direction, "inbound") == 0)
        return emit_sender(scope, work, as_of, err);
    if (strcmp(work->side.sender_type, "system") == 0)
        return work->message->sender_chat != NULL
                   ? RC_OK
                   : tg_user_emit(scope, work->message->from, as_of, err);
    enum rc rc = emit_owner(scope, work, as_of, err);
    if (rc == RC_OK && !is_owner_himself(work))
        rc = tg_agent_emit(scope, &work->side.agent, as_of, err);
    return rc == RC_OK ? emit_addressee(scope, work, as_of, err) : rc;
}

/* ---- the conversation ---- */

/* A topic's name is told by its creation and changes; a message in it holds the creation, with the
 * name of then (9.1), which therefore counts as of then. */
static struct tg_labels labels_of(const struct tg_scope *scope, const struct work *work)
{
    const struct tg_message *message = work->message;
    const struct tg_inner *reply = message->reply;
    struct str title = tg_text(message->new_title);
    struct tg_labels labels = {.as_of = work->at + scope->tick};
    labels.subject = str_is_null(title) ? tg_text(message->chat->title) : title;
    if (work->place.topic.kind != 't') {
        labels.as_of = str_is_null(labels.subject) ? TIME_NONE : labels.as_of;
        return labels;
    }
    labels.topic = tg_text(message->topic_name);
    if (str_is_null(labels.topic))
        labels.topic = tg_text(message->new_topic_name);
    if (str_is_null(labels.topic) && reply != NULL) {
        labels.topic = tg_text(reply->topic_name);
        if (!tg_time(reply->date, &labels.as_of))
            labels.topic = STR_NULL;
    }
    if (str_is_null(labels.topic))
        labels.as_of = TIME_NONE;
    return labels;
}

static struct str alias_of(const struct tg_scope *scope, const struct work *work)
{
    int64_t owner;
    if (!work->side.is_owner || !tg_user_id(work->message->from, &owner))
        return STR_NULL;
    return arena_printf(scope->out->arena, "tg:biz:%lld:%lld", (long long)owner,
                        (long long)work->place.real.id);
}

/* ---- the message ---- */

static bool is_topic_root(const struct tg_message *message)
{
    const struct tg_inner *reply = message->reply;
    return !str_is_null(reply->topic_name) && str_equal(reply->message_id, message->thread_id);
}

static struct str reply_key(const struct tg_scope *scope, const struct work *work)
{
    const struct tg_message *message = work->message;
    struct tg_chat chat;
    int64_t id;
    if (message->reply != NULL && !is_topic_root(message) &&
        decimal_parse(message->reply->message_id, &id) && id > 0)
        return tg_place_message_key(scope, &work->place, id);
    if (tg_chat_read(message->external_chat, &chat) && tg_chat_is_shared(&chat) &&
        decimal_parse(message->external_message_id, &id) && id > 0)
        return tg_message_key(scope->out->arena, STR_NULL, &chat, id);
    return STR_NULL;
}

static void fill_side(const struct tg_scope *scope, const struct tg_side *side,
                      struct record_message *fields)
{
    bool is_inbound = strcmp(side->direction, "inbound") == 0;
    fields->direction = str_of(side->direction);
    fields->sender_type = str_of(side->sender_type);
    fields->status = is_inbound ? STR_LIT("received") : STR_LIT("sent");
    if (!str_is_null(side->contact_key)) {
        fields->contact_external_id = side->contact_key;
        fields->contact_id = tg_id(scope, "contact", side->contact_key);
    }
    if (!str_is_null(side->agent.key)) {
        fields->sender_agent_external_id = side->agent.key;
        fields->sender_agent_id = tg_id(scope, "agent", side->agent.key);
    }
    fields->is_broadcast = side->is_post;
}

static struct str sender_key(const struct tg_scope *scope, const struct tg_message *message)
{
    return message->sender_chat != NULL ? tg_key_of_chat(scope, message->sender_chat)
                                        : tg_key_of_user(scope, message->from);
}

/* An edit is newer than the message it was made of, also within a second and where no update's id
 * tells (captured calls). */
static int64_t content_as_of(const struct tg_scope *scope, const struct work *work)
{
    if (work->edited_at == TIME_NONE)
        return work->at + scope->tick;
    return work->edited_at + (scope->tick > 0 ? scope->tick : 1);
}

static enum rc emit_message(struct tg_scope *scope, const struct work *work, struct err *err)
{
    struct record record;
    tg_begin_message(scope, &work->place, work->key, &record);
    struct record_message *fields = &record.message;
    fill_side(scope, &work->side, fields);
    fields->sent_at = work->at;
    fields->edited_at = work->edited_at;
    fields->content_as_of = content_as_of(scope, work);
    fields->ordinal = work->message_id <= INT32_MAX ? work->message_id : RECORD_INT_NONE;
    fields->reply_to_external_id = reply_key(scope, work);
    tg_content_fill(scope, work->message, &work->content, sender_key(scope, work->message), fields);
    return map_out_record(scope->out, &record, err);
}

static enum rc emit_edit(struct tg_scope *scope, const struct work *work, struct err *err)
{
    if (!is_edit(work) || tg_content_is_live(&work->content, work->message))
        return RC_OK;
    int64_t at = work->edited_at != TIME_NONE ? work->edited_at : work->at;
    char seconds[DECIMAL_TEXT_BYTES];
    const struct str parts[] = {work->key,
                                STR_LIT(TG_SEPARATOR "edited" TG_SEPARATOR),
                                {seconds, decimal_format(at / US_PER_SECOND, seconds)}};
    const struct tg_event event = {.type = "message_edited",
                                   .external_id = arena_join(scope->out->arena, parts, 3),
                                   .actor_type = str_of(work->side.sender_type),
                                   .target = work->key,
                                   .contact_key = work->side.contact_key,
                                   .at = at,
                                   .is_inferred = true};
    return tg_event_emit(scope, &work->place, &event, err);
}

/* ---- migration ---- */

enum rc tg_migration_emit(struct tg_scope *scope, struct str old_id, struct str new_id, int64_t at,
                          struct err *err)
{
    const struct tg_chat_info info = {.id = old_id, .type = STR_LIT("group")};
    const struct tg_place_of of = {.chat = &info};
    struct tg_chat chat = {0, TG_SUPERGROUP};
    struct tg_place old;
    bool usable;
    int64_t ignored;
    if (!decimal_parse(new_id, &chat.id) || !decimal_parse(old_id, &ignored) || ignored == 0)
        return RC_OK;
    enum rc rc = tg_place_find(scope, &of, &old, &usable, err);
    struct str key = tg_conversation_key(scope->out->arena, STR_NULL, &chat, (struct tg_topic){0});
    if (rc == RC_OK)
        rc = tg_place_emit(scope, &old, at, NULL, key, err);
    const struct tg_event event = {
        .type = "merged",
        .external_id = arena_printf(
            scope->out->arena, "%.*s" TG_SEPARATOR "merged" TG_SEPARATOR "%.*s" TG_SEPARATOR "%lld",
            STR_ARGS(old.key), STR_ARGS(key), (long long)(at / US_PER_SECOND)),
        .actor_type = STR_LIT("system"),
        .at = at,
        .into = key};
    return rc == RC_OK ? tg_event_emit(scope, &old, &event, err) : rc;
}

static enum rc emit_migration(struct tg_scope *scope, const struct work *work, struct err *err)
{
    const struct tg_message *message = work->message;
    struct str to = message->whole[TG_WHOLE_migrate_to_chat_id];
    struct str from = message->whole[TG_WHOLE_migrate_from_chat_id];
    if (to.n > 0)
        return tg_migration_emit(scope, message->chat->id, to, work->at, err);
    return from.n > 0 ? tg_migration_emit(scope, from, message->chat->id, work->at, err) : RC_OK;
}

enum rc tg_message_take(struct tg_scope *scope, const struct tg_message *message,
                        enum tg_message_kind kind, struct err *err)
{
    struct work work = {.message = message, .kind = kind};
    bool usable;
    enum rc rc = read_message(scope, &work, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    const struct tg_labels labels = labels_of(scope, &work);
    rc = emit_people(scope, &work, err);
    if (rc == RC_OK)
        rc = tg_place_emit(scope, &work.place, work.at, &labels, alias_of(scope, &work), err);
    if (rc == RC_OK)
        rc = emit_message(scope, &work, err);
    if (rc == RC_OK)
        rc = emit_edit(scope, &work, err);
    return rc == RC_OK ? emit_migration(scope, &work, err) : rc;
}
