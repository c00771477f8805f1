#include "transform/telegram/export_rules.h"

static const struct jpath_rule part_rules[] = {
    JPATH_SCALAR("", struct tgx_part, plain),
    JPATH_SCALAR("type", struct tgx_part, type),
    JPATH_SCALAR("text", struct tgx_part, text),
    JPATH_SCALAR("language", struct tgx_part, language),
    JPATH_SCALAR("href", struct tgx_part, href),
    JPATH_SCALAR("user_id", struct tgx_part, user_id),
    JPATH_SCALAR("document_id", struct tgx_part, document_id),
    JPATH_SCALAR("collapsed", struct tgx_part, collapsed),
    JPATH_RULES_END,
};

static const struct jpath_rule text_rules[] = {
    JPATH_SCALAR("", struct tgx_text, plain),
    JPATH_EACH("", struct tgx_text, parts, struct tgx_part, part_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule contact_rules[] = {
    JPATH_SCALAR("first_name", struct tgx_contact, first_name),
    JPATH_SCALAR("last_name", struct tgx_contact, last_name),
    JPATH_SCALAR("phone_number", struct tgx_contact, phone_number),
    JPATH_RULES_END,
};

static const struct jpath_rule poll_rules[] = {
    JPATH_ONE("question", struct tgx_question, question, struct tgx_text, text_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule todo_rules[] = {
    JPATH_ONE("title", struct tgx_question, question, struct tgx_text, text_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule actor_rules[] = {
    JPATH_SCALAR("from", struct tgx_actor, from),
    JPATH_SCALAR("from_id", struct tgx_actor, from_id),
    JPATH_SCALAR("date", struct tgx_actor, date),
    JPATH_RULES_END,
};

static const struct jpath_rule reaction_rules[] = {
    JPATH_SCALAR("type", struct tgx_reaction, type),
    JPATH_SCALAR("count", struct tgx_reaction, count),
    JPATH_SCALAR("emoji", struct tgx_reaction, emoji),
    JPATH_SCALAR("document_id", struct tgx_reaction, document_id),
    JPATH_EACH("recent", struct tgx_reaction, recent, struct tgx_actor, actor_rules),
    JPATH_RULES_END,
};

#define ACTION_RULE(name) JPATH_JSON(#name, struct tgx_action, name),
static const struct jpath_rule action_rules[] = {TGX_ACTION_MEMBERS(ACTION_RULE) JPATH_RULES_END};

static const struct jpath_rule message_rules[] = {
    JPATH_SCALAR("id", struct tgx_message, id),
    JPATH_SCALAR("type", struct tgx_message, type),
    JPATH_SCALAR("date", struct tgx_message, date),
    JPATH_SCALAR("date_unixtime", struct tgx_message, date_unixtime),
    JPATH_SCALAR("edited", struct tgx_message, edited),
    JPATH_SCALAR("edited_unixtime", struct tgx_message, edited_unixtime),
    JPATH_SCALAR("from", struct tgx_message, from),
    JPATH_SCALAR("from_id", struct tgx_message, from_id),
    JPATH_SCALAR("actor", struct tgx_message, actor),
    JPATH_SCALAR("actor_id", struct tgx_message, actor_id),
    JPATH_SCALAR("author", struct tgx_message, author),
    JPATH_SCALAR("forwarded_from", struct tgx_message, forwarded_from),
    JPATH_SCALAR("forwarded_from_id", struct tgx_message, forwarded_from_id),
    JPATH_SCALAR("saved_from", struct tgx_message, saved_from),
    JPATH_SCALAR("reply_to_message_id", struct tgx_message, reply_to_message_id),
    JPATH_SCALAR("reply_to_peer_id", struct tgx_message, reply_to_peer_id),
    JPATH_SCALAR("via_bot", struct tgx_message, via_bot),
    JPATH_SCALAR("action", struct tgx_message, action),
    JPATH_SCALAR("photo", struct tgx_message, photo),
    JPATH_SCALAR("photo_file_size", struct tgx_message, photo_file_size),
    JPATH_SCALAR("file", struct tgx_message, file),
    JPATH_SCALAR("file_name", struct tgx_message, file_name),
    JPATH_SCALAR("file_size", struct tgx_message, file_size),
    JPATH_SCALAR("media_type", struct tgx_message, media_type),
    JPATH_SCALAR("mime_type", struct tgx_message, mime_type),
    JPATH_SCALAR("duration_seconds", struct tgx_message, duration),
    JPATH_SCALAR("width", struct tgx_message, width),
    JPATH_SCALAR("height", struct tgx_message, height),
    JPATH_SCALAR("sticker_emoji", struct tgx_message, sticker_emoji),
    JPATH_SCALAR("performer", struct tgx_message, performer),
    JPATH_SCALAR("title", struct tgx_message, title),
    JPATH_SCALAR("media_spoiler", struct tgx_message, media_spoiler),
    JPATH_SCALAR("self_destruct_period_seconds", struct tgx_message, self_destruct),
    JPATH_ONE("contact_information", struct tgx_message, contact, struct tgx_contact,
              contact_rules),
    JPATH_SCALAR("contact_vcard", struct tgx_message, contact_vcard),
    JPATH_SCALAR("location_information.latitude", struct tgx_message, latitude),
    JPATH_SCALAR("location_information.longitude", struct tgx_message, longitude),
    JPATH_SCALAR("live_location_period_seconds", struct tgx_message, live_period),
    JPATH_SCALAR("place_name", struct tgx_message, place_name),
    JPATH_SCALAR("address", struct tgx_message, address),
    JPATH_SCALAR("game_title", struct tgx_message, game_title),
    JPATH_SCALAR("game_description", struct tgx_message, game_description),
    JPATH_SCALAR("game_link", struct tgx_message, game_link),
    JPATH_SCALAR("invoice_information", struct tgx_message, invoice),
    JPATH_SCALAR("information_text", struct tgx_message, information_text),
    JPATH_ONE("poll", struct tgx_message, poll, struct tgx_question, poll_rules),
    JPATH_ONE("todo_list", struct tgx_message, todo_list, struct tgx_question, todo_rules),
    JPATH_JSON("poll", struct tgx_message, poll_json),
    JPATH_JSON("todo_list", struct tgx_message, todo_json),
    JPATH_JSON("giveaway_information", struct tgx_message, giveaway_json),
    JPATH_JSON("giveaway_results", struct tgx_message, giveaway_results_json),
    JPATH_SCALAR("paid_stars_amount", struct tgx_message, paid_stars),
    JPATH_JSON("rich_message", struct tgx_message, rich_json),
    JPATH_JSON("inline_bot_buttons", struct tgx_message, buttons_json),
    JPATH_EACH("reactions", struct tgx_message, reactions, struct tgx_reaction, reaction_rules),
    JPATH_PART("", struct tgx_message, members, struct tgx_action, action_rules),
    JPATH_END("text", struct tgx_text, text_rules, tgx_text_end),
    JPATH_RULES_END,
};

static const struct jpath_rule head_rules[] = {
    JPATH_SCALAR("name", struct tgx_head, name),
    JPATH_SCALAR("type", struct tgx_head, type),
    JPATH_SCALAR("id", struct tgx_head, id),
    JPATH_RULES_END,
};

static const struct jpath_rule listed_rules[] = {
    JPATH_PART("", struct tgx_listed, head, struct tgx_head, head_rules),
    JPATH_END("messages[]", struct tgx_message, message_rules, tgx_listed_message_end),
    JPATH_RULES_END,
};

static const struct jpath_rule no_rules[] = {JPATH_RULES_END};

#define SECTION(path)                                                                              \
    JPATH_PART_END(path, struct tgx_root, listed, struct tgx_listed, no_rules, tgx_section_end)
#define CHATS(path)                                                                                \
    JPATH_PART_END(path, struct tgx_root, listed, struct tgx_listed, listed_rules, tgx_chat_end)

const struct jpath_rule tgx_root_rules[] = {
    JPATH_PART("", struct tgx_root, single, struct tgx_head, head_rules),
    JPATH_SCALAR("personal_information.user_id", struct tgx_root, owner.user_id),
    JPATH_SCALAR("personal_information.first_name", struct tgx_root, owner.first_name),
    JPATH_SCALAR("personal_information.last_name", struct tgx_root, owner.last_name),
    JPATH_END("messages[]", struct tgx_message, message_rules, tgx_single_message_end),
    CHATS("chats.list[]"),
    CHATS("left_chats.list[]"),
    SECTION("messages"),
    SECTION("chats"),
    SECTION("left_chats"),
    JPATH_RULES_END,
};
