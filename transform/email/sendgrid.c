/* Webhooks of SendGrid: Inbound Parse, parsed or raw, and the array of the Event Webhook.
 * Source: reference/email.md 1.3. */
#include "transform/email/event.h"
#include "transform/email/json_mail.h"
#include "transform/email/providers.h"

#define ATTACHMENTS_MOST 1000

/* ---- events ---- */

struct sendgrid_event {
    struct jpath_element element;
    struct str email, timestamp, event, event_id, message_id, smtp_id;
    struct str category, response, reason, status, type, attempt;
    struct str user_agent, ip, url, machine_open;
};

static const struct jpath_rule event_rules[] = {
    JPATH_STR("email", struct sendgrid_event, email),
    JPATH_SCALAR("timestamp", struct sendgrid_event, timestamp),
    JPATH_STR("event", struct sendgrid_event, event),
    JPATH_STR("sg_event_id", struct sendgrid_event, event_id),
    JPATH_STR("sg_message_id", struct sendgrid_event, message_id),
    JPATH_STR("smtp-id", struct sendgrid_event, smtp_id),
    JPATH_JSON("category", struct sendgrid_event, category),
    JPATH_STR("response", struct sendgrid_event, response),
    JPATH_STR("reason", struct sendgrid_event, reason),
    JPATH_STR("status", struct sendgrid_event, status),
    JPATH_STR("type", struct sendgrid_event, type),
    JPATH_SCALAR("attempt", struct sendgrid_event, attempt),
    JPATH_STR("useragent", struct sendgrid_event, user_agent),
    JPATH_STR("ip", struct sendgrid_event, ip),
    JPATH_STR("url", struct sendgrid_event, url),
    JPATH_JSON("sg_machine_open", struct sendgrid_event, machine_open),
    JPATH_RULES_END,
};

static const struct event_word events[] = {
    {"processed", EVENT_SENT},      {"deferred", EVENT_KEPT},
    {"delivered", EVENT_DELIVERED}, {"open", EVENT_READ},
    {"click", EVENT_READ},          {"bounce", EVENT_BOUNCE},
    {"dropped", EVENT_REJECTED},    {"spamreport", EVENT_COMPLAINT},
    {NULL, EVENT_IGNORED}, /* unsubscribe and its groups are about the contact */
};

static struct str event_metadata(struct map *map, const struct sendgrid_event *event)
{
    members_begin(map);
    json_member_text(map->json, "event_id", payload_text(event->event_id));
    json_member_text(map->json, "provider_message_id", payload_text(event->message_id));
    json_member_text(map->json, "smtp_id", payload_text(event->smtp_id));
    json_member_text(map->json, "type", payload_text(event->type));
    json_member_text(map->json, "enhanced_status", payload_text(event->status));
    json_member_text(map->json, "response", payload_text(event->response));
    json_member_text(map->json, "attempt", payload_text(event->attempt));
    json_member_text(map->json, "user_agent", payload_text(event->user_agent));
    json_member_text(map->json, "ip", payload_text(event->ip));
    json_member_json(map->json, "machine_open", event->machine_open);
    json_member_text(map->json, "link", payload_text(event->url));
    json_member_json(map->json, "category", event->category);
    return members_end(map);
}

static enum rc emit_event(struct map *map, const struct sendgrid_event *event, struct err *err)
{
    struct event_report report = {
        .kind = event_kind_of(events, event->event),
        .message_id = event_id_sendgrid(map->arena, event->message_id, event->smtp_id),
        .recipient = event->email,
        .word = event->event,
        .enhanced = event->status,
        .type = event->type,
        .text = event->reason,
        .at = event_unix_time(event->timestamp),
        .metadata = event_metadata(map, event),
    };
    return event_emit(map, &report, err);
}

static enum rc event_end(void *context, void *element, struct err *err)
{
    const struct sendgrid_event *event = element;
    if (event->event.n > 0)
        return payload_done(context, emit_event(context, event, err));
    return payload_done(context, payload_reject(context, REJECT_MISSING_MEMBER, "event",
                                                "expected an event of SendGrid", err));
}

/* ---- inbound mail ---- */

struct inbound {
    struct draft draft;
    const struct form_field *fields;
    yajl_val charsets, info, content_ids;
};

static struct str field_bytes(const struct inbound *in, const char *name)
{
    const struct form_field *field = form_find(in->fields, name);
    return field != NULL ? field->value : STR_NULL;
}

/* The values are decoded, but each in its own charset. */
static struct str field_text(struct inbound *in, const char *name)
{
    struct arena *arena = in->draft.map->arena;
    return draft_text(&in->draft, field_bytes(in, name),
                      tree_text(arena, tree_member(in->charsets, name)));
}

static yajl_val field_tree(struct inbound *in, const char *name)
{
    return tree_parse(payload_fragment(in->draft.map, field_bytes(in, name)));
}

static struct str info_text(struct inbound *in, yajl_val info, const char *name)
{
    return payload_text(tree_text(in->draft.map->arena, tree_member(info, name)));
}

static struct str content_id_of(struct inbound *in, const char *attachment, yajl_val info)
{
    struct str found = info_text(in, info, "content-id");
    yajl_val ids = in->content_ids;
    for (size_t i = 0; YAJL_IS_OBJECT(ids) && found.n == 0 && i < ids->u.object.len; i++)
        if (YAJL_IS_STRING(ids->u.object.values[i]) &&
            strcmp(ids->u.object.values[i]->u.string, attachment) == 0)
            found = arena_str(in->draft.map->arena, str_of(ids->u.object.keys[i]));
    return draft_content_id(found);
}

static void take_attachment(struct inbound *in, const char *name)
{
    const struct form_field *part = form_find(in->fields, name);
    yajl_val info = tree_member(in->info, name);
    struct str filename = info_text(in, info, "filename");
    struct str type = info_text(in, info, "type");
    if (filename.n == 0)
        filename = info_text(in, info, "name");
    if (filename.n == 0 && part != NULL)
        filename = part->filename;
    if (type.n == 0 && part != NULL)
        type = part->content_type;
    struct mail_attachment *attachment = draft_attachment(&in->draft, filename, type);
    if (attachment == NULL)
        return;
    attachment->content_id = content_id_of(in, name, info);
    attachment->is_inline = !str_is_null(attachment->content_id);
    if (part != NULL)
        draft_part(attachment, &in->draft, part);
}

/* 0: no number, or one too large. */
static size_t number_of(struct str text)
{
    size_t number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || number > ATTACHMENTS_MOST)
            return 0;
        number = number * 10 + (size_t)(text.p[i] - '0');
    }
    return number;
}

/* N of "attachmentN"; 0: another name. */
static size_t attachment_number(struct str name)
{
    static const char prefix[] = "attachment";
    size_t n = sizeof prefix - 1;
    return str_starts_with(name, prefix) ? number_of((struct str){name.p + n, name.n - n}) : 0;
}

/* Parts of odd names are missing: the count and the list tell of them all the same. */
static size_t attachment_count(const struct inbound *in)
{
    size_t most = number_of(field_bytes(in, "attachments"));
    for (const struct form_field *field = in->fields; field != NULL; field = field->next) {
        size_t number = attachment_number(field->name);
        most = number > most ? number : most;
    }
    for (size_t i = 0; YAJL_IS_OBJECT(in->info) && i < in->info->u.object.len; i++) {
        size_t number = attachment_number(str_of(in->info->u.object.keys[i]));
        most = number > most ? number : most;
    }
    return most < ATTACHMENTS_MOST ? most : ATTACHMENTS_MOST;
}

static void take_attachments(struct inbound *in)
{
    size_t count = attachment_count(in);
    for (size_t i = 1; i <= count; i++) {
        struct str name = arena_printf(in->draft.map->arena, "attachment%zu", i);
        if (!str_is_null(name))
            take_attachment(in, name.p);
    }
}

static void take_envelope(struct inbound *in)
{
    struct map *map = in->draft.map;
    yajl_val envelope = field_tree(in, "envelope");
    yajl_val to = tree_member(envelope, "to");
    if (YAJL_IS_ARRAY(to))
        to = to->u.array.len > 0 ? to->u.array.values[0] : NULL;
    in->draft.mail.envelope_to = payload_text(tree_text(map->arena, to));
    in->draft.mail.envelope_from = tree_text(map->arena, tree_member(envelope, "from"));
    yajl_tree_free(envelope);
}

static void member_of_field(struct inbound *in, const char *member, const char *name)
{
    struct str bytes = field_bytes(in, name);
    if (bytes.n > 0)
        member_value(in->draft.map->json, member, draft_text(&in->draft, bytes, STR_NULL));
}

static struct str inbound_metadata(struct inbound *in)
{
    members_begin(in->draft.map);
    member_of_field(in, "spf", "SPF");
    member_of_field(in, "dkim", "dkim");
    member_of_field(in, "spam_score", "spam_score");
    member_of_field(in, "sender_ip", "sender_ip");
    return members_end(in->draft.map);
}

static void take_parsed(struct inbound *in)
{
    struct mail *mail = &in->draft.mail;
    draft_header_block(&in->draft, field_bytes(in, "headers"));
    draft_addresses(&in->draft, &mail->from, field_text(in, "from"));
    draft_addresses(&in->draft, &mail->to, field_text(in, "to"));
    draft_addresses(&in->draft, &mail->cc, field_text(in, "cc"));
    mail->subject = field_text(in, "subject");
    mail->text = field_text(in, "text");
    mail->html = field_text(in, "html");
    in->content_ids = field_tree(in, "content-ids");
    in->info = field_tree(in, "attachment-info");
    take_attachments(in);
    yajl_tree_free(in->content_ids);
    yajl_tree_free(in->info);
}

static enum rc take_form(struct map *map, const struct form_field *fields, struct err *err)
{
    struct inbound in = {.fields = fields};
    draft_begin(&in.draft, map);
    struct str raw = field_bytes(&in, "email");
    if (raw.n == 0 && form_find(fields, "headers") == NULL)
        return payload_reject(map, REJECT_MISSING_MEMBER, "headers",
                              "expected a field \"headers\" or \"email\" of Inbound Parse", err);
    take_envelope(&in);
    in.draft.mail.provider_metadata = inbound_metadata(&in);
    if (raw.n > 0)
        return draft_emit_raw(&in.draft, raw, err);
    in.charsets = field_tree(&in, "charsets");
    take_parsed(&in);
    yajl_tree_free(in.charsets);
    return draft_emit(&in.draft, err);
}

/* ---- the map ---- */

PAYLOAD_RULES(struct sendgrid_event, event_rules, event_end)

static struct map *sendgrid_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .form = take_form};
    return payload_open(out, &reader);
}

const struct map_ops email_sendgrid_webhook_map = {
    .provider = "sendgrid",
    .format = "webhook",
    .reads = "a webhook body of SendGrid: a form of Inbound Parse or an array of events",
    .source = SOURCE_WEBHOOK,
    .open = sendgrid_open,
    PAYLOAD_OPS,
};
