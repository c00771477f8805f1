/* Message records and their events of a change: reference/whatsapp.md 2 and 8.1. */
#include "transform/whatsapp/content.h"

/* As-of times of records that know a message without its content. A deletion knows least (0); the
 * stubs of statuses say 0 or 1 (status.c); a history's placeholder knows who wrote and that it was
 * media, so it is above them, and below all content, which is of 2009 at least (canonical-model
 * 6.1 gives placeholders 0, where a hash would choose between it and a stub). */
#define REVOKED_AS_OF 0
#define PLACEHOLDER_AS_OF 2

bool wa_message_is_change(const struct wa_message *message)
{
    return message->type->effect == WA_EFFECT_SYSTEM;
}

const char *wa_message_lacks(struct wa_message *message)
{
    const struct wa_content *content = &message->content;
    message->type = wa_type_find(content->type);
    switch (message->type->effect) {
    case WA_EFFECT_EDIT:
        return str_is_null(wa_text(message->edit_target)) ? "edit.original_message_id"
               : message->edited == NULL                  ? "edit.message"
                                                          : NULL;
    case WA_EFFECT_REVOKE:
        return str_is_null(wa_text(content->revoke_target)) ? "revoke.original_message_id" : NULL;
    case WA_EFFECT_REACTION:
        return str_is_null(wa_text(content->reaction_target)) ? "reaction.message_id" : NULL;
    default:
        return NULL;
    }
}

struct str wa_message_target(const struct wa_message *message)
{
    switch (message->type->effect) {
    case WA_EFFECT_EDIT:
        return wa_text(message->edit_target);
    case WA_EFFECT_REVOKE:
        return wa_text(message->content.revoke_target);
    case WA_EFFECT_REACTION:
        return wa_text(message->content.reaction_target);
    default:
        return STR_NULL;
    }
}

/* ---- message records ---- */

static bool is_animated(const struct wa_content *content)
{
    return content->sticker != NULL && str_is(content->sticker->animated, "true");
}

/* Any of the texts of a message, its attachment included. */
static bool is_replaced(const struct wa_scope *scope, const struct wa_message *message,
                        const struct record_message *fields, struct str metadata)
{
    const struct record_attachment *attachment = fields->attachments;
    const struct str texts[] = {metadata,
                                fields->text,
                                fields->caption,
                                fields->location,
                                fields->reply_to_external_id,
                                attachment != NULL ? attachment->filename : STR_NULL,
                                attachment != NULL ? attachment->source_url : STR_NULL};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (wa_scope_is_replaced(scope, &message->element, texts[i]))
            return true;
    return false;
}

static struct str message_metadata(struct wa_scope *scope, const struct wa_message *message,
                                   const struct wa_content *content,
                                   const struct record_message *fields)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_json(json, "context", content->context_json);
    json_member_json(json, "referral", content->referral_json);
    json_member_json(json, "interactive", content->interactive_json);
    json_member_json(json, "button", content->button_json);
    json_member_json(json, "contacts", content->cards_json);
    json_member_json(json, "order", content->order_json);
    json_member_json(json, "system", content->system_json);
    json_member_json(json, "unsupported", content->unsupported_json);
    json_member_json(json, "errors", content->errors_json);
    json_member_json(json, "identity", content->identity_json);
    json_member_json(json, "template", content->template_json);
    json_member_json(json, "conversation_context", scope->value->context_json);
    json_member_text(json, "location_url", wa_text(content->place_url));
    json_member_text(json, "biz_opaque_callback_data", wa_text(message->callback_data));
    json_member_text(json, "origin",
                     message->is_outbound ? str_of(message->source->origin) : STR_NULL);
    json_member_true(json, "voice", wa_content_is_voice(content));
    json_member_true(json, "animated", is_animated(content));
    json_member_true(json, "nul_replaced",
                     is_replaced(scope, message, fields, json_writer_peek(json)));
    return wa_scope_object(scope);
}

/* Where nothing is said (5.1), an outbound message was sent. */
static struct str outbound_status(const struct wa_message *message)
{
    static const struct {
        const char *word;
        const char *status;
    } words[] = {{"PENDING", "pending"}, {"SENT", "sent"},     {"DELIVERED", "delivered"},
                 {"READ", "read"},       {"PLAYED", "played"}, {"ERROR", "failed"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_is(message->state, words[i].word))
            return str_of(words[i].status);
    return STR_LIT("sent");
}

static void begin_message(struct wa_scope *scope, const struct wa_message *message,
                          struct str external_id, struct record *record)
{
    wa_message_begin(scope, &message->item, wa_message_id(scope, external_id), external_id, record);
    struct record_message *fields = &record->message;
    if (!message->is_outbound) {
        fields->direction = STR_LIT("inbound");
        fields->sender_type = STR_LIT("contact");
        fields->status = STR_LIT("received");
        return;
    }
    fields->direction = STR_LIT("outbound");
    fields->sender_type = message->source->is_api ? wa_api_sender(scope) : STR_LIT("agent");
    fields->status = outbound_status(message);
}

/* The context of an edit's inner message holds a token that names nothing (2.14). */
static struct str quoted_id(const struct wa_content *content, bool is_edit)
{
    bool names_nothing = is_edit && !str_starts_with(content->context_id, "wamid.");
    if (names_nothing)
        return STR_NULL;
    struct str id = wa_text(content->context_id);
    return !str_is_null(id) ? id : wa_text(content->quoted_id);
}

static void fill_content(struct wa_scope *scope, const struct wa_message *message,
                         const struct wa_content *content, struct record_message *fields)
{
    bool is_edit = content != &message->content;
    const struct wa_type *type = is_edit ? wa_type_find(content->type) : message->type;
    if (type->fill == NULL) /* an edit of an edit */
        type = &wa_type_other;
    fields->content_as_of =
        type->effect == WA_EFFECT_PLACEHOLDER ? PLACEHOLDER_AS_OF : message->item.at;
    fields->type = str_of(type->type);
    type->fill(scope, content, fields);
    fields->reply_to_external_id = quoted_id(content, is_edit);
    fields->metadata = message_metadata(scope, message, content, fields);
    fields->ordinal = message->element.index == WA_NO_INDEX ? 0 : message->element.index;
}

static enum rc emit_plain(struct wa_scope *scope, const struct wa_message *message, struct err *err)
{
    struct record record;
    begin_message(scope, message, message->id, &record);
    fill_content(scope, message, &message->content, &record.message);
    if (message->type->effect == WA_EFFECT_SYSTEM) { /* no customer message: canonical-model 4.2 */
        record.message.direction = STR_LIT("outbound");
        record.message.sender_type = STR_LIT("system");
        record.message.status = STR_LIT("sent");
    }
    return map_out_record(scope->out, &record, err);
}

static enum rc emit_edited(struct wa_scope *scope, const struct wa_message *message,
                           struct err *err)
{
    struct record record;
    begin_message(scope, message, message->edit_target, &record);
    fill_content(scope, message, &message->edited->content, &record.message);
    record.message.edited_at = message->item.at;
    return map_out_record(scope->out, &record, err);
}

/* The content of a stub: whatever is known of the message wins (canonical-model 6.4). */
static enum rc emit_revoked(struct wa_scope *scope, const struct wa_message *message,
                            struct err *err)
{
    struct record record;
    begin_message(scope, message, message->content.revoke_target, &record);
    record.message.content_as_of = REVOKED_AS_OF;
    record.message.type = STR_LIT("unsupported");
    record.message.subtype = STR_LIT("stub");
    record.message.deleted_at = message->item.at;
    record.message.deletion_reason = STR_LIT("revoked");
    return map_out_record(scope->out, &record, err);
}

static enum rc emit_message(struct wa_scope *scope, const struct wa_message *message,
                            struct err *err)
{
    switch (message->type->effect) {
    case WA_EFFECT_MESSAGE:
    case WA_EFFECT_PLACEHOLDER:
    case WA_EFFECT_SYSTEM:
        return emit_plain(scope, message, err);
    case WA_EFFECT_EDIT:
        return emit_edited(scope, message, err);
    case WA_EFFECT_REVOKE:
        return emit_revoked(scope, message, err);
    case WA_EFFECT_REACTION:
    case WA_EFFECT_WELCOME:
        break;
    }
    return RC_OK;
}

enum rc wa_messages_emit(struct wa_scope *scope, struct err *err)
{
    enum rc rc = RC_OK;
    struct jpath_element *e = scope->messages.first;
    for (; e != NULL && rc == RC_OK; e = e->next) {
        const struct wa_message *message = (const void *)e;
        if (message->item.usable)
            rc = emit_message(scope, message, err);
    }
    return rc;
}

/* ---- events ---- */

static const char *event_type(const struct wa_message *message)
{
    switch (message->type->effect) {
    case WA_EFFECT_EDIT:
        return "message_edited";
    case WA_EFFECT_REVOKE:
        return "message_deleted";
    case WA_EFFECT_REACTION: /* removed: emoji absent or empty (2.9) */
        return message->content.reaction_emoji.n > 0 ? "reaction_added" : "reaction_removed";
    case WA_EFFECT_WELCOME:
        return "opened";
    case WA_EFFECT_MESSAGE:
    case WA_EFFECT_PLACEHOLDER:
    case WA_EFFECT_SYSTEM:
        break;
    }
    return NULL;
}

static struct str event_data(struct wa_scope *scope, const struct wa_message *message)
{
    const struct wa_content *content = &message->content;
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "target_external_id", wa_message_target(message));
    json_member_text(json, "emoji", wa_text(content->reaction_emoji));
    if (!message->is_outbound)
        json_member_text(json, "contact_external_id", message->item.person->key);
    if (message->type->effect == WA_EFFECT_WELCOME)
        json_member_text(json, "type", content->type);
    return wa_scope_object(scope);
}

/* The source states a change of a message; that it is also an event of the conversation is deduced
 * (canonical-model 3.3). A first opening is stated as such. */
static bool is_inferred(const struct wa_message *message)
{
    return message->type->effect != WA_EFFECT_WELCOME;
}

static enum rc emit_event(struct wa_scope *scope, const struct wa_message *message,
                          const char *type, struct err *err)
{
    struct record record;
    wa_event_begin(scope, &message->item, message->id, &record);
    struct record_event *event = &record.event;
    event->event_type = str_of(type);
    event->is_inferred = is_inferred(message);
    event->actor_type = !message->is_outbound     ? STR_LIT("contact")
                        : message->source->is_api ? wa_api_sender(scope)
                                                  : STR_LIT("agent");
    event->data = event_data(scope, message);
    return map_out_record(scope->out, &record, err);
}

enum rc wa_message_events_emit(struct wa_scope *scope, struct err *err)
{
    enum rc rc = RC_OK;
    struct jpath_element *e = scope->messages.first;
    for (; e != NULL && rc == RC_OK; e = e->next) {
        const struct wa_message *message = (const void *)e;
        const char *type = message->item.usable ? event_type(message) : NULL;
        if (type != NULL)
            rc = emit_event(scope, message, type, err);
    }
    return rc;
}
