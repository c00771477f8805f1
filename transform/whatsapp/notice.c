/* Fields that tell something of a conversation which is no message: reference/whatsapp.md 5.5, 5.6.
 */
#include "lib/decimal.h"
#include "transform/whatsapp/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The platform gives them no ids: what happened, to whom and when is the id. */
static bool add_event(struct wa_scope *scope, struct wa_event *event, const char *what,
                      struct str word, struct str value)
{
    char ms[DECIMAL_TEXT_BYTES];
    struct str separator = STR_LIT(WA_SEPARATOR);
    const struct str parts[] = {
        str_of(what), separator, event->item->person->key,
        separator,    word,      separator,
        value,        separator, {ms, decimal_format(event->item->at / US_PER_MS, ms)}};
    event->external_id = arena_join(scope->out->arena, parts, COUNT(parts));
    if (scope->last_event != NULL)
        scope->last_event->next = event;
    else
        scope->events = event;
    scope->last_event = event;
    return !str_is_null(event->external_id);
}

/* ---- user_preferences ---- */

static const struct str preference_path = {"value.user_preferences", 22};

static struct str preference_data(struct wa_scope *scope, const struct wa_preference *preference)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "preference", wa_text(preference->category));
    json_member_text(json, "value", wa_text(preference->value));
    json_member_text(json, "detail", wa_text(preference->detail));
    json_member_text(json, "contact_external_id", preference->item.person->key);
    json_member_true(json, "nul_replaced",
                     wa_scope_is_replaced(scope, &preference->element, json_writer_peek(json)));
    return wa_scope_object(scope);
}

/* A consent is no word of canonical-model 4.7 of its own; it is a change of the contact's state. */
static bool add_preference(struct wa_scope *scope, const struct wa_preference *preference)
{
    struct wa_event *event = arena_alloc(scope->out->arena, sizeof *event);
    if (event == NULL)
        return false;
    event->type = "status_changed";
    event->actor_type = "contact";
    event->item = &preference->item;
    event->data = preference_data(scope, preference);
    return add_event(scope, event, "user_preference", preference->category, preference->value);
}

static enum rc place_preference(struct wa_scope *scope, struct wa_preference *preference,
                                struct err *err)
{
    const struct str texts[] = {preference->wa_id, preference->user_id, preference->parent_id};
    struct wa_party party = {0};
    if (!wa_party_add_all(scope, &party, texts, COUNT(texts)))
        return wa_no_memory(err);
    enum rc rc = wa_place(scope, party, false, STR_NULL, &preference->item, err);
    if (rc == RC_OK && preference->item.thread == NULL)
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, preference_path, &preference->element,
                              "wa_id", "expected a number or a business-scoped user id", err);
    return rc != RC_OK || add_preference(scope, preference) ? rc : wa_no_memory(err);
}

static enum rc take_preference(struct wa_scope *scope, struct wa_preference *preference,
                               struct err *err)
{
    if (str_is_null(wa_text(preference->value)))
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, preference_path, &preference->element,
                              "value", "expected what the user asked for", err);
    enum rc rc = wa_item_time(scope, preference_path, &preference->element, "timestamp",
                              preference->timestamp, &preference->item, err);
    return rc == RC_OK && preference->item.usable ? place_preference(scope, preference, err) : rc;
}

enum rc wa_take_preferences(struct wa_scope *scope, struct err *err)
{
    const struct wa_items *items = scope->value->preferences;
    enum rc rc;
    if (!wa_field_begin(scope, items, "value.user_preferences", &rc, err))
        return rc;
    scope->contacts = scope->value->contacts;
    rc = wa_people_begin(scope, items->list.count, items->list.count, err);
    for (struct jpath_element *e = items->list.first; e != NULL && rc == RC_OK; e = e->next)
        rc = take_preference(scope, (void *)e, err);
    return rc == RC_OK ? wa_scope_emit(scope, err) : rc;
}

/* ---- messaging_handovers ---- */

static struct str handover_data(struct wa_scope *scope, const struct wa_handover *handover)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "type", handover->type);
    json_member_json(json, "control_passed", handover->passed_json);
    json_member_json(json, "control_taken", handover->taken_json);
    json_member_true(json, "nul_replaced",
                     wa_scope_is_replaced(scope, &scope->value->element, json_writer_peek(json)));
    return wa_scope_object(scope);
}

static enum rc place_handover(struct wa_scope *scope, const struct wa_handover *handover,
                              struct wa_item *item, struct err *err)
{
    const struct str texts[] = {handover->phone_number, handover->user_id, handover->parent_id};
    struct wa_party party = {0};
    if (!wa_party_add_all(scope, &party, texts, COUNT(texts)))
        return wa_no_memory(err);
    enum rc rc = wa_people_begin(scope, 1, 1, err);
    return rc == RC_OK ? wa_place(scope, party, false, STR_NULL, item, err) : rc;
}

static enum rc emit_handover(struct wa_scope *scope, const struct wa_handover *handover, int64_t at,
                             struct err *err)
{
    struct wa_item item = {.usable = true, .at = at};
    enum rc rc = place_handover(scope, handover, &item, err);
    if (rc == RC_OK && item.thread == NULL)
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, "value.sender.phone_number",
                               "expected a number, or a business-scoped user id in user_id", err);
    struct wa_event event = {
        .type = "transferred", .actor_type = "system", .item = &item, .data = STR_NULL};
    if (rc != RC_OK)
        return rc;
    event.data = handover_data(scope, handover);
    if (!add_event(scope, &event, "handover", handover->type, STR_NULL))
        return wa_no_memory(err);
    return wa_scope_emit(scope, err);
}

/* The number stands in "recipient": the value has no metadata (5.6). */
enum rc wa_take_handover(struct wa_scope *scope, struct err *err)
{
    const struct wa_handover *handover = &scope->value->handover;
    int64_t at;
    if (!wa_field_account(scope, handover->account))
        return wa_reject_account(scope, handover->account, "value.recipient.phone_number_id", err);
    if (str_is_null(wa_text(handover->type)))
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, "value.type",
                               "expected control_passed or control_taken", err);
    if (!wa_read_time(handover->timestamp, &at))
        return wa_scope_reject(
            scope, str_is_null(handover->timestamp) ? REJECT_MISSING_MEMBER : REJECT_BAD_VALUE,
            "value.timestamp", "expected seconds since 1970, in the years 2009 to 2099", err);
    scope->display_number = handover->display_number;
    return emit_handover(scope, handover, at, err);
}
