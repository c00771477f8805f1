#include "transform/whatsapp/rules.h"

static const struct jpath_rule error_rules[] = {
    JPATH_SCALAR("code", struct wa_error, code),
    JPATH_SCALAR("title", struct wa_error, title),
    JPATH_SCALAR("message", struct wa_error, message),
    JPATH_RULES_END,
};

static const struct jpath_rule media_rules[] = {
    JPATH_SCALAR("id", struct wa_media, id),
    JPATH_STR("url", struct wa_media, url),
    JPATH_STR("mime_type", struct wa_media, mime_type),
    JPATH_STR("sha256", struct wa_media, sha256),
    JPATH_STR("filename", struct wa_media, filename),
    JPATH_STR("caption", struct wa_media, caption),
    JPATH_SCALAR("voice", struct wa_media, voice),
    JPATH_SCALAR("animated", struct wa_media, animated),
    JPATH_RULES_END,
};

static const struct jpath_rule phone_rules[] = {
    JPATH_SCALAR("phone", struct wa_phone, phone),
    JPATH_RULES_END,
};

static const struct jpath_rule card_rules[] = {
    JPATH_STR("name.formatted_name", struct wa_card, name),
    JPATH_EACH("phones", struct wa_card, phones, struct wa_phone, phone_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule content_rules[] = {
    JPATH_SCALAR("type", struct wa_content, type),
    JPATH_SCALAR("text.body", struct wa_content, text),
    JPATH_ONE("image", struct wa_content, image, struct wa_media, media_rules),
    JPATH_ONE("video", struct wa_content, video, struct wa_media, media_rules),
    JPATH_ONE("audio", struct wa_content, audio, struct wa_media, media_rules),
    JPATH_ONE("voice", struct wa_content, voice, struct wa_media, media_rules),
    JPATH_ONE("document", struct wa_content, document, struct wa_media, media_rules),
    JPATH_ONE("sticker", struct wa_content, sticker, struct wa_media, media_rules),
    JPATH_SCALAR("location.latitude", struct wa_content, latitude),
    JPATH_SCALAR("location.longitude", struct wa_content, longitude),
    JPATH_STR("location.name", struct wa_content, place),
    JPATH_STR("location.address", struct wa_content, address),
    JPATH_STR("location.url", struct wa_content, place_url),
    JPATH_JSON("contacts", struct wa_content, cards_json),
    JPATH_EACH("contacts", struct wa_content, cards, struct wa_card, card_rules),
    JPATH_JSON("interactive", struct wa_content, interactive_json),
    JPATH_STR("interactive.type", struct wa_content, interactive_type),
    JPATH_STR("interactive.button_reply.title", struct wa_content, button_title),
    JPATH_STR("interactive.list_reply.title", struct wa_content, list_title),
    JPATH_STR("interactive.nfm_reply.body", struct wa_content, form_body),
    JPATH_JSON("button", struct wa_content, button_json),
    JPATH_STR("button.text", struct wa_content, button_text),
    JPATH_JSON("order", struct wa_content, order_json),
    JPATH_STR("order.text", struct wa_content, order_text),
    JPATH_JSON("system", struct wa_content, system_json),
    JPATH_STR("system.type", struct wa_content, system_type),
    JPATH_STR("system.body", struct wa_content, system_text),
    JPATH_SCALAR("system.wa_id", struct wa_content, system_wa_id),
    JPATH_SCALAR("system.new_wa_id", struct wa_content, system_new_wa_id),
    JPATH_SCALAR("system.customer", struct wa_content, system_customer),
    JPATH_STR("system.user_id", struct wa_content, system_user_id),
    JPATH_STR("system.parent_user_id", struct wa_content, system_parent_id),
    JPATH_JSON("unsupported", struct wa_content, unsupported_json),
    JPATH_STR("unsupported.type", struct wa_content, unsupported_type),
    JPATH_SCALAR("reaction.message_id", struct wa_content, reaction_target),
    JPATH_STR("reaction.emoji", struct wa_content, reaction_emoji),
    JPATH_SCALAR("revoke.original_message_id", struct wa_content, revoke_target),
    JPATH_JSON("context", struct wa_content, context_json),
    JPATH_SCALAR("context.id", struct wa_content, context_id),
    JPATH_JSON("referral", struct wa_content, referral_json),
    JPATH_JSON("errors", struct wa_content, errors_json),
    JPATH_EACH("errors", struct wa_content, errors, struct wa_error, error_rules),
    JPATH_JSON("identity", struct wa_content, identity_json),
    JPATH_RULES_END,
};

static const struct jpath_rule edited_rules[] = {
    JPATH_PART("", struct wa_edited, content, struct wa_content, content_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule message_rules[] = {
    JPATH_SCALAR("id", struct wa_message, id),
    JPATH_SCALAR("timestamp", struct wa_message, timestamp),
    JPATH_SCALAR("from", struct wa_message, from),
    JPATH_STR("from_user_id", struct wa_message, from_user_id),
    JPATH_STR("from_parent_user_id", struct wa_message, from_parent_id),
    JPATH_SCALAR("group_id", struct wa_message, group_id),
    JPATH_SCALAR("edit.original_message_id", struct wa_message, edit_target),
    JPATH_ONE("edit.message", struct wa_message, edited, struct wa_edited, edited_rules),
    JPATH_PART("", struct wa_message, content, struct wa_content, content_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule status_rules[] = {
    JPATH_SCALAR("id", struct wa_status, id),
    JPATH_STR("status", struct wa_status, status),
    JPATH_SCALAR("timestamp", struct wa_status, timestamp),
    JPATH_SCALAR("biz_opaque_callback_data", struct wa_status, callback_data),
    JPATH_STR("recipient_type", struct wa_status, recipient_type),
    JPATH_SCALAR("recipient_id", struct wa_status, recipient_id),
    JPATH_STR("recipient_user_id", struct wa_status, recipient_user_id),
    JPATH_STR("recipient_parent_user_id", struct wa_status, recipient_parent_id),
    JPATH_STR("parent_recipient_user_id", struct wa_status, parent_recipient_id),
    JPATH_STR("parent_user_id", struct wa_status, parent_id),
    JPATH_SCALAR("recipient_participant_id", struct wa_status, participant_id),
    JPATH_SCALAR("participant_recipient_id", struct wa_status, participant_id_other),
    JPATH_STR("recipient_participant_user_id", struct wa_status, participant_user_id),
    JPATH_STR("recipient_participant_parent_user_id", struct wa_status, participant_parent_id),
    JPATH_JSON("pricing", struct wa_status, pricing_json),
    JPATH_STR("pricing.category", struct wa_status, category),
    JPATH_JSON("conversation", struct wa_status, conversation_json),
    JPATH_STR("conversation.pricing.category", struct wa_status, nested_category),
    JPATH_STR("conversation.origin.type", struct wa_status, origin),
    JPATH_JSON("errors", struct wa_status, errors_json),
    JPATH_EACH("errors", struct wa_status, errors, struct wa_error, error_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule contact_rules[] = {
    JPATH_SCALAR("wa_id", struct wa_contact, wa_id),
    JPATH_STR("user_id", struct wa_contact, user_id),
    JPATH_STR("parent_user_id", struct wa_contact, parent_id),
    JPATH_STR("profile.name", struct wa_contact, name),
    JPATH_STR("profile.username", struct wa_contact, username),
    JPATH_RULES_END,
};

static const struct jpath_rule message_list_rules[] = {
    JPATH_EACH("", struct wa_items, list, struct wa_message, message_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule status_list_rules[] = {
    JPATH_EACH("", struct wa_items, list, struct wa_status, status_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule no_rules[] = {JPATH_RULES_END};

static const struct jpath_rule value_rules[] = {
    JPATH_SCALAR("metadata.phone_number_id", struct wa_value, account),
    JPATH_SCALAR("metadata.display_phone_number", struct wa_value, display_number),
    JPATH_EACH("contacts", struct wa_value, contacts, struct wa_contact, contact_rules),
    JPATH_ONE("messages", struct wa_value, messages, struct wa_items, message_list_rules),
    JPATH_STR("messages", struct wa_value, encrypted),
    JPATH_ONE("errors", struct wa_value, errors, struct wa_items, no_rules),
    JPATH_ONE("statuses", struct wa_value, statuses, struct wa_items, status_list_rules),
    JPATH_RULES_END,
};

const struct jpath_rule wa_change_rules[] = {
    JPATH_STR("field", struct wa_change, field),
    JPATH_ONE("value", struct wa_change, value, struct wa_value, value_rules),
    JPATH_SCALAR("value", struct wa_change, no_object),
    JPATH_RULES_END,
};
