/* What every record of a change has alike. */
#include "transform/ids.h"
#include "transform/whatsapp/scope.h"

void wa_record_begin(const struct wa_scope *scope, enum record_kind kind, struct record *record)
{
    map_out_begin(scope->out, kind, &scope->account.channel_id, record);
    record->source_kind = scope->source_kind;
}

struct uuid wa_message_id(const struct wa_scope *scope, struct str external_id)
{
    return ids_entity("message", &scope->out->conf->tenant_id, &scope->account.channel_id,
                      external_id);
}

void wa_message_begin(const struct wa_scope *scope, const struct wa_item *item, struct uuid id,
                      struct str external_id, struct record *record)
{
    wa_record_begin(scope, RECORD_MESSAGE, record);
    record->id = id;
    record->external_id = external_id;
    struct record_message *message = &record->message;
    message->conversation_id = item->thread->id;
    message->conversation_external_id = item->thread->key;
    message->conversation_kind = item->thread->is_group ? STR_LIT("group") : STR_LIT("direct");
    message->channel = STR_LIT(WA_MEDIUM);
    message->sent_at = item->at;
    if (item->person == NULL)
        return;
    message->contact_id = item->person->id;
    message->contact_external_id = item->person->key;
}

void wa_event_begin(const struct wa_scope *scope, const struct wa_item *item,
                    struct str external_id, struct record *record)
{
    wa_record_begin(scope, RECORD_EVENT, record);
    record->external_id = external_id;
    record->id =
        ids_entity("event", &scope->out->conf->tenant_id, &scope->account.channel_id, external_id);
    record->event.conversation_id = item->thread->id;
    record->event.conversation_external_id = item->thread->key;
    record->event.occurred_at = item->at;
}

struct str wa_api_sender(const struct wa_scope *scope)
{
    struct str sender = channel_settings_of(&scope->account)->api_sender;
    return str_is_null(sender) ? STR_LIT("agent") : sender;
}

static enum rc emit_event(struct wa_scope *scope, const struct wa_event *event, struct err *err)
{
    struct record record;
    wa_event_begin(scope, event->item, event->external_id, &record);
    record.event.event_type = str_of(event->type);
    record.event.is_inferred = false;
    record.event.actor_type = str_of(event->actor_type);
    record.event.data = event->data;
    return map_out_record(scope->out, &record, err);
}

enum rc wa_events_emit(struct wa_scope *scope, struct err *err)
{
    enum rc rc = RC_OK;
    for (const struct wa_event *e = scope->events; e != NULL && rc == RC_OK; e = e->next)
        rc = emit_event(scope, e, err);
    return rc;
}
