/* Status and event records of mails that the business sent: email.md 1.7 and 6.3, canonical-model
 * 6.4. */
#include "lib/decimal.h"
#include "transform/email/bounce.h"
#include "transform/email/letter.h"
#include "transform/email/words.h"

#define SEPARATOR "\x1F"
#define STUB_AS_OF 0

struct told { /* an event, and whose account's it is */
    struct email_emitter *emitter;
    const struct channel_account *account;
    const struct mail_event *event;
    struct str conversation; /* external id; STR_NULL: of the mail itself */
};

static struct uuid id_of(const struct told *told, const char *kind, struct str external_id)
{
    return ids_entity(kind, &told->emitter->out->conf->tenant_id, &told->account->channel_id,
                      external_id);
}

static struct str external_id(const struct told *told, struct str word)
{
    char ms[DECIMAL_TEXT_BYTES];
    const struct mail_event *event = told->event;
    struct str separator = STR_LIT(SEPARATOR);
    const struct str parts[] = {event->message_id,
                                separator,
                                word,
                                separator,
                                event->recipient,
                                separator,
                                {ms, decimal_format(event->occurred_at / US_PER_MS, ms)}};
    return arena_join(told->emitter->out->arena, parts, sizeof parts / sizeof parts[0]);
}

/* The conversation is known by every id of its mails, hence by this one's (thread.h). */
static struct str conversation_of(const struct told *told)
{
    if (!str_is_null(told->conversation))
        return told->conversation;
    return mail_thread_key(told->emitter->out->arena, channel_settings_of(told->account),
                           told->event->message_id, told->event->recipient);
}

/* ---- status ---- */

static struct str status_metadata(const struct told *told)
{
    struct json_writer *json = told->emitter->json;
    emitter_members(told->emitter);
    json_member_text(json, "event", told->event->event_type);
    if (told->event->metadata.n > 0)
        json_writer_raw(json, told->event->metadata);
    return emitter_object(told->emitter);
}

/* with_conversation: a message stands there, if only as a stub; else the loader looks for it. */
static enum rc emit_status(const struct told *told, bool with_conversation, struct err *err)
{
    const struct mail_event *event = told->event;
    struct record record;
    map_out_begin(told->emitter->out, RECORD_MESSAGE_STATUS, &told->account->channel_id, &record);
    record.external_id = external_id(told, event->status);
    record.id = id_of(told, "status", record.external_id);
    struct record_message_status *status = &record.message_status;
    status->message_external_id = event->message_id;
    status->message_id = id_of(told, "message", event->message_id);
    if (with_conversation) {
        status->conversation_external_id = conversation_of(told);
        status->conversation_id = id_of(told, "conversation", status->conversation_external_id);
    }
    status->status = event->status;
    status->recipient = event->recipient;
    status->occurred_at = event->occurred_at;
    status->error_code = event->error_code;
    status->error_message = event->error_message;
    status->metadata = status_metadata(told);
    return map_out_record(told->emitter->out, &record, err);
}

/* ---- stub ---- */

static void fill_stub_status(const struct mail_event *event, struct record_message *message)
{
    message->status = event->status;
    if (str_is(event->status, "delivered"))
        message->delivered_at = event->occurred_at;
    if (str_is(event->status, "read"))
        message->read_at = event->occurred_at;
    if (!str_is(event->status, "failed"))
        return;
    message->failed_at = event->occurred_at;
    message->error_code = event->error_code;
    message->error_message = event->error_message;
}

static enum rc emit_stub(const struct told *told, struct err *err)
{
    const struct mail_event *event = told->event;
    struct str api_sender = channel_settings_of(told->account)->api_sender;
    struct record record;
    map_out_begin(told->emitter->out, RECORD_MESSAGE, &told->account->channel_id, &record);
    record.external_id = event->message_id;
    record.id = id_of(told, "message", event->message_id);
    struct record_message *message = &record.message;
    message->conversation_external_id = conversation_of(told);
    message->conversation_id = id_of(told, "conversation", message->conversation_external_id);
    message->conversation_kind = STR_LIT("direct");
    message->channel = STR_LIT(MAIL_MEDIUM);
    message->contact_external_id = event->recipient;
    message->contact_id = id_of(told, "contact", event->recipient);
    message->direction = STR_LIT("outbound");
    message->content_as_of = STUB_AS_OF;
    message->sender_type = str_is_null(api_sender) ? STR_LIT("agent") : api_sender;
    message->type = STR_LIT("unsupported");
    message->subtype = STR_LIT("stub");
    message->ordinal = 0;
    message->sent_at = event->occurred_at;
    fill_stub_status(event, message);
    return map_out_record(told->emitter->out, &record, err);
}

/* ---- event: what changes no status ---- */

static struct str event_data(const struct told *told)
{
    const struct mail_event *event = told->event;
    struct json_writer *json = told->emitter->json;
    emitter_members(told->emitter);
    json_member_text(json, "target_external_id", event->message_id);
    json_member_text(json, "status", event->event_type);
    json_member_text(json, "recipient", event->recipient);
    json_member_text(json, "error_code", event->error_code);
    json_member_text(json, "error_message", event->error_message);
    if (event->metadata.n > 0)
        json_writer_raw(json, event->metadata);
    return emitter_object(told->emitter);
}

static enum rc emit_event(const struct told *told, struct err *err)
{
    const struct mail_event *event = told->event;
    struct record record;
    map_out_begin(told->emitter->out, RECORD_EVENT, &told->account->channel_id, &record);
    record.external_id = external_id(told, event->event_type);
    record.id = id_of(told, "event", record.external_id);
    record.event.conversation_external_id = conversation_of(told);
    record.event.conversation_id =
        id_of(told, "conversation", record.event.conversation_external_id);
    record.event.event_type = STR_LIT("status_changed");
    record.event.occurred_at = event->occurred_at;
    record.event.actor_type = STR_LIT("system");
    record.event.data = event_data(told);
    return map_out_record(told->emitter->out, &record, err);
}

/* ---- what providers tell ---- */

enum rc email_emit_event(struct email_emitter *emitter, const struct mail_event *event,
                         struct err *err)
{
    struct channel_account account;
    if (!map_out_own_account(emitter->out, &account)) {
        struct reject reject = {REJECT_UNKNOWN_ACCOUNT, STR_NULL, 0,
                                STR_LIT("the mailbox is not configured for this tenant")};
        return map_out_reject(emitter->out, &reject, err);
    }
    struct told told = {.emitter = emitter, .account = &account, .event = event};
    if (str_is_null(event->status))
        return emit_event(&told, err);
    bool has_stub = !str_is_null(event->recipient);
    enum rc rc = has_stub ? emit_stub(&told, err) : RC_OK;
    return rc == RC_OK ? emit_status(&told, has_stub, err) : rc;
}

/* ---- what reports tell ---- */

struct verdict {
    enum mail_report_kind kind;
    const char *action, *status; /* status NULL: no change */
};

/* An action that is not here changes nothing. */
static const struct verdict verdicts[] = {
    {MAIL_DELIVERY_REPORT, "failed", "failed"},
    {MAIL_DELIVERY_REPORT, "delivered", "delivered"},
    {MAIL_READ_RECEIPT, "displayed", "read"},
};

static struct str status_of(enum mail_report_kind kind, struct str action)
{
    if (kind == MAIL_COMPLAINT)
        return STR_LIT("failed");
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (verdicts[i].kind == kind && words_same(action, verdicts[i].action))
            return str_of(verdicts[i].status);
    return STR_NULL;
}

static struct str code_of(enum mail_report_kind kind, const struct mail_recipient *recipient)
{
    if (kind == MAIL_COMPLAINT)
        return STR_LIT("complaint");
    struct str code = mail_status_code(recipient->status);
    return !str_is_null(code) ? code : mail_status_code(recipient->diagnostic);
}

static enum rc emit_recipient(const struct letter *letter, const struct mail_recipient *recipient,
                              struct err *err)
{
    enum mail_report_kind kind = letter->report.kind;
    struct mail_event event = {
        .message_id = letter->report.original_id,
        .recipient = recipient->address.n > 0 ? recipient->address : STR_NULL,
        .status = status_of(kind, recipient->action),
        .event_type = recipient->action.n > 0 ? recipient->action : STR_LIT("complaint"),
        .occurred_at =
            recipient->occurred_at != TIME_NONE ? recipient->occurred_at : letter->sent_at,
    };
    bool is_failure = kind != MAIL_READ_RECEIPT && !str_is(event.status, "delivered");
    if (is_failure) {
        event.error_code = code_of(kind, recipient);
        event.error_message = recipient->diagnostic.n > 0 ? recipient->diagnostic : STR_NULL;
    }
    emitter_members(letter->emitter);
    json_member_text(letter->emitter->json, "report_external_id", letter->thread.message_id);
    struct str members = emitter_object(letter->emitter);
    if (members.n > 2)
        event.metadata = (struct str){members.p + 1, members.n - 2};
    struct told told = {.emitter = letter->emitter,
                        .account = &letter->account,
                        .event = &event,
                        .conversation = letter->thread.key};
    /* No stub: anybody can send a report about a mail that never was. */
    return str_is_null(event.status) ? emit_event(&told, err) : emit_status(&told, false, err);
}

enum rc letter_emit_statuses(const struct letter *letter, struct err *err)
{
    const struct mail_report *report = &letter->report;
    enum rc rc = RC_OK;
    if (report->kind == MAIL_NO_REPORT || str_is_null(report->original_id))
        return RC_OK;
    for (size_t i = 0; i < report->recipient_count && rc == RC_OK; i++)
        rc = emit_recipient(letter, &report->recipients[i], err);
    return rc;
}
