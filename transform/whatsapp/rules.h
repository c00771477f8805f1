/* whatsapp_rules.h: the parts of a WhatsApp webhook that are read, as structs and path rules.
 *
 * The rules of a typed message (wa_content_rules) are apart from those of its envelope, because
 * the same typed objects occur in messages, edits, echoes and history (reference/whatsapp.md 2,
 * 5.1, 5.2). Absent values are STR_NULL.
 * Owns:    nothing; texts live in the document's arena.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_RULES_H
#define SLUICE_TRANSFORM_WHATSAPP_RULES_H

#include "transform/jpath.h"
#include "transform/whatsapp/identity.h"

struct wa_error { /* 1.9 */
    struct jpath_element element;
    struct str code, title, message;
};

struct wa_media { /* 2.3, 2.4 */
    struct jpath_element element;
    struct str id, url, mime_type, sha256, filename, caption, voice, animated;
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
    struct str context_id;
    struct jpath_list errors; /* of struct wa_error */
    /* The same objects whole, for metadata. */
    struct str cards_json, interactive_json, button_json, order_json, system_json, unsupported_json,
        context_json, referral_json, errors_json, identity_json;
};

struct wa_edited {
    struct jpath_element element;
    struct wa_content content;
};

/* What whatsapp_scope finds out about a message or status before anything is emitted. */
struct wa_item {
    bool usable;
    int64_t at;
    struct wa_person *person; /* the other side; groups: the participant. NULL = none known */
    struct wa_thread *thread; /* NULL = none known */
};

struct wa_message { /* 2.1 */
    struct jpath_element element;
    struct str id, timestamp, from, from_user_id, from_parent_id, group_id;
    struct str edit_target;
    struct wa_edited *edited;
    struct wa_content content;
    struct wa_item item;
    const struct wa_type *type;
};

struct wa_status { /* 3 */
    struct jpath_element element;
    struct str id, status, timestamp, callback_data;
    struct str recipient_type, recipient_id, recipient_user_id;
    struct str recipient_parent_id, parent_recipient_id, parent_id; /* names of different years */
    struct str participant_id, participant_id_other, participant_user_id, participant_parent_id;
    struct str category, nested_category, origin;
    struct jpath_list errors; /* of struct wa_error */
    struct str conversation_json, pricing_json, errors_json;
    struct wa_item item;
    struct str word; /* status in lower case */
};

struct wa_contact { /* 1.8 */
    struct jpath_element element;
    struct str wa_id, user_id, parent_id, name, username;
    struct wa_party party;
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
};

/* Members of one element of "changes". */
extern const struct jpath_rule wa_change_rules[];

#endif
