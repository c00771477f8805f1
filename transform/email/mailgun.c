/* Webhooks of Mailgun: the forms of its routes, parsed, raw or stored, and JSON events.
 * Source: reference/email.md 1.4. */
#include <strings.h>

#include "transform/email/address.h"
#include "transform/email/event.h"
#include "transform/email/form_header.h"
#include "transform/email/json_mail.h"
#include "transform/email/providers.h"

/* ---- events ---- */

struct mailgun_event {
    struct str event, severity, reason, id, timestamp, recipient, message_id;
    struct str code, message, description, reject_reason, attempt;
    struct str url, ip, client, place, tags, variables;
};

struct body {
    struct jpath_element element;
    struct mailgun_event event;
};

static const struct jpath_rule event_rules[] = {
    JPATH_STR("event", struct mailgun_event, event),
    JPATH_STR("severity", struct mailgun_event, severity),
    JPATH_STR("reason", struct mailgun_event, reason),
    JPATH_STR("id", struct mailgun_event, id),
    JPATH_SCALAR("timestamp", struct mailgun_event, timestamp),
    JPATH_STR("recipient", struct mailgun_event, recipient),
    JPATH_STR("message.headers.message-id", struct mailgun_event, message_id),
    JPATH_SCALAR("delivery-status.code", struct mailgun_event, code),
    JPATH_STR("delivery-status.message", struct mailgun_event, message),
    JPATH_STR("delivery-status.description", struct mailgun_event, description),
    JPATH_SCALAR("delivery-status.attempt-no", struct mailgun_event, attempt),
    JPATH_STR("reject.reason", struct mailgun_event, reject_reason),
    JPATH_STR("url", struct mailgun_event, url),
    JPATH_STR("ip", struct mailgun_event, ip),
    JPATH_JSON("client-info", struct mailgun_event, client),
    JPATH_JSON("geolocation", struct mailgun_event, place),
    JPATH_JSON("tags", struct mailgun_event, tags),
    JPATH_JSON("user-variables", struct mailgun_event, variables),
    JPATH_RULES_END,
};

static const struct jpath_rule body_rules[] = {
    JPATH_PART("event-data", struct body, event, struct mailgun_event, event_rules),
    JPATH_RULES_END,
};

static const struct event_word events[] = {
    {"accepted", EVENT_SENT},        {"delivered", EVENT_DELIVERED}, {"failed", EVENT_BOUNCE},
    {"rejected", EVENT_REJECTED},    {"opened", EVENT_READ},         {"clicked", EVENT_READ},
    {"complained", EVENT_COMPLAINT}, {NULL, EVENT_IGNORED}, /* stored: an inbound mail;
                                                               unsubscribed: about the contact */
};

static enum event_kind kind_of(const struct mailgun_event *event)
{
    bool is_deferred = str_is(event->event, "failed") && str_is(event->severity, "temporary");
    return is_deferred ? EVENT_KEPT : event_kind_of(events, event->event);
}

static struct str event_metadata(struct map *map, const struct mailgun_event *event)
{
    members_begin(map);
    json_member_text(map->json, "event_id", payload_text(event->id));
    json_member_text(map->json, "severity", payload_text(event->severity));
    json_member_text(map->json, "reason", payload_text(event->reason));
    member_value(map->json, "code", event->code);
    json_member_text(map->json, "response", payload_text(event->message));
    json_member_text(map->json, "description", payload_text(event->description));
    member_value(map->json, "attempt", event->attempt);
    json_member_text(map->json, "ip", payload_text(event->ip));
    json_member_json(map->json, "client", event->client);
    json_member_json(map->json, "geo", event->place);
    json_member_text(map->json, "link", payload_text(event->url));
    json_member_json(map->json, "tags", event->tags);
    json_member_json(map->json, "user_variables", event->variables);
    return members_end(map);
}

static struct str text_of(const struct mailgun_event *event)
{
    return event->message.n > 0       ? event->message
           : event->description.n > 0 ? event->description
                                      : event->reject_reason;
}

static enum rc emit_event(struct map *map, const struct mailgun_event *event, struct err *err)
{
    struct event_report report = {
        .kind = kind_of(event),
        .recipient = event->recipient,
        .word = event->event,
        .type = event->reason,
        .text = text_of(event),
        .at = event_unix_time(event->timestamp),
        .metadata = event_metadata(map, event),
    };
    if (event->message_id.n > 0)
        report.message_id = mail_message_id(map->arena, event->message_id);
    return event_emit(map, &report, err);
}

static enum rc body_end(void *context, void *element, struct err *err)
{
    const struct body *body = element;
    if (body->event.event.n > 0)
        return payload_done(context, emit_event(context, &body->event, err));
    return payload_done(context, payload_reject(context, REJECT_MISSING_MEMBER, "event-data.event",
                                                "expected an event of Mailgun", err));
}

/* ---- inbound mail ---- */

struct inbound {
    struct draft draft;
    const struct form_field *fields;
};

static struct str field_bytes(const struct inbound *in, const char *name)
{
    const struct form_field *field = form_find(in->fields, name);
    return field != NULL ? field->value : STR_NULL;
}

static struct str field_text(struct inbound *in, const char *name)
{
    return draft_text(&in->draft, field_bytes(in, name), STR_NULL);
}

/* The map's keys repeat and may be empty; it is read as a list of pairs. */
static struct str content_id_of(struct inbound *in, yajl_val ids, struct str attachment)
{
    struct str found = STR_NULL;
    for (size_t i = 0; YAJL_IS_OBJECT(ids) && found.n == 0 && i < ids->u.object.len; i++)
        if (YAJL_IS_STRING(ids->u.object.values[i]) &&
            str_is(attachment, ids->u.object.values[i]->u.string))
            found =
                draft_content_id(arena_str(in->draft.map->arena, str_of(ids->u.object.keys[i])));
    return found;
}

static void take_files(struct inbound *in)
{
    yajl_val ids = tree_parse(payload_fragment(in->draft.map, field_bytes(in, "content-id-map")));
    for (const struct form_field *field = in->fields; field != NULL; field = field->next) {
        if (!str_starts_with(field->name, "attachment-") || str_is(field->name, "attachment-count"))
            continue;
        struct mail_attachment *attachment =
            draft_attachment(&in->draft, field->filename, field->content_type);
        if (attachment == NULL)
            break;
        draft_part(attachment, &in->draft, field);
        attachment->content_id = content_id_of(in, ids, field->name);
        attachment->is_inline = !str_is_null(attachment->content_id);
    }
    yajl_tree_free(ids);
}

static int64_t size_of(yajl_val size)
{
    bool is_size = YAJL_IS_INTEGER(size) && size->u.number.i >= 0;
    return is_size ? size->u.number.i : RECORD_INT_NONE;
}

/* "store" keeps the files and posts where they are. */
static void take_stored(struct inbound *in)
{
    struct arena *arena = in->draft.map->arena;
    yajl_val files = tree_parse(payload_fragment(in->draft.map, field_bytes(in, "attachments")));
    for (size_t i = 0; YAJL_IS_ARRAY(files) && i < files->u.array.len; i++) {
        yajl_val file = files->u.array.values[i];
        struct mail_attachment *attachment =
            draft_attachment(&in->draft, tree_text(arena, tree_member(file, "name")),
                             tree_text(arena, tree_member(file, "content-type")));
        if (attachment == NULL)
            break;
        attachment->size_bytes = size_of(tree_member(file, "size"));
        attachment->provider_media_id = payload_text(tree_text(arena, tree_member(file, "url")));
    }
    yajl_tree_free(files);
}

/* Several recipients are separated by commas: the first names the account. */
static void take_envelope(struct inbound *in)
{
    struct mail *mail = &in->draft.mail;
    struct mail_addresses recipients = {NULL, 0};
    const struct form_field *sender = form_find(in->fields, "sender");
    const struct form_field *timestamp = form_find_last(in->fields, "timestamp");
    draft_addresses(&in->draft, &recipients, field_text(in, "recipient"));
    if (recipients.n > 0)
        mail->envelope_to = recipients.v[0].address;
    if (sender != NULL)
        mail->envelope_from = form_text(in->draft.map->arena, sender->value);
    if (timestamp != NULL)
        mail->received_at = event_unix_time(timestamp->value);
}

static void member_of_header(struct inbound *in, const char *member, const char *header,
                             const char *field)
{
    const struct mail_header *found = mail_header_find(&in->draft.mail, header);
    struct str value = found != NULL ? found->value : field_text(in, field);
    member_value(in->draft.map->json, member, value);
}

static struct str inbound_metadata(struct inbound *in)
{
    members_begin(in->draft.map);
    member_of_header(in, "spf", "X-Mailgun-Spf", "X-Mailgun-Spf");
    member_of_header(in, "dkim", "X-Mailgun-Dkim-Check-Result", "X-Mailgun-Dkim-Check-Result");
    member_of_header(in, "spam_flag", "X-Mailgun-Sflag", "X-Mailgun-Sflag");
    member_of_header(in, "spam_score", "X-Mailgun-Sscore", "X-Mailgun-Sscore");
    json_member_text(in->draft.map->json, "message_url", field_text(in, "message-url"));
    return members_end(in->draft.map);
}

/* Mailgun makes body-plain of the HTML where the mail has no text. */
static bool is_html_only(const struct mail *mail)
{
    const struct mail_header *type = mail_header_find(mail, "Content-Type");
    return type != NULL && type->value.n >= 9 && strncasecmp(type->value.p, "text/html", 9) == 0;
}

static void take_parsed(struct inbound *in)
{
    struct mail *mail = &in->draft.mail;
    draft_addresses(&in->draft, &mail->from, field_text(in, "from"));
    mail->subject = field_text(in, "subject");
    mail->text = field_text(in, "body-plain");
    mail->html = field_text(in, "body-html");
    mail->is_flowed_text_of_html = is_html_only(mail);
    mail->provider_text_new = field_text(in, "stripped-text");
    take_files(in);
    take_stored(in);
}

static bool is_mail(const struct inbound *in)
{
    return form_find(in->fields, "message-headers") != NULL ||
           form_find(in->fields, "from") != NULL || form_find(in->fields, "sender") != NULL;
}

static enum rc take_form(struct map *map, const struct form_field *fields, struct err *err)
{
    struct inbound in = {.fields = fields};
    struct str raw = field_bytes(&in, "body-mime");
    draft_begin(&in.draft, map);
    if (raw.n == 0 && !is_mail(&in))
        return payload_reject(map, REJECT_MISSING_MEMBER, "message-headers",
                              "expected the fields of a route of Mailgun", err);
    draft_headers_json(&in.draft, payload_fragment(map, field_bytes(&in, "message-headers")));
    take_envelope(&in);
    in.draft.mail.provider_metadata = inbound_metadata(&in);
    if (raw.n > 0)
        return draft_emit_raw(&in.draft, raw, err);
    take_parsed(&in);
    return draft_emit(&in.draft, err);
}

/* ---- the map ---- */

PAYLOAD_RULES(struct body, body_rules, body_end)

static struct map *mailgun_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .form = take_form};
    return payload_open(out, &reader);
}

const struct map_ops email_mailgun_webhook_map = {
    .provider = "mailgun",
    .format = "webhook",
    .reads = "a webhook body of Mailgun: a form of a route or an event",
    .source = SOURCE_WEBHOOK,
    .open = mailgun_open,
    PAYLOAD_OPS,
};
