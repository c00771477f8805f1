/* Captured calls of the Bot API: what the bot sent, edited, deleted and reacted to (11.4). A call
 * that failed sent nothing, but may tell that a group became a supergroup (9.6). */
#include <ctype.h>
#include <stdlib.h>

#include "transform/telegram/answer.h"

#include "lib/decimal.h"
#include "transform/telegram/maps.h"
#include "transform/telegram/message.h"
#include "transform/telegram/people.h"
#include "transform/telegram/reader.h"
#include "transform/telegram/update.h"

struct result { /* a Message, a MessageId, or an array of them */
    struct jpath_element element;
    struct tg_message message;
    struct jpath_list list; /* of struct tg_message */
};

struct response {
    struct jpath_element element;
    struct tg_answer answer;
    struct result *result;
};

struct request {
    struct jpath_element element;
    struct str method, chat_id, connection_id, thread_id, direct_topic_id;
    struct str message_id, message_ids_json, caption, caption_entities_json;
    struct str reactions_json;   /* "none" and "written as text" are no list */
    struct jpath_list reactions; /* of struct tg_reaction */
};

struct call {
    struct jpath_element element;
    struct str method;
    struct request *request;
    struct response *response;
    struct response bare; /* a response without its request */
};

struct map {
    struct tg_reader reader;
    struct call root;
    bool has_items; /* the document is an array and held one element at least */
};

static const struct jpath_rule result_rules[] = {
    JPATH_PART("", struct result, message, struct tg_message, tg_message_rules),
    JPATH_EACH("", struct result, list, struct tg_message, tg_message_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule response_rules[] = {
    JPATH_PART("", struct response, answer, struct tg_answer, tg_answer_rules),
    JPATH_ONE("result", struct response, result, struct result, result_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule request_rules[] = {
    JPATH_STR("method", struct request, method),
    JPATH_SCALAR("chat_id", struct request, chat_id),
    JPATH_SCALAR("business_connection_id", struct request, connection_id),
    JPATH_SCALAR("message_thread_id", struct request, thread_id),
    JPATH_SCALAR("direct_messages_topic_id", struct request, direct_topic_id),
    JPATH_SCALAR("message_id", struct request, message_id),
    JPATH_JSON("message_ids", struct request, message_ids_json),
    JPATH_STR("caption", struct request, caption),
    JPATH_JSON("caption_entities", struct request, caption_entities_json),
    JPATH_JSON("reaction", struct request, reactions_json),
    JPATH_EACH("reaction", struct request, reactions, struct tg_reaction, tg_reaction_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule call_rules[] = {
    JPATH_STR("method", struct call, method),
    JPATH_ONE("request", struct call, request, struct request, request_rules),
    JPATH_ONE("response", struct call, response, struct response, response_rules),
    JPATH_PART("", struct call, bare, struct response, response_rules),
    JPATH_RULES_END,
};

/* ---- what the request says ---- */

static const struct request no_request;

static struct tg_place_of place_of(const struct request *request, const struct tg_chat_info *chat)
{
    return (struct tg_place_of){.chat = chat,
                                .connection_id = request->connection_id,
                                .thread_id = request->thread_id,
                                .is_topic_message =
                                    request->thread_id.n > 0 ? STR_LIT("true") : STR_NULL,
                                .direct_topic_id = request->direct_topic_id};
}

/* chat_id may be "@channelusername", which names no chat that a key can be made of. */
static enum rc find_place(struct tg_scope *scope, const struct request *request,
                          struct tg_chat_info *chat, struct tg_place *place, bool *usable,
                          struct err *err)
{
    int64_t id;
    *chat = (struct tg_chat_info){.id = request->chat_id};
    if (request->direct_topic_id.n > 0)
        chat->is_direct_messages = STR_LIT("true");
    *usable = decimal_parse(request->chat_id, &id) && id != 0;
    scope->member = "request";
    if (!*usable)
        return tg_reject(scope, request->chat_id.n > 0 ? REJECT_BAD_VALUE : REJECT_MISSING_MEMBER,
                         "chat_id", "expected the chat's id, since the response does not name it",
                         err);
    const struct tg_place_of of = place_of(request, chat);
    return tg_place_find(scope, &of, place, usable, err);
}

/* ---- copies, of which the response tells only the ids ---- */

static enum rc emit_copy(struct tg_scope *scope, const struct request *request,
                         const struct tg_place *place, const char *method, struct str message_id,
                         struct err *err)
{
    struct record record;
    int64_t id, bot;
    if (!decimal_parse(message_id, &id) || id <= 0)
        return tg_reject(scope, REJECT_BAD_VALUE, "message_id", "expected a message's id", err);
    struct str key = tg_place_message_key(scope, place, id);
    if (str_is_null(key))
        return tg_no_memory(err);
    tg_begin_message(scope, place, key, &record);
    struct record_message *fields = &record.message;
    fields->direction = STR_LIT("outbound");
    fields->sender_type = STR_LIT("bot");
    fields->status = STR_LIT("sent");
    fields->type = STR_LIT("unsupported");
    fields->subtype = str_of(method);
    fields->caption = tg_text(request->caption);
    fields->sent_at = fields->content_as_of = scope->arrival;
    fields->ordinal = id <= INT32_MAX ? id : RECORD_INT_NONE;
    if (decimal_parse(scope->account.account, &bot)) {
        fields->sender_agent_external_id = tg_user_key(scope->out->arena, bot);
        fields->sender_agent_id = tg_id(scope, "agent", fields->sender_agent_external_id);
    }
    if (!str_is_null(place->contact_key)) {
        fields->contact_external_id = place->contact_key;
        fields->contact_id = tg_id(scope, "contact", place->contact_key);
    }
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    json_member_json(scope->json, "caption_entities", request->caption_entities_json);
    fields->metadata = tg_object(scope);
    return map_out_record(scope->out, &record, err);
}

static enum rc take_copy(struct tg_scope *scope, const struct request *request, const char *method,
                         struct str message_id, struct err *err)
{
    struct tg_chat_info chat;
    struct tg_place place;
    bool usable;
    enum rc rc = find_place(scope, request, &chat, &place, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    rc = tg_place_emit(scope, &place, scope->arrival, NULL, STR_NULL, err);
    scope->member = "response.result";
    return rc == RC_OK ? emit_copy(scope, request, &place, method, message_id, err) : rc;
}

/* ---- calls that answer "true" ---- */

typedef enum rc call_fn(struct tg_scope *scope, const struct request *request, struct err *err);

static enum rc take_deletion(struct tg_scope *scope, const struct request *request, struct err *err)
{
    struct tg_chat_info chat;
    struct tg_place place;
    bool usable;
    struct str ids =
        request->message_ids_json.n > 0 ? request->message_ids_json : request->message_id;
    enum rc rc = find_place(scope, request, &chat, &place, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    if (ids.n == 0)
        return tg_reject(scope, REJECT_MISSING_MEMBER, "message_id",
                         "expected which messages were deleted", err);
    rc = tg_place_emit(scope, &place, scope->arrival, NULL, STR_NULL, err);
    return rc == RC_OK ? tg_deletion_emit(scope, &place, ids, err) : rc;
}

/* The bot's reactions on the message are now these; none: there are none any more. */
static enum rc take_reaction(struct tg_scope *scope, const struct request *request, struct err *err)
{
    static const struct tg_reaction all = {.type = {"all", 3}};
    struct tg_chat_info chat;
    struct tg_place place;
    bool usable;
    int64_t id, bot;
    enum rc rc = find_place(scope, request, &chat, &place, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    if (!decimal_parse(request->message_id, &id))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "message_id", "expected a message's id",
                         err);
    if (request->reactions_json.n > 0 && request->reactions_json.p[0] != '[')
        return tg_reject(scope, REJECT_BAD_VALUE, "reaction", "expected an array", err);
    struct tg_reaction_change change = {.is_added = request->reactions.count > 0,
                                        .reaction = &all,
                                        .target = tg_place_message_key(scope, &place, id),
                                        .actor_type = STR_LIT("bot"),
                                        .at = scope->arrival};
    if (decimal_parse(scope->account.account, &bot))
        change.actor_key = tg_user_key(scope->out->arena, bot);
    rc = tg_place_emit(scope, &place, scope->arrival, NULL, STR_NULL, err);
    if (rc == RC_OK && !change.is_added)
        return tg_reaction_emit(scope, &place, &change, err);
    for (const struct jpath_element *e = request->reactions.first; e != NULL && rc == RC_OK;
         e = e->next) {
        change.reaction = (const void *)e;
        rc = tg_reaction_emit(scope, &place, &change, err);
    }
    return rc;
}

static const struct {
    const char *method; /* method names are not case-sensitive (2) */
    call_fn *take;
} answered_true[] = {
    {"deletemessage", take_deletion},
    {"deletemessages", take_deletion},
    {"setmessagereaction", take_reaction},
};

/* Which word an answer of ids only goes by. */
static const struct {
    const char *method, *subtype;
} copying[] = {
    {"copymessage", "copy"},
    {"copymessages", "copy"},
    {"forwardmessages", "forward"},
};

/* ---- calls ---- */

static struct str method_of(struct tg_scope *scope, const struct call *call)
{
    struct str method = call->method.n > 0      ? call->method
                        : call->request != NULL ? call->request->method
                                                : STR_NULL;
    char *lower = method.n > 0 ? arena_alloc(scope->out->arena, method.n + 1) : NULL;
    for (size_t i = 0; lower != NULL && i < method.n; i++)
        lower[i] = (char)tolower((unsigned char)method.p[i]);
    return lower != NULL ? (struct str){lower, method.n} : STR_NULL;
}

static const char *copy_word(struct str method)
{
    for (size_t i = 0; i < sizeof copying / sizeof copying[0]; i++)
        if (str_is(method, copying[i].method))
            return copying[i].subtype;
    return "copy";
}

/* A Message has a chat, a MessageId has none; other results (a Poll, a File) name no message. */
static enum rc take_result(struct tg_scope *scope, const struct request *request, struct str method,
                           const struct tg_message *message, struct err *err)
{
    scope->member = "response.result";
    if (message->chat != NULL)
        return tg_message_take(scope, message, TG_MESSAGE, err);
    if (message->message_id.n > 0)
        return take_copy(scope, request, copy_word(method), message->message_id, err);
    scope->out->counts.ignored++;
    return RC_OK;
}

static enum rc take_true(struct tg_scope *scope, const struct request *request, struct str method,
                         struct err *err)
{
    for (size_t i = 0; i < sizeof answered_true / sizeof answered_true[0]; i++)
        if (str_is(method, answered_true[i].method))
            return answered_true[i].take(scope, request, err);
    scope->out->counts.ignored++;
    return RC_OK;
}

/* Nothing was sent. */
static enum rc take_refusal(struct tg_scope *scope, const struct request *request,
                            const struct tg_answer *answer, struct err *err)
{
    if (answer->migrate_to.n == 0 || request->chat_id.n == 0) {
        scope->out->counts.ignored++;
        return RC_OK;
    }
    return tg_migration_emit(scope, request->chat_id, answer->migrate_to, scope->arrival, err);
}

static enum rc take_call(struct tg_scope *scope, const struct call *call, struct err *err)
{
    const struct response *response = call->response != NULL ? call->response : &call->bare;
    const struct request *request = call->request != NULL ? call->request : &no_request;
    const struct result *result = response->result;
    struct str method = method_of(scope, call);
    enum rc rc = RC_OK;
    if (str_is_null(response->answer.ok))
        return tg_reject(scope, REJECT_MISSING_MEMBER, "response.ok",
                         "expected a response of the Bot API", err);
    if (!str_is(response->answer.ok, "true"))
        return take_refusal(scope, request, &response->answer, err);
    if (result == NULL)
        return tg_reject(scope, REJECT_MISSING_MEMBER, "response.result", "expected a result", err);
    const struct jpath_element *e = result->list.first;
    if (e == NULL && result->message.chat == NULL && result->message.message_id.n == 0)
        return take_true(scope, request, method, err);
    if (e == NULL)
        return take_result(scope, request, method, &result->message, err);
    for (; e != NULL && rc == RC_OK; e = e->next)
        rc = take_result(scope, request, method, (const void *)e, err);
    return rc;
}

/* ---- documents ---- */

static enum rc take_element(struct map *map, const struct call *call, struct str base,
                            struct err *err)
{
    struct tg_scope scope;
    enum rc rc;
    if (!tg_scope_open(&map->reader, call->element.offset, base, &scope, &rc, err))
        return rc;
    scope.is_sent = true;
    return take_call(&scope, call, err);
}

static enum rc call_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    map->has_items = true;
    enum rc rc = take_element(map, element, STR_NULL, err);
    arena_reset(map->reader.out->arena);
    return rc;
}

static const struct jpath_rule root_rules[] = {
    JPATH_PART("", struct map, root, struct call, call_rules),
    JPATH_END("[]", struct call, call_rules, call_end),
    JPATH_RULES_END,
};

static struct map *sent_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    tg_reader_init(&map->reader, out, root_rules);
    return map;
}

static void sent_close(struct map *map)
{
    tg_reader_done(&map->reader);
    free(map);
}

static void sent_begin(struct map *map)
{
    map->root = (struct call){.method = STR_NULL};
    map->has_items = false;
    tg_reader_begin(&map->reader, map, map);
}

static enum rc sent_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    return tg_reader_feed(&map->reader, bytes, n, err);
}

static enum rc judge(void *context, struct err *err)
{
    struct map *map = context;
    if (map->has_items || map->reader.first == '[')
        return RC_OK;
    return take_element(map, &map->root, STR_LIT(""), err);
}

static enum rc sent_end(struct map *map, struct err *err)
{
    return tg_reader_end(&map->reader, judge, map, err);
}

const struct map_ops telegram_sent_map = {
    .provider = "telegram_bot",
    .format = "sent",
    .account_provider = "telegram_bot",
    .reads = "captured calls of the Telegram Bot API: method, request and response",
    .source = SOURCE_SENT,
    .open = sent_open,
    .begin = sent_begin,
    .feed = sent_feed,
    .end = sent_end,
    .close = sent_close,
};
