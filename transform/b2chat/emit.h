/* emit.h: chats and contacts of B2Chat to canonical records.
 *
 * Of a chat: contact, agent, department, conversation, messages, survey, escalation, events.
 * Rejects: a chat whose id, times, flags or duration cannot be read is one reject and gives no
 *          record; a message that cannot be read is one reject beside the others' records.
 * Version: every reply is a full snapshot, so the as-of time of all groups is the time of the
 *          reply (reference/b2chat.md 10.3).
 * Owns:    the zone of the account. Uses the document's arena; does not reset it.
 * Source:  reference/b2chat.md 6, 7, 11.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_B2CHAT_EMIT_H
#define SLUICE_TRANSFORM_B2CHAT_EMIT_H

#include "transform/b2chat/rules.h"
#include "transform/map.h"

struct b2_emitter;

struct b2_emitter *b2_emitter_new(struct map_out *out);
void b2_emitter_free(struct b2_emitter **emitter);

/* The name of a member in the source, where it is not that of the API: for rejects. */
typedef const char *b2_member_fn(const char *member, bool is_of_message);

/* Starts a document. NULL: its chats can be read; else a reject for all of it, valid until the next
 * call. member: NULL = the API's names. */
const struct reject *b2_emitter_begin(struct b2_emitter *emitter, b2_member_fn *member);
/* A document may carry its own as-of time, and then it counts. false: text is no time; nothing
 * changes when it is absent. */
bool b2_emitter_set_as_of(struct b2_emitter *emitter, struct str text);

/* path: of the chat in the document, "chats[3]"; "" = the document itself. RC_REJECT: the arena's
 * cap was reached; other results are the sink's. */
enum rc b2_emit_chat(struct b2_emitter *emitter, const struct b2_chat *chat, struct str path,
                     struct err *err) MUST_USE;
/* A record of the contact feed. */
enum rc b2_emit_contact(struct b2_emitter *emitter, const struct b2_contact *contact,
                        struct str path, struct err *err) MUST_USE;
/* Somebody named beside other things: identities only. */
enum rc b2_emit_person(struct b2_emitter *emitter, const struct b2_person *person,
                       const char *medium, struct str path, int64_t offset,
                       struct err *err) MUST_USE;

#endif
