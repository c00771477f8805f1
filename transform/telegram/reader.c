#include "transform/telegram/reader.h"

#include "lib/limits.h"

#define BLANKS " \t\r\n\xef\xbb\xbf" /* and the byte-order mark */

void tg_reader_init(struct tg_reader *reader, struct map_out *out, const struct jpath_rule *rules)
{
    *reader = (struct tg_reader){
        .out = out, .json = json_writer_new(LIMIT_RECORD_BYTES), .jpath = jpath_new(rules)};
}

void tg_reader_done(struct tg_reader *reader)
{
    jpath_free(&reader->jpath);
    json_writer_free(&reader->json);
}

void tg_reader_begin(struct tg_reader *reader, void *root, void *context)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES,
                                               LIMIT_JSON_DOCUMENT_BYTES};
    reader->replaced_before = 0;
    reader->first = 0;
    reader->is_dead = false;
    jpath_begin(reader->jpath, &limits, reader->out->arena, root, context);
}

static enum rc reject_fault(struct tg_reader *reader, struct err *err)
{
    reader->is_dead = true;
    return map_out_fault(reader->out, jpath_fault(reader->jpath), err);
}

enum rc tg_reader_feed(struct tg_reader *reader, const char *bytes, size_t n, struct err *err)
{
    if (reader->is_dead)
        return RC_OK;
    for (size_t i = 0; i < n && reader->first == 0; i++)
        if (memchr(BLANKS, bytes[i], sizeof BLANKS - 1) == NULL)
            reader->first = bytes[i];
    enum rc rc = jpath_feed(reader->jpath, bytes, n, err);
    return rc == RC_REJECT ? reject_fault(reader, err) : rc;
}

static enum rc reject_large(struct tg_reader *reader, struct err *err)
{
    const struct reject reject = {
        REJECT_TOO_LARGE, STR_LIT(""), jpath_offset(reader->jpath),
        STR_LIT("the document needs more memory than one document may take")};
    return map_out_reject(reader->out, &reject, err);
}

enum rc tg_reader_end(struct tg_reader *reader, tg_judge_fn *judge, void *context, struct err *err)
{
    if (reader->is_dead)
        return RC_OK;
    enum rc rc = jpath_finish(reader->jpath, err);
    if (rc == RC_REJECT)
        rc = reject_fault(reader, err);
    else if (rc == RC_OK && (rc = judge(context, err)) == RC_REJECT)
        rc = reject_large(reader, err);
    reader->out->counts.text_replaced += jpath_replaced(reader->jpath);
    return rc;
}

static enum rc reject_account(struct tg_scope *scope, struct err *err)
{
    return tg_reject(scope, REJECT_UNKNOWN_ACCOUNT, "",
                     "payloads do not name the bot they are of: its id must be given as account",
                     err);
}

bool tg_scope_open(struct tg_reader *reader, int64_t offset, struct str base,
                   struct tg_scope *scope, enum rc *rc_out, struct err *err)
{
    struct map_out *out = reader->out;
    uint64_t replaced = jpath_replaced(reader->jpath);
    int64_t as_of = out->document.as_of;
    *scope = (struct tg_scope){.out = out,
                               .json = reader->json,
                               .jpath = reader->jpath,
                               .update_id = -1,
                               .arrival = as_of != TIME_NONE ? as_of : out->document.observed_at,
                               .base = base,
                               .offset = offset,
                               .replaced = replaced - reader->replaced_before};
    reader->replaced_before = replaced;
    if (!map_out_own_account(out, &scope->account)) {
        *rc_out = reject_account(scope, err);
        return false;
    }
    const struct str parts[] = {STR_LIT("bot:"), scope->account.account};
    scope->bot = arena_join(out->arena, parts, 2);
    *rc_out = str_is_null(scope->bot) ? tg_no_memory(err) : RC_OK;
    return *rc_out == RC_OK;
}
