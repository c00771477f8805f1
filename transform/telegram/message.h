/* message.h: a Message object becomes its records.
 *
 * People, the conversation, the message; an event for an edit; the alias and event of a group that
 * became a supergroup.
 * Source:  reference/telegram.md 5, 9, 11; canonical-model 4.2, 6.4.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_MESSAGE_H
#define SLUICE_TRANSFORM_TELEGRAM_MESSAGE_H

#include "transform/telegram/scope.h"

/* A message that cannot be read is rejected: RC_OK. */
enum rc tg_message_take(struct tg_scope *scope, const struct tg_message *message,
                        enum tg_message_kind kind, struct err *err) MUST_USE;

/* A group became a supergroup: the old chat's conversation, known as the new one too, and its
 * event. old_id and new_id as texts, which may be no numbers: then nothing. */
enum rc tg_migration_emit(struct tg_scope *scope, struct str old_id, struct str new_id, int64_t at,
                          struct err *err) MUST_USE;

#endif
