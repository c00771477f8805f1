/* attach.h: the files of a message as attachments.
 *
 * Source:  reference/telegram.md 6.2, 11.2; canonical-model 3.3.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_ATTACH_H
#define SLUICE_TRANSFORM_TELEGRAM_ATTACH_H

#include "transform/telegram/scope.h"

void tg_attach_file(struct tg_scope *scope, const char *type, const struct tg_file *file,
                    struct record_message *fields);
/* The largest size: the array holds sizes of one picture. */
void tg_attach_photo(struct tg_scope *scope, const struct tg_photo *photo,
                     struct record_message *fields);
void tg_attach_paid(struct tg_scope *scope, const struct tg_paid_media *paid,
                    struct record_message *fields);

#endif
