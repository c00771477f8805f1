#include "transform/whatsapp/rules.h"

static const struct jpath_rule error_rules[] = {
    JPATH_SCALAR("code", struct wa_error, code),
    JPATH_SCALAR("title", struct wa_error, title),
    JPATH_SCALAR("message", struct wa_error, message),
    JPATH_SCALAR("error_data.details", struct wa_error, details),
    JPATH_SCALAR("details", struct wa_error, old_details),
    JPATH_RULES_END,
};

static const struct jpath_rule media_rules[] = {
    JPATH_SCALAR("id", struct wa_media, id),
    JPATH_STR("url", struct wa_media, url),
    JPATH_STR("link", struct wa_media, link),
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
    JPATH_STR("interactive.body.text", struct wa_content, body_text),
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
    JPATH_SCALAR("context.message_id", struct wa_content, quoted_id),
    JPATH_JSON("referral", struct wa_content, referral_json),
    JPATH_JSON("errors", struct wa_content, errors_json),
    JPATH_EACH("errors", struct wa_content, errors, struct wa_error, error_rules),
    JPATH_JSON("identity", struct wa_content, identity_json),
    JPATH_JSON("template", struct wa_content, template_json),
    JPATH_STR("template.name", struct wa_content, template_name),
    JPATH_RULES_END,
};

static const struct jpath_rule edited_rules[] = {
    JPATH_PART("", struct wa_edited, content, struct wa_content, content_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule echo_address_rules[] = {
    JPATH_SCALAR("to", struct wa_address, id),
    JPATH_STR("to_user_id", struct wa_address, user_id),
    JPATH_STR("to_parent_user_id", struct wa_address, parent_id),
    JPATH_RULES_END,
};

static const struct jpath_rule request_address_rules[] = {
    JPATH_SCALAR("to", struct wa_address, id),
    JPATH_STR("recipient", struct wa_address, user_id),
    JPATH_STR("recipient_type", struct wa_address, type),
    JPATH_RULES_END,
};

static const struct jpath_rule message_rules[] = {
    JPATH_SCALAR("id", struct wa_message, id),
    JPATH_SCALAR("timestamp", struct wa_message, timestamp),
    JPATH_SCALAR("from", struct wa_message, from),
    JPATH_STR("from_user_id", struct wa_message, from_user_id),
    JPATH_STR("from_parent_user_id", struct wa_message, from_parent_id),
    JPATH_SCALAR("group_id", struct wa_message, group_id),
    JPATH_PART("", struct wa_message, to, struct wa_address, echo_address_rules),
    JPATH_STR("history_context.status", struct wa_message, state),
    JPATH_SCALAR("edit.original_message_id", struct wa_message, edit_target),
    JPATH_ONE("edit.message", struct wa_message, edited, struct wa_edited, edited_rules),
    JPATH_PART("", struct wa_message, content, struct wa_content, content_rules),
    JPATH_RULES_END,
};

/* An echo of the thread's owner, for the app that stands by: a send request with id and time. */
static const struct jpath_rule standby_echo_rules[] = {
    JPATH_SCALAR("id", struct wa_message, id),
    JPATH_SCALAR("timestamp", struct wa_message, timestamp),
    JPATH_SCALAR("message.biz_opaque_callback_data", struct wa_message, callback_data),
    JPATH_PART("message", struct wa_message, to, struct wa_address, request_address_rules),
    JPATH_PART("message", struct wa_message, content, struct wa_content, content_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule status_rules[] = {
    JPATH_SCALAR("id", struct wa_status, id),
    JPATH_STR("status", struct wa_status, status),
    JPATH_STR("type", struct wa_status, type),
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

static const struct jpath_rule history_contact_rules[] = {
    JPATH_SCALAR("wa_id", struct wa_contact, wa_id),
    JPATH_STR("user_id", struct wa_contact, user_id),
    JPATH_STR("parent_user_id", struct wa_contact, parent_id),
    JPATH_STR("username", struct wa_contact, username),
    JPATH_RULES_END,
};

static const struct jpath_rule history_thread_rules[] = {
    JPATH_SCALAR("id", struct wa_history_thread, id),
    JPATH_PART("context", struct wa_history_thread, contact, struct wa_contact,
               history_contact_rules),
    JPATH_EACH("messages", struct wa_history_thread, messages, struct wa_message, message_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule history_rules[] = {
    JPATH_EACH("threads", struct wa_history, threads, struct wa_history_thread,
               history_thread_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule synced_contact_rules[] = {
    JPATH_SCALAR("phone_number", struct wa_contact, wa_id),
    JPATH_STR("user_id", struct wa_contact, user_id),
    JPATH_STR("parent_user_id", struct wa_contact, parent_id),
    JPATH_STR("full_name", struct wa_contact, name),
    JPATH_STR("username", struct wa_contact, username),
    JPATH_RULES_END,
};

static const struct jpath_rule synced_rules[] = {
    JPATH_STR("type", struct wa_synced, type),
    JPATH_STR("action", struct wa_synced, action),
    JPATH_SCALAR("metadata.timestamp", struct wa_synced, timestamp),
    JPATH_STR("contact.first_name", struct wa_synced, first_name),
    JPATH_PART("contact", struct wa_synced, contact, struct wa_contact, synced_contact_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule id_update_rules[] = {
    JPATH_SCALAR("wa_id", struct wa_id_update, wa_id),
    JPATH_SCALAR("timestamp", struct wa_id_update, timestamp),
    JPATH_STR("user_id.current", struct wa_id_update, user_id),
    JPATH_STR("user_id.previous", struct wa_id_update, previous_user_id),
    JPATH_STR("parent_user_id.current", struct wa_id_update, parent_id),
    JPATH_STR("parent_user_id.previous", struct wa_id_update, previous_parent_id),
    JPATH_RULES_END,
};

static const struct jpath_rule preference_rules[] = {
    JPATH_SCALAR("wa_id", struct wa_preference, wa_id),
    JPATH_STR("user_id", struct wa_preference, user_id),
    JPATH_STR("parent_user_id", struct wa_preference, parent_id),
    JPATH_SCALAR("timestamp", struct wa_preference, timestamp),
    JPATH_STR("detail", struct wa_preference, detail),
    JPATH_STR("category", struct wa_preference, category),
    JPATH_STR("value", struct wa_preference, value),
    JPATH_RULES_END,
};

static const struct jpath_rule handover_rules[] = {
    JPATH_STR("type", struct wa_handover, type),
    JPATH_SCALAR("timestamp", struct wa_handover, timestamp),
    JPATH_SCALAR("sender.phone_number", struct wa_handover, phone_number),
    JPATH_STR("sender.user_id", struct wa_handover, user_id),
    JPATH_STR("sender.parent_user_id", struct wa_handover, parent_id),
    JPATH_SCALAR("recipient.phone_number_id", struct wa_handover, account),
    JPATH_SCALAR("recipient.display_phone_number", struct wa_handover, display_number),
    JPATH_JSON("control_passed", struct wa_handover, passed_json),
    JPATH_JSON("control_taken", struct wa_handover, taken_json),
    JPATH_RULES_END,
};

/* Not "session": its description is large and names addresses of the caller. */
static const struct jpath_rule call_rules[] = {
    JPATH_SCALAR("id", struct wa_call, id),
    JPATH_SCALAR("timestamp", struct wa_call, timestamp),
    JPATH_STR("event", struct wa_call, event),
    JPATH_STR("direction", struct wa_call, direction),
    JPATH_STR("status", struct wa_call, status),
    JPATH_STR("status[]", struct wa_call, status_in_list),
    JPATH_SCALAR("from", struct wa_call, from),
    JPATH_STR("from_user_id", struct wa_call, from_user_id),
    JPATH_STR("from_parent_user_id", struct wa_call, from_parent_id),
    JPATH_SCALAR("to", struct wa_call, to),
    JPATH_STR("to_user_id", struct wa_call, to_user_id),
    JPATH_STR("to_parent_user_id", struct wa_call, to_parent_id),
    JPATH_SCALAR("start_time", struct wa_call, start_time),
    JPATH_SCALAR("end_time", struct wa_call, end_time),
    JPATH_SCALAR("duration", struct wa_call, duration),
    JPATH_SCALAR("biz_opaque_callback_data", struct wa_call, callback_data),
    JPATH_JSON("errors", struct wa_call, errors_json),
    JPATH_RULES_END,
};

static const struct jpath_rule participant_rules[] = {
    JPATH_SCALAR("wa_id", struct wa_contact, wa_id),
    JPATH_SCALAR("input", struct wa_contact, input),
    JPATH_STR("user_id", struct wa_contact, user_id),
    JPATH_STR("parent_user_id", struct wa_contact, parent_id),
    JPATH_STR("username", struct wa_contact, username),
    JPATH_RULES_END,
};

static const struct jpath_rule group_rules[] = {
    JPATH_SCALAR("group_id", struct wa_group, id),
    JPATH_SCALAR("timestamp", struct wa_group, timestamp),
    JPATH_STR("subject", struct wa_group, subject),
    JPATH_STR("group_subject.text", struct wa_group, new_subject),
    JPATH_SCALAR("group_subject.update_successful", struct wa_group, is_new_subject_taken),
    JPATH_EACH("added_participants", struct wa_group, added, struct wa_contact, participant_rules),
    JPATH_EACH("removed_participants", struct wa_group, removed, struct wa_contact,
               participant_rules),
    JPATH_RULES_END,
};

#define LIST_RULES(name, E, element_rules)                                                         \
    static const struct jpath_rule name[] = {                                                      \
        JPATH_EACH("", struct wa_items, list, E, element_rules),                                   \
        JPATH_RULES_END,                                                                           \
    }

LIST_RULES(message_list_rules, struct wa_message, message_rules);
LIST_RULES(standby_echo_list_rules, struct wa_message, standby_echo_rules);
LIST_RULES(status_list_rules, struct wa_status, status_rules);
LIST_RULES(history_list_rules, struct wa_history, history_rules);
LIST_RULES(synced_list_rules, struct wa_synced, synced_rules);
LIST_RULES(id_update_list_rules, struct wa_id_update, id_update_rules);
LIST_RULES(preference_list_rules, struct wa_preference, preference_rules);
LIST_RULES(call_list_rules, struct wa_call, call_rules);
LIST_RULES(group_list_rules, struct wa_group, group_rules);

static const struct jpath_rule no_rules[] = {JPATH_RULES_END};

static const struct jpath_rule standby_rules[] = {
    JPATH_EACH("contacts", struct wa_standby, contacts, struct wa_contact, contact_rules),
    JPATH_ONE("messages", struct wa_standby, messages, struct wa_items, message_list_rules),
    JPATH_ONE("message_echoes", struct wa_standby, echoes, struct wa_items,
              standby_echo_list_rules),
    JPATH_ONE("statuses", struct wa_standby, statuses, struct wa_items, status_list_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule value_rules[] = {
    JPATH_SCALAR("metadata.phone_number_id", struct wa_value, account),
    JPATH_SCALAR("metadata.display_phone_number", struct wa_value, display_number),
    JPATH_EACH("contacts", struct wa_value, contacts, struct wa_contact, contact_rules),
    JPATH_ONE("messages", struct wa_value, messages, struct wa_items, message_list_rules),
    JPATH_STR("messages", struct wa_value, encrypted),
    JPATH_ONE("errors", struct wa_value, errors, struct wa_items, no_rules),
    JPATH_ONE("statuses", struct wa_value, statuses, struct wa_items, status_list_rules),
    JPATH_JSON("conversation_context", struct wa_value, context_json),
    JPATH_ONE("message_echoes", struct wa_value, echoes, struct wa_items, message_list_rules),
    JPATH_ONE("standby", struct wa_value, standby, struct wa_standby, standby_rules),
    JPATH_ONE("history", struct wa_value, history, struct wa_items, history_list_rules),
    JPATH_ONE("state_sync", struct wa_value, synced, struct wa_items, synced_list_rules),
    JPATH_ONE("user_id_update", struct wa_value, id_updates, struct wa_items, id_update_list_rules),
    JPATH_ONE("user_preferences", struct wa_value, preferences, struct wa_items,
              preference_list_rules),
    JPATH_ONE("calls", struct wa_value, calls, struct wa_items, call_list_rules),
    JPATH_ONE("groups", struct wa_value, groups, struct wa_items, group_list_rules),
    JPATH_PART("", struct wa_value, handover, struct wa_handover, handover_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule request_rules[] = {
    JPATH_STR("status", struct wa_request, status),
    JPATH_STR("typing_indicator.type", struct wa_request, typing_type),
    JPATH_SCALAR("biz_opaque_callback_data", struct wa_request, message.callback_data),
    JPATH_PART("", struct wa_request, message.to, struct wa_address, request_address_rules),
    JPATH_PART("", struct wa_request, message.content, struct wa_content, content_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule receipt_rules[] = {
    JPATH_SCALAR("id", struct wa_receipt, id),
    JPATH_STR("message_status", struct wa_receipt, state),
    JPATH_RULES_END,
};

static const struct jpath_rule answered_contact_rules[] = {
    JPATH_SCALAR("wa_id", struct wa_contact, wa_id),
    JPATH_SCALAR("input", struct wa_contact, input),
    JPATH_STR("user_id", struct wa_contact, user_id),
    JPATH_STR("parent_user_id", struct wa_contact, parent_id),
    JPATH_RULES_END,
};

static const struct jpath_rule response_rules[] = {
    JPATH_EACH("contacts", struct wa_response, contacts, struct wa_contact, answered_contact_rules),
    JPATH_EACH("messages", struct wa_response, messages, struct wa_receipt, receipt_rules),
    JPATH_ONE("error", struct wa_response, error, struct wa_items, no_rules),
    JPATH_RULES_END,
};

const struct jpath_rule wa_pair_rules[] = {
    JPATH_SCALAR("account", struct wa_pair, account),
    JPATH_SCALAR("phone_number_id", struct wa_pair, phone_number_id),
    JPATH_SCALAR("sent_at", struct wa_pair, sent_at),
    JPATH_ONE("request", struct wa_pair, request, struct wa_request, request_rules),
    JPATH_ONE("response", struct wa_pair, response, struct wa_response, response_rules),
    JPATH_RULES_END,
};

const struct jpath_rule wa_bare_history_rules[] = {
    JPATH_ONE("errors", struct wa_bare_history, errors, struct wa_items, no_rules),
    JPATH_RULES_END,
};

const struct jpath_rule wa_change_rules[] = {
    JPATH_STR("field", struct wa_change, field),
    JPATH_ONE("value", struct wa_change, value, struct wa_value, value_rules),
    JPATH_SCALAR("value", struct wa_change, no_object),
    JPATH_RULES_END,
};
