#include "transform/telegram/answer.h"

#include "lib/decimal.h"

const struct jpath_rule tg_answer_rules[] = {
    JPATH_BOOL("ok", struct tg_answer, ok),
    JPATH_SCALAR("error_code", struct tg_answer, error_code),
    JPATH_SCALAR("parameters.migrate_to_chat_id", struct tg_answer, migrate_to),
    JPATH_RULES_END,
};

/* 2.1 */
static const struct {
    int64_t code;
    const char *class;
} classes[] = {
    {400, "bad request"},
    {401, "unauthorized: the token is revoked or malformed"},
    {403, "forbidden"},
    {404, "not found: wrong method or token"},
    {409, "conflict: another poller is running, or a webhook is set"},
    {421, "misdirected: another server has this bot"},
    {429, "too many requests"},
    {500, "server error"},
};

static const char *class_of(struct str code)
{
    int64_t number;
    if (decimal_parse(code, &number))
        for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
            if (classes[i].code == number)
                return classes[i].class;
    return "of no known class";
}

enum rc tg_answer_reject(struct tg_scope *scope, const struct tg_answer *answer, struct err *err)
{
    int64_t code = 0;
    (void)decimal_parse(answer->error_code, &code);
    struct str detail = arena_printf(scope->out->arena, "the Bot API answered with error %lld, %s",
                                     (long long)code, class_of(answer->error_code));
    return str_is_null(detail) ? tg_no_memory(err)
                               : tg_reject(scope, REJECT_BAD_VALUE, "ok", detail.p, err);
}
