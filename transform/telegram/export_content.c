#include "transform/telegram/export_content.h"

#include "lib/decimal.h"
#include "transform/telegram/export_text.h"
#include "transform/telegram/rich.h"

#define DURATION_BYTES 8 /* digits of decimal(10,3) before the point, and NUL */

/* ---- attachments ---- */

static int64_t int_or_none(struct str text, int64_t most)
{
    int64_t value;
    return decimal_parse(text, &value) && value >= 0 && value <= most ? value : RECORD_INT_NONE;
}

static struct str whole_seconds(struct str text)
{
    int64_t seconds = int_or_none(text, INT32_MAX);
    return seconds != RECORD_INT_NONE && text.n < DURATION_BYTES ? text : STR_NULL;
}

/* "(File not included. Change data exporting settings to download.)" and the like: 10.5. */
static bool is_placeholder(struct str path)
{
    return path.n > 0 && path.p[0] == '(';
}

static struct str why_missing(struct str path)
{
    if (!is_placeholder(path))
        return STR_NULL;
    if (str_starts_with(path, "(File not included"))
        return STR_LIT("not_included");
    return str_starts_with(path, "(File exceeds") ? STR_LIT("too_large") : STR_LIT("unavailable");
}

static struct str file_metadata(struct tgx_scope *scope, const struct tgx_message *message,
                                struct str path)
{
    struct json_writer *json = scope->tg.json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "missing", why_missing(path));
    json_member_text(json, "performer", tg_text(message->performer));
    json_member_text(json, "title", tg_text(message->title));
    json_member_text(json, "emoji", tg_text(message->sticker_emoji));
    json_member_number(json, "self_destruct_period_seconds", tg_text(message->self_destruct));
    return tg_object(&scope->tg);
}

static void attach(struct tgx_scope *scope, const struct tgx_message *message, const char *type,
                   struct str path, struct str size, struct record_message *fields)
{
    struct record_attachment *attachment = arena_alloc(scope->tg.out->arena, sizeof *attachment);
    if (attachment == NULL)
        return;
    *attachment = (struct record_attachment){
        .type = str_of(type),
        .provider_media_id = is_placeholder(path) ? STR_NULL : tg_text(path),
        .mime_type = tg_text(message->mime_type),
        .filename = tg_text(message->file_name),
        .size_bytes = int_or_none(size, INT64_MAX),
        .width = int_or_none(message->width, INT32_MAX),
        .height = int_or_none(message->height, INT32_MAX),
        .duration_s = whole_seconds(message->duration),
        .metadata = file_metadata(scope, message, path),
    };
    fields->attachments = attachment;
    fields->attachment_count = 1;
}

/* ---- kinds of content ---- */

typedef bool has_fn(const struct tgx_message *message);
typedef void fill_fn(struct tgx_scope *scope, const struct tgx_message *message,
                     struct record_message *fields);

#define HAS(name, condition)                                                                       \
    static bool has_##name(const struct tgx_message *message)                                      \
    {                                                                                              \
        return condition;                                                                          \
    }
HAS(rich, message->rich_json.n > 0)
HAS(photo, message->photo.n > 0)
HAS(file, message->file.n > 0 || message->media_type.n > 0)
HAS(contact, message->contact != NULL || message->contact_vcard.n > 0)
HAS(venue, message->place_name.n > 0 || message->address.n > 0)
HAS(location, message->latitude.n > 0 || message->live_period.n > 0)
HAS(poll, message->poll != NULL)
HAS(checklist, message->todo_list != NULL)
HAS(game, message->game_title.n > 0 || message->game_link.n > 0)
HAS(invoice, message->invoice.n > 0)
HAS(giveaway, message->giveaway_json.n > 0)
HAS(winners, message->giveaway_results_json.n > 0)
HAS(paid, message->paid_stars.n > 0)
HAS(text, !tgx_text_is_empty(message->text))

#define FILL(name)                                                                                 \
    static void fill_##name(struct tgx_scope *scope, const struct tgx_message *message,            \
                            struct record_message *fields)

FILL(none)
{
    (void)scope;
    (void)message;
    (void)fields;
}

FILL(rich)
{
    fields->text = tg_rich_text(scope->tg.out->arena, message->rich_json);
}

FILL(photo)
{
    attach(scope, message, "image", message->photo, message->photo_file_size, fields);
}

static const struct {
    const char *media, *type, *attachment, *subtype;
} media_types[] = {
    {"sticker", "sticker", "sticker", NULL},      {"video_message", "video", "video", "video_note"},
    {"voice_message", "audio", "audio", "voice"}, {"animation", "video", "video", "animation"},
    {"video_file", "video", "video", NULL},       {"audio_file", "audio", "audio", NULL},
};

FILL(file)
{
    const char *attachment = "document";
    fields->type = STR_LIT("document");
    if (message->media_type.n > 0) {
        attachment = "other";
        fields->type = STR_LIT("unsupported");
        fields->subtype = message->media_type;
    }
    for (size_t i = 0; i < sizeof media_types / sizeof media_types[0]; i++) {
        if (!str_is(message->media_type, media_types[i].media))
            continue;
        attachment = media_types[i].attachment;
        fields->type = str_of(media_types[i].type);
        fields->subtype = str_of(media_types[i].subtype);
    }
    attach(scope, message, attachment, message->file, message->file_size, fields);
}

static struct str joined(struct tgx_scope *scope, struct str a, const char *between, struct str b)
{
    const struct str parts[] = {a, str_of(between), b};
    if (a.n == 0 || b.n == 0)
        return tg_text(a.n > 0 ? a : b);
    return arena_join(scope->tg.out->arena, parts, 3);
}

FILL(contact)
{
    const struct tgx_contact *contact = message->contact;
    if (contact == NULL)
        return;
    fields->text = joined(scope, contact->first_name, " ", contact->last_name);
    if (str_is_null(fields->text))
        fields->text = tg_text(contact->phone_number);
}

FILL(location)
{
    struct str name = tg_text(message->place_name), address = tg_text(message->address);
    struct json_writer *json = scope->tg.json;
    fields->text = joined(scope, name, "\n", address);
    json_writer_reset(json);
    json_writer_open(json, false);
    if (json_is_number(message->latitude) && json_is_number(message->longitude)) {
        json_member_number(json, "lat", message->latitude);
        json_member_number(json, "lon", message->longitude);
    }
    json_member_text(json, "name", name);
    json_member_text(json, "address", address);
    fields->location = tg_object(&scope->tg);
}

FILL(poll)
{
    fields->text = tgx_text_flat(scope->tg.out->arena, message->poll->question);
}

FILL(checklist)
{
    fields->text = tgx_text_flat(scope->tg.out->arena, message->todo_list->question);
}

FILL(game)
{
    (void)scope;
    fields->text = tg_text(message->game_title);
}

FILL(text)
{
    fields->text = tgx_text_flat(scope->tg.out->arena, message->text);
}

static const struct {
    has_fn *has;
    const char *type; /* canonical-model 4.4; NULL: fill says it */
    const char *subtype;
    fill_fn *fill;
} kinds[] = {
    {has_rich, "text", "rich_message", fill_rich},
    {has_photo, "image", NULL, fill_photo},
    {has_file, NULL, NULL, fill_file},
    {has_contact, "contact", NULL, fill_contact},
    {has_venue, "location", "venue", fill_location},
    {has_location, "location", NULL, fill_location},
    {has_poll, "poll", NULL, fill_poll},
    {has_checklist, "unsupported", "checklist", fill_checklist},
    {has_game, "unsupported", "game", fill_game},
    {has_invoice, "order", "invoice", fill_none},
    {has_winners, "unsupported", "giveaway_winners", fill_none},
    {has_giveaway, "unsupported", "giveaway", fill_none},
    {has_paid, "unsupported", "paid_media", fill_none},
    {has_text, "text", NULL, fill_text},
};

/* Nothing but a text, as most messages are: what follows need not look at every member. */
static bool is_bare(const struct tgx_message *m)
{
    size_t used = m->rich_json.n | m->photo.n | m->file.n | m->media_type.n | m->contact_vcard.n |
                  m->latitude.n | m->live_period.n | m->place_name.n | m->address.n |
                  m->game_title.n | m->game_link.n | m->invoice.n | m->giveaway_json.n |
                  m->giveaway_results_json.n | m->paid_stars.n | m->forwarded_from.n |
                  m->forwarded_from_id.n | m->saved_from.n | m->via_bot.n | m->author.n |
                  m->buttons_json.n | m->media_spoiler.n | m->reactions.count;
    return used == 0 && m->contact == NULL && m->poll == NULL && m->todo_list == NULL &&
           str_is(m->type, "message");
}

bool tgx_message_is_live(const struct tgx_message *message)
{
    return message->poll != NULL || message->live_period.n > 0;
}

static bool is_text(struct str type)
{
    return str_is(type, "text");
}

/* A type that is not known keeps its word; a message without anything has none. */
static void fill_message(struct tgx_scope *scope, const struct tgx_message *message,
                         struct record_message *fields)
{
    bool is_known = message->type.n == 0 || str_is(message->type, "message");
    fields->type = STR_LIT("unsupported");
    fields->subtype = is_known ? STR_NULL : message->type;
    size_t i = 0;
    while (i < sizeof kinds / sizeof kinds[0] && !kinds[i].has(message))
        i++;
    if (i == sizeof kinds / sizeof kinds[0])
        return;
    if (is_known && kinds[i].type != NULL) {
        fields->type = str_of(kinds[i].type);
        fields->subtype = str_of(kinds[i].subtype);
    }
    kinds[i].fill(scope, message, fields);
    if (!is_text(fields->type) && kinds[i].has != has_text)
        fields->caption = tgx_text_flat(scope->tg.out->arena, message->text);
}

static void fill_plain(struct tgx_scope *scope, const struct tgx_message *message,
                       struct record_message *fields)
{
    fill_text(scope, message, fields);
    fields->type = str_is_null(fields->text) ? STR_LIT("unsupported") : STR_LIT("text");
}

/* ---- services ---- */

/* The export's action and the Bot API's name (11.2); others are the same word. */
static const struct {
    const char *action, *service;
} services[] = {
    {"invite_members", "new_chat_members"},
    {"join_group_by_link", "new_chat_members"},
    {"join_group_by_request", "new_chat_members"},
    {"remove_members", "left_chat_member"},
    {"edit_group_title", "new_chat_title"},
    {"edit_group_photo", "new_chat_photo"},
    {"delete_group_photo", "delete_chat_photo"},
    {"create_group", "group_chat_created"},
    {"create_channel", "channel_chat_created"},
    {"pin_message", "pinned_message"},
    {"migrate_to_supergroup", "migrate_to_chat_id"},
    {"migrate_from_group", "migrate_from_chat_id"},
    {"topic_created", "forum_topic_created"},
    {"topic_edit", "forum_topic_edited"},
    {"group_call_scheduled", "video_chat_scheduled"},
    {"invite_to_group_call", "video_chat_participants_invited"},
    {"set_messages_ttl", "message_auto_delete_timer_changed"},
    {"send_payment", "successful_payment"},
    {"proximity_reached", "proximity_alert_triggered"},
    {"boost_apply", "boost_added"},
    {"set_chat_wallpaper", "chat_background_set"},
    {"set_same_chat_wallpaper", "chat_background_set"},
    {"giveaway_launch", "giveaway_created"},
    {"giveaway_results", "giveaway_completed"},
    {"todo_completions", "checklist_tasks_done"},
    {"todo_append_tasks", "checklist_tasks_added"},
    {"send_passport_values", "passport_data"},
    {"send_webview_data", "web_app_data"},
    {"send_star_gift", "gift"},
    {"paid_messages_price_change", "paid_message_price_changed"},
    {"suggested_post_success", "suggested_post_paid"},
    {"suggested_post_refund", "suggested_post_refunded"},
    {"poll_append_answer", "poll_option_added"},
    {"poll_delete_answer", "poll_option_deleted"},
    {"change_creator", "chat_owner_changed"},
    {"new_creator_pending", "chat_owner_left"},
};

#define CUSTOM_ACTION "custom_action" /* one without a word of its own */

bool tgx_action_is_pressed(const struct tgx_message *message)
{
    return str_is(message->action, "send_webview_data") ||
           str_is(message->action, "requested_peer");
}

bool tgx_message_is_service(const struct tgx_message *message)
{
    return str_is(message->type, "service") || (message->type.n == 0 && message->action.n > 0);
}

static struct str service_word(const struct tgx_message *message)
{
    struct str action = message->action;
    if (action.n == 0)
        return STR_LIT(CUSTOM_ACTION);
    if (str_is(action, "group_call"))
        return message->members.duration.n > 0 ? STR_LIT("video_chat_ended")
                                               : STR_LIT("video_chat_started");
    if (str_is(action, "requested_peer"))
        return STR_LIT("users_shared");
    if (str_is(action, "allow_sending_messages") || str_is(action, "web_app_bot_allowed") ||
        str_is(action, "attach_menu_bot_allowed"))
        return message->members.reason_domain.n > 0 ? STR_LIT("connected_website")
                                                    : STR_LIT("write_access_allowed");
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        if (str_is(action, services[i].action))
            return str_of(services[i].service);
    return action;
}

static void fill_service(struct tgx_scope *scope, const struct tgx_message *message,
                         struct record_message *fields)
{
    fields->type = tgx_action_is_pressed(message) ? STR_LIT("interactive") : STR_LIT("system");
    fields->subtype = service_word(message);
    fields->text = tgx_text_flat(scope->tg.out->arena, message->text);
    if (str_is_null(fields->text))
        fields->text = tg_text(message->information_text);
    if (has_photo(message))
        fill_photo(scope, message, fields);
}

/* ---- metadata ---- */

#define ACTION_OFFSET(name) {#name, offsetof(struct tgx_action, name)},
static const struct {
    const char *name;
    size_t offset;
} action_members[] = {TGX_ACTION_MEMBERS(ACTION_OFFSET)};

static void write_service(struct json_writer *json, const struct tgx_message *message,
                          struct str word, struct str actor_key)
{
    const unsigned char *members = (const void *)&message->members;
    json_writer_text(json, word);
    json_writer_open(json, false);
    json_member_text(json, "action", tg_text(message->action));
    if (str_is(message->action, "proximity_reached")) {
        json_member_text(json, "from", tg_text(message->from));
        json_member_text(json, "from_id", tg_text(message->from_id));
    }
    for (size_t i = 0; i < sizeof action_members / sizeof action_members[0]; i++)
        json_member_json(json, action_members[i].name,
                         *(const struct str *)(const void *)(members + action_members[i].offset));
    json_writer_close(json, false);
    json_member_text(json, "from", actor_key);
}

static void write_forward(struct json_writer *json, const struct tgx_message *message)
{
    struct tgx_peer peer = tgx_peer_read(message->forwarded_from_id, TGX_NUMBERS_BARE);
    bool is_user = peer.kind == TGX_USER, is_chat = !is_user && peer.kind != TGX_NOBODY;
    struct str name = tg_text(message->forwarded_from);
    if (name.n == 0 && peer.kind == TGX_NOBODY)
        return;
    json_writer_text(json, STR_LIT("forward_origin"));
    json_writer_open(json, false);
    json_member_text(json, "type",
                     is_user   ? STR_LIT("user")
                     : is_chat ? STR_LIT("channel")
                               : STR_LIT("hidden_user"));
    json_member_text(json, "sender_user_name", is_user || is_chat ? STR_NULL : name);
    if (is_user || is_chat) {
        json_writer_text(json, is_user ? STR_LIT("sender_user") : STR_LIT("chat"));
        json_writer_open(json, false);
        char id[DECIMAL_TEXT_BYTES];
        json_member_number(json, "id",
                           (struct str){id, decimal_format(tgx_peer_chat(peer).id, id)});
        json_member_text(json, is_user ? "first_name" : "title", name);
        json_writer_close(json, false);
    }
    json_writer_close(json, false);
}

static void write_contact(struct json_writer *json, const struct tgx_message *message)
{
    const struct tgx_contact *contact = message->contact;
    if (contact == NULL && message->contact_vcard.n == 0)
        return;
    json_writer_text(json, STR_LIT("contact"));
    json_writer_open(json, false);
    if (contact != NULL) {
        json_member_text(json, "phone_number", tg_text(contact->phone_number));
        json_member_text(json, "first_name", tg_text(contact->first_name));
        json_member_text(json, "last_name", tg_text(contact->last_name));
    }
    json_member_text(json, "vcard", tg_text(message->contact_vcard));
    json_writer_close(json, false);
}

static void write_game(struct json_writer *json, const struct tgx_message *message)
{
    if (!has_game(message))
        return;
    json_writer_text(json, STR_LIT("game"));
    json_writer_open(json, false);
    json_member_text(json, "title", tg_text(message->game_title));
    json_member_text(json, "description", tg_text(message->game_description));
    json_member_text(json, "link", tg_text(message->game_link));
    json_writer_close(json, false);
}

static void write_reactions(struct json_writer *json, const struct tgx_message *message)
{
    if (message->reactions.count == 0)
        return;
    json_writer_text(json, STR_LIT("reactions"));
    json_writer_open(json, true);
    for (const struct jpath_element *e = message->reactions.first; e != NULL; e = e->next) {
        const struct tgx_reaction *reaction = (const void *)e;
        json_writer_open(json, false);
        json_member_text(json, "type", tg_text(reaction->type));
        json_member_text(json, "emoji", tg_text(reaction->emoji));
        json_member_text(json, "document_id", tg_text(reaction->document_id));
        json_member_number(json, "total_count", tg_text(reaction->count));
        json_writer_close(json, false);
    }
    json_writer_close(json, true);
}

static void write_content(struct json_writer *json, const struct tgx_message *message)
{
    json_member_json(json, "rich_message", message->rich_json);
    json_member_number(json, "live_period", tg_text(message->live_period));
    write_contact(json, message);
    write_game(json, message);
    json_member_json(json, "poll", message->poll_json);
    json_member_json(json, "checklist", message->todo_json);
    json_member_text(json, "invoice", tg_text(message->invoice));
    json_member_json(json, "giveaway", message->giveaway_json);
    json_member_json(json, "giveaway_winners", message->giveaway_results_json);
    json_member_number(json, "paid_media_star_count", tg_text(message->paid_stars));
}

static struct str without_at(struct str name)
{
    return name.n > 1 && name.p[0] == '@' ? (struct str){name.p + 1, name.n - 1} : tg_text(name);
}

static void write_facts(struct json_writer *json, const struct tgx_facts *facts)
{
    json_member_true(json, "is_automated", facts->is_automated);
    json_member_true(json, "is_automatic_forward", facts->is_automatic_forward);
    json_member_true(json, "is_topic_guessed", facts->is_topic_guessed);
}

static void write_origin(struct json_writer *json, const struct tgx_message *message)
{
    write_forward(json, message);
    json_member_text(json, "saved_from", tg_text(message->saved_from));
    json_member_text(json, "via", without_at(message->via_bot));
    json_member_text(json, "author_signature", tg_text(message->author));
    json_member_json(json, "inline_bot_buttons", message->buttons_json);
    json_member_true(json, "has_media_spoiler", tg_true(message->media_spoiler));
    write_reactions(json, message);
}

static bool any_replaced(const struct tg_scope *scope, const struct record_message *fields,
                         struct str metadata)
{
    if (scope->replaced == 0)
        return false;
    const struct record_attachment *attachment = fields->attachments;
    return tg_is_replaced(scope, metadata) || tg_is_replaced(scope, fields->text) ||
           tg_is_replaced(scope, fields->caption) || tg_is_replaced(scope, fields->location) ||
           (attachment != NULL && (tg_is_replaced(scope, attachment->filename) ||
                                   tg_is_replaced(scope, attachment->metadata)));
}

void tgx_content_fill(struct tgx_scope *scope, const struct tgx_message *message,
                      const struct tgx_facts *facts, struct record_message *fields)
{
    bool is_service = tgx_message_is_service(message), is_plain = is_bare(message);
    struct json_writer *json = scope->tg.json;
    if (is_plain)
        fill_plain(scope, message, fields);
    else if (is_service)
        fill_service(scope, message, fields);
    else
        fill_message(scope, message, fields);
    struct str entities = tgx_text_entities(scope->tg.out->arena, json, message->text);
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_json(json, str_is_null(fields->caption) ? "entities" : "caption_entities",
                     entities);
    if (is_service)
        write_service(json, message, fields->subtype, facts->actor_key);
    else if (!is_plain)
        write_content(json, message);
    if (!is_plain)
        write_origin(json, message);
    write_facts(json, facts);
    json_member_true(json, "nul_replaced",
                     any_replaced(&scope->tg, fields, json_writer_peek(json)));
    fields->metadata = tg_object(&scope->tg);
}
