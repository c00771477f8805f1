/* Mails sent through SendGrid. Source: reference/email.md 1.3, sent.h. */
#include "transform/email/event.h"
#include "transform/email/providers.h"
#include "transform/email/sent.h"

struct personalization {
    struct jpath_element element;
    struct str to, cc, bcc, from, headers, subject;
};

struct content {
    struct jpath_element element;
    struct str type, value;
};

struct attachment {
    struct jpath_element element;
    struct str content, type, filename, disposition, content_id;
};

struct request {
    struct jpath_element element;
    struct str from, reply_to, reply_to_list, subject, template_id, headers, categories;
    struct str custom_args, batch_id, send_at;
    struct jpath_list personalizations, contents, attachments;
};

struct response {
    struct jpath_element element;
    struct str message_id, headers, errors;
};

struct pair {
    struct jpath_element element;
    struct request *request;
    struct response *response;
};

static const struct jpath_rule personalization_rules[] = {
    JPATH_JSON("to", struct personalization, to),
    JPATH_JSON("cc", struct personalization, cc),
    JPATH_JSON("bcc", struct personalization, bcc),
    JPATH_JSON("from", struct personalization, from),
    JPATH_JSON("headers", struct personalization, headers),
    JPATH_STR("subject", struct personalization, subject),
    JPATH_RULES_END,
};

static const struct jpath_rule content_rules[] = {
    JPATH_STR("type", struct content, type),
    JPATH_STR("value", struct content, value),
    JPATH_RULES_END,
};

static const struct jpath_rule attachment_rules[] = {
    JPATH_STR("content", struct attachment, content),
    JPATH_STR("type", struct attachment, type),
    JPATH_STR("filename", struct attachment, filename),
    JPATH_STR("disposition", struct attachment, disposition),
    JPATH_STR("content_id", struct attachment, content_id),
    JPATH_RULES_END,
};

static const struct jpath_rule request_rules[] = {
    JPATH_EACH("personalizations", struct request, personalizations, struct personalization,
               personalization_rules),
    JPATH_JSON("from", struct request, from),
    JPATH_JSON("reply_to", struct request, reply_to),
    JPATH_JSON("reply_to_list", struct request, reply_to_list),
    JPATH_STR("subject", struct request, subject),
    JPATH_EACH("content", struct request, contents, struct content, content_rules),
    JPATH_EACH("attachments", struct request, attachments, struct attachment, attachment_rules),
    JPATH_STR("template_id", struct request, template_id),
    JPATH_JSON("headers", struct request, headers),
    JPATH_JSON("categories", struct request, categories),
    JPATH_JSON("custom_args", struct request, custom_args),
    JPATH_STR("batch_id", struct request, batch_id),
    JPATH_SCALAR("send_at", struct request, send_at),
    JPATH_RULES_END,
};

static const struct jpath_rule response_rules[] = {
    JPATH_STR("message_id", struct response, message_id),
    JPATH_JSON("headers", struct response, headers),
    JPATH_JSON("errors", struct response, errors),
    JPATH_RULES_END,
};

static const struct jpath_rule pair_rules[] = {
    JPATH_ONE("request", struct pair, request, struct request, request_rules),
    JPATH_ONE("response", struct pair, response, struct response, response_rules),
    JPATH_RULES_END,
};

static struct str id_of(struct map *map, const struct response *response)
{
    if (response->message_id.n > 0)
        return response->message_id;
    yajl_val headers = tree_parse(response->headers);
    yajl_val id = tree_member(headers, "X-Message-Id");
    if (YAJL_IS_ARRAY(id))
        id = id->u.array.len > 0 ? id->u.array.values[0] : NULL;
    struct str text = tree_text(map->arena, id);
    yajl_tree_free(headers);
    return text;
}

/* What all personalizations say alike; the first one's subject and headers stand for all. */
static void take_personalizations(struct draft *draft, const struct request *request)
{
    struct mail *mail = &draft->mail;
    struct jpath_element *e = request->personalizations.first;
    const struct personalization *first = (const void *)e;
    if (first != NULL) {
        draft_headers_json(draft, first->headers);
        draft_addresses_json(draft, &mail->from, first->from);
        mail->subject = payload_text(first->subject);
    }
    for (; e != NULL; e = e->next) {
        const struct personalization *one = (const void *)e;
        draft_addresses_json(draft, &mail->to, one->to);
        draft_addresses_json(draft, &mail->cc, one->cc);
        draft_addresses_json(draft, &mail->bcc, one->bcc);
    }
}

static void take_contents(struct draft *draft, const struct request *request)
{
    struct mail *mail = &draft->mail;
    for (struct jpath_element *e = request->contents.first; e != NULL; e = e->next) {
        const struct content *content = (const void *)e;
        if (str_is(content->type, "text/plain"))
            mail->text = draft_text(draft, content->value, STR_NULL);
        else if (str_is(content->type, "text/html"))
            mail->html = draft_text(draft, content->value, STR_NULL);
    }
}

static void take_attachments(struct draft *draft, const struct request *request)
{
    for (struct jpath_element *e = request->attachments.first; e != NULL; e = e->next) {
        const struct attachment *from = (const void *)e;
        struct mail_attachment *to = draft_attachment(draft, from->filename, from->type);
        if (to == NULL)
            return;
        to->content_id = draft_content_id(from->content_id);
        to->is_inline = str_is(from->disposition, "inline");
        draft_content(to, draft, from->content);
    }
}

static struct str metadata_of(struct map *map, const struct request *request)
{
    members_begin(map);
    json_member_text(map->json, "template_id", payload_text(request->template_id));
    json_member_text(map->json, "batch_id", payload_text(request->batch_id));
    member_value(map->json, "send_at", request->send_at);
    json_member_json(map->json, "custom_args", request->custom_args);
    return members_end(map);
}

static enum rc take_pair(struct map *map, const struct pair *pair, struct err *err)
{
    const struct request *request = pair->request;
    struct draft draft;
    struct mail *mail = &draft.mail;
    if (request == NULL || pair->response == NULL)
        return sent_incomplete(map, request != NULL, err);
    struct str id = id_of(map, pair->response);
    if (id.n == 0)
        return sent_without_id(map, pair->response->errors.n > 0, err);
    draft_begin(&draft, map);
    take_personalizations(&draft, request);
    draft_headers_json(&draft, request->headers);
    if (mail->from.n == 0)
        draft_addresses_json(&draft, &mail->from, request->from);
    draft_addresses_json(&draft, &mail->reply_to, request->reply_to);
    draft_addresses_json(&draft, &mail->reply_to, request->reply_to_list);
    if (str_is_null(mail->subject))
        mail->subject = payload_text(request->subject);
    mail->message_id = event_id_sendgrid(map->arena, id, STR_NULL);
    mail->provider_metadata = metadata_of(map, request);
    draft_tags_json(&draft, request->categories);
    take_contents(&draft, request);
    take_attachments(&draft, request);
    return draft_emit(&draft, err);
}

static enum rc pair_end(void *context, void *element, struct err *err)
{
    return payload_done(context, take_pair(context, element, err));
}

PAYLOAD_RULES(struct pair, pair_rules, pair_end)

static struct map *sent_sendgrid_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .is_sent = true};
    return payload_open(out, &reader);
}

const struct map_ops email_sendgrid_sent_map = {
    .provider = "sendgrid",
    .format = "sent",
    .reads = "mails sent through SendGrid's API, as pairs of request and response",
    .source = SOURCE_SENT,
    .open = sent_sendgrid_open,
    PAYLOAD_OPS,
};
