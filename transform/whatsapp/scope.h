/* whatsapp_scope.h: one change of a webhook, while it is turned into records.
 *
 * First everybody is resolved (whatsapp_scope.c): which messages and statuses are usable, who the
 * other side is, which threads there are. Then the records are emitted, kind by kind
 * (whatsapp_contact.c, whatsapp_message.c, whatsapp_status.c).
 * Owns:    nothing; all lives in the document's arena.
 * Threads: one owner. */
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
};

struct wa_scope {
    struct map_out *out;
    struct json_writer *json;
    const struct jpath *jpath; /* names the change's path where the change does not */
    struct wa_change *change;
    struct wa_value *value;
    struct jpath_list messages;            /* of struct wa_message */
    struct jpath_list statuses;            /* of struct wa_status */
    const struct wa_contact *only_contact; /* where there is one other side; NULL: several */
    struct channel_account account;
    struct wa_person *persons, *last_person;
    struct wa_thread *threads, *last_thread;
    struct wa_index contact_index; /* struct wa_contact by BSUID, and by number */
    struct wa_index person_index;  /* struct wa_person by key */
    struct wa_index thread_index;  /* struct wa_thread by key */
};

/* Resolves messages and statuses; bad ones are rejected and left unusable. */
enum rc wa_scope_resolve(struct wa_scope *scope, struct err *err) MUST_USE;
/* A reject about the change, at the member given ("metadata.phone_number_id" of its value). */
enum rc wa_scope_reject(struct wa_scope *scope, enum reject_code code, const char *member,
                        const char *detail, struct err *err) MUST_USE;

/* Every emitter of records of one kind. */
enum rc wa_contacts_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_threads_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_messages_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_stubs_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_statuses_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_message_events_emit(struct wa_scope *scope, struct err *err) MUST_USE;
enum rc wa_status_events_emit(struct wa_scope *scope, struct err *err) MUST_USE;

/* What a message must name beyond its own id and time; NULL: nothing is missing. */
const char *wa_message_lacks(struct wa_message *message);
/* A system message about a new number or BSUID. */
bool wa_message_is_change(const struct wa_message *message);
/* Whether the status is one of canonical-model 4.5; another word is an event, which needs a
 * conversation. */
bool wa_status_is_known(const struct wa_status *status);

/* Empty texts of the provider are absent (canonical-model 2.4). */
static inline struct str wa_text(struct str text)
{
    return text.n > 0 ? text : STR_NULL;
}

/* A JSON object of the members written since json_writer_reset and json_writer_open; STR_NULL when
 * there are none. false: no memory. */
struct str wa_scope_object(struct wa_scope *scope);
/* Whether the text, of the element given, holds characters that were replaced. NULs are counted for
 * each element; lone surrogates only for the whole change, since they are replaced in front of the
 * parser: in such a change U+FFFD in the text tells, even if the sender wrote it. */
bool wa_scope_is_replaced(const struct wa_scope *scope, const struct jpath_element *element,
                          struct str text);

#endif
