/* Status records, the stubs of the messages they speak of, and their events: reference/whatsapp.md
 * 3 and 8.3, canonical-model 6.4. */
#include "lib/decimal.h"
#include "transform/ids.h"
#include "transform/whatsapp/scope.h"

/* The as-of time of a stub is 0. Only some statuses of one message say that it is marketing; their
 * stubs are one microsecond newer, so that the knowledge does not depend on a hash. Real content is
 * of 2009 at least, so it wins all the same. */
#define PLAIN_STUB_AS_OF 0
#define MARKETING_STUB_AS_OF 1

static const char *const known_words[] = {"sent", "delivered", "read", "played", "failed"};

/* The words of calls (field "calls") are none of a message's, "failed" included. */
bool wa_status_is_known(const struct wa_status *status)
{
    for (size_t i = 0; i < sizeof known_words / sizeof known_words[0]; i++)
        if (str_is(status->word, known_words[i]))
            return !str_is(status->type, "call");
    return false;
}

static bool is_known(const struct wa_status *status)
{
    return status->is_known;
}

static bool is_deleted(const struct wa_status *status)
{
    return str_is(status->word, "deleted");
}

static bool is_marketing_word(struct str word)
{
    return str_starts_with(word, "marketing") || str_is(word, "group_marketing");
}

static bool is_marketing(const struct wa_status *status)
{
    return is_marketing_word(status->category) || is_marketing_word(status->nested_category) ||
           is_marketing_word(status->origin);
}

static const struct wa_error *first_error(const struct wa_status *status)
{
    return (const void *)status->errors.first;
}

/* The first there is: older payloads lack some, others have only the details (1.9). */
static struct str error_text(const struct wa_error *error)
{
    const struct str texts[] = {error->title, error->message, error->details, error->old_details};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].n > 0)
            return texts[i];
    return STR_NULL;
}

/* ---- stubs ---- */

static void fill_stub_sender(const struct wa_scope *scope, const struct wa_status *status,
                             struct record_message *message)
{
    bool marketing = is_marketing(status);
    message->content_as_of = marketing ? MARKETING_STUB_AS_OF : PLAIN_STUB_AS_OF;
    message->is_broadcast = marketing;
    message->sender_type = marketing ? STR_LIT("system") : wa_api_sender(scope);
}

static void fill_stub_status(const struct wa_status *status, struct record_message *message)
{
    int64_t at = status->item.at;
    message->status = is_deleted(status) ? STR_LIT("sent") : status->word;
    if (str_is(status->word, "delivered"))
        message->delivered_at = at;
    else if (str_is(status->word, "read") || str_is(status->word, "played"))
        message->read_at = at;
    if (is_deleted(status)) {
        message->deleted_at = at;
        message->deletion_reason = STR_LIT("deleted");
    }
    if (!str_is(status->word, "failed"))
        return;
    message->failed_at = at;
    const struct wa_error *error = first_error(status);
    if (error != NULL) {
        message->error_code = wa_text(error->code);
        message->error_message = error_text(error);
    }
}

static enum rc emit_stub(struct wa_scope *scope, const struct wa_status *status, struct err *err)
{
    struct wa_item item = status->item;
    if (item.thread->is_group) /* a participant is not whom a group's message is for */
        item.person = NULL;
    struct record record;
    wa_message_begin(scope, &item, status->message_id, status->id, &record);
    struct record_message *message = &record.message;
    message->direction = STR_LIT("outbound");
    message->type = STR_LIT("unsupported");
    message->subtype = STR_LIT("stub");
    message->ordinal = 0;
    fill_stub_sender(scope, status, message);
    fill_stub_status(status, message);
    return map_out_record(scope->out, &record, err);
}

typedef enum rc emit_fn(struct wa_scope *scope, const struct wa_status *status, struct err *err);
typedef bool choose_fn(const struct wa_status *status);

static enum rc emit_chosen(struct wa_scope *scope, choose_fn *choose, emit_fn *emit,
                           struct err *err)
{
    enum rc rc = RC_OK;
    struct jpath_element *e = scope->statuses.first;
    for (; e != NULL && rc == RC_OK; e = e->next) {
        const struct wa_status *status = (const void *)e;
        if (status->item.usable && choose(status))
            rc = emit(scope, status, err);
    }
    return rc;
}

static bool makes_stub(const struct wa_status *status)
{
    return status->item.thread != NULL && (status->is_known || is_deleted(status));
}

enum rc wa_stubs_emit(struct wa_scope *scope, struct err *err)
{
    return emit_chosen(scope, makes_stub, emit_stub, err);
}

/* ---- status records ---- */

/* Participant of a group; an individual's message has one recipient and needs no word for it. */
static struct str participant(const struct wa_status *status)
{
    bool named =
        status->item.thread != NULL && status->item.thread->is_group && status->item.person != NULL;
    return named ? status->item.person->key : STR_NULL;
}

static struct str status_external_id(struct wa_scope *scope, const struct wa_status *status)
{
    char ms[DECIMAL_TEXT_BYTES];
    struct str separator = STR_LIT(WA_SEPARATOR);
    const struct str parts[] = {status->id,
                                separator,
                                status->word,
                                separator,
                                participant(status),
                                separator,
                                {ms, decimal_format(status->item.at / US_PER_MS, ms)}};
    return arena_join(scope->out->arena, parts, sizeof parts / sizeof parts[0]);
}

static struct str status_metadata(struct wa_scope *scope, const struct wa_status *status)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_json(json, "pricing", status->pricing_json);
    json_member_json(json, "conversation", status->conversation_json);
    json_member_json(json, "errors", status->errors_json);
    json_member_text(json, "biz_opaque_callback_data", wa_text(status->callback_data));
    json_member_true(json, "nul_replaced",
                     wa_scope_is_replaced(scope, &status->element, json_writer_peek(json)));
    return wa_scope_object(scope);
}

static enum rc emit_status(struct wa_scope *scope, const struct wa_status *status, struct err *err)
{
    const struct uuid *tenant_id = &scope->out->conf->tenant_id;
    const struct uuid *channel_id = &scope->account.channel_id;
    struct record record;
    wa_record_begin(scope, RECORD_MESSAGE_STATUS, &record);
    struct record_message_status *fields = &record.message_status;
    fields->message_external_id = status->id;
    fields->message_id = status->message_id;
    if (status->item.thread != NULL) {
        fields->conversation_id = status->item.thread->id;
        fields->conversation_external_id = status->item.thread->key;
    }
    fields->status = status->word;
    fields->recipient = participant(status);
    fields->occurred_at = status->item.at;
    const struct wa_error *error = first_error(status);
    if (error != NULL) {
        fields->error_code = wa_text(error->code);
        fields->error_message = error_text(error);
    }
    fields->metadata = status_metadata(scope, status);
    record.external_id = status_external_id(scope, status);
    record.id = ids_entity("status", tenant_id, channel_id, record.external_id);
    return map_out_record(scope->out, &record, err);
}

enum rc wa_statuses_emit(struct wa_scope *scope, struct err *err)
{
    return emit_chosen(scope, is_known, emit_status, err);
}

/* ---- events: words that are no message status ---- */

static bool makes_event(const struct wa_status *status)
{
    return status->item.thread != NULL && !status->is_known;
}

static struct str status_event_data(struct wa_scope *scope, const struct wa_status *status)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "target_external_id", status->id);
    json_member_text(json, "status", status->word);
    json_member_text(json, "recipient", participant(status));
    json_member_json(json, "pricing", status->pricing_json);
    json_member_json(json, "conversation", status->conversation_json);
    json_member_json(json, "errors", status->errors_json);
    return wa_scope_object(scope);
}

static enum rc emit_status_event(struct wa_scope *scope, const struct wa_status *status,
                                 struct err *err)
{
    struct record record;
    wa_event_begin(scope, &status->item, status_external_id(scope, status), &record);
    record.event.event_type =
        is_deleted(status) ? STR_LIT("message_deleted") : STR_LIT("status_changed");
    record.event.is_inferred =
        is_deleted(status); /* as for messages; another word is a statement */
    record.event.actor_type = STR_LIT("system");
    record.event.data = status_event_data(scope, status);
    return map_out_record(scope->out, &record, err);
}

enum rc wa_status_events_emit(struct wa_scope *scope, struct err *err)
{
    return emit_chosen(scope, makes_event, emit_status_event, err);
}
