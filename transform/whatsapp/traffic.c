/* The fields that carry messages as they happen: reference/whatsapp.md 1.8, 5.2, 5.3. */
#include "transform/whatsapp/fields.h"

#define ACCOUNT_MEMBER "value.metadata.phone_number_id"

/* ---- accounts and lists ---- */

bool wa_field_account(struct wa_scope *scope, struct str account)
{
    return map_out_account(scope->out, wa_text(account), &scope->account);
}

enum rc wa_reject_account(struct wa_scope *scope, struct str account, const char *member,
                          struct err *err)
{
    if (str_is_null(wa_text(account)))
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, member,
                               "expected the id of the business number", err);
    return wa_scope_reject(scope, REJECT_UNKNOWN_ACCOUNT, member,
                           "the number is not configured for this tenant", err);
}

static bool has_items(const struct wa_items *items)
{
    return items != NULL && items->list.count > 0;
}

bool wa_field_begin(struct wa_scope *scope, const struct wa_items *items, const char *member,
                    enum rc *rc_out, struct err *err)
{
    if (!has_items(items))
        *rc_out = wa_scope_reject(scope, items == NULL ? REJECT_MISSING_MEMBER : REJECT_BAD_VALUE,
                                  member, "expected an array of objects", err);
    else if (!wa_field_account(scope, scope->value->account))
        *rc_out = wa_reject_account(scope, scope->value->account, ACCOUNT_MEMBER, err);
    else
        return true;
    return false;
}

/* ---- messages ---- */

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
        return wa_reject_account(scope, value->account, ACCOUNT_MEMBER, err);
    scope->out->counts.ignored++;
    return RC_OK;
}

/* What is no array, or an empty one, beside the list that is read, is no traffic. */
static void count_empty(struct wa_scope *scope, const struct wa_items *items)
{
    if (items != NULL && items->list.count == 0)
        scope->out->counts.ignored++;
}

static void add_messages(struct wa_scope *scope, struct wa_items *items,
                         const struct wa_source *source)
{
    count_empty(scope, items);
    if (items != NULL)
        wa_scope_add_messages(scope, &items->list, source);
}

static void add_statuses(struct wa_scope *scope, const struct wa_items *items)
{
    count_empty(scope, items);
    if (items != NULL)
        wa_list_append(&scope->statuses, &items->list);
}

enum rc wa_take_messages(struct wa_scope *scope, struct err *err)
{
    const struct wa_value *value = scope->value;
    if (!str_is_null(value->encrypted))
        return wa_scope_reject(scope, REJECT_BAD_VALUE, "value.messages",
                               "expected an array; encrypted payloads cannot be read", err);
    if (!has_items(value->messages) && !has_items(value->statuses))
        return take_nothing(scope, err);
    if (!wa_field_account(scope, value->account))
        return wa_reject_account(scope, value->account, ACCOUNT_MEMBER, err);
    scope->contacts = value->contacts;
    add_messages(scope, value->messages, &wa_incoming);
    add_statuses(scope, value->statuses);
    return wa_scope_take(scope, err);
}

/* ---- smb_message_echoes ---- */

enum rc wa_take_echoes(struct wa_scope *scope, struct err *err)
{
    static const struct wa_source phone_app = {
        .path = {"value.message_echoes", 20}, .direction = WA_OUTBOUND, .origin = "phone_app"};
    const struct wa_value *value = scope->value;
    enum rc rc;
    if (!wa_field_begin(scope, value->echoes, "value.message_echoes", &rc, err))
        return rc;
    if (!wa_scope_read_business(scope))
        return wa_no_memory(err);
    scope->contacts = value->contacts;
    add_messages(scope, value->echoes, &phone_app);
    return wa_scope_take(scope, err);
}

/* ---- standby ---- */

enum rc wa_take_standby(struct wa_scope *scope, struct err *err)
{
    static const struct wa_source incoming = {.path = {"value.standby.messages", 22}};
    static const struct wa_source other_app = {.path = {"value.standby.message_echoes", 28},
                                               .direction = WA_OUTBOUND,
                                               .is_api = true,
                                               .origin = "other_app"};
    const struct wa_value *value = scope->value;
    struct wa_standby *standby = value->standby;
    if (standby == NULL)
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, "value.standby", "expected an object",
                               err);
    if (!has_items(standby->messages) && !has_items(standby->echoes) &&
        !has_items(standby->statuses)) {
        scope->out->counts.ignored++;
        return RC_OK;
    }
    if (!wa_field_account(scope, value->account))
        return wa_reject_account(scope, value->account, ACCOUNT_MEMBER, err);
    scope->contacts = value->contacts;
    wa_list_append(&scope->contacts, &standby->contacts);
    add_messages(scope, standby->messages, &incoming);
    add_messages(scope, standby->echoes, &other_app);
    add_statuses(scope, standby->statuses);
    scope->status_path = STR_LIT("value.standby.statuses");
    return wa_scope_take(scope, err);
}
