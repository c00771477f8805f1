#include "transform/webchat/maps.h"

#include <stdlib.h>

#include "lib/decimal.h"
#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/jpath.h"

#define MEDIUM STR_LIT("livechat")

/* ---- what is read ---- */

struct person {
    struct jpath_element element;
    struct str id, name, email, is_bot;
};

struct file {
    struct jpath_element element;
    struct str url, name, mime_type, size;
};

struct message {
    struct jpath_element element;
    struct str id, conversation, text, sent_at, reply_to;
    struct person *visitor, *agent;
    struct jpath_list files; /* of struct file */
};

static const struct jpath_rule person_rules[] = {
    JPATH_SCALAR("id", struct person, id),
    JPATH_STR("name", struct person, name),
    JPATH_STR("email", struct person, email),
    JPATH_BOOL("bot", struct person, is_bot),
    JPATH_RULES_END,
};

static const struct jpath_rule file_rules[] = {
    JPATH_STR("url", struct file, url),
    JPATH_STR("name", struct file, name),
    JPATH_STR("type", struct file, mime_type),
    JPATH_NUMBER("size", struct file, size),
    JPATH_RULES_END,
};

static const struct jpath_rule message_rules[] = {
    JPATH_SCALAR("id", struct message, id),
    JPATH_SCALAR("conversation", struct message, conversation),
    JPATH_STR("text", struct message, text),
    JPATH_STR("sent_at", struct message, sent_at),
    JPATH_SCALAR("reply_to", struct message, reply_to),
    JPATH_ONE("visitor", struct message, visitor, struct person, person_rules),
    JPATH_ONE("agent", struct message, agent, struct person, person_rules),
    JPATH_EACH("files", struct message, files, struct file, file_rules),
    JPATH_RULES_END,
};

struct map {
    struct map_out *out;
    struct jpath *jpath;
    bool has_message, is_dead;
};

/* ---- what becomes of it ---- */

struct scope { /* a message that can be used */
    struct map_out *out;
    struct channel_account account;
    const struct message *message;
    int64_t sent_at;
    struct uuid conversation_id, contact_id, agent_id;
};

static struct str text_of(struct str text)
{
    return text.n > 0 ? text : STR_NULL;
}

static struct uuid entity(const struct scope *scope, const char *kind, struct str external_id)
{
    return ids_entity(kind, &scope->out->conf->tenant_id, &scope->account.channel_id, external_id);
}

static enum rc emit_contact(struct scope *scope, struct err *err)
{
    const struct person *visitor = scope->message->visitor;
    struct record record;
    map_out_begin(scope->out, RECORD_CONTACT, &scope->account.channel_id, &record);
    record.id = scope->contact_id;
    record.external_id = visitor->id;
    const struct record_identity identity = {.kind = STR_LIT("email"), .value = visitor->email};
    if (visitor->name.n > 0) {
        record.contact.profile_as_of = scope->sent_at;
        record.contact.display_name = visitor->name;
    }
    record.contact.identities = &identity;
    record.contact.identity_count = visitor->email.n > 0;
    return map_out_record(scope->out, &record, err);
}

static enum rc emit_agent(struct scope *scope, struct err *err)
{
    const struct person *agent = scope->message->agent;
    if (agent == NULL || agent->id.n == 0)
        return RC_OK;
    struct record record;
    map_out_begin(scope->out, RECORD_AGENT, &scope->account.channel_id, &record);
    record.id = scope->agent_id;
    record.external_id = agent->id;
    record.agent.profile_as_of = scope->sent_at;
    record.agent.agent_kind = str_is(agent->is_bot, "true") ? STR_LIT("bot") : STR_LIT("human");
    record.agent.name = text_of(agent->name);
    record.agent.email = text_of(agent->email);
    return map_out_record(scope->out, &record, err);
}

static enum rc emit_conversation(struct scope *scope, struct err *err)
{
    struct record record;
    map_out_begin(scope->out, RECORD_CONVERSATION, &scope->account.channel_id, &record);
    record.id = scope->conversation_id;
    record.external_id = scope->message->conversation;
    record.conversation.channel = MEDIUM;
    record.conversation.conversation_kind = STR_LIT("direct");
    record.conversation.contact_id = scope->contact_id;
    record.conversation.contact_external_id = scope->message->visitor->id;
    record.conversation.started_at = scope->sent_at;
    return map_out_record(scope->out, &record, err);
}

/* NULL: there are none, or no memory for them. */
static struct record_attachment *attachments(const struct scope *scope)
{
    const struct jpath_list *files = &scope->message->files;
    struct record_attachment *all =
        files->count > 0 ? arena_alloc(scope->out->arena, files->count * sizeof *all) : NULL;
    size_t n = 0;
    for (struct jpath_element *e = files->first; e != NULL && all != NULL; e = e->next, n++) {
        const struct file *file = (const struct file *)e;
        all[n] = (struct record_attachment){.ordinal = (int64_t)n,
                                            .type = STR_LIT("other"),
                                            .source_url = text_of(file->url),
                                            .mime_type = text_of(file->mime_type),
                                            .filename = text_of(file->name),
                                            .size_bytes = RECORD_INT_NONE,
                                            .width = RECORD_INT_NONE,
                                            .height = RECORD_INT_NONE};
        if (!decimal_parse(file->size, &all[n].size_bytes) || all[n].size_bytes < 0)
            all[n].size_bytes = RECORD_INT_NONE;
    }
    return all;
}

static void fill_sender(const struct scope *scope, struct record_message *message)
{
    const struct person *agent = scope->message->agent;
    message->direction = agent != NULL ? STR_LIT("outbound") : STR_LIT("inbound");
    message->status = agent != NULL ? STR_LIT("sent") : STR_LIT("received");
    message->sender_type = STR_LIT("contact");
    if (agent == NULL)
        return;
    message->sender_type = str_is(agent->is_bot, "true") ? STR_LIT("bot") : STR_LIT("agent");
    message->sender_agent_id = scope->agent_id;
    message->sender_agent_external_id = text_of(agent->id);
}

static enum rc emit_message(struct scope *scope, struct err *err)
{
    const struct message *from = scope->message;
    struct record record;
    map_out_begin(scope->out, RECORD_MESSAGE, &scope->account.channel_id, &record);
    record.id = entity(scope, "message", from->id);
    record.external_id = from->id;
    struct record_message *message = &record.message;
    message->conversation_id = scope->conversation_id;
    message->conversation_external_id = from->conversation;
    message->conversation_kind = STR_LIT("direct");
    message->channel = MEDIUM;
    message->contact_id = scope->contact_id;
    message->contact_external_id = from->visitor->id;
    message->content_as_of = message->sent_at = scope->sent_at;
    fill_sender(scope, message);
    message->type = STR_LIT("text");
    message->text = text_of(from->text);
    message->reply_to_external_id = text_of(from->reply_to);
    if (from->element.replaced > 0)
        message->metadata = STR_LIT("{\"nul_replaced\":true}");
    message->attachments = attachments(scope);
    message->attachment_count = message->attachments != NULL ? from->files.count : 0;
    return map_out_record(scope->out, &record, err);
}

static enum rc reject(struct map *map, const struct message *message, enum reject_code code,
                      const char *member, const char *detail, struct err *err)
{
    struct str path = jpath_path(map->jpath, map->out->arena);
    const struct reject fault = {code,
                                 arena_printf(map->out->arena, "%.*s.%s", STR_ARGS(path), member),
                                 message->element.offset, str_of(detail)};
    return map_out_reject(map->out, &fault, err);
}

/* The member that a message cannot do without; NULL: all are there. */
static const char *lacks(const struct message *message)
{
    if (message->id.n == 0)
        return "id";
    if (message->conversation.n == 0)
        return "conversation";
    return message->visitor == NULL || message->visitor->id.n == 0 ? "visitor.id" : NULL;
}

static enum rc take(struct scope *scope, struct err *err)
{
    static enum rc (*const emitters[])(struct scope * scope, struct err * err) = {
        emit_contact, emit_agent, emit_conversation, emit_message};
    const struct message *message = scope->message;
    scope->conversation_id = entity(scope, "conversation", message->conversation);
    scope->contact_id = entity(scope, "contact", message->visitor->id);
    if (message->agent != NULL && message->agent->id.n > 0)
        scope->agent_id = entity(scope, "agent", message->agent->id);
    enum rc rc = RC_OK;
    for (size_t i = 0; i < sizeof emitters / sizeof emitters[0] && rc == RC_OK; i++)
        rc = emitters[i](scope, err);
    return rc;
}

static enum rc message_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    struct scope scope = {.out = map->out, .message = element};
    const char *missing = lacks(scope.message);
    enum rc rc;
    map->has_message = true;
    if (missing != NULL)
        rc = reject(map, element, REJECT_MISSING_MEMBER, missing, "expected a text or a number",
                    err);
    else if (!clock_parse(scope.message->sent_at, &scope.sent_at))
        rc = reject(map, element, REJECT_BAD_VALUE, "sent_at",
                    "expected a time such as 2026-03-01T12:00:00Z", err);
    else if (!map_out_own_account(map->out, &scope.account))
        rc = reject(map, element, REJECT_UNKNOWN_ACCOUNT, "id",
                    "expected an account (--account): the payload names none", err);
    else
        rc = take(&scope, err);
    arena_reset(map->out->arena); /* memory stays flat however many messages there are */
    return rc;
}

/* ---- documents ---- */

static const struct jpath_rule document_rules[] = {
    JPATH_END("messages[]", struct message, message_rules, message_end),
    JPATH_RULES_END,
};

static struct map *webchat_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->jpath = jpath_new(document_rules);
    return map;
}

static void webchat_close(struct map *map)
{
    jpath_free(&map->jpath);
    free(map);
}

static void webchat_begin(struct map *map)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES,
                                               LIMIT_JSON_DOCUMENT_BYTES};
    map->has_message = map->is_dead = false;
    jpath_begin(map->jpath, &limits, map->out->arena, NULL, map);
}

static enum rc fault(struct map *map, struct err *err)
{
    map->is_dead = true;
    return map_out_fault(map->out, jpath_fault(map->jpath), err);
}

static enum rc webchat_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    enum rc rc = jpath_feed(map->jpath, bytes, n, err);
    return rc == RC_REJECT ? fault(map, err) : rc;
}

static enum rc webchat_end(struct map *map, struct err *err)
{
    static const struct reject no_messages = {REJECT_MISSING_MEMBER,
                                              {"messages", sizeof "messages" - 1},
                                              0,
                                              {"expected an array of messages", 29}};
    if (map->is_dead)
        return RC_OK;
    enum rc rc = jpath_finish(map->jpath, err);
    map->out->counts.text_replaced += jpath_replaced(map->jpath);
    if (rc == RC_REJECT)
        return fault(map, err);
    return rc == RC_OK && !map->has_message ? map_out_reject(map->out, &no_messages, err) : rc;
}

static const struct map_ops webchat_webhook_map = {
    .provider = "custom",
    .format = "webhook",
    .account_provider = "custom",
    .reads = "messages of your own chat widget",
    .source = SOURCE_WEBHOOK,
    .open = webchat_open,
    .begin = webchat_begin,
    .feed = webchat_feed,
    .end = webchat_end,
    .close = webchat_close,
};

const struct map_ops *const webchat_maps[] = {&webchat_webhook_map, NULL};
