#include "transform/telegram/content.h"

#include "transform/telegram/attach.h"
#include "transform/telegram/rich.h"

typedef bool has_fn(const struct tg_message *message);
typedef void fill_fn(struct tg_scope *scope, const struct tg_message *message,
                     struct record_message *fields);

struct tg_kind {
    const char *type;    /* canonical-model 4.4 */
    const char *subtype; /* Telegram's word, where the type does not say it */
    has_fn *has;
    fill_fn *fill;
};

/* ---- kinds of content ---- */

#define HAS(name, member)                                                                          \
    static bool has_##name(const struct tg_message *message)                                       \
    {                                                                                              \
        return message->member;                                                                    \
    }
HAS(rich, rich_json.n > 0)
HAS(text, text.n > 0)
HAS(animation, animation != NULL)
HAS(live_photo, live_photo != NULL)
HAS(venue, venue_json.n > 0)
HAS(audio, audio != NULL)
HAS(document, document != NULL)
HAS(paid_media, paid_media != NULL)
HAS(photo, photo != NULL)
HAS(sticker, sticker != NULL)
HAS(story, story_json.n > 0)
HAS(video, video != NULL)
HAS(video_note, video_note != NULL)
HAS(voice, voice != NULL)
HAS(checklist, checklist_json.n > 0)
HAS(contact, contact_json.n > 0)
HAS(dice, dice_json.n > 0)
HAS(game, game_json.n > 0)
HAS(poll, poll_json.n > 0)
HAS(location, latitude.n > 0)
HAS(invoice, invoice_json.n > 0)
HAS(giveaway, giveaway_json.n > 0)
HAS(winners, giveaway_winners_json.n > 0)

#define FILL(name)                                                                                 \
    static void fill_##name(struct tg_scope *scope, const struct tg_message *message,              \
                            struct record_message *fields)

FILL(rich)
{
    fields->text = tg_rich_text(scope->out->arena, message->rich_json);
}

#define FILL_TEXT(name, member)                                                                    \
    FILL(name)                                                                                     \
    {                                                                                              \
        (void)scope;                                                                               \
        fields->text = tg_text(message->member);                                                   \
    }
FILL_TEXT(text, text)
FILL_TEXT(checklist, checklist_title)
FILL_TEXT(dice, dice_emoji)
FILL_TEXT(game, game_title)
FILL_TEXT(poll, poll_question)
FILL_TEXT(invoice, invoice_title)

#define FILL_FILE(name, attachment_type)                                                           \
    FILL(name)                                                                                     \
    {                                                                                              \
        tg_attach_file(scope, attachment_type, message->name, fields);                             \
    }
FILL_FILE(animation, "video")
FILL_FILE(live_photo, "video")
FILL_FILE(audio, "audio")
FILL_FILE(document, "document")
FILL_FILE(sticker, "sticker")
FILL_FILE(video, "video")
FILL_FILE(video_note, "video")
FILL_FILE(voice, "audio")

FILL(photo)
{
    tg_attach_photo(scope, message->photo, fields);
}

FILL(paid_media)
{
    tg_attach_paid(scope, message->paid_media, fields);
}

FILL(none)
{
    (void)scope;
    (void)message;
    (void)fields;
}

static struct str joined(struct tg_scope *scope, struct str a, const char *between, struct str b)
{
    const struct str parts[] = {a, str_of(between), b};
    if (a.n == 0 || b.n == 0)
        return tg_text(a.n > 0 ? a : b);
    return arena_join(scope->out->arena, parts, 3);
}

static struct str place_json(struct tg_scope *scope, struct str latitude, struct str longitude,
                             struct str name, struct str address)
{
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    if (json_is_number(latitude) && json_is_number(longitude)) {
        json_member_number(scope->json, "lat", latitude);
        json_member_number(scope->json, "lon", longitude);
    }
    json_member_text(scope->json, "name", name);
    json_member_text(scope->json, "address", address);
    return tg_object(scope);
}

FILL(location)
{
    fields->location = place_json(scope, message->latitude, message->longitude, STR_NULL, STR_NULL);
}

FILL(venue)
{
    struct str name = tg_text(message->venue_title);
    struct str address = tg_text(message->venue_address);
    fields->text = joined(scope, name, "\n", address);
    fields->location =
        place_json(scope, message->venue_latitude, message->venue_longitude, name, address);
}

FILL(contact)
{
    fields->text = joined(scope, message->contact_first_name, " ", message->contact_last_name);
    if (str_is_null(fields->text))
        fields->text = tg_text(message->contact_phone);
}

static const struct tg_kind kinds[] = {
    {"text", "rich_message", has_rich, fill_rich},
    {"text", NULL, has_text, fill_text},
    {"video", "animation", has_animation, fill_animation},
    {"video", "live_photo", has_live_photo, fill_live_photo},
    {"location", "venue", has_venue, fill_venue},
    {"audio", NULL, has_audio, fill_audio},
    {"document", NULL, has_document, fill_document},
    {"unsupported", "paid_media", has_paid_media, fill_paid_media},
    {"image", NULL, has_photo, fill_photo},
    {"sticker", NULL, has_sticker, fill_sticker},
    {"unsupported", "story", has_story, fill_none},
    {"video", NULL, has_video, fill_video},
    {"video", "video_note", has_video_note, fill_video_note},
    {"audio", "voice", has_voice, fill_voice},
    {"unsupported", "checklist", has_checklist, fill_checklist},
    {"contact", NULL, has_contact, fill_contact},
    {"unsupported", "dice", has_dice, fill_dice},
    {"unsupported", "game", has_game, fill_game},
    {"poll", NULL, has_poll, fill_poll},
    {"location", NULL, has_location, fill_location},
    {"order", "invoice", has_invoice, fill_invoice},
    {"unsupported", "giveaway", has_giveaway, fill_none},
    {"unsupported", "giveaway_winners", has_winners, fill_none},
};

static const struct tg_kind system_kind = {"system", NULL, NULL, fill_none};
static const struct tg_kind interactive_kind = {"interactive", NULL, NULL, fill_none};
static const struct tg_kind unknown_kind = {"unsupported", NULL, NULL, fill_none};

/* ---- services ---- */

#define NAME(name) #name,
static const char *const whole_names[] = {TG_WHOLE_SERVICES(NAME)};
static const char *const note_names[] = {TG_NOTE_SERVICES(NAME)};

/* 5.1 */
static const struct {
    const char *former, *name;
} former_names[] = {
    {"new_chat_participant", "new_chat_members"},
    {"new_chat_member", "new_chat_members"},
    {"left_chat_participant", "left_chat_member"},
    {"user_shared", "users_shared"},
    {"voice_chat_scheduled", "video_chat_scheduled"},
    {"voice_chat_started", "video_chat_started"},
    {"voice_chat_ended", "video_chat_ended"},
    {"voice_chat_participants_invited", "video_chat_participants_invited"},
};

static const char *documented_name(const char *name)
{
    for (size_t i = 0; i < sizeof former_names / sizeof former_names[0]; i++)
        if (strcmp(name, former_names[i].former) == 0)
            return former_names[i].name;
    return name;
}

/* Archived payloads write false, or 0, for what is absent. */
static bool is_there(struct str json)
{
    return json.n > 0 && !str_is(json, "false") && !str_is(json, "0");
}

static bool find_service(const struct tg_message *message, struct tg_content *content)
{
    for (size_t i = 0; i < TG_WHOLE_COUNT; i++) {
        if (!is_there(message->whole[i]))
            continue;
        content->service = documented_name(whole_names[i]);
        content->service_json = message->whole[i];
        return true;
    }
    for (size_t i = 0; i < TG_NOTE_COUNT; i++) {
        if (message->notes[i] == NULL)
            continue;
        content->service = note_names[i];
        content->note = message->notes[i];
        return true;
    }
    return false;
}

static bool is_pressed(const char *service)
{
    return strcmp(service, "web_app_data") == 0 || strcmp(service, "users_shared") == 0 ||
           strcmp(service, "chat_shared") == 0;
}

struct tg_content tg_content_find(const struct tg_message *message)
{
    struct tg_content content = {.kind = &unknown_kind};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].has(message)) {
            content.kind = &kinds[i];
            return content;
        }
    }
    if (find_service(message, &content))
        content.kind = is_pressed(content.service) ? &interactive_kind : &system_kind;
    return content;
}

bool tg_content_is_service(const struct tg_content *content)
{
    return content->kind == &system_kind;
}

bool tg_content_is_live(const struct tg_content *content, const struct tg_message *message)
{
    return content->kind->has == has_poll ||
           (content->kind->has == has_location && message->live_period.n > 0);
}

/* ---- metadata ---- */

static void write_note(struct json_writer *json, const char *name, const struct tg_note *note)
{
    json_writer_text(json, str_of(name));
    json_writer_open(json, false);
    json_member_number(json, "message_id", tg_text(note->target_id));
    json_member_json(json, "marked_as_done_task_ids", note->done_json);
    json_member_json(json, "marked_as_not_done_task_ids", note->not_done_json);
    json_member_json(json, "tasks", note->tasks_json);
    json_member_text(json, "option_persistent_id", tg_text(note->option_id));
    json_member_text(json, "option_text", tg_text(note->option_text));
    json_member_json(json, "option_text_entities", note->option_entities_json);
    json_member_json(json, "price", note->price_json);
    json_member_number(json, "send_date", tg_text(note->send_date));
    json_member_text(json, "comment", tg_text(note->comment));
    json_member_text(json, "currency", tg_text(note->currency));
    json_member_number(json, "amount", tg_text(note->amount));
    json_member_json(json, "star_amount", note->star_amount_json);
    json_member_text(json, "reason", tg_text(note->reason));
    json_writer_close(json, false);
}

static void write_service(struct json_writer *json, const struct tg_content *content,
                          struct str sender_key)
{
    if (content->service == NULL)
        return;
    json_member_json(json, content->service, content->service_json);
    if (content->note != NULL)
        write_note(json, content->service, content->note);
    if (tg_content_is_service(content))
        json_member_text(json, "from", sender_key);
}

/* forward_origin as the members of former years told it. */
static void write_former_origin(struct json_writer *json, const struct tg_message *message)
{
    bool is_user = message->forward_from_json.n > 0;
    bool is_chat = message->forward_chat_json.n > 0;
    bool is_channel = is_chat && message->forward_message_id.n > 0;
    if (!is_user && !is_chat && message->forward_name.n == 0)
        return;
    json_writer_text(json, STR_LIT("forward_origin"));
    json_writer_open(json, false);
    json_member_text(json, "type",
                     is_user      ? STR_LIT("user")
                     : is_channel ? STR_LIT("channel")
                     : is_chat    ? STR_LIT("chat")
                                  : STR_LIT("hidden_user"));
    json_member_json(json, "sender_user", message->forward_from_json);
    json_member_json(json, is_channel ? "chat" : "sender_chat", message->forward_chat_json);
    json_member_number(json, "message_id", tg_text(message->forward_message_id));
    json_member_text(json, "author_signature", tg_text(message->forward_signature));
    json_member_text(json, "sender_user_name", tg_text(message->forward_name));
    json_member_number(json, "date", tg_text(message->forward_date));
    json_writer_close(json, false);
}

static void write_references(struct json_writer *json, const struct tg_message *message)
{
    json_member_text(json, "media_group_id", tg_text(message->media_group_id));
    json_member_json(json, "forward_origin", message->forward_origin_json);
    if (str_is_null(message->forward_origin_json))
        write_former_origin(json, message);
    json_member_json(json, "external_reply", message->external_reply_json);
    json_member_json(json, "quote", message->quote_json);
    json_member_json(json, "reply_to_story", message->reply_to_story_json);
    json_member_number(json, "reply_to_checklist_task_id", tg_text(message->reply_to_task_id));
    json_member_text(json, "reply_to_poll_option_id", tg_text(message->reply_to_option_id));
    json_member_number(json, "message_thread_id", tg_text(message->thread_id));
}

static void write_sender(struct json_writer *json, const struct tg_message *message)
{
    bool by_bot = message->sender_business_bot != NULL;
    bool from_bot = message->sender_chat == NULL && message->from != NULL &&
                    tg_true(message->from->is_bot); /* else from is a stand-in */
    json_member_text(json, "via", tg_text(message->via_bot));
    json_member_text(json, "author_signature", tg_text(message->author_signature));
    json_member_text(json, "sender_tag", tg_text(message->sender_tag));
    json_member_number(json, "sender_boost_count", tg_text(message->boost_count));
    json_member_text(json, "guest_query_id", tg_text(message->guest_query_id));
    json_member_json(json, "guest_bot_caller_user", message->guest_caller_user_json);
    json_member_json(json, "guest_bot_caller_chat", message->guest_caller_chat_json);
    json_member_text(json, "business_connection_id", tg_text(message->connection_id));
    json_member_true(json, "is_from_offline", tg_true(message->is_from_offline));
    json_member_true(json, "is_automated", by_bot || from_bot || tg_true(message->is_from_offline));
    json_member_true(json, "is_automatic_forward", tg_true(message->is_automatic_forward));
}

static void write_flags(struct json_writer *json, const struct tg_message *message)
{
    json_member_true(json, "has_protected_content", tg_true(message->has_protected_content));
    json_member_true(json, "is_paid_post", tg_true(message->is_paid_post));
    json_member_number(json, "paid_star_count", tg_text(message->star_count));
    json_member_text(json, "effect_id", tg_text(message->effect_id));
    json_member_json(json, "suggested_post_info", message->suggested_post_json);
    json_member_json(json, "link_preview_options", message->link_preview_json);
    json_member_json(json, "reply_markup", message->reply_markup_json);
    json_member_true(json, "show_caption_above_media", tg_true(message->caption_above));
    json_member_true(json, "has_media_spoiler", tg_true(message->has_spoiler));
}

static void write_content(struct json_writer *json, const struct tg_message *message,
                          const struct tg_content *content)
{
    json_member_json(json, "entities", message->entities_json);
    json_member_json(json, "caption_entities", message->caption_entities_json);
    json_member_json(json, "rich_message", message->rich_json);
    if (content->kind->has == has_location) {
        json_member_number(json, "horizontal_accuracy", tg_text(message->accuracy));
        json_member_number(json, "live_period", tg_text(message->live_period));
        json_member_number(json, "heading", tg_text(message->heading));
        json_member_number(json, "proximity_alert_radius", tg_text(message->proximity_radius));
    }
    json_member_json(json, "venue", message->venue_json);
    json_member_json(json, "contact", message->contact_json);
    json_member_json(json, "dice", message->dice_json);
    json_member_json(json, "game", message->game_json);
    json_member_json(json, "poll", message->poll_json);
    json_member_json(json, "checklist", message->checklist_json);
    json_member_json(json, "invoice", message->invoice_json);
    json_member_json(json, "story", message->story_json);
    json_member_json(json, "giveaway", message->giveaway_json);
    json_member_json(json, "giveaway_winners", message->giveaway_winners_json);
    if (message->paid_media != NULL)
        json_member_number(json, "paid_media_star_count", tg_text(message->paid_media->star_count));
}

static bool any_replaced(const struct tg_scope *scope, const struct record_message *fields,
                         struct str metadata)
{
    bool is_replaced = tg_is_replaced(scope, metadata) || tg_is_replaced(scope, fields->text) ||
                       tg_is_replaced(scope, fields->caption) ||
                       tg_is_replaced(scope, fields->location);
    for (size_t i = 0; i < fields->attachment_count && !is_replaced; i++)
        is_replaced = tg_is_replaced(scope, fields->attachments[i].filename) ||
                      tg_is_replaced(scope, fields->attachments[i].metadata);
    return is_replaced;
}

void tg_content_fill(struct tg_scope *scope, const struct tg_message *message,
                     const struct tg_content *content, struct str sender_key,
                     struct record_message *fields)
{
    const struct tg_kind *kind = content->kind;
    const char *subtype = content->service != NULL ? content->service : kind->subtype;
    fields->type = str_of(kind->type);
    fields->subtype = str_of(subtype);
    fields->caption = tg_text(message->caption);
    kind->fill(scope, message, fields);
    if (kind == &interactive_kind)
        fields->text = tg_text(message->web_app_button);
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    write_content(json, message, content);
    write_service(json, content, sender_key);
    write_references(json, message);
    write_sender(json, message);
    write_flags(json, message);
    json_member_true(json, "nul_replaced", any_replaced(scope, fields, json_writer_peek(json)));
    fields->metadata = tg_object(scope);
}
