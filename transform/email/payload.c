#include "transform/email/payload.h"

#include <stdlib.h>

#include "lib/limits.h"
#include "transform/email/address.h"

#define BOM "\xef\xbb\xbf"
#define BOM_BYTES 3

static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_MAIL_STRING_BYTES,
                                           LIMIT_MAIL_DOCUMENT_BYTES};

struct fragment { /* any JSON, as it is */
    struct jpath_element element;
    struct str json;
};

static const struct jpath_rule fragment_rules[] = {
    JPATH_JSON("", struct fragment, json),
    JPATH_RULES_END,
};

struct map *payload_open(struct map_out *out, const struct payload_reader *reader)
{
    email_init();
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->reader = reader;
    map->emitter = email_emitter_new(out);
    map->json = json_writer_new(LIMIT_RECORD_BYTES);
    map->arena = arena_new("mail payload", LIMIT_MAIL_PAYLOAD_BYTES);
    map->object = jpath_new(reader->object);
    map->list = jpath_new(reader->list);
    map->inner = reader->inner != NULL ? jpath_new(reader->inner) : NULL;
    map->fragment = jpath_new(fragment_rules);
    map->form = form_new();
    return map;
}

void payload_close(struct map *map)
{
    email_emitter_free(&map->emitter);
    json_writer_free(&map->json);
    arena_free(&map->arena);
    jpath_free(&map->object);
    jpath_free(&map->list);
    jpath_free(&map->inner);
    jpath_free(&map->fragment);
    form_free(&map->form);
    free(map);
}

void payload_begin(struct map *map)
{
    arena_reset(map->arena);
    map->kind = PAYLOAD_UNKNOWN;
    map->blanks = map->bom = 0;
    map->fed = 0;
    map->is_dead = false;
}

/* ---- where we are ---- */

static struct jpath *jpath_of(const struct map *map)
{
    return map->kind == PAYLOAD_LIST ? map->list : map->object;
}

static bool is_json(const struct map *map)
{
    return map->kind == PAYLOAD_OBJECT || map->kind == PAYLOAD_LIST;
}

const char *payload_path(const struct map *map)
{
    struct str path = is_json(map) ? jpath_path(jpath_of(map), map->arena) : STR_NULL;
    return str_is_null(path) ? "" : path.p;
}

int64_t payload_offset(const struct map *map)
{
    return is_json(map) ? jpath_offset(jpath_of(map)) : 0;
}

/* ---- rejects ---- */

static enum rc reject(struct map *map, enum reject_code code, struct str path, int64_t offset,
                      struct str detail, struct err *err)
{
    struct reject found = {code, path, offset, detail};
    return map_out_reject(map->out, &found, err);
}

static enum rc reject_document(struct map *map, enum reject_code code, struct str path,
                               int64_t offset, struct str detail, struct err *err)
{
    map->is_dead = true;
    return reject(map, code, path, offset, detail, err);
}

enum rc payload_reject(struct map *map, enum reject_code code, const char *member,
                       const char *detail, struct err *err)
{
    const char *path = payload_path(map);
    const char *separator = *path != '\0' && *member != '\0' ? "." : "";
    struct str whole = arena_printf(map->arena, "%s%s%s", path, separator, member);
    return reject(map, code, whole, payload_offset(map), str_of(detail), err);
}

static enum rc reject_json(struct map *map, struct err *err)
{
    static const enum reject_code codes[] = {
        [JPATH_FAULT_SYNTAX] = REJECT_JSON_SYNTAX,
        [JPATH_FAULT_DEPTH] = REJECT_TOO_DEEP,
        [JPATH_FAULT_SIZE] = REJECT_TOO_LARGE,
    };
    const struct jpath_fault *fault = jpath_fault(jpath_of(map));
    return reject_document(map, codes[fault->kind], fault->path, fault->offset, fault->detail, err);
}

static enum rc reject_form(struct map *map, struct err *err)
{
    const struct form_fault *fault = form_fault(map->form);
    return reject_document(map, fault->is_too_large ? REJECT_TOO_LARGE : REJECT_BAD_VALUE,
                           fault->path, fault->offset + (int64_t)(map->blanks + map->bom),
                           fault->detail, err);
}

static enum rc reject_memory(struct map *map, struct err *err)
{
    return reject_document(map, REJECT_TOO_LARGE, STR_NULL, map->fed,
                           STR_LIT("the document needs more memory than one document may take"),
                           err);
}

enum rc payload_ignore(struct map *map)
{
    map->out->counts.ignored++;
    return RC_OK;
}

enum rc payload_done(struct map *map, enum rc rc)
{
    if (map->kind == PAYLOAD_LIST && rc == RC_OK) {
        arena_reset(map->arena);
        arena_reset(map->out->arena);
    }
    return rc;
}

/* ---- JSON within texts ---- */

static enum rc read_text(struct jpath *jpath, struct arena *arena, struct str json, void *root,
                         void *context, struct err *err)
{
    jpath_begin(jpath, &limits, arena, root, context);
    enum rc rc = jpath_feed(jpath, json.p, json.n, err);
    return rc == RC_OK ? jpath_finish(jpath, err) : rc;
}

enum rc payload_inner(struct map *map, struct str json, void *root, struct err *err)
{
    enum rc rc = read_text(map->inner, map->arena, json, root, map, err);
    map->out->counts.text_replaced += jpath_replaced(map->inner);
    return rc;
}

struct str payload_fragment(struct map *map, struct str json)
{
    struct fragment found = {.json = STR_NULL};
    struct err err;
    if (str_is_null(json) || json.n > LIMIT_MAIL_FRAGMENT_BYTES)
        return STR_NULL;
    enum rc rc = read_text(map->fragment, map->arena, json, &found, map, &err);
    return rc == RC_OK ? found.json : STR_NULL;
}

/* ---- documents ---- */

static enum rc feed_json(struct map *map, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = jpath_feed(jpath_of(map), bytes, n, err);
    return rc == RC_REJECT ? reject_json(map, err) : rc;
}

static enum rc feed_form(struct map *map, const char *bytes, size_t n, struct err *err)
{
    map->fed += (int64_t)n;
    if (map->fed > (int64_t)LIMIT_MAIL_DOCUMENT_BYTES)
        return reject_document(map, REJECT_TOO_LARGE, STR_NULL, (int64_t)LIMIT_MAIL_DOCUMENT_BYTES,
                               STR_LIT("the form is larger than 64 MiB"), err);
    return form_feed(map->form, bytes, n) == RC_REJECT ? reject_form(map, err) : RC_OK;
}

static enum rc feed_known(struct map *map, const char *bytes, size_t n, struct err *err)
{
    return is_json(map) ? feed_json(map, bytes, n, err) : feed_form(map, bytes, n, err);
}

/* What was looked at before the kind was known. */
static enum rc feed_skipped(struct map *map, struct err *err)
{
    enum rc rc = feed_json(map, BOM, map->bom, err);
    for (size_t i = 0; i < map->blanks && rc == RC_OK && !map->is_dead; i++)
        rc = feed_json(map, " ", 1, err);
    return rc;
}

static enum rc begin_json(struct map *map, enum payload_kind kind, struct err *err)
{
    map->kind = kind;
    jpath_begin(jpath_of(map), &limits, map->arena, NULL, map);
    return feed_skipped(map, err);
}

static enum rc begin_form(struct map *map, char first, struct err *err)
{
    if (map->reader->form == NULL)
        return reject_document(map, REJECT_JSON_SYNTAX, STR_NULL, (int64_t)(map->blanks + map->bom),
                               STR_LIT("expected a JSON body"), err);
    map->kind = PAYLOAD_FORM;
    form_begin(map->form, first == '-' ? FORM_MULTIPART : FORM_URLENCODED, map->arena);
    return RC_OK;
}

static enum rc begin_kind(struct map *map, char first, struct err *err)
{
    if (first == '{' || first == '[')
        return begin_json(map, first == '{' ? PAYLOAD_OBJECT : PAYLOAD_LIST, err);
    return begin_form(map, first, err);
}

static bool is_skipped(struct map *map, char c)
{
    if (map->blanks == 0 && map->bom < BOM_BYTES && c == BOM[map->bom]) {
        map->bom++;
        return true;
    }
    bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    map->blanks += is_blank;
    return is_blank;
}

enum rc payload_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = RC_OK;
    for (; n > 0 && map->kind == PAYLOAD_UNKNOWN && !map->is_dead && rc == RC_OK; bytes++, n--) {
        if (is_skipped(map, *bytes))
            continue;
        rc = begin_kind(map, *bytes, err);
        break;
    }
    if (rc != RC_OK || n == 0 || map->is_dead)
        return rc;
    return feed_known(map, bytes, n, err);
}

static enum rc end_json(struct map *map, struct err *err)
{
    enum rc rc = jpath_finish(jpath_of(map), err);
    return rc == RC_REJECT ? reject_json(map, err) : rc;
}

static enum rc end_form(struct map *map, struct err *err)
{
    if (form_finish(map->form) == RC_REJECT)
        return reject_form(map, err);
    enum rc rc = map->reader->form(map, form_fields(map->form), err);
    return rc == RC_REJECT ? reject_memory(map, err) : rc;
}

enum rc payload_end(struct map *map, struct err *err)
{
    enum rc rc = RC_OK;
    if (map->is_dead)
        rc = RC_OK;
    else if (map->kind == PAYLOAD_UNKNOWN)
        rc = reject_document(map, REJECT_JSON_SYNTAX, STR_NULL, (int64_t)(map->blanks + map->bom),
                             STR_LIT("the body is empty"), err);
    else
        rc = is_json(map) ? end_json(map, err) : end_form(map, err);
    if (is_json(map))
        map->out->counts.text_replaced += jpath_replaced(jpath_of(map));
    return rc;
}
