/* Webhooks of Postmark: mail that came in, and what became of mail that went out.
 * Source: reference/email.md 1.2. */
#include "transform/email/postmark.h"

#include "transform/email/event.h"
#include "transform/email/json_mail.h"
#include "transform/email/providers.h"

struct report { /* members of events */
    struct str id, type, type_code, name, details, description, email, recipient;
    struct str delivered_at, bounced_at, received_at;
    struct str metadata, user_agent, platform, client, os, geo, first_open, read_seconds;
    struct str original_link, click_location, inactive;
};

struct body {
    struct jpath_element element;
    struct str record_type, message_id, stream, tag;
    struct str from, from_name, from_full, to, to_full, cc, cc_full, bcc, bcc_full;
    struct str original_recipient, reply_to, subject, date, mailbox_hash;
    struct str text, html, stripped, raw, headers;
    struct jpath_list attachments; /* of struct postmark_attachment */
    struct report report;
};

const struct jpath_rule postmark_attachment_rules[] = {
    JPATH_STR("Name", struct postmark_attachment, name),
    JPATH_STR("Content", struct postmark_attachment, content),
    JPATH_STR("Data", struct postmark_attachment, data),
    JPATH_STR("ContentType", struct postmark_attachment, type),
    JPATH_STR("ContentID", struct postmark_attachment, content_id),
    JPATH_RULES_END,
};

static const struct jpath_rule report_rules[] = {
    JPATH_SCALAR("ID", struct report, id),
    JPATH_STR("Type", struct report, type),
    JPATH_SCALAR("TypeCode", struct report, type_code),
    JPATH_STR("Name", struct report, name),
    JPATH_STR("Details", struct report, details),
    JPATH_STR("Description", struct report, description),
    JPATH_STR("Email", struct report, email),
    JPATH_STR("Recipient", struct report, recipient),
    JPATH_STR("DeliveredAt", struct report, delivered_at),
    JPATH_STR("BouncedAt", struct report, bounced_at),
    JPATH_STR("ReceivedAt", struct report, received_at),
    JPATH_JSON("Metadata", struct report, metadata),
    JPATH_STR("UserAgent", struct report, user_agent),
    JPATH_STR("Platform", struct report, platform),
    JPATH_JSON("Client", struct report, client),
    JPATH_JSON("OS", struct report, os),
    JPATH_JSON("Geo", struct report, geo),
    JPATH_JSON("FirstOpen", struct report, first_open),
    JPATH_SCALAR("ReadSeconds", struct report, read_seconds),
    JPATH_STR("OriginalLink", struct report, original_link),
    JPATH_STR("ClickLocation", struct report, click_location),
    JPATH_JSON("Inactive", struct report, inactive),
    JPATH_RULES_END,
};

static const struct jpath_rule body_rules[] = {
    JPATH_STR("RecordType", struct body, record_type),
    JPATH_SCALAR("MessageID", struct body, message_id),
    JPATH_STR("MessageStream", struct body, stream),
    JPATH_STR("Tag", struct body, tag),
    JPATH_STR("From", struct body, from),
    JPATH_STR("FromName", struct body, from_name),
    JPATH_JSON("FromFull", struct body, from_full),
    JPATH_STR("To", struct body, to),
    JPATH_JSON("ToFull", struct body, to_full),
    JPATH_STR("Cc", struct body, cc),
    JPATH_JSON("CcFull", struct body, cc_full),
    JPATH_STR("Bcc", struct body, bcc),
    JPATH_JSON("BccFull", struct body, bcc_full),
    JPATH_STR("OriginalRecipient", struct body, original_recipient),
    JPATH_STR("ReplyTo", struct body, reply_to),
    JPATH_STR("Subject", struct body, subject),
    JPATH_STR("Date", struct body, date),
    JPATH_STR("MailboxHash", struct body, mailbox_hash),
    JPATH_STR("TextBody", struct body, text),
    JPATH_STR("HtmlBody", struct body, html),
    JPATH_STR("StrippedTextReply", struct body, stripped),
    JPATH_STR("RawEmail", struct body, raw),
    JPATH_JSON("Headers", struct body, headers),
    JPATH_EACH("Attachments", struct body, attachments, struct postmark_attachment,
               postmark_attachment_rules),
    JPATH_PART("", struct body, report, struct report, report_rules),
    JPATH_RULES_END,
};

/* ---- mail ---- */

void postmark_take_attachments(struct draft *draft, const struct jpath_list *attachments)
{
    for (struct jpath_element *e = attachments->first; e != NULL; e = e->next) {
        const struct postmark_attachment *from = (const void *)e;
        struct mail_attachment *to = draft_attachment(draft, from->name, from->type);
        if (to == NULL)
            return;
        to->content_id = draft_content_id(from->content_id);
        to->is_inline = !str_is_null(to->content_id);
        draft_content(to, draft, str_is_null(from->content) ? from->data : from->content);
    }
}

/* A list of the objects, else of the header's text. */
static void take_addresses(struct draft *draft, struct mail_addresses *list, struct str full,
                           struct str text)
{
    draft_addresses_json(draft, list, full);
    if (list->n == 0)
        draft_addresses(draft, list, text);
}

/* "soporte+c8f2@inbound.example.org" without the mark; the account is the address before it. */
static struct str without_hash(struct arena *arena, struct str address, struct str hash)
{
    const char *at = address.n > 0 ? memchr(address.p, '@', address.n) : NULL;
    size_t local = at != NULL ? (size_t)(at - address.p) : 0;
    if (hash.n == 0 || local < hash.n + 1 || address.p[local - hash.n - 1] != '+' ||
        memcmp(address.p + local - hash.n, hash.p, hash.n) != 0)
        return address;
    const struct str parts[] = {{address.p, local - hash.n - 1}, {at, address.n - local}};
    return arena_join(arena, parts, 2);
}

/* Postmark puts the envelope's sender first; a Return-Path further down is anybody's. */
static struct str envelope_sender(const struct mail *mail)
{
    if (mail->header_count == 0 || !str_is(mail->headers[0].name, "Return-Path"))
        return STR_NULL;
    struct str value = mail->headers[0].value;
    if (value.n > 1 && value.p[0] == '<' && value.p[value.n - 1] == '>')
        return (struct str){value.p + 1, value.n - 2};
    return value;
}

static void member_of_header(struct json_writer *json, const struct mail *mail, const char *member,
                             const char *name)
{
    const struct mail_header *header = mail_header_find(mail, name);
    if (header != NULL)
        member_value(json, member, header->value);
}

static struct str mail_metadata(struct map *map, const struct body *body, const struct mail *mail)
{
    members_begin(map);
    json_member_text(map->json, "provider_message_id", payload_text(body->message_id));
    json_member_text(map->json, "message_stream", payload_text(body->stream));
    member_of_header(map->json, mail, "spam_status", "X-Spam-Status");
    member_of_header(map->json, mail, "spam_score", "X-Spam-Score");
    member_of_header(map->json, mail, "spam_tests", "X-Spam-Tests");
    return members_end(map);
}

static void take_people(struct draft *draft, const struct body *body)
{
    struct mail *mail = &draft->mail;
    draft_addresses_json(draft, &mail->from, body->from_full);
    if (mail->from.n == 0)
        draft_address(draft, &mail->from, body->from_name, body->from);
    draft_addresses(draft, &mail->reply_to, body->reply_to);
    take_addresses(draft, &mail->to, body->to_full, body->to);
    take_addresses(draft, &mail->cc, body->cc_full, body->cc);
    take_addresses(draft, &mail->bcc, body->bcc_full, body->bcc);
}

static void take_mail(struct draft *draft, const struct body *body)
{
    struct mail *mail = &draft->mail;
    draft_headers_json(draft, body->headers);
    mail->envelope_from = envelope_sender(mail);
    mail->envelope_to =
        without_hash(draft->map->arena, payload_text(body->original_recipient), body->mailbox_hash);
    mail->plus = payload_text(body->mailbox_hash);
    mail->is_replaced = body->element.replaced > 0;
    mail->provider_text_new = draft_text(draft, body->stripped, STR_NULL);
    mail->provider_metadata = mail_metadata(draft->map, body, mail);
    draft_tag(draft, body->tag);
}

static bool is_mail(const struct body *body)
{
    return body->from.n > 0 || body->from_full.n > 0 || body->headers.n > 0 || body->raw.n > 0;
}

static enum rc emit_mail(struct map *map, const struct body *body, struct err *err)
{
    struct draft draft;
    if (!is_mail(body))
        return payload_reject(map, REJECT_MISSING_MEMBER, "RecordType",
                              "expected a mail or an event of Postmark", err);
    draft_begin(&draft, map);
    take_mail(&draft, body);
    if (body->raw.n > 0)
        return draft_emit_raw(&draft, body->raw, err);
    take_people(&draft, body);
    draft.mail.subject = payload_text(body->subject);
    draft.mail.date = payload_text(body->date);
    draft.mail.text = draft_text(&draft, body->text, STR_NULL);
    draft.mail.html = draft_text(&draft, body->html, STR_NULL);
    postmark_take_attachments(&draft, &body->attachments);
    return draft_emit(&draft, err);
}

/* ---- events ---- */

static const struct event_word records[] = {
    {"Delivery", EVENT_DELIVERED},
    {"Open", EVENT_READ},
    {"Click", EVENT_READ},
    {NULL, EVENT_IGNORED}, /* SubscriptionChange is about the contact */
};

/* A record of a bounce is not always one. */
static const struct event_word bounces[] = {
    {"HardBounce", EVENT_BOUNCE},
    {"SoftBounce", EVENT_BOUNCE},
    {"BadEmailAddress", EVENT_BOUNCE},
    {"Blocked", EVENT_BOUNCE},
    {"ManuallyDeactivated", EVENT_BOUNCE},
    {"DMARCPolicy", EVENT_BOUNCE},
    {"VirusNotification", EVENT_BOUNCE},
    {"SMTPApiError", EVENT_BOUNCE},
    {"TemplateRenderingFailed", EVENT_BOUNCE},
    {"Unconfirmed", EVENT_BOUNCE},
    {"SpamComplaint", EVENT_COMPLAINT},
    {"SpamNotification", EVENT_COMPLAINT},
    {"Unsubscribe", EVENT_IGNORED},
    {"Subscribe", EVENT_IGNORED},
    {"ManualSuppression", EVENT_IGNORED},
    {"InboundError", EVENT_IGNORED},
    {NULL, EVENT_KEPT}, /* deferred, automatic answers, unknown */
};

static enum event_kind kind_of(const struct body *body)
{
    if (str_is(body->record_type, "Bounce"))
        return event_kind_of(bounces, body->report.type);
    if (str_is(body->record_type, "SpamComplaint"))
        return EVENT_COMPLAINT;
    return event_kind_of(records, body->record_type);
}

static struct str event_metadata(struct map *map, const struct body *body)
{
    const struct report *report = &body->report;
    members_begin(map);
    json_member_text(map->json, "provider_message_id", payload_text(body->message_id));
    json_member_text(map->json, "bounce_id", payload_text(report->id));
    json_member_text(map->json, "bounce_type", payload_text(report->type));
    json_member_text(map->json, "description", payload_text(report->description));
    json_member_json(map->json, "inactive", report->inactive);
    json_member_text(map->json, "message_stream", payload_text(body->stream));
    json_member_text(map->json, "tag", payload_text(body->tag));
    json_member_json(map->json, "first_open", report->first_open);
    json_member_text(map->json, "user_agent", payload_text(report->user_agent));
    json_member_text(map->json, "platform", payload_text(report->platform));
    json_member_json(map->json, "client", report->client);
    json_member_json(map->json, "os", report->os);
    json_member_json(map->json, "geo", report->geo);
    json_member_text(map->json, "read_seconds", payload_text(report->read_seconds));
    json_member_text(map->json, "link", payload_text(report->original_link));
    json_member_text(map->json, "click_location", payload_text(report->click_location));
    json_member_json(map->json, "metadata", report->metadata);
    return members_end(map);
}

static struct str occurred(const struct report *report)
{
    return report->delivered_at.n > 0 ? report->delivered_at
           : report->bounced_at.n > 0 ? report->bounced_at
                                      : report->received_at;
}

static enum rc emit_event(struct map *map, const struct body *body, struct err *err)
{
    const struct report *report = &body->report;
    enum event_kind kind = kind_of(body);
    struct event_report event = {
        .kind = kind,
        .message_id = event_id_postmark(map->arena, body->message_id),
        .recipient = report->recipient.n > 0 ? report->recipient : report->email,
        .word = body->record_type,
        .code = kind == EVENT_BOUNCE ? report->type : STR_NULL,
        .text = report->details.n > 0 ? report->details : report->description,
        .at = event_time(occurred(report)),
        .metadata = event_metadata(map, body),
    };
    return event_emit(map, &event, err);
}

static enum rc body_end(void *context, void *element, struct err *err)
{
    const struct body *body = element;
    bool is_event = body->record_type.n > 0 && !str_is(body->record_type, "Inbound");
    return payload_done(context,
                        is_event ? emit_event(context, body, err) : emit_mail(context, body, err));
}

PAYLOAD_RULES(struct body, body_rules, body_end)

static struct map *postmark_open(struct map_out *out)
{
    static const struct payload_reader reader = {.object = object_rules, .list = list_rules};
    return payload_open(out, &reader);
}

const struct map_ops email_postmark_webhook_map = {
    .provider = "postmark",
    .format = "webhook",
    .reads = "a webhook body of Postmark: inbound mail or an event",
    .source = SOURCE_WEBHOOK,
    .open = postmark_open,
    PAYLOAD_OPS,
};
