/* Calls: one message of type "call" for each, updated by its events: reference/whatsapp.md 5.6. */
#include "transform/whatsapp/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct str call_path = {"value.calls", 11};

static bool is_outbound(const struct wa_scope *scope, const struct wa_call *call)
{
    if (str_is_null(wa_text(call->direction)))
        return wa_scope_is_business(scope, call->from);
    return str_is(call->direction, "BUSINESS_INITIATED");
}

/* ---- records ---- */

/* Printed as an array in one page, in either case (5.6). */
static struct str outcome(struct wa_scope *scope, const struct wa_call *call)
{
    struct str word = !str_is_null(wa_text(call->status)) ? call->status : call->status_in_list;
    return str_is_null(wa_text(word)) ? STR_NULL : wa_lower(scope, word);
}

static struct str call_metadata(struct wa_scope *scope, const struct wa_call *call,
                                struct str status)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_writer_text(json, STR_LIT("call"));
    json_writer_open(json, false);
    json_member_text(json, "event", wa_text(call->event));
    json_member_text(json, "direction", wa_text(call->direction));
    json_member_text(json, "status", status);
    json_member_text(json, "start_time", wa_text(call->start_time));
    json_member_text(json, "end_time", wa_text(call->end_time));
    if (json_is_number(call->duration))
        json_member_number(json, "duration_s", call->duration);
    json_writer_close(json, false);
    json_member_json(json, "errors", call->errors_json);
    json_member_text(json, "biz_opaque_callback_data", wa_text(call->callback_data));
    json_member_true(json, "nul_replaced",
                     wa_scope_is_replaced(scope, &call->element, json_writer_peek(json)));
    return wa_scope_object(scope);
}

/* A call that fails at once ends in the second in which it began; what is known at its end is more,
 * so it is a microsecond newer. */
static int64_t as_of(const struct wa_call *call)
{
    return call->item.at + (str_is(call->event, "terminate") ? 1 : 0);
}

static int64_t began_at(const struct wa_call *call)
{
    int64_t start;
    bool is_earlier = wa_read_time(call->start_time, &start) && start < call->item.at;
    return is_earlier ? start : call->item.at;
}

static enum rc emit_call(struct wa_scope *scope, const struct wa_call *call, struct err *err)
{
    struct record record;
    wa_message_begin(scope, &call->item, wa_message_id(scope, call->id), call->id, &record);
    struct record_message *message = &record.message;
    bool outbound = is_outbound(scope, call);
    struct str status = outcome(scope, call);
    message->direction = outbound ? STR_LIT("outbound") : STR_LIT("inbound");
    message->sender_type = outbound ? STR_LIT("agent") : STR_LIT("contact");
    message->status = outbound ? STR_LIT("sent") : STR_LIT("received");
    message->content_as_of = as_of(call);
    message->sent_at = began_at(call);
    message->type = STR_LIT("call");
    message->subtype = str_is_null(status) ? wa_text(call->event) : status;
    message->metadata = call_metadata(scope, call, status);
    message->ordinal = call->element.index;
    return map_out_record(scope->out, &record, err);
}

enum rc wa_calls_emit(struct wa_scope *scope, struct err *err)
{
    enum rc rc = RC_OK;
    struct jpath_element *e = scope->calls != NULL ? scope->calls->list.first : NULL;
    for (; e != NULL && rc == RC_OK; e = e->next) {
        const struct wa_call *call = (const void *)e;
        if (call->item.usable)
            rc = emit_call(scope, call, err);
    }
    return rc;
}

/* ---- who called ---- */

static enum rc place_call(struct wa_scope *scope, struct wa_call *call, struct err *err)
{
    bool outbound = is_outbound(scope, call);
    const struct str caller[] = {call->from, call->from_user_id, call->from_parent_id};
    const struct str called[] = {call->to, call->to_user_id, call->to_parent_id};
    struct wa_party party = {0};
    if (!wa_party_add_all(scope, &party, outbound ? called : caller, COUNT(caller)))
        return wa_no_memory(err);
    enum rc rc = wa_place(scope, party, false, STR_NULL, &call->item, err);
    struct wa_thread *thread = call->item.thread;
    if (thread != NULL && began_at(call) < thread->first_at)
        thread->first_at = began_at(call);
    if (rc != RC_OK || thread != NULL)
        return rc;
    call->item.usable = false;
    return wa_item_reject(scope, REJECT_MISSING_MEMBER, call_path, &call->element,
                          outbound ? "to" : "from",
                          "expected a number or a business-scoped user id", err);
}

static enum rc resolve_call(struct wa_scope *scope, struct wa_call *call, struct err *err)
{
    if (str_is_null(wa_text(call->id)))
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, call_path, &call->element, "id",
                              "expected the call's id", err);
    enum rc rc = wa_item_time(scope, call_path, &call->element, "timestamp", call->timestamp,
                              &call->item, err);
    return rc == RC_OK && call->item.usable ? place_call(scope, call, err) : rc;
}

static enum rc take_calls(struct wa_scope *scope, struct wa_items *calls, struct err *err)
{
    if (!wa_scope_read_business(scope))
        return wa_no_memory(err);
    enum rc rc = wa_people_begin(scope, calls->list.count, calls->list.count, err);
    if (rc == RC_OK && calls->list.count == 1 && scope->contacts.count == 1)
        scope->only_contact = (const void *)scope->contacts.first;
    for (struct jpath_element *e = calls->list.first; e != NULL && rc == RC_OK; e = e->next)
        rc = resolve_call(scope, (void *)e, err);
    scope->calls = calls;
    return rc == RC_OK ? wa_scope_emit(scope, err) : rc;
}

/* The statuses (ringing, accepted, rejected) come in changes of their own; a change with both is
 * taken as two. */
static enum rc take_statuses(struct wa_scope *scope, struct wa_items *statuses, struct err *err)
{
    struct wa_scope other = *scope;
    for (struct jpath_element *e = statuses->list.first; e != NULL; e = e->next)
        ((struct wa_status *)(void *)e)->type = STR_LIT("call");
    other.statuses = statuses->list;
    return wa_scope_take(&other, err);
}

enum rc wa_take_calls(struct wa_scope *scope, struct err *err)
{
    const struct wa_value *value = scope->value;
    struct wa_items *calls = value->calls;
    struct wa_items *statuses = value->statuses;
    bool has_calls = calls != NULL && calls->list.count > 0;
    bool has_statuses = statuses != NULL && statuses->list.count > 0;
    if (!has_calls && !has_statuses && value->errors != NULL) { /* for the log only: 1.9 */
        scope->out->counts.ignored++;
        return RC_OK;
    }
    enum rc rc;
    if (!wa_field_begin(scope, has_statuses ? statuses : calls, "value.calls", &rc, err))
        return rc;
    scope->contacts = value->contacts;
    rc = has_statuses ? take_statuses(scope, statuses, err) : RC_OK;
    return rc == RC_OK && has_calls ? take_calls(scope, calls, err) : rc;
}
