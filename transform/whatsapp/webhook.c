#include <stdlib.h>

#include "lib/limits.h"
#include "transform/jpath.h"
#include "transform/whatsapp/maps.h"
#include "transform/whatsapp/scope.h"

#define OBJECT "whatsapp_business_account"

struct held { /* a change that waits for "object" */
    struct held *next;
    struct wa_change *change;
};

struct map {
    struct map_out *out;
    struct jpath *jpath;
    struct json_writer *json;
    struct wa_document document;
    struct held *first_held, *last_held;
    bool is_ours;             /* "object" was read and is ours */
    bool is_dead;             /* nothing more is read of the document */
    bool has_entry;           /* of the document: one at least */
    bool has_change;          /* of the entry being read: one at least */
    uint64_t replaced_before; /* characters, up to the end of the change before */
};

/* ---- changes ---- */

typedef enum rc field_fn(struct wa_scope *scope, struct err *err);

static enum rc emit_scope(struct wa_scope *scope, struct err *err)
{
    static field_fn *const emitters[] = {
        wa_scope_resolve, wa_contacts_emit, wa_threads_emit,        wa_messages_emit,
        wa_stubs_emit,    wa_statuses_emit, wa_message_events_emit, wa_status_events_emit};
    enum rc rc = RC_OK;
    for (size_t i = 0; i < sizeof emitters / sizeof emitters[0] && rc == RC_OK; i++)
        rc = emitters[i](scope, err);
    return rc;
}

static enum rc reject_account(struct wa_scope *scope, struct err *err)
{
    static const char member[] = "value.metadata.phone_number_id";
    if (str_is_null(wa_text(scope->value->account)))
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, member,
                               "expected the id of the business number", err);
    return wa_scope_reject(scope, REJECT_UNKNOWN_ACCOUNT, member,
                           "the number is not configured for this tenant", err);
}

/* Where neither messages nor statuses could be read. What Meta adds without notice is no fault, and
 * neither are errors and user actions, which are for the log only (1.8, 1.9). */
static enum rc take_nothing(struct wa_scope *scope, struct err *err)
{
    const struct wa_value *value = scope->value;
    if (value->messages != NULL)
        return wa_scope_reject(scope, REJECT_BAD_VALUE, "value.messages",
                               "expected an array with messages", err);
    if (value->statuses != NULL)
        return wa_scope_reject(scope, REJECT_BAD_VALUE, "value.statuses",
                               "expected an array with statuses", err);
    if (value->errors == NULL && str_is_null(value->account)) /* an array, or nothing we know */
        return reject_account(scope, err);
    scope->out->counts.ignored++;
    return RC_OK;
}

static bool has_items(const struct wa_items *items)
{
    return items != NULL && items->list.count > 0;
}

/* What is no array, or an empty one, beside the list that is read, is no traffic. */
static void read_list(struct wa_scope *scope, const struct wa_items *items, struct jpath_list *list)
{
    if (items == NULL)
        return;
    *list = items->list;
    if (list->count == 0)
        scope->out->counts.ignored++;
}

static enum rc take_messages(struct wa_scope *scope, struct err *err)
{
    const struct wa_value *value = scope->value;
    if (!str_is_null(value->encrypted))
        return wa_scope_reject(scope, REJECT_BAD_VALUE, "value.messages",
                               "expected an array; encrypted payloads cannot be read", err);
    if (!has_items(value->messages) && !has_items(value->statuses))
        return take_nothing(scope, err);
    read_list(scope, value->messages, &scope->messages);
    read_list(scope, value->statuses, &scope->statuses);
    if (!map_out_account(scope->out, wa_text(value->account), &scope->account))
        return reject_account(scope, err);
    return emit_scope(scope, err);
}

/* Routing by "field" (reference/whatsapp.md 5). A field that is not here carries no traffic. */
static const struct {
    const char *field;
    field_fn *take;
} fields[] = {
    {"messages", take_messages},
};

static enum rc take_change(struct map *map, struct wa_change *change, struct err *err)
{
    struct wa_scope scope = {.out = map->out,
                             .json = map->json,
                             .jpath = map->jpath,
                             .change = change,
                             .value = change->value};
    if (change->is_missing)
        return wa_scope_reject(&scope, REJECT_MISSING_MEMBER, "changes",
                               "expected an array of objects", err);
    if (str_is_null(change->field))
        return wa_scope_reject(&scope, REJECT_MISSING_MEMBER, "field", "expected a field's name",
                               err);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!str_is(change->field, fields[i].field))
            continue;
        if (change->value == NULL || !str_is_null(change->no_object))
            return wa_scope_reject(&scope,
                                   change->value == NULL ? REJECT_MISSING_MEMBER : REJECT_BAD_VALUE,
                                   "value", "expected an object", err);
        return fields[i].take(&scope, err);
    }
    map->out->counts.ignored++;
    return RC_OK;
}

static enum rc take_held(struct map *map, struct err *err)
{
    enum rc rc = RC_OK;
    for (struct held *held = map->first_held; held != NULL && rc == RC_OK; held = held->next)
        rc = take_change(map, held->change, err);
    map->first_held = map->last_held = NULL;
    return rc;
}

static enum rc hold(struct map *map, struct wa_change *change)
{
    struct held *held = arena_alloc(map->out->arena, sizeof *held);
    if (str_is_null(change->path))
        change->path = jpath_path(map->jpath, map->out->arena);
    if (held == NULL || str_is_null(change->path))
        return RC_REJECT;
    held->change = change;
    if (map->last_held != NULL)
        map->last_held->next = held;
    else
        map->first_held = held;
    map->last_held = held;
    return RC_OK;
}

static enum rc take_or_hold(struct map *map, struct wa_change *change, struct err *err)
{
    map->is_ours = map->is_ours || str_is(map->document.object, OBJECT);
    if (!map->is_ours)
        return hold(map, change);
    enum rc rc = take_held(map, err);
    return rc == RC_OK ? take_change(map, change, err) : rc;
}

static enum rc change_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    struct wa_change *change = element;
    uint64_t replaced = jpath_replaced(map->jpath);
    change->surrogates = replaced - map->replaced_before - change->element.replaced;
    map->replaced_before = replaced;
    map->has_change = true;
    return take_or_hold(map, change, err);
}

static enum rc take_empty_entry(struct map *map, const struct wa_entry *entry, struct err *err)
{
    struct wa_change *missing = arena_alloc(map->out->arena, sizeof *missing);
    if (missing == NULL)
        return RC_REJECT;
    missing->is_missing = true;
    missing->element.offset = entry->element.offset;
    return take_or_hold(map, missing, err);
}

static enum rc entry_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    enum rc rc = map->has_change ? RC_OK : take_empty_entry(map, element, err);
    map->has_entry = true;
    map->has_change = false;
    if (!map->is_ours)
        return rc;
    map->document.object = STR_LIT(OBJECT); /* its text goes with the arena */
    arena_reset(map->out->arena);           /* memory stays flat however many entries there are */
    return rc;
}

static const struct jpath_rule entry_rules[] = {
    JPATH_END("changes[]", struct wa_change, wa_change_rules, change_end),
    JPATH_RULES_END,
};

static const struct jpath_rule document_rules[] = {
    JPATH_SCALAR("object", struct wa_document, object),
    JPATH_END("entry[]", struct wa_entry, entry_rules, entry_end),
    JPATH_RULES_END,
};

/* ---- documents ---- */

static struct map *whatsapp_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->jpath = jpath_new(document_rules);
    map->json = json_writer_new(LIMIT_RECORD_BYTES);
    return map;
}

static void whatsapp_close(struct map *map)
{
    jpath_free(&map->jpath);
    json_writer_free(&map->json);
    free(map);
}

static void whatsapp_begin(struct map *map)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES,
                                               LIMIT_JSON_DOCUMENT_BYTES};
    map->document = (struct wa_document){STR_NULL};
    map->first_held = map->last_held = NULL;
    map->is_ours = map->is_dead = map->has_entry = map->has_change = false;
    map->replaced_before = 0;
    jpath_begin(map->jpath, &limits, map->out->arena, &map->document, map);
}

static enum rc reject_document(struct map *map, enum reject_code code, struct str path,
                               int64_t offset, struct str detail, struct err *err)
{
    map->is_dead = true;
    struct reject reject = {code, path, offset, detail};
    return map_out_reject(map->out, &reject, err);
}

static enum rc reject_fault(struct map *map, struct err *err)
{
    static const enum reject_code codes[] = {
        [JPATH_FAULT_SYNTAX] = REJECT_JSON_SYNTAX,
        [JPATH_FAULT_DEPTH] = REJECT_TOO_DEEP,
        [JPATH_FAULT_SIZE] = REJECT_TOO_LARGE,
    };
    const struct jpath_fault *fault = jpath_fault(map->jpath);
    return reject_document(map, codes[fault->kind], fault->path, fault->offset, fault->detail, err);
}

static enum rc whatsapp_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    enum rc rc = jpath_feed(map->jpath, bytes, n, err);
    return rc == RC_REJECT ? reject_fault(map, err) : rc;
}

static enum rc judge_document(struct map *map, struct err *err)
{
    int64_t end = jpath_offset(map->jpath);
    if (str_is_null(map->document.object))
        return reject_document(map, REJECT_MISSING_MEMBER, STR_LIT("object"), end,
                               STR_LIT("expected \"" OBJECT "\""), err);
    if (!str_is(map->document.object, OBJECT))
        return reject_document(map, REJECT_NOT_THIS_CHANNEL, STR_LIT("object"), end,
                               STR_LIT("expected \"" OBJECT "\"; this is another product's"), err);
    if (!map->has_entry)
        return reject_document(map, REJECT_MISSING_MEMBER, STR_LIT("entry"), end,
                               STR_LIT("expected an array of objects"), err);
    enum rc rc = take_held(map, err);
    if (rc != RC_REJECT)
        return rc;
    return reject_document(map, REJECT_TOO_LARGE, STR_NULL, end,
                           STR_LIT("the document needs more memory than one document may take"),
                           err);
}

static enum rc whatsapp_end(struct map *map, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    enum rc rc = jpath_finish(map->jpath, err);
    if (rc == RC_REJECT)
        rc = reject_fault(map, err);
    else if (rc == RC_OK)
        rc = judge_document(map, err);
    map->out->counts.text_replaced += jpath_replaced(map->jpath);
    return rc;
}

const struct map_ops whatsapp_webhook_map = {
    .provider = "whatsapp_cloud",
    .format = "webhook",
    .account_provider = "whatsapp_cloud",
    .reads = "a webhook body of the WhatsApp Cloud API",
    .source = SOURCE_WEBHOOK,
    .open = whatsapp_open,
    .begin = whatsapp_begin,
    .feed = whatsapp_feed,
    .end = whatsapp_end,
    .close = whatsapp_close,
};
