/* Message records and their events of a change: reference/whatsapp.md 2 and 8.2. */
#include <openssl/evp.h>

#include "lib/hex.h"
#include "transform/ids.h"
#include "transform/whatsapp/scope.h"

#define SHA256_BYTES 32
#define SHA256_BASE64 44

/* What becomes of a message of a type. */
enum effect {
    EFFECT_MESSAGE,
    EFFECT_SYSTEM,
    EFFECT_EDIT,
    EFFECT_REVOKE,
    EFFECT_REACTION,
    EFFECT_WELCOME
};

typedef void fill_fn(struct wa_scope *scope, const struct wa_content *content,
                     struct record_message *message);

struct wa_type {
    const char *word;
    enum effect effect;
    const char *type; /* canonical-model 4.4 */
    fill_fn *fill;
};

/* ---- attachments ---- */

/* base64 of live webhooks, hex of Meta's history sample, anything in tests (2.3). */
static struct str sha256_hex(struct arena *arena, struct str text)
{
    unsigned char digest[SHA256_BASE64];
    if (text.n == (size_t)SHA256_BYTES * 2) {
        if (!hex_decode(text, digest, SHA256_BYTES))
            return STR_NULL;
    } else if (text.n != SHA256_BASE64 || text.p[SHA256_BASE64 - 1] != '=' ||
               text.p[SHA256_BASE64 - 2] == '=' ||
               EVP_DecodeBlock(digest, (const unsigned char *)text.p, SHA256_BASE64) < 0) {
        return STR_NULL;
    }
    char *hex = arena_alloc(arena, SHA256_BYTES * 2 + 1);
    if (hex == NULL)
        return STR_NULL;
    hex_encode(digest, SHA256_BYTES, hex);
    return (struct str){hex, (size_t)SHA256_BYTES * 2};
}

static struct str hash_left_over(struct wa_scope *scope, struct str sha256)
{
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    json_member_text(scope->json, "sha256", sha256);
    return wa_scope_object(scope);
}

static void attach(struct wa_scope *scope, struct record_message *message, const char *type,
                   const struct wa_media *media)
{
    if (media == NULL)
        return;
    message->caption = wa_text(media->caption);
    struct record_attachment *attachment = arena_alloc(scope->out->arena, sizeof *attachment);
    if (attachment == NULL)
        return;
    *attachment = (struct record_attachment){
        .type = str_of(type),
        .provider_media_id = wa_text(media->id),
        .source_url = wa_text(media->url),
        .mime_type = wa_text(media->mime_type),
        .filename = wa_text(media->filename),
        .sha256 = sha256_hex(scope->out->arena, media->sha256),
        .size_bytes = RECORD_INT_NONE,
        .width = RECORD_INT_NONE,
        .height = RECORD_INT_NONE,
    };
    if (str_is_null(attachment->sha256) && media->sha256.n > 0)
        attachment->metadata = hash_left_over(scope, media->sha256);
    message->attachments = attachment;
    message->attachment_count = 1;
}

/* ---- one function for each shape of content ---- */

static void fill_text(struct wa_scope *scope, const struct wa_content *content,
                      struct record_message *message)
{
    (void)scope;
    message->text = wa_text(content->text);
}

static void fill_image(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    attach(scope, message, "image", content->image);
}

static void fill_video(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    attach(scope, message, "video", content->video);
}

static void fill_document(struct wa_scope *scope, const struct wa_content *content,
                          struct record_message *message)
{
    attach(scope, message, "document", content->document);
}

static void fill_sticker(struct wa_scope *scope, const struct wa_content *content,
                         struct record_message *message)
{
    attach(scope, message, "sticker", content->sticker);
}

static bool is_voice(const struct wa_content *content)
{
    const struct wa_media *audio = content->audio;
    return str_is(content->type, "voice") || (audio != NULL && str_is(audio->voice, "true"));
}

static void fill_audio(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    attach(scope, message, "audio", content->audio != NULL ? content->audio : content->voice);
    if (is_voice(content))
        message->subtype = STR_LIT("voice");
}

static struct str place_text(struct wa_scope *scope, struct str name, struct str address)
{
    if (str_is_null(name))
        return address;
    if (str_is_null(address))
        return name;
    return arena_printf(scope->out->arena, "%.*s\n%.*s", STR_ARGS(name), STR_ARGS(address));
}

static void fill_location(struct wa_scope *scope, const struct wa_content *content,
                          struct record_message *message)
{
    struct str name = wa_text(content->place);
    struct str address = wa_text(content->address);
    message->text = place_text(scope, name, address);
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    if (json_is_number(content->latitude) && json_is_number(content->longitude)) {
        json_member_number(scope->json, "lat", content->latitude);
        json_member_number(scope->json, "lon", content->longitude);
    }
    json_member_text(scope->json, "name", name);
    json_member_text(scope->json, "address", address);
    message->location = wa_scope_object(scope);
}

static struct str first_phone(const struct wa_card *card)
{
    const struct wa_phone *phone = (const void *)card->phones.first;
    return phone != NULL ? wa_text(phone->phone) : STR_NULL;
}

/* Names of the cards; of a card without one, its first number. */
static void fill_cards(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    struct buf text;
    buf_init(&text, content->cards_json.n + 2 * content->cards.count);
    for (const struct jpath_element *e = content->cards.first; e != NULL; e = e->next) {
        const struct wa_card *card = (const void *)e;
        struct str name = wa_text(card->name);
        if (str_is_null(name))
            name = first_phone(card);
        if (str_is_null(name))
            continue;
        if (text.n > 0)
            (void)buf_add_text(&text, ", ");
        (void)buf_add_str(&text, name);
    }
    message->text = text.n > 0 ? arena_str(scope->out->arena, buf_peek(&text)) : STR_NULL;
    buf_done(&text);
}

static void fill_interactive(struct wa_scope *scope, const struct wa_content *content,
                             struct record_message *message)
{
    (void)scope;
    if (str_is_null(content->interactive_json)) { /* with error 131000: 2.7 */
        message->type = STR_LIT("unsupported");
        message->subtype = STR_LIT("interactive");
        return;
    }
    message->subtype = wa_text(content->interactive_type);
    if (str_is(content->interactive_type, "button_reply"))
        message->text = wa_text(content->button_title);
    else if (str_is(content->interactive_type, "list_reply"))
        message->text = wa_text(content->list_title);
    else if (str_is(content->interactive_type, "nfm_reply"))
        message->text = wa_text(content->form_body);
    /* The answer of a call_permission_reply is no text (8.2); metadata holds it. */
}

static void fill_button(struct wa_scope *scope, const struct wa_content *content,
                        struct record_message *message)
{
    (void)scope;
    message->subtype = STR_LIT("button");
    message->text = wa_text(content->button_text);
}

static void fill_order(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    (void)scope;
    message->text = wa_text(content->order_text);
}

static void fill_system(struct wa_scope *scope, const struct wa_content *content,
                        struct record_message *message)
{
    (void)scope;
    message->subtype = wa_text(content->system_type);
    message->text = wa_text(content->system_text);
}

static void fill_unsupported(struct wa_scope *scope, const struct wa_content *content,
                             struct record_message *message)
{
    (void)scope;
    struct str inner = wa_text(content->unsupported_type);
    message->subtype = !str_is_null(inner) ? inner : wa_text(content->type);
}

static const struct wa_type types[] = {
    {"text", EFFECT_MESSAGE, "text", fill_text},
    {"image", EFFECT_MESSAGE, "image", fill_image},
    {"video", EFFECT_MESSAGE, "video", fill_video},
    {"audio", EFFECT_MESSAGE, "audio", fill_audio},
    {"voice", EFFECT_MESSAGE, "audio", fill_audio},
    {"document", EFFECT_MESSAGE, "document", fill_document},
    {"sticker", EFFECT_MESSAGE, "sticker", fill_sticker},
    {"location", EFFECT_MESSAGE, "location", fill_location},
    {"contacts", EFFECT_MESSAGE, "contact", fill_cards},
    {"interactive", EFFECT_MESSAGE, "interactive", fill_interactive},
    {"button", EFFECT_MESSAGE, "interactive", fill_button},
    {"order", EFFECT_MESSAGE, "order", fill_order},
    {"system", EFFECT_SYSTEM, "system", fill_system},
    {"edit", EFFECT_EDIT, NULL, NULL},
    {"revoke", EFFECT_REVOKE, NULL, NULL},
    {"reaction", EFFECT_REACTION, NULL, NULL},
    {"request_welcome", EFFECT_WELCOME, NULL, NULL},
};

/* Whatever else there is: the customer did write, response times must see it (2.13). */
static const struct wa_type other_type = {NULL, EFFECT_MESSAGE, "unsupported", fill_unsupported};

static const struct wa_type *find_type(struct str word)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_is(word, types[i].word))
            return &types[i];
    return &other_type;
}

bool wa_message_is_change(const struct wa_message *message)
{
    return message->type->effect == EFFECT_SYSTEM;
}

const char *wa_message_lacks(struct wa_message *message)
{
    const struct wa_content *content = &message->content;
    message->type = find_type(content->type);
    switch (message->type->effect) {
    case EFFECT_EDIT:
        return str_is_null(wa_text(message->edit_target)) ? "edit.original_message_id"
               : message->edited == NULL                  ? "edit.message"
                                                          : NULL;
    case EFFECT_REVOKE:
        return str_is_null(wa_text(content->revoke_target)) ? "revoke.original_message_id" : NULL;
    case EFFECT_REACTION:
        return str_is_null(wa_text(content->reaction_target)) ? "reaction.message_id" : NULL;
    default:
        return NULL;
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
    json_member_text(json, "location_url", wa_text(content->place_url));
    json_member_true(json, "voice", is_voice(content));
    json_member_true(json, "animated", is_animated(content));
    json_member_true(json, "nul_replaced",
                     is_replaced(scope, message, fields, json_writer_peek(json)));
    return wa_scope_object(scope);
}

static void begin_message(struct wa_scope *scope, const struct wa_message *message,
                          struct str external_id, struct record *record)
{
    map_out_begin(scope->out, RECORD_MESSAGE, &scope->account.channel_id, record);
    record->id = ids_entity("message", &scope->out->conf->tenant_id, &scope->account.channel_id,
                            external_id);
    record->external_id = external_id;
    const struct wa_item *item = &message->item;
    struct record_message *fields = &record->message;
    fields->conversation_id = item->thread->id;
    fields->conversation_external_id = item->thread->key;
    fields->conversation_kind = item->thread->is_group ? STR_LIT("group") : STR_LIT("direct");
    fields->channel = STR_LIT(WA_MEDIUM);
    fields->contact_id = item->person->id;
    fields->contact_external_id = item->person->key;
    fields->direction = STR_LIT("inbound");
    fields->sender_type = STR_LIT("contact");
    fields->status = STR_LIT("received");
    fields->sent_at = item->at;
}

/* The context of an edit's inner message holds a token that names nothing (2.14). */
static struct str quoted_id(const struct wa_content *content, bool is_edit)
{
    bool names_nothing = is_edit && !str_starts_with(content->context_id, "wamid.");
    return names_nothing ? STR_NULL : wa_text(content->context_id);
}

static void fill_content(struct wa_scope *scope, const struct wa_message *message,
                         const struct wa_content *content, struct record_message *fields)
{
    bool is_edit = content != &message->content;
    const struct wa_type *type = is_edit ? find_type(content->type) : message->type;
    if (type->fill == NULL) /* an edit of an edit */
        type = &other_type;
    fields->content_as_of = message->item.at;
    fields->type = str_of(type->type);
    type->fill(scope, content, fields);
    fields->reply_to_external_id = quoted_id(content, is_edit);
    fields->metadata = message_metadata(scope, message, content, fields);
    fields->ordinal = message->element.index;
}

static enum rc emit_plain(struct wa_scope *scope, const struct wa_message *message, struct err *err)
{
    struct record record;
    begin_message(scope, message, message->id, &record);
    fill_content(scope, message, &message->content, &record.message);
    if (message->type->effect == EFFECT_SYSTEM) { /* no customer message: canonical-model 4.2 */
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

/* The content of a stub, as-of 0: whatever is known of the message wins (canonical-model 6.4). */
static enum rc emit_revoked(struct wa_scope *scope, const struct wa_message *message,
                            struct err *err)
{
    struct record record;
    begin_message(scope, message, message->content.revoke_target, &record);
    record.message.content_as_of = 0;
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
    case EFFECT_MESSAGE:
    case EFFECT_SYSTEM:
        return emit_plain(scope, message, err);
    case EFFECT_EDIT:
        return emit_edited(scope, message, err);
    case EFFECT_REVOKE:
        return emit_revoked(scope, message, err);
    case EFFECT_REACTION:
    case EFFECT_WELCOME:
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
    case EFFECT_EDIT:
        return "message_edited";
    case EFFECT_REVOKE:
        return "message_deleted";
    case EFFECT_REACTION: /* removed: emoji absent or empty (2.9) */
        return message->content.reaction_emoji.n > 0 ? "reaction_added" : "reaction_removed";
    case EFFECT_WELCOME:
        return "opened";
    case EFFECT_MESSAGE:
    case EFFECT_SYSTEM:
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
    json_member_text(json, "target_external_id", wa_text(message->edit_target));
    json_member_text(json, "target_external_id", wa_text(content->revoke_target));
    json_member_text(json, "target_external_id", wa_text(content->reaction_target));
    json_member_text(json, "emoji", wa_text(content->reaction_emoji));
    json_member_text(json, "contact_external_id", message->item.person->key);
    if (message->type->effect == EFFECT_WELCOME)
        json_member_text(json, "type", content->type);
    return wa_scope_object(scope);
}

/* The source states a change of a message; that it is also an event of the conversation is deduced
 * (canonical-model 3.3). A first opening is stated as such. */
static bool is_inferred(const struct wa_message *message)
{
    return message->type->effect != EFFECT_WELCOME;
}

static enum rc emit_event(struct wa_scope *scope, const struct wa_message *message,
                          const char *type, struct err *err)
{
    struct record record;
    map_out_begin(scope->out, RECORD_EVENT, &scope->account.channel_id, &record);
    record.external_id = message->id;
    record.id =
        ids_entity("event", &scope->out->conf->tenant_id, &scope->account.channel_id, message->id);
    struct record_event *event = &record.event;
    event->conversation_id = message->item.thread->id;
    event->conversation_external_id = message->item.thread->key;
    event->event_type = str_of(type);
    event->occurred_at = message->item.at;
    event->is_inferred = is_inferred(message);
    event->actor_type = STR_LIT("contact");
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
