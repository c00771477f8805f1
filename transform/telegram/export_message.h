/* export_message.h: one exported message to records: who wrote it, the message, its edit and its
 * reactions.
 *
 * Left out, and counted as ignored: objects of the type "unsupported" and empty placeholders. They
 * have no time and no writer, and nothing guessed may stand where the first sight of a message
 * decides for good (sent_at, direction).
 * Source:  reference/telegram.md 10.4, 10.8, 11.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_MESSAGE_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_MESSAGE_H

#include "transform/telegram/export_scope.h"

/* The scope and its chat are open; scope->tg.base, offset and replaced are the message's. */
enum rc tgx_message_take(struct tgx_scope *scope, const struct tgx_message *message,
                         struct err *err) MUST_USE;

#endif
