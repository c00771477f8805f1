/* Fields about contacts alone: reference/whatsapp.md 5.4, 5.5. */
#include "transform/whatsapp/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- smb_app_state_sync ---- */

static const struct str synced_path = {"value.state_sync", 16};

/* "add" states the name, and so does "remove": that there is none any more. Were a removal silent,
 * an older "add" that comes later would bring the name back (5.4: the last timestamp wins). */
static void see_synced(struct wa_person *person, struct wa_synced *synced, int64_t at)
{
    struct wa_contact *contact = &synced->contact;
    if (str_is(synced->action, "remove"))
        contact->name = contact->username = STR_NULL;
    else if (str_is_null(wa_text(contact->name)))
        contact->name = synced->first_name;
    if (at >= person->profile_as_of) {
        person->profile = contact;
        person->profile_as_of = at;
    }
    wa_person_see(person, NULL, at);
}

static enum rc take_synced(struct wa_scope *scope, struct wa_synced *synced, struct err *err)
{
    if (!str_is_null(synced->type) && !str_is(synced->type, "contact")) {
        scope->out->counts.ignored++;
        return RC_OK;
    }
    struct wa_item item = {0};
    enum rc rc = wa_item_time(scope, synced_path, &synced->element, "metadata.timestamp",
                              synced->timestamp, &item, err);
    if (rc != RC_OK || !item.usable)
        return rc;
    const struct wa_contact *contact = &synced->contact;
    const struct str texts[] = {contact->wa_id, contact->user_id, contact->parent_id};
    struct wa_party party = {0};
    if (!wa_party_add_all(scope, &party, texts, COUNT(texts)))
        return wa_no_memory(err);
    if (str_is_null(wa_party_key(&party)))
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, synced_path, &synced->element,
                              "contact.phone_number",
                              "expected a number or a business-scoped user id", err);
    struct wa_person *person = wa_person_of(scope, &party);
    if (person == NULL)
        return wa_no_memory(err);
    see_synced(person, synced, item.at);
    return RC_OK;
}

enum rc wa_take_address_book(struct wa_scope *scope, struct err *err)
{
    const struct wa_items *items = scope->value->synced;
    enum rc rc;
    if (!wa_field_begin(scope, items, "value.state_sync", &rc, err))
        return rc;
    rc = wa_people_begin(scope, items->list.count, 0, err);
    for (struct jpath_element *e = items->list.first; e != NULL && rc == RC_OK; e = e->next)
        rc = take_synced(scope, (void *)e, err);
    return rc == RC_OK ? wa_scope_emit(scope, err) : rc;
}

/* ---- user_id_update ---- */

static const struct str id_update_path = {"value.user_id_update", 20};

static enum rc link_ids(struct wa_scope *scope, const struct wa_id_update *update, int64_t at,
                        struct err *err)
{
    const struct str now[] = {update->user_id, update->parent_id, update->wa_id};
    const struct str before[] = {update->previous_user_id, update->previous_parent_id};
    struct wa_party party = {0};
    struct wa_party former = {0};
    if (!wa_party_add_all(scope, &party, now, COUNT(now)) ||
        !wa_party_add_all(scope, &former, before, COUNT(before)))
        return wa_no_memory(err);
    if (str_is_null(party.bsuid))
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, id_update_path, &update->element,
                              "user_id.current", "expected a business-scoped user id", err);
    struct wa_person *person;
    enum rc rc = wa_person_find(scope, party, at, &person, err);
    if (rc == RC_OK)
        person->former = former;
    return rc;
}

static enum rc take_id_update(struct wa_scope *scope, const struct wa_id_update *update,
                              struct err *err)
{
    struct wa_item item = {0};
    enum rc rc = wa_item_time(scope, id_update_path, &update->element, "timestamp",
                              update->timestamp, &item, err);
    return rc == RC_OK && item.usable ? link_ids(scope, update, item.at, err) : rc;
}

enum rc wa_take_id_updates(struct wa_scope *scope, struct err *err)
{
    const struct wa_items *items = scope->value->id_updates;
    enum rc rc;
    if (!wa_field_begin(scope, items, "value.user_id_update", &rc, err))
        return rc;
    scope->contacts = scope->value->contacts;
    rc = wa_people_begin(scope, items->list.count, 0, err);
    for (struct jpath_element *e = items->list.first; e != NULL && rc == RC_OK; e = e->next)
        rc = take_id_update(scope, (void *)e, err);
    return rc == RC_OK ? wa_scope_emit(scope, err) : rc;
}
