#include "transform/telegram/update.h"

#include "lib/decimal.h"
#include "transform/telegram/message.h"
#include "transform/telegram/people.h"

#define TICKS 1000000 /* canonical-model 6.1: update_id modulo a second's microseconds */
#define VARIATION_SELECTOR "\xef\xb8\x8f" /* U+FE0F */
#define DELETED_STUB_AS_OF 0

/* ---- system messages of facts that are no Message ---- */

struct fact {
    const char *subtype;
    struct str key, metadata, contact_key;
    int64_t at, as_of;
};

static enum rc emit_fact(struct tg_scope *scope, const struct tg_place *place,
                         const struct fact *fact, struct err *err)
{
    struct record record;
    if (str_is_null(fact->key))
        return tg_no_memory(err);
    tg_begin_message(scope, place, fact->key, &record);
    struct record_message *fields = &record.message;
    fields->direction = STR_LIT("outbound");
    fields->sender_type = STR_LIT("system");
    fields->status = STR_LIT("sent");
    fields->type = STR_LIT("system");
    fields->subtype = str_of(fact->subtype);
    fields->metadata = fact->metadata;
    fields->sent_at = fact->at;
    fields->content_as_of = fact->as_of;
    fields->ordinal = 0;
    if (!str_is_null(fact->contact_key)) {
        fields->contact_external_id = fact->contact_key;
        fields->contact_id = tg_id(scope, "contact", fact->contact_key);
    }
    return map_out_record(scope->out, &record, err);
}

static struct json_writer *begin_object(struct tg_scope *scope)
{
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    return scope->json;
}

static struct str end_object(struct tg_scope *scope)
{
    json_member_true(scope->json, "nul_replaced",
                     tg_is_replaced(scope, json_writer_peek(scope->json)));
    return tg_object(scope);
}

static enum rc check_date(struct tg_scope *scope, struct str date, int64_t *at_out, bool *usable,
                          struct err *err)
{
    *usable = tg_time(date, at_out);
    if (*usable)
        return RC_OK;
    bool is_missing = str_is_null(tg_text(date));
    return tg_reject(scope, is_missing ? REJECT_MISSING_MEMBER : REJECT_BAD_VALUE, "date",
                     "expected seconds since 1970, in the years 2013 to 2099", err);
}

/* As-of time of facts that carry none: those that arrived together keep the order of their ids. */
static int64_t arrival_as_of(const struct tg_scope *scope)
{
    return scope->arrival - scope->arrival % US_PER_SECOND + scope->tick;
}

/* ---- members ---- */

static struct str member_metadata(struct tg_scope *scope, const struct tg_member_change *change)
{
    struct json_writer *json = begin_object(scope);
    json_member_text(json, "from", tg_key_of_user(scope, change->from));
    json_member_text(json, "member", tg_key_of_user(scope, change->member));
    json_member_text(json, "old_status", tg_text(change->old_status));
    json_member_text(json, "new_status", tg_text(change->new_status));
    json_member_true(json, "is_member", tg_true(change->is_member));
    json_member_number(json, "until_date", tg_text(change->until_date));
    json_member_text(json, "custom_title", tg_text(change->custom_title));
    json_member_text(json, "tag", tg_text(change->tag));
    json_member_json(json, "invite_link", change->invite_link_json);
    json_member_true(json, "via_join_request", tg_true(change->via_join_request));
    json_member_true(json, "via_chat_folder_invite_link", tg_true(change->via_folder));
    json_member_number(json, "user_chat_id", tg_text(change->user_chat_id));
    json_member_text(json, "bio", tg_text(change->bio));
    json_member_text(json, "query_id", tg_text(change->query_id));
    return end_object(scope);
}

static enum rc take_member(struct tg_scope *scope, const struct tg_member_change *change,
                           const char *subtype, struct err *err)
{
    const struct tg_place_of of = {.chat = change->chat};
    struct tg_place place;
    struct fact fact = {.subtype = subtype};
    bool usable;
    if (scope->update_id < 0) {
        scope->member = NULL;
        return tg_reject(scope, REJECT_MISSING_MEMBER, "update_id", "expected the update's id",
                         err);
    }
    enum rc rc = check_date(scope, change->date, &fact.at, &usable, err);
    if (rc == RC_OK && usable)
        rc = tg_place_find(scope, &of, &place, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    const struct tg_labels labels = {
        .as_of = str_is_null(tg_text(change->chat->title)) ? TIME_NONE : fact.at + scope->tick,
        .subject = tg_text(change->chat->title)};
    fact.key = arena_printf(scope->out->arena, "tg:%.*s:u%lld", STR_ARGS(scope->bot),
                            (long long)scope->update_id);
    fact.as_of = fact.at + scope->tick;
    fact.contact_key = place.contact_key;
    fact.metadata = member_metadata(scope, change);
    rc = tg_user_emit(scope, change->from, fact.at + scope->tick, err);
    if (rc == RC_OK && change->member != NULL &&
        (change->from == NULL || !str_equal(change->from->id, change->member->id)))
        rc = tg_user_emit(scope, change->member, fact.at + scope->tick, err);
    if (rc == RC_OK)
        rc = tg_place_emit(scope, &place, fact.at, &labels, STR_NULL, err);
    return rc == RC_OK ? emit_fact(scope, &place, &fact, err) : rc;
}

/* ---- polls ---- */

static struct tg_place poll_place(struct tg_scope *scope, struct str poll_id)
{
    static const struct tg_chat_info nobody;
    struct tg_place place = {.info = &nobody, .kind = STR_LIT("broadcast")};
    place.key =
        arena_printf(scope->out->arena, "tg:%.*s:p%.*s", STR_ARGS(scope->bot), STR_ARGS(poll_id));
    if (!str_is_null(place.key))
        place.id = tg_id(scope, "conversation", place.key);
    return place;
}

static enum rc take_poll(struct tg_scope *scope, const struct tg_update *update, struct err *err)
{
    if (str_is_null(tg_text(update->poll->id)))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "id", "expected the poll's id", err);
    const struct tg_place place = poll_place(scope, update->poll->id);
    if (str_is_null(place.key))
        return tg_no_memory(err);
    struct json_writer *json = begin_object(scope);
    json_member_json(json, "poll", update->poll_json);
    const struct fact fact = {.subtype = "poll",
                              .key = place.key,
                              .at = scope->arrival,
                              .as_of = arrival_as_of(scope),
                              .metadata = end_object(scope)};
    enum rc rc = tg_place_emit(scope, &place, fact.at, NULL, STR_NULL, err);
    return rc == RC_OK ? emit_fact(scope, &place, &fact, err) : rc;
}

static enum rc take_poll_answer(struct tg_scope *scope, const struct tg_poll_answer *answer,
                                struct err *err)
{
    struct str voter = answer->voter_chat != NULL ? tg_key_of_chat(scope, answer->voter_chat)
                                                  : tg_key_of_user(scope, answer->user);
    if (str_is_null(tg_text(answer->poll_id)))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "poll_id", "expected the poll's id", err);
    if (str_is_null(voter))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "user.id", "expected who has voted", err);
    const struct tg_place place = poll_place(scope, answer->poll_id);
    if (str_is_null(place.key))
        return tg_no_memory(err);
    struct json_writer *json = begin_object(scope);
    json_member_text(json, "poll_id", answer->poll_id);
    json_member_json(json, "option_ids", answer->option_ids_json);
    json_member_json(json, "option_persistent_ids", answer->persistent_ids_json);
    const struct str parts[] = {place.key, STR_LIT(":"), voter};
    const struct fact fact = {.subtype = "poll_answer",
                              .key = arena_join(scope->out->arena, parts, 3),
                              .at = scope->arrival,
                              .as_of = arrival_as_of(scope),
                              .contact_key = voter,
                              .metadata = end_object(scope)};
    enum rc rc = answer->voter_chat != NULL
                     ? tg_chat_contact_emit(scope, answer->voter_chat, fact.as_of, err)
                     : tg_user_emit(scope, answer->user, fact.as_of, err);
    if (rc == RC_OK)
        rc = tg_place_emit(scope, &place, fact.at, NULL, STR_NULL, err);
    return rc == RC_OK ? emit_fact(scope, &place, &fact, err) : rc;
}

/* ---- reactions ---- */

/* Emoji come with or without the variation selector (8). */
static struct str plain_emoji(struct tg_scope *scope, const struct tg_reaction *reaction)
{
    struct str emoji = reaction->emoji.n > 0 ? reaction->emoji : tg_text(reaction->custom_emoji_id);
    const size_t n = strlen(VARIATION_SELECTOR);
    char *plain = emoji.n > 0 ? arena_alloc(scope->out->arena, emoji.n + 1) : NULL;
    size_t length = 0;
    for (size_t i = 0; plain != NULL && i < emoji.n;) {
        if (emoji.n - i >= n && memcmp(emoji.p + i, VARIATION_SELECTOR, n) == 0)
            i += n;
        else
            plain[length++] = emoji.p[i++];
    }
    return plain != NULL ? (struct str){plain, length} : STR_NULL;
}

enum rc tg_reaction_emit(struct tg_scope *scope, const struct tg_place *place,
                         const struct tg_reaction_change *change, struct err *err)
{
    struct str emoji = plain_emoji(scope, change->reaction);
    char seconds[DECIMAL_TEXT_BYTES];
    const char *type = change->is_added ? "reaction_added" : "reaction_removed";
    bool is_contact = str_is(change->actor_type, "contact");
    const struct str separator = STR_LIT(TG_SEPARATOR);
    const struct str parts[] = {change->target,
                                separator,
                                str_of(type),
                                separator,
                                change->actor_key,
                                separator,
                                str_is_null(emoji) ? change->reaction->type : emoji,
                                separator,
                                {seconds, decimal_format(change->at / US_PER_SECOND, seconds)}};
    const struct tg_event event = {
        .type = type,
        .external_id = arena_join(scope->out->arena, parts, sizeof parts / sizeof parts[0]),
        .actor_type = change->actor_type,
        .target = change->target,
        .contact_key = is_contact ? change->actor_key : STR_NULL,
        .agent_key = is_contact ? STR_NULL : change->actor_key,
        .reaction_type = tg_text(change->reaction->type),
        .emoji = emoji,
        .at = change->at,
        .is_inferred = true};
    return tg_event_emit(scope, place, &event, err);
}

static bool is_same_reaction(struct tg_scope *scope, const struct tg_reaction *a,
                             const struct tg_reaction *b)
{
    return str_equal(a->type, b->type) && str_equal(plain_emoji(scope, a), plain_emoji(scope, b));
}

static bool holds(struct tg_scope *scope, const struct jpath_list *list,
                  const struct tg_reaction *reaction)
{
    for (const struct jpath_element *e = list->first; e != NULL; e = e->next)
        if (is_same_reaction(scope, (const void *)e, reaction))
            return true;
    return false;
}

/* Those of "list" that "other" does not hold. */
static enum rc emit_difference(struct tg_scope *scope, const struct tg_place *place,
                               struct tg_reaction_change *change, const struct jpath_list *list,
                               const struct jpath_list *other, struct err *err)
{
    enum rc rc = RC_OK;
    for (const struct jpath_element *e = list->first; e != NULL && rc == RC_OK; e = e->next) {
        change->reaction = (const void *)e;
        if (!holds(scope, other, change->reaction))
            rc = tg_reaction_emit(scope, place, change, err);
    }
    return rc;
}

/* Place, target and time, which both kinds of updates have. */
static enum rc read_reactions(struct tg_scope *scope, const struct tg_reactions *reactions,
                              struct tg_place *place, struct tg_reaction_change *change,
                              bool *usable, struct err *err)
{
    const struct tg_place_of of = {.chat = reactions->chat};
    int64_t id;
    enum rc rc = check_date(scope, reactions->date, &change->at, usable, err);
    if (rc == RC_OK && *usable)
        rc = tg_place_find(scope, &of, place, usable, err);
    if (rc != RC_OK || !*usable)
        return rc;
    *usable = decimal_parse(reactions->message_id, &id);
    if (!*usable)
        return tg_reject(scope, REJECT_MISSING_MEMBER, "message_id", "expected the message's id",
                         err);
    change->target = tg_place_message_key(scope, place, id);
    return str_is_null(change->target) ? tg_no_memory(err) : RC_OK;
}

static enum rc take_reaction(struct tg_scope *scope, const struct tg_reactions *reactions,
                             struct err *err)
{
    struct tg_place place;
    struct tg_reaction_change change = {.actor_type = STR_LIT("contact")};
    bool usable;
    enum rc rc = read_reactions(scope, reactions, &place, &change, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    change.actor_key = reactions->actor_chat != NULL ? tg_key_of_chat(scope, reactions->actor_chat)
                                                     : tg_key_of_user(scope, reactions->user);
    if (reactions->user != NULL && tg_is_own(scope, reactions->user->id))
        change.actor_type = STR_LIT("agent");
    int64_t as_of = change.at + scope->tick;
    rc = reactions->actor_chat != NULL
             ? tg_chat_contact_emit(scope, reactions->actor_chat, as_of, err)
             : tg_user_emit(scope, reactions->user, as_of, err);
    if (rc == RC_OK)
        rc = tg_place_emit(scope, &place, change.at, NULL, STR_NULL, err);
    if (rc == RC_OK)
        rc = emit_difference(scope, &place, &change, &reactions->before, &reactions->after, err);
    change.is_added = true;
    return rc == RC_OK
               ? emit_difference(scope, &place, &change, &reactions->after, &reactions->before, err)
               : rc;
}

/* Totals of a message, without actors: the event says how it stands. */
static enum rc take_reaction_count(struct tg_scope *scope, const struct tg_reactions *reactions,
                                   struct err *err)
{
    struct tg_place place;
    struct tg_reaction_change change = {.reaction = NULL};
    bool usable;
    enum rc rc = read_reactions(scope, reactions, &place, &change, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    bool is_none = reactions->totals_json.n == 0 || str_is(reactions->totals_json, "[]");
    const struct tg_event event = {
        .type = is_none ? "reaction_removed" : "reaction_added",
        .external_id = arena_printf(
            scope->out->arena, "%.*s" TG_SEPARATOR "reaction_count" TG_SEPARATOR "%lld",
            STR_ARGS(change.target), (long long)(change.at / US_PER_SECOND)),
        .target = change.target,
        .totals_json = is_none ? STR_LIT("[]") : reactions->totals_json,
        .at = change.at,
        .is_inferred = true};
    rc = tg_place_emit(scope, &place, change.at, NULL, STR_NULL, err);
    return rc == RC_OK ? tg_event_emit(scope, &place, &event, err) : rc;
}

/* ---- buttons ---- */

static struct str pressed_label(const struct tg_callback *callback)
{
    const struct jpath_element *e =
        callback->message != NULL ? callback->message->buttons.first : NULL;
    for (; e != NULL; e = e->next) {
        const struct tg_button *button = (const void *)e;
        if (callback->data.n > 0 && str_equal(button->data, callback->data))
            return tg_text(button->text);
    }
    return callback->data.n > 0 ? callback->data : tg_text(callback->game);
}

/* Of a message sent through an inline bot only the chat's instance is known. */
static enum rc callback_place(struct tg_scope *scope, const struct tg_callback *callback,
                              struct tg_place *place, bool *usable, struct err *err)
{
    static const struct tg_chat_info nobody;
    const struct tg_inner *message = callback->message;
    if (message == NULL) {
        *usable = callback->chat_instance.n > 0;
        if (!*usable)
            return tg_reject(scope, REJECT_MISSING_MEMBER, "chat_instance",
                             "expected a message or the instance of its chat", err);
        *place = (struct tg_place){.info = &nobody, .kind = STR_LIT("group")};
        place->key = arena_printf(scope->out->arena, "tg:%.*s:i%.*s", STR_ARGS(scope->bot),
                                  STR_ARGS(callback->chat_instance));
        place->id = tg_id(scope, "conversation", place->key);
        return str_is_null(place->key) ? tg_no_memory(err) : RC_OK;
    }
    const struct tg_place_of of = {.chat = message->chat,
                                   .connection_id = message->connection_id,
                                   .thread_id = message->thread_id,
                                   .is_topic_message = message->is_topic_message,
                                   .direct_topic_id = message->direct_topic_id};
    scope->member = "callback_query.message";
    return tg_place_find(scope, &of, place, usable, err);
}

static struct str callback_metadata(struct tg_scope *scope, const struct tg_callback *callback)
{
    struct json_writer *json = begin_object(scope);
    json_member_text(json, "callback_query_id", callback->id);
    json_member_text(json, "data", tg_text(callback->data));
    json_member_text(json, "game_short_name", tg_text(callback->game));
    json_member_text(json, "chat_instance", tg_text(callback->chat_instance));
    json_member_text(json, "inline_message_id", tg_text(callback->inline_message_id));
    return end_object(scope);
}

static enum rc emit_callback(struct tg_scope *scope, const struct tg_callback *callback,
                             const struct tg_place *place, struct err *err)
{
    struct record record;
    int64_t id;
    struct str key = arena_printf(scope->out->arena, "tg:%.*s:q%.*s", STR_ARGS(scope->bot),
                                  STR_ARGS(callback->id));
    if (str_is_null(key))
        return tg_no_memory(err);
    tg_begin_message(scope, place, key, &record);
    struct record_message *fields = &record.message;
    fields->direction = STR_LIT("inbound");
    fields->sender_type = STR_LIT("contact");
    fields->status = STR_LIT("received");
    fields->type = STR_LIT("interactive");
    fields->subtype = STR_LIT("callback_query");
    fields->text = pressed_label(callback);
    fields->contact_external_id = tg_key_of_user(scope, callback->from);
    fields->contact_id = tg_id(scope, "contact", fields->contact_external_id);
    fields->sent_at = scope->arrival;
    fields->content_as_of = arrival_as_of(scope);
    fields->ordinal = 0;
    if (callback->message != NULL && decimal_parse(callback->message->message_id, &id) && id > 0)
        fields->reply_to_external_id = tg_place_message_key(scope, place, id);
    fields->metadata = callback_metadata(scope, callback);
    return map_out_record(scope->out, &record, err);
}

static enum rc take_callback(struct tg_scope *scope, const struct tg_callback *callback,
                             struct err *err)
{
    struct tg_place place;
    bool usable;
    int64_t id;
    if (str_is_null(tg_text(callback->id)))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "id", "expected the query's id", err);
    if (!tg_user_id(callback->from, &id))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "from.id", "expected who has pressed", err);
    enum rc rc = callback_place(scope, callback, &place, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    rc = tg_contact_emit(scope, callback->from, arrival_as_of(scope), err);
    if (rc == RC_OK)
        rc = tg_place_emit(scope, &place, scope->arrival, NULL, STR_NULL, err);
    return rc == RC_OK ? emit_callback(scope, callback, &place, err) : rc;
}

/* ---- business accounts ---- */

static enum rc take_connection(struct tg_scope *scope, const struct tg_connection *connection,
                               struct err *err)
{
    int64_t id, at;
    bool usable;
    if (str_is_null(tg_text(connection->id)))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "id", "expected the connection's id", err);
    if (!tg_user_id(connection->user, &id))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "user.id", "expected the owner", err);
    enum rc rc = check_date(scope, connection->date, &at, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    struct json_writer *json = begin_object(scope);
    json_member_text(json, "business_connection_id", connection->id);
    json_member_number(json, "user_chat_id", tg_text(connection->user_chat_id));
    json_member_number(json, "since", connection->date);
    json_member_json(json, "is_enabled",
                     tg_true(connection->is_enabled) ? STR_LIT("true") : STR_LIT("false"));
    json_member_json(json, "rights", connection->rights_json);
    if (str_is_null(connection->rights_json))
        json_member_true(json, "can_reply", tg_true(connection->can_reply));
    struct tg_agent agent = tg_agent_of(scope, connection->user);
    agent.attributes = end_object(scope);
    agent.is_inactive = !tg_true(connection->is_enabled);
    return tg_agent_emit(scope, &agent, at + scope->tick, err);
}

/* The number that begins at *at of a list of ids, which moves behind it. */
static bool next_id(struct str list, size_t *at, struct str *id_out)
{
    while (*at < list.n && memchr("-0123456789", list.p[*at], 11) == NULL)
        (*at)++;
    size_t begin = *at;
    while (*at < list.n && memchr("-0123456789", list.p[*at], 11) != NULL)
        (*at)++;
    *id_out = (struct str){list.p + begin, *at - begin};
    return *at > begin;
}

/* The content of a stub, as-of 0: whatever is known of the message wins (canonical-model 6.4).
 * Nobody says whose message it was: until that is known it is the system's, which no figure counts,
 * with the status that gives way to every other. */
static enum rc emit_deleted(struct tg_scope *scope, const struct tg_place *place, struct str key,
                            struct err *err)
{
    struct record record;
    tg_begin_message(scope, place, key, &record);
    struct record_message *fields = &record.message;
    fields->direction = STR_LIT("outbound");
    fields->sender_type = STR_LIT("system");
    fields->status = STR_LIT("pending");
    fields->content_as_of = DELETED_STUB_AS_OF;
    fields->type = STR_LIT("unsupported");
    fields->subtype = STR_LIT("stub");
    fields->sent_at = scope->arrival;
    fields->deleted_at = scope->arrival;
    fields->deletion_reason = STR_LIT("deleted");
    if (!str_is_null(place->contact_key)) {
        fields->contact_external_id = place->contact_key;
        fields->contact_id = tg_id(scope, "contact", place->contact_key);
    }
    return map_out_record(scope->out, &record, err);
}

enum rc tg_deletion_emit(struct tg_scope *scope, const struct tg_place *place, struct str ids,
                         struct err *err)
{
    enum rc rc = RC_OK;
    struct str text;
    int64_t id;
    for (size_t at = 0; rc == RC_OK && next_id(ids, &at, &text);) {
        if (!decimal_parse(text, &id) || id <= 0)
            continue;
        struct str key = tg_place_message_key(scope, place, id);
        const struct str parts[] = {key, STR_LIT(TG_SEPARATOR "deleted")};
        const struct tg_event event = {.type = "message_deleted",
                                       .external_id = arena_join(scope->out->arena, parts, 2),
                                       .target = key,
                                       .at = scope->arrival,
                                       .is_inferred = true};
        rc = str_is_null(key) ? tg_no_memory(err) : emit_deleted(scope, place, key, err);
        if (rc == RC_OK)
            rc = tg_event_emit(scope, place, &event, err);
    }
    return rc;
}

static enum rc take_deletion(struct tg_scope *scope, const struct tg_deletion *deletion,
                             struct err *err)
{
    const struct tg_place_of of = {.chat = deletion->chat,
                                   .connection_id = deletion->connection_id};
    struct tg_place place;
    bool usable;
    if (str_is_null(tg_text(deletion->connection_id)))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "business_connection_id",
                         "expected the connection's id", err);
    if (str_is_null(deletion->ids_json))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "message_ids",
                         "expected the ids of the messages", err);
    enum rc rc = tg_place_find(scope, &of, &place, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    rc = tg_place_emit(scope, &place, scope->arrival, NULL, STR_NULL, err);
    return rc == RC_OK ? tg_deletion_emit(scope, &place, deletion->ids_json, err) : rc;
}

/* ---- updates ---- */

static enum rc take_messages(struct tg_scope *scope, const struct tg_update *update, bool *is_taken,
                             struct err *err)
{
    static const char *const names[TG_MESSAGE_KINDS] = {
        [TG_MESSAGE] = "message",
        [TG_EDITED_MESSAGE] = "edited_message",
        [TG_CHANNEL_POST] = "channel_post",
        [TG_EDITED_CHANNEL_POST] = "edited_channel_post",
        [TG_BUSINESS_MESSAGE] = "business_message",
        [TG_EDITED_BUSINESS_MESSAGE] = "edited_business_message",
        [TG_GUEST_MESSAGE] = "guest_message",
    };
    enum rc rc = RC_OK;
    for (size_t kind = 0; kind < TG_MESSAGE_KINDS && rc == RC_OK; kind++) {
        if (update->messages[kind] == NULL)
            continue;
        *is_taken = true;
        scope->member = names[kind];
        rc = tg_message_take(scope, update->messages[kind], (enum tg_message_kind)kind, err);
    }
    return rc;
}

/* At most one of them is there. */
static enum rc take_other(struct tg_scope *scope, const struct tg_update *update, struct err *err)
{
#define TAKE(name, object, call)                                                                   \
    if ((object) != NULL) {                                                                        \
        scope->member = (name);                                                                    \
        return call;                                                                               \
    }
    TAKE("callback_query", update->callback, take_callback(scope, update->callback, err))
    TAKE("message_reaction", update->reaction, take_reaction(scope, update->reaction, err))
    TAKE("message_reaction_count", update->reaction_count,
         take_reaction_count(scope, update->reaction_count, err))
    TAKE("my_chat_member", update->my_member,
         take_member(scope, update->my_member, "my_chat_member", err))
    TAKE("chat_member", update->member, take_member(scope, update->member, "chat_member", err))
    TAKE("chat_join_request", update->join_request,
         take_member(scope, update->join_request, "chat_join_request", err))
    TAKE("business_connection", update->connection, take_connection(scope, update->connection, err))
    TAKE("deleted_business_messages", update->deletion, take_deletion(scope, update->deletion, err))
    TAKE("poll", update->poll, take_poll(scope, update, err))
    TAKE("poll_answer", update->poll_answer, take_poll_answer(scope, update->poll_answer, err))
#undef TAKE
    if (scope->update_id < 0)
        return tg_reject(scope, REJECT_MISSING_MEMBER, "update_id",
                         "expected an update of the Bot API", err);
    scope->out->counts.ignored++;
    return RC_OK;
}

enum rc tg_update_take(struct tg_scope *scope, const struct tg_update *update, struct err *err)
{
    bool is_taken = false;
    int64_t id;
    if (decimal_parse(update->update_id, &id) && id >= 0) {
        scope->update_id = id;
        scope->tick = id % TICKS;
    } else if (update->update_id.n > 0) {
        return tg_reject(scope, REJECT_BAD_VALUE, "update_id", "expected a whole number", err);
    }
    enum rc rc = take_messages(scope, update, &is_taken, err);
    return rc != RC_OK || is_taken ? rc : take_other(scope, update, err);
}
