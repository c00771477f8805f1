/* Mails sent through Amazon SES. Source: reference/email.md 1.6, sent.h. */
#include "transform/email/event.h"
#include "transform/email/providers.h"
#include "transform/email/sent.h"

struct attachment {
    struct jpath_element element;
    struct str content, filename, type, disposition, content_id;
};

struct message { /* Simple of version 2, Message of version 1 */
    struct str subject, text, html, headers;
    struct jpath_list attachments; /* of struct attachment */
};

struct request {
    struct jpath_element element;
    struct str from, source, to, cc, bcc, reply_to, tags, configuration_set, template_name;
    struct str identity_arn, source_arn, raw, raw_message;
    struct message simple, message;
};

struct response {
    struct jpath_element element;
    struct str id, type, message, error;
};

struct pair {
    struct jpath_element element;
    struct str region;
    struct request *request;
    struct response *response;
};

static const struct jpath_rule attachment_rules[] = {
    JPATH_STR("RawContent", struct attachment, content),
    JPATH_STR("FileName", struct attachment, filename),
    JPATH_STR("ContentType", struct attachment, type),
    JPATH_STR("ContentDisposition", struct attachment, disposition),
    JPATH_STR("ContentId", struct attachment, content_id),
    JPATH_RULES_END,
};

static const struct jpath_rule message_rules[] = {
    JPATH_STR("Subject.Data", struct message, subject),
    JPATH_STR("Body.Text.Data", struct message, text),
    JPATH_STR("Body.Html.Data", struct message, html),
    JPATH_JSON("Headers", struct message, headers),
    JPATH_EACH("Attachments", struct message, attachments, struct attachment, attachment_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule request_rules[] = {
    JPATH_STR("FromEmailAddress", struct request, from),
    JPATH_STR("Source", struct request, source),
    JPATH_JSON("Destination.ToAddresses", struct request, to),
    JPATH_JSON("Destination.CcAddresses", struct request, cc),
    JPATH_JSON("Destination.BccAddresses", struct request, bcc),
    JPATH_JSON("ReplyToAddresses", struct request, reply_to),
    JPATH_JSON("EmailTags", struct request, tags),
    JPATH_STR("ConfigurationSetName", struct request, configuration_set),
    JPATH_STR("Content.Template.TemplateName", struct request, template_name),
    JPATH_STR("FromEmailAddressIdentityArn", struct request, identity_arn),
    JPATH_STR("SourceArn", struct request, source_arn),
    JPATH_STR("Content.Raw.Data", struct request, raw),
    JPATH_STR("RawMessage.Data", struct request, raw_message),
    JPATH_PART("Content.Simple", struct request, simple, struct message, message_rules),
    JPATH_PART("Message", struct request, message, struct message, message_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule response_rules[] = {
    JPATH_STR("MessageId", struct response, id),
    JPATH_STR("__type", struct response, type),
    JPATH_STR("message", struct response, message),
    JPATH_JSON("Error", struct response, error),
    JPATH_RULES_END,
};

static const struct jpath_rule pair_rules[] = {
    JPATH_STR("region", struct pair, region),
    JPATH_ONE("request", struct pair, request, struct request, request_rules),
    JPATH_ONE("response", struct pair, response, struct response, response_rules),
    JPATH_RULES_END,
};

static struct str region_of(const struct pair *pair)
{
    struct str region = pair->region;
    if (region.n == 0)
        region = event_arn_region(pair->request->identity_arn);
    return region.n == 0 ? event_arn_region(pair->request->source_arn) : region;
}

static struct str metadata_of(struct map *map, const struct pair *pair)
{
    members_begin(map);
    json_member_text(map->json, "provider_message_id", pair->response->id);
    json_member_text(map->json, "configuration_set",
                     payload_text(pair->request->configuration_set));
    json_member_text(map->json, "template", payload_text(pair->request->template_name));
    json_member_json(map->json, "tags", pair->request->tags);
    return members_end(map);
}

static void take_people(struct draft *draft, const struct request *request)
{
    struct mail *mail = &draft->mail;
    draft_addresses(draft, &mail->from, request->from.n > 0 ? request->from : request->source);
    draft_addresses_json(draft, &mail->to, request->to);
    draft_addresses_json(draft, &mail->cc, request->cc);
    draft_addresses_json(draft, &mail->bcc, request->bcc);
    draft_addresses_json(draft, &mail->reply_to, request->reply_to);
}

static void take_message(struct draft *draft, const struct message *message)
{
    struct mail *mail = &draft->mail;
    draft_headers_json(draft, message->headers);
    mail->subject = payload_text(message->subject);
    mail->text = draft_text(draft, message->text, STR_NULL);
    mail->html = draft_text(draft, message->html, STR_NULL);
    for (struct jpath_element *e = message->attachments.first; e != NULL; e = e->next) {
        const struct attachment *from = (const void *)e;
        struct mail_attachment *to = draft_attachment(draft, from->filename, from->type);
        if (to == NULL)
            return;
        to->content_id = draft_content_id(from->content_id);
        to->is_inline = str_is(from->disposition, "INLINE");
        draft_content(to, draft, from->content);
    }
}

static enum rc emit_mail(struct map *map, const struct pair *pair, struct str id, struct err *err)
{
    const struct request *request = pair->request;
    struct str raw = request->raw.n > 0 ? request->raw : request->raw_message;
    bool is_first_version = request->message.subject.n > 0 || request->message.text.n > 0 ||
                            request->message.html.n > 0;
    struct draft draft;
    draft_begin(&draft, map);
    draft.mail.message_id = id;
    draft.mail.provider_metadata = metadata_of(map, pair);
    take_people(&draft, request);
    if (raw.n > 0)
        return draft_emit_raw(&draft, base64_decode(map->arena, raw), err);
    take_message(&draft, is_first_version ? &request->message : &request->simple);
    return draft_emit(&draft, err);
}

static enum rc take_pair(struct map *map, const struct pair *pair, struct err *err)
{
    const struct response *response = pair->response;
    if (pair->request == NULL || response == NULL)
        return sent_incomplete(map, pair->request != NULL, err);
    bool is_refused = response->type.n > 0 || response->message.n > 0 || response->error.n > 0;
    if (response->id.n == 0)
        return sent_without_id(map, is_refused, err);
    struct str region = region_of(pair);
    if (region.n == 0)
        return payload_reject(map, REJECT_MISSING_MEMBER, "region",
                              "expected the region: it is part of the mail's id", err);
    return emit_mail(map, pair, event_id_ses(map->arena, response->id, region), err);
}

static enum rc pair_end(void *context, void *element, struct err *err)
{
    return payload_done(context, take_pair(context, element, err));
}

PAYLOAD_RULES(struct pair, pair_rules, pair_end)

static struct map *sent_ses_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .is_sent = true};
    return payload_open(out, &reader);
}

const struct map_ops email_ses_sent_map = {
    .provider = "ses",
    .format = "sent",
    .reads = "mails sent through Amazon SES, as pairs of request and response",
    .source = SOURCE_SENT,
    .open = sent_ses_open,
    PAYLOAD_OPS,
};
