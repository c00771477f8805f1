#include "transform/b2chat/document.h"

#include "lib/limits.h"

void b2_document_open(struct b2_document *document, struct map_out *out,
                      const struct jpath_rule *rules)
{
    *document = (struct b2_document){.out = out};
    document->emitter = b2_emitter_new(out);
    document->jpath = jpath_new(rules);
}

void b2_document_close(struct b2_document *document)
{
    b2_emitter_free(&document->emitter);
    jpath_free(&document->jpath);
}

void b2_document_begin(struct b2_document *document, size_t most_bytes, void *root, void *context)
{
    const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES, most_bytes};
    document->is_dead = document->is_page = document->has_begun = false;
    document->fault = b2_emitter_begin(document->emitter, NULL);
    jpath_begin(document->jpath, &limits, document->out->arena, root, context);
}

enum rc b2_document_reject(struct b2_document *document, enum reject_code code, const char *path,
                           const char *detail, struct err *err)
{
    document->is_dead = true;
    struct reject reject = {code, str_of(path), jpath_offset(document->jpath), str_of(detail)};
    return map_out_reject(document->out, &reject, err);
}

static enum rc reject_fault(struct b2_document *document, struct err *err)
{
    static const enum reject_code codes[] = {
        [JPATH_FAULT_SYNTAX] = REJECT_JSON_SYNTAX,
        [JPATH_FAULT_DEPTH] = REJECT_TOO_DEEP,
        [JPATH_FAULT_SIZE] = REJECT_TOO_LARGE,
    };
    const struct jpath_fault *fault = jpath_fault(document->jpath);
    struct reject reject = {codes[fault->kind], fault->path, fault->offset, fault->detail};
    if (document->is_page)
        reject.detail = STR_LIT("expected JSON, found a page of markup: an error page");
    document->is_dead = true;
    return map_out_reject(document->out, &reject, err);
}

static enum rc reject_settings(struct b2_document *document, struct err *err)
{
    document->is_dead = true;
    return map_out_reject(document->out, document->fault, err);
}

static void look_at_start(struct b2_document *document, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && !document->has_begun; i++) {
        document->has_begun = strchr(" \t\r\n\xef\xbb\xbf", bytes[i]) == NULL || bytes[i] == '\0';
        document->is_page = bytes[i] == '<';
    }
}

enum rc b2_document_feed(struct b2_document *document, const char *bytes, size_t n, struct err *err)
{
    if (document->is_dead)
        return RC_OK;
    if (document->fault != NULL)
        return reject_settings(document, err);
    look_at_start(document, bytes, n);
    enum rc rc = jpath_feed(document->jpath, bytes, n, err);
    return rc == RC_REJECT ? reject_fault(document, err) : rc;
}

enum rc b2_document_finish(struct b2_document *document, struct err *err)
{
    if (document->is_dead)
        return RC_OK;
    if (document->fault != NULL)
        return reject_settings(document, err);
    enum rc rc = jpath_finish(document->jpath, err);
    return rc == RC_REJECT ? reject_fault(document, err) : rc;
}
