/* Who takes part in a change, and in which threads: reference/whatsapp.md 4. */
#include "transform/ids.h"
#include "transform/whatsapp/scope.h"

bool wa_party_add_all(struct wa_scope *scope, struct wa_party *party, const struct str *texts,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!wa_party_add(party, scope->out->arena, texts[i]))
            return false;
    return true;
}

/* ---- contacts ---- */

static bool index_contact(struct wa_scope *scope, struct wa_contact *contact)
{
    char digits[WA_NUMBER_MOST];
    struct str number = wa_party_number(&contact->party, digits);
    struct str kept = arena_str(scope->out->arena, number);
    wa_index_put(&scope->contact_index, contact->party.bsuid, contact);
    wa_index_put(&scope->contact_index, kept, contact);
    return str_is_null(number) || !str_is_null(kept);
}

static enum rc index_contacts(struct wa_scope *scope, struct err *err)
{
    if (!wa_index_init(&scope->contact_index, scope->out->arena, 2 * scope->contacts.count))
        return wa_no_memory(err);
    for (struct jpath_element *e = scope->contacts.first; e != NULL; e = e->next) {
        struct wa_contact *contact = (void *)e;
        const struct str texts[] = {contact->wa_id, contact->user_id, contact->parent_id};
        if (!wa_party_add_all(scope, &contact->party, texts, sizeof texts / sizeof texts[0]) ||
            !index_contact(scope, contact))
            return wa_no_memory(err);
    }
    return RC_OK;
}

enum rc wa_people_begin(struct wa_scope *scope, size_t persons, size_t threads, struct err *err)
{
    if (!wa_index_init(&scope->person_index, scope->out->arena, persons) ||
        !wa_index_init(&scope->thread_index, scope->out->arena, threads))
        return wa_no_memory(err);
    return index_contacts(scope, err);
}

/* A contact of the same value: by identifier, never by place; the only one there is, as a last
 * resort, when nothing contradicts it (1.8). */
static const struct wa_contact *find_contact(const struct wa_scope *scope,
                                             const struct wa_party *party)
{
    char digits[WA_NUMBER_MOST];
    const struct wa_contact *contact = wa_index_get(&scope->contact_index, party->bsuid);
    if (contact == NULL)
        contact = wa_index_get(&scope->contact_index, wa_party_number(party, digits));
    if (contact != NULL && wa_party_same(&contact->party, party))
        return contact;
    const struct wa_contact *only = scope->only_contact;
    return only != NULL && wa_party_compatible(&only->party, party) ? only : NULL;
}

/* ---- persons ---- */

struct wa_person *wa_person_of(struct wa_scope *scope, const struct wa_party *party)
{
    struct str key = wa_party_key(party);
    struct wa_person *person = wa_index_get(&scope->person_index, key);
    if (person != NULL) {
        wa_party_merge(&person->party, party);
        return person;
    }
    person = arena_alloc(scope->out->arena, sizeof *person);
    if (person == NULL)
        return NULL;
    wa_index_put(&scope->person_index, key, person);
    person->party = *party;
    person->key = key;
    person->id =
        ids_entity("contact", &scope->out->conf->tenant_id, &scope->account.channel_id, key);
    person->profile_as_of = person->number_as_of = TIME_NONE;
    if (scope->last_person != NULL)
        scope->last_person->next = person;
    else
        scope->persons = person;
    scope->last_person = person;
    return person;
}

static bool has_profile(const struct wa_contact *contact)
{
    return contact != NULL && !contact->is_partial &&
           (!str_is_null(wa_text(contact->name)) || !str_is_null(wa_text(contact->username)));
}

void wa_person_see(struct wa_person *person, const struct wa_contact *contact, int64_t at)
{
    if (has_profile(contact) && at >= person->profile_as_of) {
        person->profile = contact;
        person->profile_as_of = at;
    }
    if (contact != NULL && contact->is_partial)
        person->username = wa_text(contact->username);
    if (!str_is_null(person->party.wa_id) && at > person->number_as_of)
        person->number_as_of = at;
}

enum rc wa_person_find(struct wa_scope *scope, struct wa_party party, int64_t at,
                       struct wa_person **person_out, struct err *err)
{
    const struct wa_contact *contact = find_contact(scope, &party);
    if (contact != NULL)
        wa_party_merge(&party, &contact->party);
    *person_out = NULL;
    if (str_is_null(wa_party_key(&party)))
        return RC_OK;
    *person_out = wa_person_of(scope, &party);
    if (*person_out == NULL)
        return wa_no_memory(err);
    wa_person_see(*person_out, contact, at);
    return RC_OK;
}

/* ---- threads ---- */

static void see_thread(struct wa_thread *thread, int64_t at)
{
    thread->first_at = at < thread->first_at ? at : thread->first_at;
    thread->last_at = at > thread->last_at ? at : thread->last_at;
}

static struct wa_thread *thread_of(struct wa_scope *scope, struct str key, bool is_group,
                                   struct wa_person *person, int64_t at)
{
    struct wa_thread *thread = wa_index_get(&scope->thread_index, key);
    if (thread != NULL) {
        see_thread(thread, at);
        return thread;
    }
    thread = arena_alloc(scope->out->arena, sizeof *thread);
    if (thread == NULL)
        return NULL;
    wa_index_put(&scope->thread_index, key, thread);
    *thread = (struct wa_thread){.key = key, .is_group = is_group, .first_at = at, .last_at = at};
    thread->person = is_group ? NULL : person;
    thread->topic_at = TIME_NONE;
    thread->id =
        ids_entity("conversation", &scope->out->conf->tenant_id, &scope->account.channel_id, key);
    if (scope->last_thread != NULL)
        scope->last_thread->next = thread;
    else
        scope->threads = thread;
    scope->last_thread = thread;
    return thread;
}

struct wa_thread *wa_thread_of_group(struct wa_scope *scope, struct str group_id, int64_t at)
{
    struct str key = arena_printf(scope->out->arena, "group:%.*s", STR_ARGS(group_id));
    return str_is_null(key) ? NULL : thread_of(scope, key, true, NULL, at);
}

enum rc wa_place(struct wa_scope *scope, struct wa_party party, bool is_group, struct str group_id,
                 struct wa_item *item, struct err *err)
{
    enum rc rc = wa_person_find(scope, party, item->at, &item->person, err);
    if (rc != RC_OK || (is_group ? str_is_null(group_id) : item->person == NULL))
        return rc;
    item->thread = is_group ? wa_thread_of_group(scope, group_id, item->at)
                            : thread_of(scope, item->person->key, false, item->person, item->at);
    return item->thread != NULL ? RC_OK : wa_no_memory(err);
}
