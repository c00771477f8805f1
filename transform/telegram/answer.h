/* answer.h: what every answer of the Bot API says beside its result.
 *
 * Source:  reference/telegram.md 2, 2.1.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_ANSWER_H
#define SLUICE_TRANSFORM_TELEGRAM_ANSWER_H

#include "transform/telegram/scope.h"

struct tg_answer {
    struct str ok, error_code, migrate_to;
};

extern const struct jpath_rule tg_answer_rules[];

/* A reject that names error code and its class; never the description, which may hold anything. */
enum rc tg_answer_reject(struct tg_scope *scope, const struct tg_answer *answer,
                         struct err *err) MUST_USE;

#endif
