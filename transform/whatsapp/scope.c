#include "transform/whatsapp/scope.h"

#include <ctype.h>

/* WhatsApp began in 2009. A time outside these years is impossible, so one dead letter: as an as-of
 * time a late one would hold its row for good, an early one would move the message to a day of its
 * own, and 0 means a stub. */
#define TIME_LEAST_S INT64_C(1230768000) /* 2009-01-01 */
#define TIME_MOST_S INT64_C(4102444800)  /* 2100-01-01 */
#define SECONDS_DIGITS_MOST 12
#define MILLISECONDS_DIGITS 13
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

const struct wa_source wa_incoming = {.path = {"value.messages", sizeof "value.messages" - 1}};

/* ---- rejects ---- */

enum rc wa_no_memory(struct err *err)
{
    return err_set(err, RC_REJECT, "the document needs more memory than one document may take");
}

static enum rc reject_at(struct wa_scope *scope, enum reject_code code, struct str path,
                         int64_t offset, const char *detail, struct err *err)
{
    if (str_is_null(path))
        return wa_no_memory(err);
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
    struct str path = arena_printf(scope->out->arena, "%.*s%s%s", STR_ARGS(change),
                                   change.n > 0 ? "." : "", member);
    return reject_at(scope, code, path, scope->change->element.offset, detail, err);
}

enum rc wa_item_reject(struct wa_scope *scope, enum reject_code code, struct str list,
                       const struct jpath_element *element, const char *member, const char *detail,
                       struct err *err)
{
    struct str change = change_path(scope);
    const char *dot = change.n > 0 ? "." : "";
    struct str path = element->index == WA_NO_INDEX
                          ? arena_printf(scope->out->arena, "%.*s%s%.*s.%s", STR_ARGS(change), dot,
                                         STR_ARGS(list), member)
                          : arena_printf(scope->out->arena, "%.*s%s%.*s[%lld].%s", STR_ARGS(change),
                                         dot, STR_ARGS(list), (long long)element->index, member);
    return reject_at(scope, code, path, element->offset, detail, err);
}

/* ---- texts ---- */

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

struct str wa_lower(struct wa_scope *scope, struct str text)
{
    char *lower = arena_alloc(scope->out->arena, text.n + 1);
    for (size_t i = 0; lower != NULL && i < text.n; i++)
        lower[i] = (char)tolower((unsigned char)text.p[i]);
    return lower != NULL ? (struct str){lower, text.n} : STR_NULL;
}

/* ---- times ---- */

bool wa_time_is_possible(int64_t at)
{
    return at >= TIME_LEAST_S * US_PER_SECOND && at < TIME_MOST_S * US_PER_SECOND;
}

bool wa_read_time(struct str text, int64_t *at_out)
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
    return wa_time_is_possible(*at_out);
}

enum rc wa_item_time(struct wa_scope *scope, struct str list, const struct jpath_element *element,
                     const char *member, struct str timestamp, struct wa_item *item,
                     struct err *err)
{
    if (str_is_null(timestamp))
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, list, element, member,
                              "expected seconds since 1970", err);
    if (!wa_read_time(timestamp, &item->at))
        return wa_item_reject(scope, REJECT_BAD_VALUE, list, element, member,
                              "expected seconds (or 13 digits of milliseconds) since 1970, "
                              "in the years 2009 to 2099",
                              err);
    item->usable = true;
    return RC_OK;
}

/* id and timestamp, which messages and statuses have alike. */
static enum rc check_frame(struct wa_scope *scope, struct str list,
                           const struct jpath_element *element, struct str id, struct str timestamp,
                           struct wa_item *item, struct err *err)
{
    if (str_is_null(wa_text(id)))
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, list, element, "id",
                              "expected the message's id", err);
    return wa_item_time(scope, list, element, "timestamp", timestamp, item, err);
}

/* ---- what there is to resolve ---- */

void wa_list_append(struct jpath_list *list, const struct jpath_list *more)
{
    if (more->count == 0)
        return;
    if (list->last != NULL)
        list->last->next = more->first;
    else
        list->first = more->first;
    list->last = more->last;
    list->count += more->count;
}

void wa_scope_add_messages(struct wa_scope *scope, struct jpath_list *list,
                           const struct wa_source *source)
{
    for (struct jpath_element *e = list->first; e != NULL; e = e->next)
        ((struct wa_message *)(void *)e)->source = source;
    wa_list_append(&scope->messages, list);
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
    if (!wa_party_add_all(scope, &party, texts, sizeof texts / sizeof texts[0]))
        return wa_no_memory(err);
    struct str key = wa_party_key(&party);
    bool is_old = str_is_null(party.bsuid) ? str_equal(party.wa_id, old->wa_id)
                                           : str_equal(party.bsuid, old->bsuid);
    if (str_is_null(key) || is_old)
        return RC_OK;
    struct wa_person *person = wa_person_of(scope, &party);
    if (person == NULL)
        return wa_no_memory(err);
    person->former = *old;
    wa_person_see(person, NULL, message->item.at);
    return RC_OK;
}

static enum rc check_sender(struct wa_scope *scope, struct wa_message *message, struct err *err)
{
    if (message->item.thread != NULL && (message->item.person != NULL || message->is_outbound))
        return RC_OK;
    message->item.usable = false;
    bool is_named = wa_message_names_side(scope, message);
    return wa_item_reject(scope, is_named ? REJECT_BAD_VALUE : REJECT_MISSING_MEMBER,
                          message->source->path, &message->element,
                          message->is_outbound ? "to" : "from",
                          "expected a number or a business-scoped user id", err);
}

static enum rc check_content(struct wa_scope *scope, struct wa_message *message, struct err *err)
{
    const char *lacks = wa_message_lacks(message);
    if (lacks == NULL)
        return RC_OK;
    message->item.usable = false;
    return wa_item_reject(scope, REJECT_MISSING_MEMBER, message->source->path, &message->element,
                          lacks, "expected, given the message's type", err);
}

static struct str group_of(const struct wa_message *message)
{
    struct str group_id = wa_text(message->group_id);
    if (str_is_null(group_id) && str_is(message->to.type, "group"))
        group_id = wa_text(message->to.id);
    return group_id;
}

/* In a group there is no one other side of what the business sends. */
static enum rc place_message(struct wa_scope *scope, struct wa_message *message,
                             struct wa_party party, struct err *err)
{
    struct str group_id = group_of(message);
    bool is_group = !str_is_null(group_id);
    if (is_group && message->is_outbound)
        party = (struct wa_party){0};
    enum rc rc = wa_place(scope, party, is_group, group_id, &message->item, err);
    if (is_group && message->is_outbound)
        message->item.person = NULL;
    return rc;
}

static enum rc check_message_frame(struct wa_scope *scope, struct wa_message *message,
                                   struct err *err)
{
    const struct wa_source *source = message->source;
    if (source->at == 0)
        return check_frame(scope, source->path, &message->element, message->id, message->timestamp,
                           &message->item, err);
    message->item.at = source->at;
    message->item.usable = true;
    return RC_OK;
}

static enum rc resolve_message(struct wa_scope *scope, struct wa_message *message, struct err *err)
{
    enum rc rc = check_message_frame(scope, message, err);
    if (rc == RC_OK && message->item.usable)
        rc = check_content(scope, message, err);
    if (rc != RC_OK || !message->item.usable)
        return rc;
    const struct wa_content *content = &message->content;
    bool is_change = wa_message_is_change(message);
    struct wa_party party = {0};
    if (!wa_message_party(scope, message, &party) ||
        (is_change && !wa_party_add(&party, scope->out->arena, content->system_customer)))
        return wa_no_memory(err);
    struct wa_party old = party;
    if (is_change && str_is_null(wa_party_key(&party)) &&
        !wa_party_add(&party, scope->out->arena, content->system_user_id))
        return wa_no_memory(err);
    rc = place_message(scope, message, party, err);
    if (rc == RC_OK && is_change)
        rc = resolve_change(scope, message, &old, err);
    return rc == RC_OK ? check_sender(scope, message, err) : rc;
}

/* ---- statuses ---- */

static enum rc resolve_recipient(struct wa_scope *scope, struct wa_status *status, struct err *err)
{
    bool is_group = str_is(status->recipient_type, "group");
    const struct str direct[] = {status->recipient_id, status->recipient_user_id,
                                 status->recipient_parent_id, status->parent_recipient_id,
                                 status->parent_id};
    const struct str member[] = {status->participant_id, status->participant_id_other,
                                 status->participant_user_id, status->participant_parent_id};
    struct wa_party party = {0};
    bool added = is_group
                     ? wa_party_add_all(scope, &party, member, sizeof member / sizeof member[0])
                     : wa_party_add_all(scope, &party, direct, sizeof direct / sizeof direct[0]);
    if (!added)
        return wa_no_memory(err);
    return wa_place(scope, party, is_group, wa_text(status->recipient_id), &status->item, err);
}

static enum rc check_recipient(struct wa_scope *scope, struct wa_status *status, struct err *err)
{
    if (status->item.thread != NULL || status->is_known)
        return RC_OK;
    status->item.usable = false;
    return wa_item_reject(
        scope, REJECT_MISSING_MEMBER, scope->status_path, &status->element, "recipient_id",
        "expected whom the message was for: a status word beyond sent, delivered, "
        "read, played and failed is kept as an event of a conversation",
        err);
}

static enum rc resolve_status(struct wa_scope *scope, struct wa_status *status, struct err *err)
{
    enum rc rc = check_frame(scope, scope->status_path, &status->element, status->id,
                             status->timestamp, &status->item, err);
    if (rc != RC_OK || !status->item.usable)
        return rc;
    if (str_is_null(wa_text(status->status))) {
        status->item.usable = false;
        return wa_item_reject(scope, REJECT_MISSING_MEMBER, scope->status_path, &status->element,
                              "status", "expected a status word", err);
    }
    status->word = wa_lower(scope, status->status);
    if (str_is_null(status->word))
        return wa_no_memory(err);
    status->is_known = wa_status_is_known(status);
    status->message_id = wa_message_id(scope, status->id);
    rc = resolve_recipient(scope, status, err);
    return rc == RC_OK ? check_recipient(scope, status, err) : rc;
}

/* ---- all of a change ---- */

/* A message names two persons at most: a change of number. */
static enum rc resolve(struct wa_scope *scope, struct err *err)
{
    size_t items = scope->messages.count + scope->statuses.count;
    enum rc rc = wa_people_begin(scope, 2 * items, items, err);
    struct jpath_element *e = scope->messages.first;
    for (; e != NULL && rc == RC_OK; e = e->next)
        wa_message_direct(scope, (void *)e);
    scope->only_contact = wa_scope_only_contact(scope);
    for (e = scope->messages.first; e != NULL && rc == RC_OK; e = e->next)
        rc = resolve_message(scope, (void *)e, err);
    for (e = scope->statuses.first; e != NULL && rc == RC_OK; e = e->next)
        rc = resolve_status(scope, (void *)e, err);
    return rc;
}

enum rc wa_scope_emit(struct wa_scope *scope, struct err *err)
{
    static enum rc (*const emitters[])(struct wa_scope * scope, struct err * err) = {
        wa_contacts_emit,       wa_threads_emit,       wa_messages_emit,
        wa_calls_emit,          wa_stubs_emit,         wa_statuses_emit,
        wa_message_events_emit, wa_status_events_emit, wa_events_emit,
    };
    enum rc rc = RC_OK;
    for (size_t i = 0; i < sizeof emitters / sizeof emitters[0] && rc == RC_OK; i++)
        rc = emitters[i](scope, err);
    return rc;
}

enum rc wa_scope_take(struct wa_scope *scope, struct err *err)
{
    enum rc rc = resolve(scope, err);
    return rc == RC_OK ? wa_scope_emit(scope, err) : rc;
}
