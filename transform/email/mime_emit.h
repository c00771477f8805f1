/* mime_emit.h: raw mails of a document to records.
 *
 * Errors:  what is no mail is one reject; other results are the sink's.
 * Threads: one owner.
 * Source:  reference/email.md 3.2, 4. */
#ifndef SLUICE_TRANSFORM_EMAIL_MIME_EMIT_H
#define SLUICE_TRANSFORM_EMAIL_MIME_EMIT_H

#include "transform/email/emit.h"

struct mime_place {
    const char *path; /* "" = the whole document */
    int64_t offset;
    int64_t from_at; /* when an mbox says that the mail came; TIME_NONE: it does not */
};

/* Uses the document's arena; does not reset it. */
enum rc mime_emit(struct map_out *out, struct email_emitter *emitter, struct str raw,
                  const struct mime_place *place, struct err *err) MUST_USE;
enum rc mime_reject(struct map_out *out, const struct mime_place *place, enum reject_code code,
                    const char *detail, struct err *err) MUST_USE;

#endif
