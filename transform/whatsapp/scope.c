#include "transform/whatsapp/scope.h"

#include <ctype.h>

#include "transform/ids.h"

/* WhatsApp began in 2009. A time outside these years is impossible, so one dead letter: as an as-of
 * time a late one would hold its row for good, an early one would move the message to a day of its
 * own, and 0 means a stub. */
#define TIME_LEAST_S INT64_C(1230768000) /* 2009-01-01 */
#define TIME_MOST_S INT64_C(4102444800)  /* 2100-01-01 */
#define SECONDS_DIGITS_MOST 12
#define MILLISECONDS_DIGITS 13
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static enum rc no_memory(struct err *err)
{
    return err_set(err, RC_REJECT, "the document needs more memory than one document may take");
}

static enum rc reject_at(struct wa_scope *scope, enum reject_code code, struct str path,
                         int64_t offset, const char *detail, struct err *err)
{
    if (str_is_null(path))
        return no_memory(err);
    struct reject reject = {code, path, offset, str_of(detail)};
    return map_out_reject(scope->out, &reject, err);
}

/* Most changes never need it. */
static struct str change_path(struct wa_scope *scope)
{
    if (str_is_null(scope->change->path))
        scope->change->path = jpath_path(scope->jpath, scope->out->arena);
    return scope->change->path;
}

enum rc wa_scope_reject(struct wa_scope *scope, enum reject_code code, const char *member,
                        const char *detail, struct err *err)
{
    struct str change = change_path(scope);
    struct str path = arena_printf(scope->out->arena, "%.*s.%s", STR_ARGS(change), member);
    return reject_at(scope, code, path, scope->change->element.offset, detail, err);
}

/* One message or status: "messages" or "statuses", its element, and the member at fault. */
static enum rc reject_item(struct wa_scope *scope, enum reject_code code, const char *list,
                           const struct jpath_element *element, const char *member,
                           const char *detail, struct err *err)
{
    struct str change = change_path(scope);
    struct str path = arena_printf(scope->out->arena, "%.*s.value.%s[%lld].%s", STR_ARGS(change),
                                   list, (long long)element->index, member);
    return reject_at(scope, code, path, element->offset, detail, err);
}

struct str wa_scope_object(struct wa_scope *scope)
{
    json_writer_close(scope->json, false);
    struct str json = json_writer_peek(scope->json);
    return str_is(json, "{}") ? STR_NULL : arena_str(scope->out->arena, json);
}

bool wa_scope_is_replaced(const struct wa_scope *scope, const struct jpath_element *element,
                          struct str text)
{
    if (element->replaced > 0)
        return true;
    return scope->change->surrogates > 0 && text.n > 0 &&
           memmem(text.p, text.n, REPLACEMENT, strlen(REPLACEMENT)) != NULL;
}

/* ---- times ---- */

static bool read_time(struct str text, int64_t *at_out)
{
    bool is_ms = text.n == MILLISECONDS_DIGITS;
    if (text.n == 0 || (text.n > SECONDS_DIGITS_MOST && !is_ms))
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.p[i]))
            return false;
        number = number * 10 + (text.p[i] - '0');
    }
    *at_out = number * (is_ms ? US_PER_MS : US_PER_SECOND);
    return *at_out >= TIME_LEAST_S * US_PER_SECOND && *at_out < TIME_MOST_S * US_PER_SECOND;
}

/* id and timestamp, which messages and statuses have alike. */
static enum rc check_frame(struct wa_scope *scope, const char *list,
                           const struct jpath_element *element, struct str id, struct str timestamp,
                           struct wa_item *item, struct err *err)
{
    if (str_is_null(wa_text(id)))
        return reject_item(scope, REJECT_MISSING_MEMBER, list, element, "id",
                           "expected the message's id", err);
    if (str_is_null(timestamp))
        return reject_item(scope, REJECT_MISSING_MEMBER, list, element, "timestamp",
                           "expected seconds since 1970", err);
    if (!read_time(timestamp, &item->at))
        return reject_item(scope, REJECT_BAD_VALUE, list, element, "timestamp",
                           "expected seconds (or 13 digits of milliseconds) since 1970, "
                           "in the years 2009 to 2099",
                           err);
    item->usable = true;
    return RC_OK;
}

/* ---- persons and threads ---- */

static struct wa_person *person_of(struct wa_scope *scope, const struct wa_party *party)
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

static void see_person(struct wa_person *person, const struct wa_contact *contact, int64_t at)
{
    bool has_profile = contact != NULL && (!str_is_null(wa_text(contact->name)) ||
                                           !str_is_null(wa_text(contact->username)));
    if (has_profile && at >= person->profile_as_of) {
        person->profile = contact;
        person->profile_as_of = at;
    }
    if (!str_is_null(person->party.wa_id) && at > person->number_as_of)
        person->number_as_of = at;
}

static struct wa_thread *thread_of(struct wa_scope *scope, struct str key, bool is_group,
                                   struct wa_person *person, int64_t at)
{
    struct wa_thread *thread = wa_index_get(&scope->thread_index, key);
    if (thread != NULL) {
        thread->first_at = at < thread->first_at ? at : thread->first_at;
        thread->last_at = at > thread->last_at ? at : thread->last_at;
        return thread;
    }
    thread = arena_alloc(scope->out->arena, sizeof *thread);
    if (thread == NULL)
        return NULL;
    wa_index_put(&scope->thread_index, key, thread);
    *thread = (struct wa_thread){.key = key, .is_group = is_group, .first_at = at, .last_at = at};
    thread->person = is_group ? NULL : person;
    thread->id =
        ids_entity("conversation", &scope->out->conf->tenant_id, &scope->account.channel_id, key);
    if (scope->last_thread != NULL)
        scope->last_thread->next = thread;
    else
        scope->threads = thread;
    scope->last_thread = thread;
    return thread;
}

/* As far as the texts tell that name the senders. */
static bool has_one_sender(const struct jpath_list *messages)
{
    const struct wa_message *first = (const void *)messages->first;
    if (messages->count > 1 && str_is_null(first->from) && str_is_null(first->from_user_id))
        return false;
    for (const struct jpath_element *e = messages->first; e != NULL; e = e->next) {
        const struct wa_message *message = (const void *)e;
        if (!str_equal(message->from, first->from) ||
            !str_equal(message->from_user_id, first->from_user_id))
            return false;
    }
    return true;
}

/* The only contact where there is only one other side. */
static const struct wa_contact *find_only_contact(const struct wa_scope *scope)
{
    bool is_one = scope->statuses.count == 0
                      ? has_one_sender(&scope->messages)
                      : scope->statuses.count == 1 && scope->messages.count == 0;
    const struct jpath_list *contacts = &scope->value->contacts;
    return is_one && contacts->count == 1 ? (const void *)contacts->first : NULL;
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

/* Finds or makes person and thread of a message or status; a party that is nobody, also not with
 * the help of the contacts, leaves the person unknown. In a group the thread is the group's, and
 * unknown without its id. */
static enum rc place_item(struct wa_scope *scope, struct wa_party party, bool is_group,
                          struct str group_id, struct wa_item *item, struct err *err)
{
    const struct wa_contact *contact = find_contact(scope, &party);
    if (contact != NULL)
        wa_party_merge(&party, &contact->party);
    if (!str_is_null(wa_party_key(&party))) {
        item->person = person_of(scope, &party);
        if (item->person == NULL)
            return no_memory(err);
        see_person(item->person, contact, item->at);
    }
    if (is_group ? str_is_null(group_id) : item->person == NULL)
        return RC_OK;
    struct str key = is_group ? arena_printf(scope->out->arena, "group:%.*s", STR_ARGS(group_id))
                              : item->person->key;
    if (!str_is_null(key))
        item->thread = thread_of(scope, key, is_group, item->person, item->at);
    return item->thread != NULL ? RC_OK : no_memory(err);
}

static bool add_all(struct wa_scope *scope, struct wa_party *party, const struct str *texts,
                    size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!wa_party_add(party, scope->out->arena, texts[i]))
            return false;
    return true;
}

static bool index_contact(struct wa_scope *scope, struct wa_contact *contact)
{
    char digits[WA_NUMBER_MOST];
    struct str number = wa_party_number(&contact->party, digits);
    struct str kept = arena_str(scope->out->arena, number);
    wa_index_put(&scope->contact_index, contact->party.bsuid, contact);
    wa_index_put(&scope->contact_index, kept, contact);
    return str_is_null(number) || !str_is_null(kept);
}

static enum rc resolve_contacts(struct wa_scope *scope, struct err *err)
{
    if (!wa_index_init(&scope->contact_index, scope->out->arena, 2 * scope->value->contacts.count))
        return no_memory(err);
    for (struct jpath_element *e = scope->value->contacts.first; e != NULL; e = e->next) {
        struct wa_contact *contact = (void *)e;
        const struct str texts[] = {contact->wa_id, contact->user_id, contact->parent_id};
        if (!add_all(scope, &contact->party, texts, sizeof texts / sizeof texts[0]) ||
            !index_contact(scope, contact))
            return no_memory(err);
    }
    return RC_OK;
}

/* A message names two persons at most: a change of number. */
static enum rc make_room(struct wa_scope *scope, struct err *err)
{
    size_t items = scope->messages.count + scope->statuses.count;
    if (!wa_index_init(&scope->person_index, scope->out->arena, 2 * items) ||
        !wa_index_init(&scope->thread_index, scope->out->arena, items))
        return no_memory(err);
    return RC_OK;
}

/* ---- messages ---- */

/* A change of number or BSUID names somebody new, whom the record of the new contact links to the
 * old identifiers (canonical-model 6.4). */
static enum rc resolve_change(struct wa_scope *scope, const struct wa_message *message,
                              const struct wa_party *old, struct err *err)
{
    const struct wa_content *content = &message->content;
    const struct str texts[] = {content->system_wa_id, content->system_new_wa_id,
                                content->system_user_id, content->system_parent_id};
    struct wa_party party = {0};
    if (!add_all(scope, &party, texts, sizeof texts / sizeof texts[0]))
        return no_memory(err);
    struct str key = wa_party_key(&party);
    bool is_old = str_is_null(party.bsuid) ? str_equal(party.wa_id, old->wa_id)
                                           : str_equal(party.bsuid, old->bsuid);
    if (str_is_null(key) || is_old)
        return RC_OK;
    struct wa_person *person = person_of(scope, &party);
    if (person == NULL)
        return no_memory(err);
    person->former = *old;
    see_person(person, NULL, message->item.at);
    return RC_OK;
}

static enum rc check_sender(struct wa_scope *scope, struct wa_message *message, struct err *err)
{
    if (message->item.person != NULL)
        return RC_OK;
    message->item.usable = false;
    bool named =
        !str_is_null(wa_text(message->from)) || !str_is_null(wa_text(message->from_user_id));
    return reject_item(scope, named ? REJECT_BAD_VALUE : REJECT_MISSING_MEMBER, "messages",
                       &message->element, "from", "expected a number or a business-scoped user id",
                       err);
}

static enum rc check_content(struct wa_scope *scope, struct wa_message *message, struct err *err)
{
    const char *lacks = wa_message_lacks(message);
    if (lacks == NULL)
        return RC_OK;
    message->item.usable = false;
    return reject_item(scope, REJECT_MISSING_MEMBER, "messages", &message->element, lacks,
                       "expected, given the message's type", err);
}

static enum rc resolve_message(struct wa_scope *scope, struct wa_message *message, struct err *err)
{
    enum rc rc = check_frame(scope, "messages", &message->element, message->id, message->timestamp,
                             &message->item, err);
    if (rc == RC_OK && message->item.usable)
        rc = check_content(scope, message, err);
    if (rc != RC_OK || !message->item.usable)
        return rc;
    bool is_change = wa_message_is_change(message);
    const struct str texts[] = {message->from, message->from_user_id, message->from_parent_id,
                                is_change ? message->content.system_customer : STR_NULL};
    struct wa_party party = {0};
    if (!add_all(scope, &party, texts, sizeof texts / sizeof texts[0]))
        return no_memory(err);
    struct wa_party old = party;
    if (is_change && str_is_null(wa_party_key(&party)) &&
        !add_all(scope, &party, &message->content.system_user_id, 1))
        return no_memory(err);
    struct str group_id = wa_text(message->group_id);
    rc = place_item(scope, party, !str_is_null(group_id), group_id, &message->item, err);
    if (rc == RC_OK && is_change)
        rc = resolve_change(scope, message, &old, err);
    return rc == RC_OK ? check_sender(scope, message, err) : rc;
}

/* ---- statuses ---- */

static bool lower_word(struct wa_scope *scope, struct wa_status *status)
{
    char *word = arena_alloc(scope->out->arena, status->status.n + 1);
    if (word == NULL)
        return false;
    for (size_t i = 0; i < status->status.n; i++)
        word[i] = (char)tolower((unsigned char)status->status.p[i]);
    status->word = (struct str){word, status->status.n};
    return true;
}

static enum rc resolve_recipient(struct wa_scope *scope, struct wa_status *status, struct err *err)
{
    bool is_group = str_is(status->recipient_type, "group");
    const struct str direct[] = {status->recipient_id, status->recipient_user_id,
                                 status->recipient_parent_id, status->parent_recipient_id,
                                 status->parent_id};
    const struct str member[] = {status->participant_id, status->participant_id_other,
                                 status->participant_user_id, status->participant_parent_id};
    struct wa_party party = {0};
    bool added = is_group ? add_all(scope, &party, member, sizeof member / sizeof member[0])
                          : add_all(scope, &party, direct, sizeof direct / sizeof direct[0]);
    if (!added)
        return no_memory(err);
    return place_item(scope, party, is_group, wa_text(status->recipient_id), &status->item, err);
}

static enum rc check_recipient(struct wa_scope *scope, struct wa_status *status, struct err *err)
{
    if (status->item.thread != NULL || wa_status_is_known(status))
        return RC_OK;
    status->item.usable = false;
    return reject_item(scope, REJECT_MISSING_MEMBER, "statuses", &status->element, "recipient_id",
                       "expected whom the message was for: a status word beyond sent, delivered, "
                       "read, played and failed is kept as an event of a conversation",
                       err);
}

static enum rc resolve_status(struct wa_scope *scope, struct wa_status *status, struct err *err)
{
    enum rc rc = check_frame(scope, "statuses", &status->element, status->id, status->timestamp,
                             &status->item, err);
    if (rc != RC_OK || !status->item.usable)
        return rc;
    if (str_is_null(wa_text(status->status))) {
        status->item.usable = false;
        return reject_item(scope, REJECT_MISSING_MEMBER, "statuses", &status->element, "status",
                           "expected a status word", err);
    }
    if (!lower_word(scope, status))
        return no_memory(err);
    rc = resolve_recipient(scope, status, err);
    return rc == RC_OK ? check_recipient(scope, status, err) : rc;
}

enum rc wa_scope_resolve(struct wa_scope *scope, struct err *err)
{
    enum rc rc = make_room(scope, err);
    if (rc == RC_OK)
        rc = resolve_contacts(scope, err);
    scope->only_contact = find_only_contact(scope);
    struct jpath_element *e = scope->messages.first;
    for (; e != NULL && rc == RC_OK; e = e->next)
        rc = resolve_message(scope, (void *)e, err);
    for (e = scope->statuses.first; e != NULL && rc == RC_OK; e = e->next)
        rc = resolve_status(scope, (void *)e, err);
    return rc;
}
