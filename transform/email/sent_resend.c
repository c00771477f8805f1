/* Mails sent through Resend. Source: reference/email.md 1.5, sent.h. */
#include "transform/email/event.h"
#include "transform/email/providers.h"
#include "transform/email/sent.h"

struct attachment {
    struct jpath_element element;
    struct str content, filename, type, content_id, path;
};

struct request {
    struct jpath_element element;
    struct str from, to, cc, bcc, reply_to, subject, text, html, headers, tags, scheduled_at;
    struct str template_id;
    struct jpath_list attachments; /* of struct attachment */
};

struct response {
    struct jpath_element element;
    struct str id, name, message;
};

struct requests {
    struct jpath_element element;
    struct request one;
    struct jpath_list batch; /* of struct request */
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

static const struct jpath_rule attachment_rules[] = {
    JPATH_STR("content", struct attachment, content),
    JPATH_STR("filename", struct attachment, filename),
    JPATH_STR("content_type", struct attachment, type),
    JPATH_STR("content_id", struct attachment, content_id),
    JPATH_STR("path", struct attachment, path),
    JPATH_RULES_END,
};

static const struct jpath_rule request_rules[] = {
    JPATH_STR("from", struct request, from),
    JPATH_JSON("to", struct request, to),
    JPATH_JSON("cc", struct request, cc),
    JPATH_JSON("bcc", struct request, bcc),
    JPATH_JSON("reply_to", struct request, reply_to),
    JPATH_STR("subject", struct request, subject),
    JPATH_STR("text", struct request, text),
    JPATH_STR("html", struct request, html),
    JPATH_JSON("headers", struct request, headers),
    JPATH_JSON("tags", struct request, tags),
    JPATH_STR("scheduled_at", struct request, scheduled_at),
    JPATH_STR("template.id", struct request, template_id),
    JPATH_EACH("attachments", struct request, attachments, struct attachment, attachment_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule response_rules[] = {
    JPATH_STR("id", struct response, id),
    JPATH_STR("name", struct response, name),
    JPATH_STR("message", struct response, message),
    JPATH_RULES_END,
};

static const struct jpath_rule requests_rules[] = {
    JPATH_PART("", struct requests, one, struct request, request_rules),
    JPATH_EACH("", struct requests, batch, struct request, request_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule responses_rules[] = {
    JPATH_PART("", struct responses, one, struct response, response_rules),
    JPATH_EACH("data", struct responses, batch, struct response, response_rules),
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
    json_member_text(map->json, "scheduled_at", payload_text(request->scheduled_at));
    json_member_text(map->json, "template_id", payload_text(request->template_id));
    json_member_json(map->json, "tags", request->tags);
    return members_end(map);
}

static void take_people(struct draft *draft, const struct request *request)
{
    struct mail *mail = &draft->mail;
    draft_addresses(draft, &mail->from, request->from);
    draft_addresses_json(draft, &mail->to, request->to);
    draft_addresses_json(draft, &mail->cc, request->cc);
    draft_addresses_json(draft, &mail->bcc, request->bcc);
    draft_addresses_json(draft, &mail->reply_to, request->reply_to);
}

static void take_attachments(struct draft *draft, const struct request *request)
{
    for (struct jpath_element *e = request->attachments.first; e != NULL; e = e->next) {
        const struct attachment *from = (const void *)e;
        struct mail_attachment *to = draft_attachment(draft, from->filename, from->type);
        if (to == NULL)
            return;
        to->content_id = draft_content_id(from->content_id);
        to->is_inline = !str_is_null(to->content_id);
        to->source_url = payload_text(from->path);
        draft_content(to, draft, payload_text(from->content));
    }
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
    if (response->id.n == 0)
        return sent_without_id(map, response->name.n > 0 || response->message.n > 0, err);
    draft_begin(&draft, map);
    draft_headers_json(&draft, request->headers);
    take_people(&draft, request);
    mail->message_id = response->id;
    mail->subject = payload_text(request->subject);
    mail->text = draft_text(&draft, request->text, STR_NULL);
    mail->html = draft_text(&draft, request->html, STR_NULL);
    mail->provider_metadata = metadata_of(map, request, response);
    take_attachments(&draft, request);
    return draft_emit(&draft, err);
}

static enum rc take_pair(struct map *map, const struct pair *pair, struct err *err)
{
    if (pair->request == NULL || pair->response == NULL)
        return sent_incomplete(map, pair->request != NULL, err);
    if (pair->request->batch.count > 0 && pair->response->batch.count > 0)
        return sent_batch(map, &pair->request->batch, &pair->response->batch, emit_mail, err);
    return emit_mail(map, &pair->request->one, &pair->response->one, err);
}

static enum rc pair_end(void *context, void *element, struct err *err)
{
    return payload_done(context, take_pair(context, element, err));
}

PAYLOAD_RULES(struct pair, pair_rules, pair_end)

static struct map *sent_resend_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .is_sent = true};
    return payload_open(out, &reader);
}

const struct map_ops email_resend_sent_map = {
    .provider = "resend",
    .format = "sent",
    .reads = "mails sent through Resend's API, as pairs of request and response",
    .source = SOURCE_SENT,
    .open = sent_resend_open,
    PAYLOAD_OPS,
};
