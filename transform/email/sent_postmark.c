/* Mails sent through Postmark. Source: reference/email.md 1.2, sent.h. */
#include "transform/email/event.h"
#include "transform/email/postmark.h"
#include "transform/email/providers.h"
#include "transform/email/sent.h"

struct request {
    struct jpath_element element;
    struct str from, to, cc, bcc, reply_to, subject, tag, text, html, stream;
    struct str headers, metadata, template_id, template_alias;
    struct jpath_list attachments; /* of struct postmark_attachment */
};

struct response {
    struct jpath_element element;
    struct str id, submitted_at, error_code;
};

struct requests { /* one, a batch, or a batch with templates */
    struct jpath_element element;
    struct request one;
    struct jpath_list batch, messages; /* of struct request */
};

struct responses {
    struct jpath_element element;
    struct response one;
    struct jpath_list batch; /* of struct response */
};

struct pair {
    struct jpath_element element;
    struct requests *request;
    struct responses *response;
};

static const struct jpath_rule request_rules[] = {
    JPATH_STR("From", struct request, from),
    JPATH_STR("To", struct request, to),
    JPATH_STR("Cc", struct request, cc),
    JPATH_STR("Bcc", struct request, bcc),
    JPATH_STR("ReplyTo", struct request, reply_to),
    JPATH_STR("Subject", struct request, subject),
    JPATH_STR("Tag", struct request, tag),
    JPATH_STR("TextBody", struct request, text),
    JPATH_STR("HtmlBody", struct request, html),
    JPATH_STR("MessageStream", struct request, stream),
    JPATH_JSON("Headers", struct request, headers),
    JPATH_JSON("Metadata", struct request, metadata),
    JPATH_SCALAR("TemplateId", struct request, template_id),
    JPATH_STR("TemplateAlias", struct request, template_alias),
    JPATH_EACH("Attachments", struct request, attachments, struct postmark_attachment,
               postmark_attachment_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule response_rules[] = {
    JPATH_STR("MessageID", struct response, id),
    JPATH_STR("SubmittedAt", struct response, submitted_at),
    JPATH_SCALAR("ErrorCode", struct response, error_code),
    JPATH_RULES_END,
};

static const struct jpath_rule requests_rules[] = {
    JPATH_PART("", struct requests, one, struct request, request_rules),
    JPATH_EACH("", struct requests, batch, struct request, request_rules),
    JPATH_EACH("Messages", struct requests, messages, struct request, request_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule responses_rules[] = {
    JPATH_PART("", struct responses, one, struct response, response_rules),
    JPATH_EACH("", struct responses, batch, struct response, response_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule pair_rules[] = {
    JPATH_ONE("request", struct pair, request, struct requests, requests_rules),
    JPATH_ONE("response", struct pair, response, struct responses, responses_rules),
    JPATH_RULES_END,
};

static struct str metadata_of(struct map *map, const struct request *request,
                              const struct response *response)
{
    members_begin(map);
    json_member_text(map->json, "provider_message_id", response->id);
    json_member_text(map->json, "message_stream", payload_text(request->stream));
    json_member_text(map->json, "template_id", payload_text(request->template_id));
    json_member_text(map->json, "template_alias", payload_text(request->template_alias));
    json_member_json(map->json, "metadata", request->metadata);
    return members_end(map);
}

static void take_people(struct draft *draft, const struct request *request)
{
    struct mail *mail = &draft->mail;
    draft_addresses(draft, &mail->from, request->from);
    draft_addresses(draft, &mail->to, request->to);
    draft_addresses(draft, &mail->cc, request->cc);
    draft_addresses(draft, &mail->bcc, request->bcc);
    draft_addresses(draft, &mail->reply_to, request->reply_to);
}

static enum rc emit_mail(struct map *map, const void *request_given, const void *response_given,
                         struct err *err)
{
    const struct request *request = request_given;
    const struct response *response = response_given;
    struct draft draft;
    struct mail *mail = &draft.mail;
    if (response == NULL)
        return sent_without_id(map, false, err);
    bool is_refused = response->error_code.n > 0 && !str_is(response->error_code, "0");
    if (is_refused || response->id.n == 0)
        return sent_without_id(map, is_refused, err);
    draft_begin(&draft, map);
    draft_headers_json(&draft, request->headers);
    take_people(&draft, request);
    mail->message_id = event_id_postmark(map->arena, response->id);
    mail->received_at = event_time(response->submitted_at);
    mail->subject = payload_text(request->subject);
    mail->text = draft_text(&draft, request->text, STR_NULL);
    mail->html = draft_text(&draft, request->html, STR_NULL);
    mail->provider_metadata = metadata_of(map, request, response);
    draft_tag(&draft, request->tag);
    postmark_take_attachments(&draft, &request->attachments);
    return draft_emit(&draft, err);
}

static enum rc take_pair(struct map *map, const struct pair *pair, struct err *err)
{
    if (pair->request == NULL || pair->response == NULL)
        return sent_incomplete(map, pair->request != NULL, err);
    const struct jpath_list *batch =
        pair->request->batch.count > 0 ? &pair->request->batch : &pair->request->messages;
    if (batch->count > 0 && pair->response->batch.count > 0)
        return sent_batch(map, batch, &pair->response->batch, emit_mail, err);
    return emit_mail(map, &pair->request->one, &pair->response->one, err);
}

static enum rc pair_end(void *context, void *element, struct err *err)
{
    return payload_done(context, take_pair(context, element, err));
}

PAYLOAD_RULES(struct pair, pair_rules, pair_end)

static struct map *sent_postmark_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .is_sent = true};
    return payload_open(out, &reader);
}

const struct map_ops email_postmark_sent_map = {
    .provider = "postmark",
    .format = "sent",
    .reads = "mails sent through Postmark's API, as pairs of request and response",
    .source = SOURCE_SENT,
    .open = sent_postmark_open,
    PAYLOAD_OPS,
};
