/* rules.h: the parts of Bot API payloads that are read, as structs and path rules.
 *
 * Messages nest in messages (replies, pinned ones, the message of a button): of an inner message
 * only what names it is read, so that the tables stay finite. Absent values are STR_NULL.
 * Owns:    nothing; texts live in the document's arena.
 * Source:  reference/telegram.md 4 to 8.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_RULES_H
#define SLUICE_TRANSFORM_TELEGRAM_RULES_H

#include "transform/jpath.h"

struct tg_user { /* 6.1 */
    struct jpath_element element;
    struct str id, is_bot, first_name, last_name, username, language;
};

struct tg_chat_info { /* 6.1 */
    struct jpath_element element;
    struct str id, type, title, username, first_name, last_name, is_forum, is_direct_messages;
};

struct tg_file { /* 6.2: every kind of file */
    struct jpath_element element;
    struct str file_id, unique_id, size, width, height, duration, diameter, name, mime_type;
    struct str performer, title, start_timestamp, cover_json, qualities_json;
    struct str sticker_type, emoji, set_name, custom_emoji_id, is_animated, is_video;
};

/* An array that must be told apart from one that is not there: it may be empty. */
struct tg_photo {
    struct jpath_element element;
    struct jpath_list sizes; /* of struct tg_file */
};

struct tg_paid_item {
    struct jpath_element element;
    struct str type;
    struct tg_photo *photo;
    struct tg_file *video, *live_photo;
};

struct tg_paid_media {
    struct jpath_element element;
    struct str star_count;
    struct jpath_list items; /* of struct tg_paid_item */
};

struct tg_button {
    struct jpath_element element;
    struct str text, data;
};

struct tg_inner { /* a message inside another object */
    struct jpath_element element;
    struct str message_id, date, thread_id, is_topic_message, topic_name, direct_topic_id;
    struct str connection_id;
    struct tg_chat_info *chat;
    struct jpath_list buttons; /* of struct tg_button */
};

struct tg_note { /* a service object that holds a copy of a message: all but the copy */
    struct jpath_element element;
    struct str target_id;
    struct str done_json, not_done_json, tasks_json;
    struct str option_id, option_text, option_entities_json;
    struct str price_json, send_date, comment, currency, amount, star_amount_json, reason;
};

/* 7: kept whole as JSON. The last ones are names of former years (5.1). */
#define TG_WHOLE_SERVICES(X)                                                                       \
    X(new_chat_members)                                                                            \
    X(left_chat_member)                                                                            \
    X(new_chat_title)                                                                              \
    X(new_chat_photo)                                                                              \
    X(delete_chat_photo)                                                                           \
    X(group_chat_created)                                                                          \
    X(supergroup_chat_created)                                                                     \
    X(channel_chat_created)                                                                        \
    X(chat_owner_left)                                                                             \
    X(chat_owner_changed)                                                                          \
    X(message_auto_delete_timer_changed)                                                           \
    X(migrate_to_chat_id)                                                                          \
    X(migrate_from_chat_id)                                                                        \
    X(successful_payment)                                                                          \
    X(refunded_payment)                                                                            \
    X(users_shared)                                                                                \
    X(chat_shared)                                                                                 \
    X(gift)                                                                                        \
    X(unique_gift)                                                                                 \
    X(gift_upgrade_sent)                                                                           \
    X(connected_website)                                                                           \
    X(write_access_allowed)                                                                        \
    X(proximity_alert_triggered)                                                                   \
    X(boost_added)                                                                                 \
    X(chat_background_set)                                                                         \
    X(direct_message_price_changed)                                                                \
    X(paid_message_price_changed)                                                                  \
    X(forum_topic_created)                                                                         \
    X(forum_topic_edited)                                                                          \
    X(forum_topic_closed)                                                                          \
    X(forum_topic_reopened)                                                                        \
    X(general_forum_topic_hidden)                                                                  \
    X(general_forum_topic_unhidden)                                                                \
    X(giveaway_created)                                                                            \
    X(giveaway_completed)                                                                          \
    X(managed_bot_created)                                                                         \
    X(video_chat_scheduled)                                                                        \
    X(video_chat_started)                                                                          \
    X(video_chat_ended)                                                                            \
    X(video_chat_participants_invited)                                                             \
    X(web_app_data)                                                                                \
    X(community_chat_added)                                                                        \
    X(community_chat_removed)                                                                      \
    X(community_chat_joined)                                                                       \
    X(new_chat_participant)                                                                        \
    X(new_chat_member)                                                                             \
    X(left_chat_participant)                                                                       \
    X(user_shared)                                                                                 \
    X(voice_chat_scheduled)                                                                        \
    X(voice_chat_started)                                                                          \
    X(voice_chat_ended)                                                                            \
    X(voice_chat_participants_invited)

/* 7: a message is copied into them, or (passport data) nothing of them may be kept. */
#define TG_NOTE_SERVICES(X)                                                                        \
    X(pinned_message)                                                                              \
    X(passport_data)                                                                               \
    X(checklist_tasks_done)                                                                        \
    X(checklist_tasks_added)                                                                       \
    X(poll_option_added)                                                                           \
    X(poll_option_deleted)                                                                         \
    X(suggested_post_approved)                                                                     \
    X(suggested_post_approval_failed)                                                              \
    X(suggested_post_declined)                                                                     \
    X(suggested_post_paid)                                                                         \
    X(suggested_post_refunded)

#define TG_WHOLE_ENUM(name) TG_WHOLE_##name,
#define TG_NOTE_ENUM(name) TG_NOTE_##name,
enum tg_whole { TG_WHOLE_SERVICES(TG_WHOLE_ENUM) TG_WHOLE_COUNT };
enum tg_noted { TG_NOTE_SERVICES(TG_NOTE_ENUM) TG_NOTE_COUNT };

struct tg_message { /* 5 */
    struct jpath_element element;
    struct str message_id, thread_id, direct_topic_id, ephemeral_id, date, edit_date;
    struct str connection_id, guest_query_id;
    struct str is_topic_message, is_automatic_forward, is_from_offline;
    struct tg_chat_info *chat, *sender_chat;
    struct tg_user *from, *sender_business_bot, *receiver, *direct_topic_user;
    struct tg_inner *reply;
    struct tg_chat_info *external_chat;
    struct str external_message_id;
    struct str author_signature;
    /* content, 5.2 */
    struct str text, caption, rich_json, rich_text;
    struct str entities_json, caption_entities_json;
    struct tg_file *animation, *live_photo, *audio, *document, *sticker, *video, *video_note,
        *voice;
    struct tg_photo *photo;
    struct tg_paid_media *paid_media;
    struct str latitude, longitude, accuracy, live_period, heading, proximity_radius;
    struct str venue_json, venue_title, venue_address, venue_latitude, venue_longitude;
    struct str contact_json, contact_phone, contact_first_name, contact_last_name, contact_user_id;
    struct str dice_json, dice_emoji, game_json, game_title, poll_json, poll_question;
    struct str checklist_json, checklist_title, invoice_json, invoice_title, story_json;
    struct str giveaway_json, giveaway_winners_json;
    /* service, 7 */
    struct str whole[TG_WHOLE_COUNT];
    struct tg_note *notes[TG_NOTE_COUNT];
    struct str topic_name, new_topic_name, new_title, web_app_button;
    /* kept as they are, for metadata */
    struct str media_group_id, forward_origin_json, external_reply_json, quote_json;
    struct str reply_to_story_json, reply_to_task_id, reply_to_option_id, via_bot;
    struct str guest_caller_user_json, guest_caller_chat_json;
    struct str has_protected_content, is_paid_post, sender_tag, boost_count, star_count, effect_id;
    struct str suggested_post_json, link_preview_json, reply_markup_json;
    struct str caption_above, has_spoiler;
    /* forwards as of former years */
    struct str forward_from_json, forward_chat_json, forward_message_id, forward_signature,
        forward_name, forward_date;
};

struct tg_reaction { /* ReactionType */
    struct jpath_element element;
    struct str type, emoji, custom_emoji_id;
};

struct tg_reactions { /* MessageReactionUpdated and MessageReactionCountUpdated */
    struct jpath_element element;
    struct tg_chat_info *chat, *actor_chat;
    struct tg_user *user;
    struct str message_id, date, totals_json;
    struct jpath_list before, after; /* of struct tg_reaction */
};

struct tg_callback {
    struct jpath_element element;
    struct str id, inline_message_id, chat_instance, data, game;
    struct tg_user *from;
    struct tg_inner *message;
};

struct tg_member_change { /* ChatMemberUpdated, ChatJoinRequest */
    struct jpath_element element;
    struct tg_chat_info *chat;
    struct tg_user *from, *member;
    struct str date, old_status, new_status, is_member, until_date, custom_title, tag;
    struct str invite_link_json, via_join_request, via_folder, user_chat_id, bio, query_id;
};

struct tg_connection { /* BusinessConnection */
    struct jpath_element element;
    struct str id, user_chat_id, date, is_enabled, can_reply, rights_json;
    struct tg_user *user;
};

struct tg_deletion { /* BusinessMessagesDeleted */
    struct jpath_element element;
    struct str connection_id;
    struct tg_chat_info *chat;
    struct str ids_json; /* [220145,220146]; elements of a list are objects */
};

struct tg_poll {
    struct jpath_element element;
    struct str id;
};

struct tg_poll_answer {
    struct jpath_element element;
    struct str poll_id, option_ids_json, persistent_ids_json;
    struct tg_user *user;
    struct tg_chat_info *voter_chat;
};

enum tg_message_kind {
    TG_MESSAGE,
    TG_EDITED_MESSAGE,
    TG_CHANNEL_POST,
    TG_EDITED_CHANNEL_POST,
    TG_BUSINESS_MESSAGE,
    TG_EDITED_BUSINESS_MESSAGE,
    TG_GUEST_MESSAGE,
    TG_MESSAGE_KINDS
};

struct tg_update { /* 4 */
    struct jpath_element element;
    struct str update_id;
    struct tg_message *messages[TG_MESSAGE_KINDS];
    struct tg_callback *callback;
    struct tg_reactions *reaction, *reaction_count;
    struct tg_member_change *my_member, *member, *join_request;
    struct tg_connection *connection;
    struct tg_deletion *deletion;
    struct tg_poll *poll;
    struct str poll_json;
    struct tg_poll_answer *poll_answer;
};

extern const struct jpath_rule tg_update_rules[];
extern const struct jpath_rule tg_message_rules[];
extern const struct jpath_rule tg_reaction_rules[];

#endif
