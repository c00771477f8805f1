#include "transform/b2chat/emit.h"

#include <stdlib.h>

#include "lib/limits.h"
#include "transform/b2chat/scope.h"
#include "transform/ids.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

struct b2_emitter *b2_emitter_new(struct map_out *out)
{
    struct b2_emitter *emitter = xcalloc(1, sizeof *emitter);
    emitter->out = out;
    emitter->json = json_writer_new(LIMIT_RECORD_BYTES);
    emitter->lists = b2_lists_new();
    emitter->has_account = map_out_own_account(out, &emitter->account);
    if (emitter->has_account)
        emitter->times = b2_times_open(channel_settings_of(&emitter->account)->timezone);
    return emitter;
}

void b2_emitter_free(struct b2_emitter **emitter)
{
    if (emitter == NULL || *emitter == NULL)
        return;
    b2_times_close(&(*emitter)->times);
    b2_lists_free(&(*emitter)->lists);
    json_writer_free(&(*emitter)->json);
    free(*emitter);
    *emitter = NULL;
}

const struct reject *b2_emitter_begin(struct b2_emitter *emitter, b2_member_fn *member)
{
    const struct document *document = &emitter->out->document;
    emitter->member = member;
    emitter->as_of = document->as_of != TIME_NONE ? document->as_of : document->observed_at;
    if (!emitter->has_account)
        emitter->fault = (struct reject){
            REJECT_UNKNOWN_ACCOUNT, STR_LIT(""), 0,
            STR_LIT("B2Chat names no account in what it sends: expected exactly one to be given")};
    else if (emitter->times == NULL)
        emitter->fault = (struct reject){
            REJECT_BAD_VALUE, STR_LIT(""), 0,
            STR_LIT("the times of B2Chat carry no zone: expected the setting \"timezone\" of the "
                    "account to be an IANA name such as America/Bogota")};
    else
        return NULL;
    return &emitter->fault;
}

bool b2_emitter_set_as_of(struct b2_emitter *emitter, struct str text)
{
    int64_t at;
    if (!b2_time_read(emitter->times, text, &at))
        return false;
    if (at != TIME_NONE)
        emitter->as_of = at;
    return true;
}

enum rc b2_reject(struct b2_emitter *emitter, enum reject_code code, struct str path,
                  const char *member, int64_t offset, const char *detail, struct err *err)
{
    if (member != NULL) {
        const char *name = emitter->member != NULL ? emitter->member(member, false) : member;
        path = arena_printf(emitter->out->arena, "%.*s%s%s", STR_ARGS(path), path.n > 0 ? "." : "",
                            name);
    }
    if (str_is_null(path))
        return b2_no_memory(err);
    struct reject reject = {code, path, offset, str_of(detail)};
    return map_out_reject(emitter->out, &reject, err);
}

struct b2_entity b2_entity(const struct b2_emitter *emitter, const char *kind, struct str key)
{
    if (str_is_null(key))
        return (struct b2_entity){STR_NULL, UUID_NULL};
    return (struct b2_entity){
        key, ids_entity(kind, &emitter->out->conf->tenant_id, &emitter->account.channel_id, key)};
}

struct str b2_object(struct b2_emitter *emitter)
{
    json_writer_close(emitter->json, false);
    struct str json = json_writer_peek(emitter->json);
    return str_is(json, "{}") ? STR_NULL : arena_str(emitter->out->arena, json);
}

bool b2_is_replaced(const struct b2_scope *scope, uint64_t replaced, struct str text)
{
    if (replaced > 0)
        return true;
    return scope->chat->surrogates > 0 && text.n > 0 &&
           memmem(text.p, text.n, REPLACEMENT, strlen(REPLACEMENT)) != NULL;
}

enum rc b2_emit_chat(struct b2_emitter *emitter, const struct b2_chat *chat, struct str path,
                     struct err *err)
{
    typedef enum rc step_fn(struct b2_scope * scope, struct err * err);
    static step_fn *const steps[] = {b2_resolve_messages, b2_chat_contact_emit, b2_agent_emit,
                                     b2_department_emit,  b2_conversation_emit, b2_messages_emit,
                                     b2_survey_emit,      b2_escalation_emit,   b2_events_emit};
    struct b2_scope scope = {.emitter = emitter, .chat = chat, .path = path};
    bool is_usable = false;
    enum rc rc = b2_resolve_chat(&scope, &is_usable, err);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && rc == RC_OK && is_usable; i++)
        rc = steps[i](&scope, err);
    return rc;
}
