#include "transform/email/emit.h"

#include <stdlib.h>

#include "lib/limits.h"
#include "transform/email/letter.h"

struct email_emitter *email_emitter_new(struct map_out *out)
{
    struct email_emitter *emitter = xcalloc(1, sizeof *emitter);
    emitter->out = out;
    emitter->json = json_writer_new(LIMIT_RECORD_BYTES);
    return emitter;
}

void email_emitter_free(struct email_emitter **emitter)
{
    if (emitter == NULL || *emitter == NULL)
        return;
    json_writer_free(&(*emitter)->json);
    free(*emitter);
    *emitter = NULL;
}

void emitter_members(struct email_emitter *emitter)
{
    json_writer_reset(emitter->json);
    json_writer_open(emitter->json, false);
}

struct str emitter_object(struct email_emitter *emitter)
{
    json_writer_close(emitter->json, false);
    struct str json = json_writer_peek(emitter->json);
    return json.n > 2 ? arena_str(emitter->out->arena, json) : STR_NULL;
}

static enum rc reject(struct email_emitter *emitter, const struct mail *mail, enum reject_code code,
                      struct err *err)
{
    struct err why = *err;
    struct reject reject = {code, str_of(mail->path != NULL ? mail->path : ""), mail->offset,
                            str_of(why.msg)};
    return map_out_reject(emitter->out, &reject, err);
}

enum rc email_emit(struct email_emitter *emitter, const struct mail *mail, struct err *err)
{
    typedef enum rc emit_fn(const struct letter *letter, struct err *err);
    static emit_fn *const emitters[] = {letter_emit_contact, letter_emit_agent,
                                        letter_emit_conversation, letter_emit_message,
                                        letter_emit_statuses};
    struct letter letter;
    enum reject_code code = REJECT_BAD_VALUE;
    enum rc rc = letter_read(emitter, mail, &letter, &code, err);
    if (rc != RC_OK)
        return reject(emitter, mail, code, err);
    for (size_t i = 0; i < sizeof emitters / sizeof emitters[0] && rc == RC_OK; i++)
        rc = emitters[i](&letter, err);
    return rc;
}
