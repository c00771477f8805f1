/* Who the other side of a message is, as its place and its texts tell: reference/whatsapp.md 1.8,
 * 4.1, 5.1 to 5.3. */
#include "transform/whatsapp/scope.h"

#define OTHER_SIDE_TEXTS 3

bool wa_scope_read_business(struct wa_scope *scope)
{
    return wa_party_add(&scope->business, scope->out->arena, scope->display_number);
}

bool wa_scope_is_business(const struct wa_scope *scope, struct str text)
{
    char digits[WA_NUMBER_MOST];
    struct str business = scope->business.wa_id;
    return !str_is_null(business) && str_equal(wa_number_digits(text, digits), business);
}

/* In a history, where both directions stand together, the sender's number tells (5.1); where the
 * business number is not given, that it is not the thread's. */
static bool is_from_business(const struct wa_scope *scope, const struct wa_message *message)
{
    if (!str_is_null(scope->business.wa_id))
        return wa_scope_is_business(scope, message->from);
    char digits[WA_NUMBER_MOST];
    const struct wa_contact *thread = message->source->thread;
    struct str from = wa_number_digits(message->from, digits);
    return thread != NULL && !str_is_null(thread->party.wa_id) && !str_is_null(from) &&
           str_is_null(wa_text(message->from_user_id)) && !str_equal(from, thread->party.wa_id);
}

/* Phone app and API do not write "from" of an outbound message's echo alike; the place tells. */
void wa_message_direct(const struct wa_scope *scope, struct wa_message *message)
{
    enum wa_direction direction = message->source->direction;
    message->is_outbound =
        direction == WA_OUTBOUND || (direction == WA_BY_SENDER && is_from_business(scope, message));
}

static bool add_texts(struct str texts[static OTHER_SIDE_TEXTS], struct str id, struct str user_id,
                      struct str parent_id)
{
    texts[0] = wa_text(id);
    texts[1] = wa_text(user_id);
    texts[2] = wa_text(parent_id);
    return !str_is_null(texts[0]) || !str_is_null(texts[1]) || !str_is_null(texts[2]);
}

/* The texts that name the other side. Echoes of edits and revokes lack "to", or have it and "from"
 * the other way round (5.2). */
static bool other_side(const struct wa_scope *scope, const struct wa_message *message,
                       struct str texts[static OTHER_SIDE_TEXTS])
{
    if (!message->is_outbound)
        return add_texts(texts, message->from, message->from_user_id, message->from_parent_id);
    const struct wa_address *to = &message->to;
    if (!wa_scope_is_business(scope, to->id) &&
        add_texts(texts, to->id, to->user_id, to->parent_id))
        return true;
    bool by_business =
        str_is_null(scope->business.wa_id) || wa_scope_is_business(scope, message->from);
    return add_texts(texts, by_business ? STR_NULL : message->from, message->from_user_id,
                     message->from_parent_id);
}

/* As far as the texts tell that name the other side. */
static bool has_one_side(const struct wa_scope *scope)
{
    const struct jpath_list *messages = &scope->messages;
    struct str first[OTHER_SIDE_TEXTS];
    struct str texts[OTHER_SIDE_TEXTS];
    if (messages->count <= 1)
        return true;
    if (!other_side(scope, (const void *)messages->first, first))
        return false;
    for (const struct jpath_element *e = messages->first->next; e != NULL; e = e->next) {
        (void)other_side(scope, (const void *)e, texts);
        if (!str_equal(texts[0], first[0]) || !str_equal(texts[1], first[1]))
            return false;
    }
    return true;
}

/* The only contact where there is only one other side. */
const struct wa_contact *wa_scope_only_contact(const struct wa_scope *scope)
{
    if (scope->contacts.count != 1)
        return NULL;
    bool is_one = scope->statuses.count == 0
                      ? has_one_side(scope)
                      : scope->statuses.count == 1 && scope->messages.count == 0;
    return is_one ? (const void *)scope->contacts.first : NULL;
}

/* The id of an echo, or of the message that it changes, begins with whose chat it is in. */
static bool read_wamid(struct wa_scope *scope, const struct wa_message *message,
                       struct wa_party *party)
{
    struct str target = wa_message_target(message);
    struct str wamid = str_is_null(target) ? message->id : target;
    if (!wa_party_add_wamid(party, scope->out->arena, wamid))
        return false;
    if (str_equal(party->wa_id, scope->business.wa_id)) /* a note to oneself */
        *party = (struct wa_party){0};
    return true;
}

/* The other side by all that the message says of it. The thread of a history names it for messages
 * in both directions; "to" only adds to that (5.1). Where nothing names it, an id may (5.2:
 * "resolve the conversation through original_message_id"). */
bool wa_message_party(struct wa_scope *scope, const struct wa_message *message,
                      struct wa_party *party)
{
    struct str texts[OTHER_SIDE_TEXTS];
    struct wa_party named = {0};
    bool is_named = other_side(scope, message, texts);
    if (!wa_party_add_all(scope, &named, texts, OTHER_SIDE_TEXTS))
        return false;
    /* Without a sender it is not even known who wrote: no thread makes up for that. */
    if (message->source->thread != NULL && (is_named || message->is_outbound))
        wa_party_merge(party, &message->source->thread->party);
    if (wa_party_compatible(party, &named))
        wa_party_merge(party, &named);
    if (is_named || !message->is_outbound || scope->only_contact != NULL ||
        !str_is_null(wa_party_key(party)))
        return true;
    return read_wamid(scope, message, party);
}

bool wa_message_names_side(const struct wa_scope *scope, const struct wa_message *message)
{
    struct str texts[OTHER_SIDE_TEXTS];
    return other_side(scope, message, texts);
}
