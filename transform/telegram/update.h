/* update.h: an Update object becomes its records.
 *
 * What carries no traffic of a conversation (4, column "Ingest") is counted, and so is what is not
 * known yet. Facts without a chat of their own get a conversation of system messages: polls
 * "tg:<account>:p<poll id>", linked to messages by metadata.poll.id.
 * Source:  reference/telegram.md 4, 8, 11; canonical-model 3.3, 4.4, 4.7.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_UPDATE_H
#define SLUICE_TRANSFORM_TELEGRAM_UPDATE_H

#include "transform/telegram/scope.h"

enum rc tg_update_take(struct tg_scope *scope, const struct tg_update *update,
                       struct err *err) MUST_USE;

/* One reaction more or less. */
struct tg_reaction_change {
    const struct tg_reaction *reaction;
    bool is_added;
    struct str target, actor_key, actor_type;
    int64_t at;
};
enum rc tg_reaction_emit(struct tg_scope *scope, const struct tg_place *place,
                         const struct tg_reaction_change *change, struct err *err) MUST_USE;

/* Messages of the place are gone: a stub of each, and an event. ids: a JSON array of numbers, or
 * one number; not empty. */
enum rc tg_deletion_emit(struct tg_scope *scope, const struct tg_place *place, struct str ids,
                         struct err *err) MUST_USE;

#endif
