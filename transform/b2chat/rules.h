/* rules.h: chats and contacts as B2Chat writes them, and the paths that read them.
 *
 * Shape:   texts as they came; what fills these from a CSV uses the same members.
 * Source:  reference/b2chat.md 4, 5, 8.
 * Threads: plain values and constant tables. */
#ifndef SLUICE_TRANSFORM_B2CHAT_RULES_H
#define SLUICE_TRANSFORM_B2CHAT_RULES_H

#include "transform/jpath.h"

struct b2_person { /* what a chat and the contact feed both say */
    struct str id, contact_id;
    struct str name, fullname;
    struct str mobile, mobile_number;  /* the feed's, a chat's */
    struct str landline, phone_number; /* the same */
    struct str email, identification;
};

struct b2_contact_tag {
    struct jpath_element element;
    struct str name, assigned_at;
};

struct b2_contact { /* of the contact feed */
    struct jpath_element element;
    struct b2_person person;
    struct str address, city, country, company, merchant_id;
    struct str created, updated;
    struct str custom_attributes_json; /* [{"name","value"}], or an object */
    struct jpath_list tags;            /* of struct b2_contact_tag */
};

struct b2_place { /* one of three shapes */
    struct str lat, latitude;
    struct str lng, lon, longitude;
};

struct b2_message {
    struct jpath_element element;
    struct str body, caption, created_at, type, incoming, broadcasted;
    struct str location_json;
    struct b2_place place;
    /* console exports */
    const char *author;      /* the sender_type that the column of the text names; NULL: unknown */
    struct str path;         /* NULL: a place in the chat's array */
    struct str unknown_json; /* columns that nobody knows, as an object */
};

struct b2_agent {
    struct str id, username, name, email;
};

struct b2_department {
    struct str text; /* a name that stands alone */
    struct str name, department_name;
    struct str code, department_code, id;
};

struct b2_poll {
    struct str started_at, completed_at, abandoned_at;
    struct str response_json;
    struct str rating, score, satisfaction;
    struct str comment, feedback, message;
};

struct b2_chat {
    struct jpath_element element;
    struct str chat_id, provider, status, alias, viewer_url, duration, is_agent_available;
    struct str created_at, opened_at, picked_up_at, responded_at, response_at, closed_at;
    struct str contact_json;
    struct b2_agent agent;
    struct b2_person person;
    struct b2_department department;
    struct b2_poll poll;
    struct str tags_json;       /* ["..."] */
    struct jpath_list messages; /* of struct b2_message */
    uint64_t surrogates;        /* lone ones replaced somewhere in the chat */
    /* console exports */
    struct str file_json; /* members for the conversation's metadata, as an object */
};

extern const struct jpath_rule b2_chat_rules[];
extern const struct jpath_rule b2_contact_rules[];
extern const struct jpath_rule b2_person_rules[];

#endif
