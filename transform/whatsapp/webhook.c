#include <stdlib.h>

#include "lib/limits.h"
#include "transform/jpath.h"
#include "transform/whatsapp/fields.h"
#include "transform/whatsapp/maps.h"

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

/* Routing by "field" (reference/whatsapp.md 5). A field that is not here carries no traffic. */
static const struct {
    const char *field;
    enum rc (*take)(struct wa_scope *scope, struct err *err);
} fields[] = {
    {"messages", wa_take_messages},
    {"history", wa_take_history},
    {"smb_message_echoes", wa_take_echoes},
    {"standby", wa_take_standby},
    {"smb_app_state_sync", wa_take_address_book},
    {"user_id_update", wa_take_id_updates},
    {"user_preferences", wa_take_preferences},
    {"messaging_handovers", wa_take_handover},
    {"calls", wa_take_calls},
    {"group_lifecycle_update", wa_take_groups},
    {"group_participants_update", wa_take_groups},
    {"group_settings_update", wa_take_groups},
    {"group_status_update", wa_take_groups},
};

static enum rc take_change(struct map *map, struct wa_change *change, struct err *err)
{
    struct wa_scope scope = {.out = map->out,
                             .json = map->json,
                             .jpath = map->jpath,
                             .change = change,
                             .value = change->value,
                             .source_kind = map->out->document.source,
                             .status_path = STR_LIT("value.statuses")};
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
        scope.display_number = change->value->display_number;
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
    JPATH_EACH("history", struct wa_document, bare_history, struct wa_bare_history,
               wa_bare_history_rules),
    JPATH_END("entry[]", struct wa_entry, entry_rules, entry_end),
    JPATH_RULES_END,
};

/* ---- documents ---- */

static struct map *webhook_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->jpath = jpath_new(document_rules);
    map->json = json_writer_new(LIMIT_RECORD_BYTES);
    return map;
}

static void webhook_close(struct map *map)
{
    jpath_free(&map->jpath);
    json_writer_free(&map->json);
    free(map);
}

static void webhook_begin(struct map *map)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES,
                                               LIMIT_JSON_DOCUMENT_BYTES};
    map->document = (struct wa_document){.object = STR_NULL};
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
    map->is_dead = true;
    return map_out_fault(map->out, jpath_fault(map->jpath), err);
}

static enum rc webhook_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    enum rc rc = jpath_feed(map->jpath, bytes, n, err);
    return rc == RC_REJECT ? reject_fault(map, err) : rc;
}

/* A declined history, as Meta's page prints it, without the envelope (5.1): it holds no traffic. */
static bool is_bare_decline(const struct map *map)
{
    const struct jpath_list *history = &map->document.bare_history;
    if (!str_is_null(map->document.object) || map->has_entry || history->count == 0)
        return false;
    for (const struct jpath_element *e = history->first; e != NULL; e = e->next)
        if (((const struct wa_bare_history *)(const void *)e)->errors == NULL)
            return false;
    return true;
}

static enum rc judge_document(struct map *map, struct err *err)
{
    int64_t end = jpath_offset(map->jpath);
    if (is_bare_decline(map)) {
        map->out->counts.ignored += map->document.bare_history.count;
        return RC_OK;
    }
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

static enum rc webhook_end(struct map *map, struct err *err)
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
    .open = webhook_open,
    .begin = webhook_begin,
    .feed = webhook_feed,
    .end = webhook_end,
    .close = webhook_close,
};
