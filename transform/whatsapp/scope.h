/* scope.h: one change of a webhook, or one pair of the sent side, while it is turned into records.
 *
 * First everybody is resolved (scope.c, side.c, people.c): which messages and statuses are usable,
 * who the other side is, which threads there are. Then the records are emitted, kind by kind
 * (contact.c, message.c, status.c, call.c, record.c). Owns:    nothing; all lives in the document's
 * arena. Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_SCOPE_H
#define SLUICE_TRANSFORM_WHATSAPP_SCOPE_H

#include "transform/json.h"
#include "transform/map.h"
#include "transform/whatsapp/index.h"
#include "transform/whatsapp/rules.h"

#define WA_MEDIUM "whatsapp"
#define WA_SEPARATOR "\x1f"

struct wa_person { /* a contact record to be */
    struct wa_person *next;
    struct wa_party party;
    struct str key;
    struct uuid id;
    const struct wa_contact *profile; /* the newest; NULL = none came */
    int64_t profile_as_of;
    struct str username;    /* told without a profile */
    int64_t number_as_of;   /* TIME_NONE: no wa_id */
    struct wa_party former; /* identifiers before a change of number */
};

struct wa_thread { /* a conversation record to be */
    struct wa_thread *next;
    struct str key;
    struct uuid id;
    bool is_group;
    struct wa_person *person; /* direct threads */
    int64_t first_at, last_at;
    struct str topic; /* groups: the subject; stated when topic_at is a time */
    int64_t topic_at;
};

struct wa_event { /* an event record to be, beyond those of messages and statuses */
    struct wa_event *next;
    struct str external_id;
    const char *type;       /* canonical-model 4.7 */
    const char *actor_type; /* contact, agent, bot, system */
    const struct wa_item *item;
    struct str data;
};

enum wa_direction {
    WA_INBOUND,
    WA_OUTBOUND,
    WA_BY_SENDER /* outbound when the business number is the sender (5.1) */
};

#define WA_NO_INDEX (-1) /* of an element that is alone, and in no list */

/* Where messages of a change stand, and what that says of them. */
struct wa_source {
    struct str path; /* of the list, from the change: "value.messages" */
    enum wa_direction direction;
    bool is_api;        /* outbound ones: sent through the API, not typed in the phone app */
    const char *origin; /* outbound ones: metadata.origin; NULL: none */
    const struct wa_contact *thread; /* history: whose thread it is; sent side: whom the platform
                                        says it was for; NULL: not said */
    int64_t at;                      /* sent side: when; 0: their timestamps tell */
};

extern const struct wa_source wa_incoming;

struct wa_scope {
    struct map_out *out;
    struct json_writer *json;
    const struct jpath *jpath; /* names the change's path where the change does not */
    struct wa_change *change;
    struct wa_value *value;
    enum source_kind source_kind;
    struct str display_number;  /* of the business, as received */
    struct wa_party business;   /* the same as identifier, where it is needed */
    struct jpath_list contacts; /* of struct wa_contact */
    struct jpath_list messages; /* of struct wa_message */
    struct jpath_list statuses; /* of struct wa_status */
    struct str status_path;     /* of that list: "value.statuses" */
    struct wa_items *calls;     /* of struct wa_call; NULL: none */
    struct wa_event *events, *last_event;
    const struct wa_contact *only_contact; /* where there is one other side; NULL: several */
    struct channel_account account;
    struct wa_person *persons, *last_person;
    struct wa_thread *threads, *last_thread;
    struct wa_index contact_index; /* struct wa_contact by BSUID, and by number */
    struct wa_index person_index;  /* struct wa_person by key */
    struct wa_index thread_index;  /* struct wa_thread by key */
};

/* ---- what a field or a pair puts in (scope.c) ---- */

/* Appends the messages of the list; NULL and empty lists are nothing. */
void wa_scope_add_messages(struct wa_scope *scope, struct jpath_list *list,
                           const struct wa_source *source);
/* Appends the elements of a list to another; the elements are shared. */
void wa_list_append(struct jpath_list *list, const struct jpath_list *more);
/* Resolves messages and statuses, where bad ones are rejected and left out, and emits every record
 * of the scope: contacts, conversations, messages, statuses, events. */
enum rc wa_scope_take(struct wa_scope *scope, struct err *err) MUST_USE;
/* The same without the messages and statuses: the people and threads found with wa_place. */
enum rc wa_scope_emit(struct wa_scope *scope, struct err *err) MUST_USE;

/* ---- rejects and times (scope.c) ---- */

enum rc wa_no_memory(struct err *err);
/* A reject about the change, at the member given ("value.metadata.phone_number_id"). */
enum rc wa_scope_reject(struct wa_scope *scope, enum reject_code code, const char *member,
                        const char *detail, struct err *err) MUST_USE;
/* About one element of a list: the list ("value.messages"), its element, and the member at fault.
 */
enum rc wa_item_reject(struct wa_scope *scope, enum reject_code code, struct str list,
                       const struct jpath_element *element, const char *member, const char *detail,
                       struct err *err) MUST_USE;
/* Since WhatsApp began, and before 2100. */
bool wa_time_is_possible(int64_t at);
/* Seconds, or 13 digits of milliseconds, since 1970. */
bool wa_read_time(struct str text, int64_t *at_out);
/* Reads an element's time, the member given, into item->at and makes it usable, or rejects it. */
enum rc wa_item_time(struct wa_scope *scope, struct str list, const struct jpath_element *element,
                     const char *member, struct str timestamp, struct wa_item *item,
                     struct err *err) MUST_USE;

/* ---- the other side of a message (side.c) ---- */

/* Reads the business number, which tells directions; false: no memory. */
bool wa_scope_read_business(struct wa_scope *scope);
/* Whether the text is the business number, however it is written. */
bool wa_scope_is_business(const struct wa_scope *scope, struct str text);
/* Finds out whether the business sent it. */
void wa_message_direct(const struct wa_scope *scope, struct wa_message *message);
/* Whether the message itself names the other side, usably or not. */
bool wa_message_names_side(const struct wa_scope *scope, const struct wa_message *message);
/* The other side by all that the message and its place say; nobody where they say nothing. false:
 * no memory. */
bool wa_message_party(struct wa_scope *scope, const struct wa_message *message,
                      struct wa_party *party);
/* The only contact of the change where there is only one other side; else NULL. */
const struct wa_contact *wa_scope_only_contact(const struct wa_scope *scope);

/* ---- people and threads (people.c) ---- */

/* Room for as many persons and threads as the change can name; indexes the contacts. */
enum rc wa_people_begin(struct wa_scope *scope, size_t persons, size_t threads,
                        struct err *err) MUST_USE;
bool wa_party_add_all(struct wa_scope *scope, struct wa_party *party, const struct str *texts,
                      size_t count);
/* The party must have a key. NULL: no memory. */
struct wa_person *wa_person_of(struct wa_scope *scope, const struct wa_party *party);
/* The person was there at that time, with that profile (NULL: none). */
void wa_person_see(struct wa_person *person, const struct wa_contact *contact, int64_t at);
/* Finds or makes a person, with the help of the contacts. NULL: the party is nobody. */
enum rc wa_person_find(struct wa_scope *scope, struct wa_party party, int64_t at,
                       struct wa_person **person_out, struct err *err) MUST_USE;
/* NULL: no memory. */
struct wa_thread *wa_thread_of_group(struct wa_scope *scope, struct str group_id, int64_t at);
/* Finds or makes person and thread of an item; a party that is nobody leaves the person unknown. In
 * a group the thread is the group's, and unknown without its id. */
enum rc wa_place(struct wa_scope *scope, struct wa_party party, bool is_group, struct str group_id,
                 struct wa_item *item, struct err *err) MUST_USE;

/* ---- records (record.c) ---- */

/* A record with its common members set, as of the scope. */
void wa_record_begin(const struct wa_scope *scope, enum record_kind kind, struct record *record);
struct uuid wa_message_id(const struct wa_scope *scope, struct str external_id);
/* A message of the item's thread, with the item's person as the other side. id: of the external id.
 */
void wa_message_begin(const struct wa_scope *scope, const struct wa_item *item, struct uuid id,
                      struct str external_id, struct record *record);
/* An event of the item's thread at the item's time. */
void wa_event_begin(const struct wa_scope *scope, const struct wa_item *item,
                    struct str external_id, struct record *record);
/* sender_type of what was sent through the API: the channel's setting, else "agent". */
struct str wa_api_sender(const struct wa_scope *scope);
/* Every emitter of records of one kind. */
enum rc wa_contacts_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_threads_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_messages_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_calls_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_stubs_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_statuses_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_message_events_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_status_events_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_events_emit(struct wa_scope *scope, struct err *err) MUST_USE;

/* What a message must name beyond its own id and time; NULL: nothing is missing. */
const char *wa_message_lacks(struct wa_message *message);
/* A system message about a new number or BSUID. */
bool wa_message_is_change(const struct wa_message *message);
/* The message that an edit, revoke or reaction is about; STR_NULL: another message. */
struct str wa_message_target(const struct wa_message *message);
/* Whether the status is one of canonical-model 4.5; another word is an event, which needs a
 * conversation. */
bool wa_status_is_known(const struct wa_status *status);

/* Empty texts of the provider are absent (canonical-model 2.4). */
static inline struct str wa_text(struct str text)
{
    return text.n > 0 ? text : STR_NULL;
}

/* The text in lower case, in the arena; p == NULL: no memory. */
struct str wa_lower(struct wa_scope *scope, struct str text);
/* A JSON object of the members written since json_writer_reset and json_writer_open; STR_NULL when
 * there are none. false: no memory. */
struct str wa_scope_object(struct wa_scope *scope);
/* Whether the text, of the element given, holds characters that were replaced. NULs are counted for
 * each element; lone surrogates only for the whole change, since they are replaced in front of the
 * parser: in such a change U+FFFD in the text tells, even if the sender wrote it. */
bool wa_scope_is_replaced(const struct wa_scope *scope, const struct jpath_element *element,
                          struct str text);

#endif
