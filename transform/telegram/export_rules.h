/* export_rules.h: what is read of Telegram Desktop's result.json, as structs and path rules.
 *
 * "text" and "text_entities" hold the same parts: only the first is read.
 * What encloses messages (the root, chats) lives outside the arena, which is reset between them.
 * Threads: constant tables.
 * Source:  reference/telegram.md 10.2 to 10.6. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_RULES_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_RULES_H

#include "transform/jpath.h"

struct tgx_part { /* of a text: 10.5.1 */
    struct jpath_element element;
    struct str plain; /* the part is a text itself */
    struct str type, text, language, href, user_id, document_id, collapsed;
};

struct tgx_text { /* a text, or an array of parts */
    struct jpath_element element;
    struct str plain;
    struct jpath_list parts; /* of struct tgx_part */
};

struct tgx_contact {
    struct jpath_element element;
    struct str first_name, last_name, phone_number;
};

struct tgx_question { /* a poll or a checklist */
    struct jpath_element element;
    struct tgx_text *question;
};

struct tgx_actor { /* one of "recent" */
    struct jpath_element element;
    struct str from, from_id, date;
};

struct tgx_reaction { /* 10.5.2 */
    struct jpath_element element;
    struct str type, count, emoji, document_id;
    struct jpath_list recent; /* of struct tgx_actor */
};

/* Members that only service messages have, kept as they are: 10.6. */
#define TGX_ACTION_MEMBERS(X)                                                                      \
    X(title)                                                                                       \
    X(members)                                                                                     \
    X(inviter)                                                                                     \
    X(message_id)                                                                                  \
    X(game_message_id)                                                                             \
    X(score)                                                                                       \
    X(amount)                                                                                      \
    X(currency)                                                                                    \
    X(invoice_message_id)                                                                          \
    X(recurring)                                                                                   \
    X(peer_name)                                                                                   \
    X(peer_id)                                                                                     \
    X(charge_id)                                                                                   \
    X(duration_seconds)                                                                            \
    X(duration)                                                                                    \
    X(discard_reason)                                                                              \
    X(is_active)                                                                                   \
    X(is_missed)                                                                                   \
    X(schedule_date)                                                                               \
    X(period)                                                                                      \
    X(emoticon)                                                                                    \
    X(new_title)                                                                                   \
    X(new_icon_emoji_id)                                                                           \
    X(to)                                                                                          \
    X(to_id)                                                                                       \
    X(distance)                                                                                    \
    X(reason_app_id)                                                                               \
    X(reason_app_name)                                                                             \
    X(reason_domain)                                                                               \
    X(button_id)                                                                                   \
    X(peers)                                                                                       \
    X(cost)                                                                                        \
    X(months)                                                                                      \
    X(days)                                                                                        \
    X(gift_code)                                                                                   \
    X(boost_peer_id)                                                                               \
    X(unclaimed)                                                                                   \
    X(via_giveaway)                                                                                \
    X(winners)                                                                                     \
    X(stars)                                                                                       \
    X(gift_id)                                                                                     \
    X(gift_text)                                                                                   \
    X(boosts)                                                                                      \
    X(information_text)

#define TGX_FIELD(name) struct str name;
struct tgx_action {
    TGX_ACTION_MEMBERS(TGX_FIELD)
};
#undef TGX_FIELD

struct tgx_head { /* of a chat: 10.3 */
    struct str name, type, id;
};

struct tgx_message { /* 10.4, 10.5 */
    struct jpath_element element;
    struct str id, type, date, date_unixtime, edited, edited_unixtime;
    struct str from, from_id, actor, actor_id, author;
    struct str forwarded_from, forwarded_from_id, saved_from;
    struct str reply_to_message_id, reply_to_peer_id, via_bot, action;
    struct str photo, photo_file_size, file, file_name, file_size, media_type, mime_type;
    struct str duration, width, height, sticker_emoji, performer, title;
    struct str media_spoiler, self_destruct;
    struct tgx_contact *contact;
    struct str contact_vcard;
    struct str latitude, longitude, live_period, place_name, address;
    struct str game_title, game_description, game_link, invoice, information_text;
    struct tgx_question *poll, *todo_list;
    struct str poll_json, todo_json, giveaway_json, giveaway_results_json, paid_stars;
    struct str rich_json, buttons_json;
    struct jpath_list reactions; /* of struct tgx_reaction */
    struct tgx_action members;
    /* found out when it ends */
    const struct tgx_text *text; /* the first that is not empty: 10.7 rule 4 */
    bool is_replaced;            /* characters of it */
    struct str path;             /* STR_NULL: where the parser stands */
};

struct tgx_listed { /* the chat of chats.list or left_chats.list that is being read */
    struct tgx_head head;
};

struct tgx_root {
    struct tgx_head single; /* the root is the chat */
    struct tgx_listed listed;
    struct {
        struct str user_id, first_name, last_name;
    } owner; /* personal_information */
};

/* Where the map is told what was read. */
jpath_end_fn tgx_text_end;           /* of a message: struct tgx_text */
jpath_end_fn tgx_single_message_end; /* struct tgx_message */
jpath_end_fn tgx_listed_message_end; /* the same */
jpath_end_fn tgx_chat_end;           /* of a list: struct tgx_listed */
jpath_end_fn tgx_section_end;        /* the member that holds messages or chats */

/* Of struct tgx_root. */
extern const struct jpath_rule tgx_root_rules[];

#endif
