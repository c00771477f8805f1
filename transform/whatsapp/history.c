/* Chats from before a number came to the Cloud API, pushed once: reference/whatsapp.md 5.1. */
#include "transform/whatsapp/fields.h"

/* The source of a thread's messages; the thread's contact joins those of the change. */
static struct wa_source *make_source(struct wa_scope *scope, const struct wa_history *history,
                                     struct wa_history_thread *thread)
{
    struct wa_source *source = arena_alloc(scope->out->arena, sizeof *source);
    if (source == NULL)
        return NULL;
    source->path =
        arena_printf(scope->out->arena, "value.history[%lld].threads[%lld].messages",
                     (long long)history->element.index, (long long)thread->element.index);
    source->direction = WA_BY_SENDER;
    struct wa_contact *contact = &thread->contact;
    if (!str_is_null(wa_text(thread->id)))
        contact->wa_id = thread->id;
    contact->is_partial = true;
    source->thread = contact;
    const struct jpath_list one = {&contact->element, &contact->element, 1};
    wa_list_append(&scope->contacts, &one);
    return str_is_null(source->path) ? NULL : source;
}

/* An element without threads tells the progress, or that sharing was declined. */
static bool add_history(struct wa_scope *scope, const struct wa_history *history)
{
    if (history->threads.count == 0)
        scope->out->counts.ignored++;
    for (struct jpath_element *e = history->threads.first; e != NULL; e = e->next) {
        struct wa_history_thread *thread = (void *)e;
        const struct wa_source *source = make_source(scope, history, thread);
        if (source == NULL)
            return false;
        wa_scope_add_messages(scope, &thread->messages, source);
    }
    return true;
}

static bool add_histories(struct wa_scope *scope, const struct wa_items *items)
{
    for (struct jpath_element *e = items->list.first; e != NULL; e = e->next)
        if (!add_history(scope, (void *)e))
            return false;
    return true;
}

/* The media of placeholders that came before, or will come. */
static void add_follow_ups(struct wa_scope *scope)
{
    static const struct wa_source incoming = {.path = {"value.messages", 14},
                                              .direction = WA_BY_SENDER};
    static const struct wa_source outgoing = {.path = {"value.message_echoes", 20},
                                              .direction = WA_OUTBOUND};
    if (scope->value->messages != NULL)
        wa_scope_add_messages(scope, &scope->value->messages->list, &incoming);
    if (scope->value->echoes != NULL)
        wa_scope_add_messages(scope, &scope->value->echoes->list, &outgoing);
}

enum rc wa_take_history(struct wa_scope *scope, struct err *err)
{
    const struct wa_value *value = scope->value;
    scope->source_kind = SOURCE_HISTORY;
    scope->contacts = value->contacts;
    add_follow_ups(scope);
    bool has_history = value->history != NULL && value->history->list.count > 0;
    if (!has_history && scope->messages.count == 0)
        return wa_scope_reject(
            scope, value->history == NULL ? REJECT_MISSING_MEMBER : REJECT_BAD_VALUE,
            "value.history", "expected an array with threads, progress or errors", err);
    if (has_history && !add_histories(scope, value->history))
        return wa_no_memory(err);
    if (scope->messages.count == 0)
        return RC_OK;
    if (!wa_field_account(scope, value->account))
        return wa_reject_account(scope, value->account, "value.metadata.phone_number_id", err);
    if (!wa_scope_read_business(scope))
        return wa_no_memory(err);
    return wa_scope_take(scope, err);
}
