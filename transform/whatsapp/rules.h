/* rules.h: the parts of WhatsApp's JSON that are read, as structs and path rules.
 *
 * The rules of a typed message (wa_content_rules) are apart from those of its envelope, because
 * the same typed objects occur in messages, edits, echoes, history and send requests
 * (reference/whatsapp.md 2, 5.1 to 5.3). Absent values are STR_NULL.
 * Owns:    nothing; texts live in the document's arena.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_RULES_H
#define SLUICE_TRANSFORM_WHATSAPP_RULES_H

#include "lib/uuid.h"
#include "transform/jpath.h"
#include "transform/whatsapp/identity.h"

struct wa_error { /* 1.9 */
    struct jpath_element element;
    struct str code, title, message;
    struct str details, old_details; /* error_data.details, and where older payloads have it */
};

struct wa_media { /* 2.3, 2.4 */
    struct jpath_element element;
    struct str id, url, link, mime_type, sha256, filename, caption, voice, animated;
};

struct wa_phone {
    struct jpath_element element;
    struct str phone;
};

struct wa_card { /* a shared contact, 2.6 */
    struct jpath_element element;
    struct str name;
    struct jpath_list phones; /* of struct wa_phone */
};

struct wa_content { /* a typed message, 2.2 to 2.16 */
    struct str type;
    struct str text;
    struct wa_media *image, *video, *audio, *voice, *document, *sticker;
    struct str latitude, longitude, place, address, place_url;
    struct jpath_list cards; /* of struct wa_card */
    struct str interactive_type, button_title, list_title, form_body;
    struct str button_text;
    struct str order_text;
    struct str system_type, system_text;
    struct str system_wa_id, system_new_wa_id, system_customer, system_user_id, system_parent_id;
    struct str unsupported_type;
    struct str reaction_target, reaction_emoji;
    struct str revoke_target;
    struct str context_id, quoted_id; /* quoted_id: its name in send requests */
    struct str body_text;             /* of an interactive message that the business sends */
    struct str template_name;
    struct jpath_list errors; /* of struct wa_error */
    /* The same objects whole, for metadata. */
    struct str cards_json, interactive_json, button_json, order_json, system_json, unsupported_json,
        context_json, referral_json, errors_json, identity_json, template_json;
};

struct wa_edited {
    struct jpath_element element;
    struct wa_content content;
};

/* What scope.c finds out about a message or status before anything is emitted. */
struct wa_item {
    bool usable;
    int64_t at;
    struct wa_person *person; /* the other side; groups: the participant. NULL = none known */
    struct wa_thread *thread; /* NULL = none known */
};

struct wa_address { /* whom a message is for: echoes, history, send requests */
    struct str id, user_id, parent_id;
    struct str type; /* "group": id is a group's */
};

struct wa_source; /* scope.h */

struct wa_message { /* 2.1, 5.1 to 5.3 */
    struct jpath_element element;
    struct str id, timestamp, from, from_user_id, from_parent_id, group_id;
    struct wa_address to;
    struct str state; /* history_context.status */
    struct str callback_data;
    struct str edit_target;
    struct wa_edited *edited;
    struct wa_content content;
    struct wa_item item;
    const struct wa_type *type;
    const struct wa_source *source;
    bool is_outbound;
};

struct wa_status { /* 3 */
    struct jpath_element element;
    struct str id, status, timestamp, callback_data, type;
    struct str recipient_type, recipient_id, recipient_user_id;
    struct str recipient_parent_id, parent_recipient_id, parent_id; /* names of different years */
    struct str participant_id, participant_id_other, participant_user_id, participant_parent_id;
    struct str category, nested_category, origin;
    struct jpath_list errors; /* of struct wa_error */
    struct str conversation_json, pricing_json, errors_json;
    struct wa_item item;
    struct str word; /* status in lower case */
    bool is_known;   /* the word is one of canonical-model 4.5 */
    struct uuid message_id;
};

struct wa_contact { /* 1.8 */
    struct jpath_element element;
    struct str wa_id, user_id, parent_id, name, username;
    struct str input; /* groups: whom the business named */
    struct wa_party party;
    bool is_partial; /* of a place that never names the profile's name: says nothing about it */
};

struct wa_history_thread { /* 5.1 */
    struct jpath_element element;
    struct str id;
    struct wa_contact contact;
    struct jpath_list messages; /* of struct wa_message */
};

struct wa_history {
    struct jpath_element element;
    struct jpath_list threads; /* of struct wa_history_thread */
};

struct wa_synced { /* of the business's address book: 5.4 */
    struct jpath_element element;
    struct str type, action, timestamp, first_name;
    struct wa_contact contact;
};

struct wa_id_update { /* 5.5 */
    struct jpath_element element;
    struct str wa_id, timestamp;
    struct str user_id, parent_id, previous_user_id, previous_parent_id;
};

struct wa_preference { /* 5.5 */
    struct jpath_element element;
    struct str wa_id, user_id, parent_id, timestamp;
    struct str detail, category, value;
    struct wa_item item;
};

struct wa_handover { /* 5.6: the value itself */
    struct str type, timestamp;
    struct str phone_number, user_id, parent_id;
    struct str account, display_number;
    struct str passed_json, taken_json;
};

struct wa_call { /* 5.6 */
    struct jpath_element element;
    struct str id, timestamp, event, direction, status, status_in_list;
    struct str from, from_user_id, from_parent_id, to, to_user_id, to_parent_id;
    struct str start_time, end_time, duration, callback_data, errors_json;
    struct wa_item item;
};

struct wa_group { /* 5.7 */
    struct jpath_element element;
    struct str id, timestamp, subject, new_subject, is_new_subject_taken;
    struct jpath_list added, removed; /* of struct wa_contact */
};

/* An array that must be told apart from one that is not there: without items when the member is
 * there, but is no array or an empty one. */
struct wa_items {
    struct jpath_element element;
    struct jpath_list list;
};

struct wa_value {
    struct jpath_element element;
    struct str account, display_number;
    struct jpath_list contacts; /* of struct wa_contact */
    struct wa_items *messages;  /* of struct wa_message */
    struct wa_items *statuses;  /* of struct wa_status */
    struct wa_items *errors;    /* whether there are any; they are not read */
    struct str encrypted;       /* messages as one text: 1.11 */
    struct str context_json;    /* conversation_context */
    struct wa_items *echoes;    /* of struct wa_message */
    struct wa_standby *standby;
    struct wa_items *history;     /* of struct wa_history */
    struct wa_items *synced;      /* of struct wa_synced */
    struct wa_items *id_updates;  /* of struct wa_id_update */
    struct wa_items *preferences; /* of struct wa_preference */
    struct wa_items *calls;       /* of struct wa_call */
    struct wa_items *groups;      /* of struct wa_group */
    struct wa_handover handover;
};

struct wa_standby { /* 5.3 */
    struct jpath_element element;
    struct jpath_list contacts;                    /* of struct wa_contact */
    struct wa_items *messages, *echoes, *statuses; /* as in the value */
};

struct wa_change {
    struct jpath_element element;
    struct str field;
    struct wa_value *value;
    struct str no_object; /* a value that is a text, number or boolean */
    struct str path;      /* "entry[0].changes[1]"; STR_NULL until it is needed */
    uint64_t surrogates;  /* lone ones in the change that were replaced in front of the parser */
    bool is_missing;      /* stands for the changes that an entry does not have; path is its path */
};

struct wa_entry {
    struct jpath_element element;
};

struct wa_document {
    struct str object;
    struct jpath_list bare_history; /* of struct wa_bare_history: 5.1, without an envelope */
};

struct wa_receipt { /* 1.12, DESIGN 9: a message in the response to a send request */
    struct jpath_element element;
    struct str id, state;
};

struct wa_request {
    struct jpath_element element;
    struct wa_message message;
    struct str status;      /* "read": a mark, with or without a typing indicator */
    struct str typing_type; /* typing_indicator.type */
};

struct wa_response {
    struct jpath_element element;
    struct jpath_list contacts; /* of struct wa_contact */
    struct jpath_list messages; /* of struct wa_receipt */
    struct wa_items *error;     /* whether there is one */
};

struct wa_pair {
    struct jpath_element element;
    struct str account, phone_number_id, sent_at;
    struct wa_request *request;
    struct wa_response *response;
};

struct wa_bare_history {
    struct jpath_element element;
    struct wa_items *errors;
};

/* Members of one element of "changes". */
extern const struct jpath_rule wa_change_rules[];
extern const struct jpath_rule wa_bare_history_rules[];
/* Of a pair of the sent side: struct wa_pair. */
extern const struct jpath_rule wa_pair_rules[];

#endif
