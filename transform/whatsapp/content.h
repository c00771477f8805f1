/* content.h: what a typed message says, and what becomes of it.
 *
 * Owns:    nothing; texts live in the document's arena.
 * Threads: constant tables. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_CONTENT_H
#define SLUICE_TRANSFORM_WHATSAPP_CONTENT_H

#include "transform/whatsapp/scope.h"

/* What becomes of a message of a type. */
enum wa_effect {
    WA_EFFECT_MESSAGE,
    WA_EFFECT_PLACEHOLDER, /* of content that comes later, or never */
    WA_EFFECT_SYSTEM,
    WA_EFFECT_EDIT,
    WA_EFFECT_REVOKE,
    WA_EFFECT_REACTION,
    WA_EFFECT_WELCOME
};

typedef void wa_fill_fn(struct wa_scope *scope, const struct wa_content *content,
                        struct record_message *message);

struct wa_type {
    struct str word;
    enum wa_effect effect;
    const char *type; /* canonical-model 4.4 */
    wa_fill_fn *fill; /* subtype, texts, location, attachments; NULL: no message */
};

extern const struct wa_type wa_type_other;
const struct wa_type *wa_type_find(struct str word);
bool wa_content_is_voice(const struct wa_content *content);

#endif
