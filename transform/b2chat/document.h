/* document.h: what the maps of B2Chat's JSON have in common: parser, emitter, and the one reject of
 * a document that cannot be read.
 *
 * Owns:    its parser and emitter.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_B2CHAT_DOCUMENT_H
#define SLUICE_TRANSFORM_B2CHAT_DOCUMENT_H

#include "transform/b2chat/emit.h"

struct b2_document {
    struct map_out *out;
    struct b2_emitter *emitter;
    struct jpath *jpath;
    const struct reject *fault; /* of the settings; NULL: none */
    bool is_dead;               /* nothing more is read */
    bool is_page;               /* HTML, by its first character */
    bool has_begun;             /* a character other than a blank was seen */
};

void b2_document_open(struct b2_document *document, struct map_out *out,
                      const struct jpath_rule *rules);
void b2_document_close(struct b2_document *document);

/* root is filled, context handed to the callbacks. */
void b2_document_begin(struct b2_document *document, size_t most_bytes, void *root, void *context);
enum rc b2_document_feed(struct b2_document *document, const char *bytes, size_t n,
                         struct err *err) MUST_USE;
/* Afterwards, unless is_dead, the root is complete. */
enum rc b2_document_finish(struct b2_document *document, struct err *err) MUST_USE;
enum rc b2_document_reject(struct b2_document *document, enum reject_code code, const char *path,
                           const char *detail, struct err *err) MUST_USE;

#endif
