/* Webhooks of Resend, and the mails that its API gives afterwards: email.received tells of a mail
 * without its body, "retrieve email" gives the whole.
 * Source: reference/email.md 1.5. */
#include "transform/email/address.h"
#include "transform/email/event.h"
#include "transform/email/json_mail.h"
#include "transform/email/providers.h"

struct attachment {
    struct jpath_element element;
    struct str id, filename, type, content_id, disposition, size;
};

struct resend_mail { /* data of email.received, or the API's object */
    struct str email_id, id, created_at, from, to, cc, bcc, reply_to, received_for;
    struct str subject, message_id, text, html, headers;
    struct jpath_list attachments; /* of struct attachment */
};

struct outcome { /* one of the objects that say why */
    struct str type, sub_type, message, diagnostic, reason, link, user_agent, ip;
};

struct body {
    struct jpath_element element;
    struct str type, object;
    struct resend_mail data; /* of an event */
    struct resend_mail mail; /* the object itself */
    struct outcome bounce, suppressed, failed, click, open;
    struct str tags, broadcast_id, template_id;
    struct jpath_list list; /* of struct listed */
};

struct listed { /* of the API's list */
    struct jpath_element element;
    struct resend_mail mail;
};

static const struct jpath_rule attachment_rules[] = {
    JPATH_STR("id", struct attachment, id),
    JPATH_STR("filename", struct attachment, filename),
    JPATH_STR("content_type", struct attachment, type),
    JPATH_STR("content_id", struct attachment, content_id),
    JPATH_STR("content_disposition", struct attachment, disposition),
    JPATH_SCALAR("size", struct attachment, size),
    JPATH_RULES_END,
};

static const struct jpath_rule mail_rules[] = {
    JPATH_STR("email_id", struct resend_mail, email_id),
    JPATH_STR("id", struct resend_mail, id),
    JPATH_STR("created_at", struct resend_mail, created_at),
    JPATH_STR("from", struct resend_mail, from),
    JPATH_JSON("to", struct resend_mail, to),
    JPATH_JSON("cc", struct resend_mail, cc),
    JPATH_JSON("bcc", struct resend_mail, bcc),
    JPATH_JSON("reply_to", struct resend_mail, reply_to),
    JPATH_JSON("received_for", struct resend_mail, received_for),
    JPATH_STR("subject", struct resend_mail, subject),
    JPATH_STR("message_id", struct resend_mail, message_id),
    JPATH_STR("text", struct resend_mail, text),
    JPATH_STR("html", struct resend_mail, html),
    JPATH_JSON("headers", struct resend_mail, headers),
    JPATH_EACH("attachments", struct resend_mail, attachments, struct attachment, attachment_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule listed_rules[] = {
    JPATH_PART("", struct listed, mail, struct resend_mail, mail_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule outcome_rules[] = {
    JPATH_STR("type", struct outcome, type),
    JPATH_STR("subType", struct outcome, sub_type),
    JPATH_STR("message", struct outcome, message),
    JPATH_JSON("diagnosticCode", struct outcome, diagnostic),
    JPATH_STR("reason", struct outcome, reason),
    JPATH_STR("link", struct outcome, link),
    JPATH_STR("userAgent", struct outcome, user_agent),
    JPATH_STR("ipAddress", struct outcome, ip),
    JPATH_RULES_END,
};

static const struct jpath_rule body_rules[] = {
    JPATH_STR("type", struct body, type),
    JPATH_STR("object", struct body, object),
    JPATH_PART("", struct body, mail, struct resend_mail, mail_rules),
    JPATH_PART("data", struct body, data, struct resend_mail, mail_rules),
    JPATH_PART("data.bounce", struct body, bounce, struct outcome, outcome_rules),
    JPATH_PART("data.suppressed", struct body, suppressed, struct outcome, outcome_rules),
    JPATH_PART("data.failed", struct body, failed, struct outcome, outcome_rules),
    JPATH_PART("data.click", struct body, click, struct outcome, outcome_rules),
    JPATH_PART("data.open", struct body, open, struct outcome, outcome_rules),
    JPATH_JSON("data.tags", struct body, tags),
    JPATH_STR("data.broadcast_id", struct body, broadcast_id),
    JPATH_STR("data.template_id", struct body, template_id),
    JPATH_EACH("data", struct body, list, struct listed, listed_rules),
    JPATH_RULES_END,
};

/* ---- mail ---- */

static int64_t size_of(struct str size)
{
    int64_t us = event_unix_time(size); /* a number of digits all the same */
    return us == TIME_NONE ? RECORD_INT_NONE : us / US_PER_SECOND;
}

static void take_attachments(struct draft *draft, const struct jpath_list *attachments)
{
    for (struct jpath_element *e = attachments->first; e != NULL; e = e->next) {
        const struct attachment *from = (const void *)e;
        struct mail_attachment *to = draft_attachment(draft, from->filename, from->type);
        if (to == NULL)
            return;
        to->content_id = draft_content_id(from->content_id);
        to->is_inline = str_is(from->disposition, "inline");
        to->provider_media_id = payload_text(from->id);
        to->size_bytes = size_of(from->size);
    }
}

static struct str mail_metadata(struct map *map, const struct resend_mail *from)
{
    members_begin(map);
    json_member_text(map->json, "provider_message_id",
                     payload_text(from->email_id.n > 0 ? from->email_id : from->id));
    return members_end(map);
}

static void take_people(struct draft *draft, const struct resend_mail *from)
{
    struct mail *mail = &draft->mail;
    struct mail_addresses received_for = {NULL, 0};
    draft_addresses(draft, &mail->from, from->from);
    draft_addresses_json(draft, &mail->to, from->to);
    draft_addresses_json(draft, &mail->cc, from->cc);
    draft_addresses_json(draft, &mail->bcc, from->bcc);
    draft_addresses_json(draft, &mail->reply_to, from->reply_to);
    draft_addresses_json(draft, &received_for, from->received_for);
    if (received_for.n == 0)
        received_for = mail->to;
    if (received_for.n > 0)
        mail->envelope_to = received_for.v[0].address;
}

static enum rc emit_mail(struct map *map, const struct resend_mail *from,
                         const struct jpath_element *element, bool is_partial, struct err *err)
{
    struct draft draft;
    struct mail *mail = &draft.mail;
    draft_begin(&draft, map);
    draft_headers_json(&draft, from->headers);
    take_people(&draft, from);
    if (from->message_id.n > 0)
        mail->message_id = mail_message_id(map->arena, from->message_id);
    mail->subject = payload_text(from->subject);
    mail->received_at = event_time(from->created_at);
    mail->text = draft_text(&draft, from->text, STR_NULL);
    mail->html = draft_text(&draft, from->html, STR_NULL);
    mail->is_partial = is_partial;
    mail->is_replaced = element->replaced > 0;
    mail->provider_metadata = mail_metadata(map, from);
    take_attachments(&draft, &from->attachments);
    return draft_emit(&draft, err);
}

static enum rc emit_list(struct map *map, const struct jpath_list *list, struct err *err)
{
    enum rc rc = RC_OK;
    for (struct jpath_element *e = list->first; e != NULL && rc == RC_OK; e = e->next)
        rc = emit_mail(map, &((const struct listed *)(const void *)e)->mail, e, true, err);
    return rc;
}

/* ---- events ---- */

static const struct event_word events[] = {
    {"email.scheduled", EVENT_PENDING},
    {"email.sent", EVENT_SENT},
    {"email.delivered", EVENT_DELIVERED},
    {"email.delivery_delayed", EVENT_KEPT},
    {"email.opened", EVENT_READ},
    {"email.clicked", EVENT_READ},
    {"email.bounced", EVENT_BOUNCE},
    {"email.failed", EVENT_BOUNCE},
    {"email.suppressed", EVENT_REJECTED},
    {"email.complained", EVENT_COMPLAINT},
    {NULL, EVENT_IGNORED},
};

static void add_outcome(struct json_writer *json, const struct outcome *outcome)
{
    json_member_text(json, "type", payload_text(outcome->type));
    json_member_text(json, "sub_type", payload_text(outcome->sub_type));
    json_member_text(json, "reason", payload_text(outcome->reason));
    json_member_json(json, "diagnostic_code", outcome->diagnostic);
    json_member_text(json, "user_agent", payload_text(outcome->user_agent));
    json_member_text(json, "ip", payload_text(outcome->ip));
    json_member_text(json, "link", payload_text(outcome->link));
}

static struct str event_metadata(struct map *map, const struct body *body,
                                 const struct outcome *outcome)
{
    members_begin(map);
    add_outcome(map->json, outcome);
    json_member_text(map->json, "broadcast_id", payload_text(body->broadcast_id));
    json_member_text(map->json, "template_id", payload_text(body->template_id));
    json_member_json(map->json, "tags", body->tags);
    return members_end(map);
}

static const struct outcome *outcome_of(const struct body *body)
{
    static const struct outcome none;
    return str_is(body->type, "email.bounced")      ? &body->bounce
           : str_is(body->type, "email.suppressed") ? &body->suppressed
           : str_is(body->type, "email.failed")     ? &body->failed
           : str_is(body->type, "email.clicked")    ? &body->click
           : str_is(body->type, "email.opened")     ? &body->open
                                                    : &none;
}

/* Of several recipients nobody says which one the event concerns. */
static struct str only_recipient(struct map *map, struct str to)
{
    yajl_val tree = tree_parse(to);
    bool is_one = !YAJL_IS_ARRAY(tree) || tree->u.array.len == 1;
    yajl_tree_free(tree);
    struct draft draft;
    struct mail_addresses list = {NULL, 0};
    draft_begin(&draft, map);
    if (is_one)
        draft_addresses_json(&draft, &list, to);
    return list.n == 1 ? list.v[0].address : STR_NULL;
}

static struct str type_of(struct map *map, const struct body *body, const struct outcome *outcome)
{
    const struct str parts[] = {outcome->type, STR_LIT("/"), outcome->sub_type};
    if (str_is(body->type, "email.failed"))
        return STR_LIT("failed");
    return outcome->sub_type.n > 0 ? arena_join(map->arena, parts, 3) : outcome->type;
}

static enum rc emit_event(struct map *map, const struct body *body, struct err *err)
{
    const struct outcome *outcome = outcome_of(body);
    struct str diagnostic = tree_first_text(map->arena, outcome->diagnostic);
    struct event_report report = {
        .kind = event_kind_of(events, body->type),
        .message_id = body->data.email_id,
        .recipient = only_recipient(map, body->data.to),
        .word = body->type,
        .enhanced = diagnostic,
        .type = type_of(map, body, outcome),
        .text = outcome->message.n > 0 ? outcome->message
                : diagnostic.n > 0     ? diagnostic
                                       : outcome->reason,
        .at = event_time(body->mail.created_at),
        .metadata = event_metadata(map, body, outcome),
    };
    return event_emit(map, &report, err);
}

static enum rc take_body(struct map *map, const struct body *body, struct err *err)
{
    if (str_is(body->type, "email.received"))
        return emit_mail(map, &body->data, &body->element, true, err);
    if (body->type.n > 0)
        return emit_event(map, body, err);
    if (str_is(body->object, "list"))
        return emit_list(map, &body->list, err);
    if (str_is(body->object, "email") || body->mail.from.n > 0)
        return emit_mail(map, &body->mail, &body->element, false, err);
    return payload_reject(map, REJECT_MISSING_MEMBER, "type",
                          "expected an event or a mail of Resend", err);
}

static enum rc body_end(void *context, void *element, struct err *err)
{
    return payload_done(context, take_body(context, element, err));
}

PAYLOAD_RULES(struct body, body_rules, body_end)

static struct map *resend_open(struct map_out *out)
{
    static const struct payload_reader reader = {.object = object_rules, .list = list_rules};
    return payload_open(out, &reader);
}

const struct map_ops email_resend_webhook_map = {
    .provider = "resend",
    .format = "webhook",
    .reads = "a webhook body of Resend, or a received mail of its API",
    .source = SOURCE_WEBHOOK,
    .open = resend_open,
    PAYLOAD_OPS,
};
