/* scope.h: one chat while it is turned into records: first everything is read (resolve*.c), then
 * written kind by kind.
 *
 * Owns:    nothing but what struct b2_emitter names; the rest lives in the document's arena.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_B2CHAT_SCOPE_H
#define SLUICE_TRANSFORM_B2CHAT_SCOPE_H

#include "transform/b2chat/emit.h"
#include "transform/b2chat/key.h"
#include "transform/b2chat/lists.h"
#include "transform/b2chat/times.h"
#include "transform/b2chat/values.h"
#include "transform/b2chat/words.h"
#include "transform/json.h"

#define B2_TIME_EXPECTED "expected a time like 2025-03-04 09:12:07, in the years 2000 to 2099"

struct b2_emitter {
    struct map_out *out;
    struct json_writer *json;
    struct b2_lists *lists;
    struct channel_account account;
    bool has_account;
    struct b2_times *times; /* NULL: no zone, or none of that name */
    int64_t as_of;
    b2_member_fn *member;
    struct reject fault;
};

struct b2_entity { /* somebody or something that a record names by both ids */
    struct str key;
    struct uuid id;
};

struct b2_item { /* a message that can be written */
    const struct b2_message *message;
    int64_t index;
    int64_t at;
    bool is_incoming, is_broadcast;
    const struct b2_type *type;
    struct str type_word; /* trimmed */
    bool has_place;
    struct str lat_text, lon_text;
    double lat, lon;
    const char *sender; /* sender_type */
    char hash[B2_HASH_BYTES];
    int64_t twin; /* how many earlier ones of the chat have the same hash */
};

struct b2_scope {
    struct b2_emitter *emitter;
    const struct b2_chat *chat;
    struct str path;
    struct b2_entity conversation, contact, agent, department;
    const char *medium;
    const char *status;
    const char *survey_state;
    int64_t created_at, opened_at, picked_up_at, responded_at, closed_at;
    int64_t poll_started_at, poll_completed_at, poll_abandoned_at;
    int64_t duration_s;         /* RECORD_INT_NONE: not known */
    int64_t is_agent_available; /* 0, 1, RECORD_INT_NONE */
    struct b2_item *items;
    size_t item_count;
    uint64_t own_replaced; /* characters of the chat's texts, its messages apart */
    bool has_bot;          /* a bot wrote before an agent took over */
};

/* A reject about the member (NULL: the whole) of what stands at path. */
enum rc b2_reject(struct b2_emitter *emitter, enum reject_code code, struct str path,
                  const char *member, int64_t offset, const char *detail, struct err *err) MUST_USE;

/* Reads the chat's own members. *usable_out: false = it was rejected. */
enum rc b2_resolve_chat(struct b2_scope *scope, bool *usable_out, struct err *err) MUST_USE;
/* Reads its messages; those that cannot be read are rejected and left out. */
enum rc b2_resolve_messages(struct b2_scope *scope, struct err *err) MUST_USE;

/* STR_NULL key: no such entity. */
struct b2_entity b2_entity(const struct b2_emitter *emitter, const char *kind, struct str key);
struct str b2_person_key(const struct b2_person *person);

/* Every emitter of records of one kind. */
enum rc b2_chat_contact_emit(struct b2_scope *scope, struct err *err) MUST_USE;
enum rc b2_agent_emit(struct b2_scope *scope, struct err *err) MUST_USE;
enum rc b2_department_emit(struct b2_scope *scope, struct err *err) MUST_USE;
enum rc b2_conversation_emit(struct b2_scope *scope, struct err *err) MUST_USE;
enum rc b2_messages_emit(struct b2_scope *scope, struct err *err) MUST_USE;
enum rc b2_survey_emit(struct b2_scope *scope, struct err *err) MUST_USE;
enum rc b2_escalation_emit(struct b2_scope *scope, struct err *err) MUST_USE;
enum rc b2_events_emit(struct b2_scope *scope, struct err *err) MUST_USE;

/* The object of the members written since json_writer_reset and json_writer_open, in the arena;
 * STR_NULL when there are none. */
struct str b2_object(struct b2_emitter *emitter);
/* Whether the text holds characters that were replaced. NULs are counted where they stand; lone
 * surrogates only for the whole chat: there U+FFFD in the text tells. */
bool b2_is_replaced(const struct b2_scope *scope, uint64_t replaced, struct str text);

static inline enum rc b2_no_memory(struct err *err)
{
    return err_set(err, RC_REJECT, "the document needs more memory than one document may take");
}

#endif
