/* Mails sent through Mailgun. Source: reference/email.md 1.4, sent.h. */
#include "transform/email/address.h"
#include "transform/email/providers.h"
#include "transform/email/sent.h"

struct request { /* what may be long; the rest is found by its name */
    struct jpath_element element;
    struct str text, html, raw;
};

struct response {
    struct jpath_element element;
    struct str id, message;
};

struct pair {
    struct jpath_element element;
    struct str fields; /* JSON */
    struct request *request;
    struct response *response;
};

static const struct jpath_rule request_rules[] = {
    JPATH_STR("text", struct request, text),
    JPATH_STR("html", struct request, html),
    JPATH_STR("message", struct request, raw),
    JPATH_RULES_END,
};

static const struct jpath_rule response_rules[] = {
    JPATH_STR("id", struct response, id),
    JPATH_STR("message", struct response, message),
    JPATH_RULES_END,
};

static const struct jpath_rule pair_rules[] = {
    JPATH_JSON("request", struct pair, fields),
    JPATH_ONE("request", struct pair, request, struct request, request_rules),
    JPATH_ONE("response", struct pair, response, struct response, response_rules),
    JPATH_RULES_END,
};

/* A field given once is a text, a repeated one an array. */
static size_t value_count(yajl_val value)
{
    return YAJL_IS_ARRAY(value) ? value->u.array.len : value != NULL;
}

static struct str value_at(struct draft *draft, yajl_val value, size_t i)
{
    return tree_text(draft->map->arena, YAJL_IS_ARRAY(value) ? value->u.array.values[i] : value);
}

static void take_addresses(struct draft *draft, struct mail_addresses *list, yajl_val value)
{
    for (size_t i = 0; i < value_count(value); i++)
        draft_addresses(draft, list, value_at(draft, value, i));
}

static void take_header(struct draft *draft, const char *name, yajl_val value)
{
    struct str copy = arena_str(draft->map->arena, str_of(name));
    for (size_t i = 0; i < value_count(value); i++)
        draft_header(draft, copy, value_at(draft, value, i), STR_NULL);
}

static void take_file(struct draft *draft, yajl_val file, bool is_inline)
{
    struct arena *arena = draft->map->arena;
    struct str name = tree_text(arena, YAJL_IS_OBJECT(file) ? tree_member(file, "filename") : file);
    struct str type = tree_text(arena, tree_member(file, "content_type"));
    struct mail_attachment *attachment = draft_attachment(draft, name, type);
    if (attachment == NULL)
        return;
    attachment->is_inline = is_inline;
    draft_content(attachment, draft, tree_text(arena, tree_member(file, "content")));
}

static void take_files(struct draft *draft, yajl_val value, bool is_inline)
{
    for (size_t i = 0; i < value_count(value); i++)
        take_file(draft, YAJL_IS_ARRAY(value) ? value->u.array.values[i] : value, is_inline);
}

static bool is_name(const char *name, const char *wanted)
{
    return strcmp(name, wanted) == 0;
}

static void take_field(struct draft *draft, const char *name, yajl_val value)
{
    struct mail *mail = &draft->mail;
    if (is_name(name, "from"))
        take_addresses(draft, &mail->from, value);
    else if (is_name(name, "to"))
        take_addresses(draft, &mail->to, value);
    else if (is_name(name, "cc"))
        take_addresses(draft, &mail->cc, value);
    else if (is_name(name, "bcc"))
        take_addresses(draft, &mail->bcc, value);
    else if (is_name(name, "subject"))
        mail->subject = payload_text(value_at(draft, value, 0));
    else if (strncmp(name, "h:", 2) == 0)
        take_header(draft, name + 2, value);
    else if (is_name(name, "o:tag"))
        for (size_t i = 0; i < value_count(value); i++)
            draft_tag(draft, value_at(draft, value, i));
}

/* v:name is the sender's own variable. */
static bool is_variable(yajl_val fields, size_t i)
{
    return strncmp(fields->u.object.keys[i], "v:", 2) == 0 &&
           YAJL_IS_STRING(fields->u.object.values[i]);
}

static void add_variables(struct map *map, yajl_val fields)
{
    bool is_open = false;
    for (size_t i = 0; YAJL_IS_OBJECT(fields) && i < fields->u.object.len; i++) {
        if (!is_variable(fields, i))
            continue;
        if (!is_open) {
            json_writer_text(map->json, STR_LIT("user_variables"));
            json_writer_open(map->json, false);
        }
        is_open = true;
        json_member_text(map->json, fields->u.object.keys[i] + 2,
                         str_of(fields->u.object.values[i]->u.string));
    }
    if (is_open)
        json_writer_close(map->json, false);
}

static struct str metadata_of(struct draft *draft, yajl_val fields)
{
    struct map *map = draft->map;
    struct str template = tree_text(map->arena, tree_member(fields, "template"));
    members_begin(map);
    json_member_text(map->json, "template", payload_text(template));
    add_variables(map, fields);
    return members_end(map);
}

static void take_files_named(struct draft *draft, yajl_val fields, const char *name, bool is_inline)
{
    for (size_t i = 0; YAJL_IS_OBJECT(fields) && i < fields->u.object.len; i++)
        if (is_name(fields->u.object.keys[i], name))
            take_files(draft, fields->u.object.values[i], is_inline);
}

static void take_fields(struct draft *draft, struct str json)
{
    yajl_val fields = tree_parse(json);
    for (size_t i = 0; YAJL_IS_OBJECT(fields) && i < fields->u.object.len; i++)
        take_field(draft, fields->u.object.keys[i], fields->u.object.values[i]);
    take_files_named(draft, fields, "attachment", false); /* wherever they stand */
    take_files_named(draft, fields, "inline", true);
    draft->mail.provider_metadata = metadata_of(draft, fields);
    yajl_tree_free(fields);
}

static enum rc take_pair(struct map *map, const struct pair *pair, struct err *err)
{
    struct draft draft;
    struct mail *mail = &draft.mail;
    if (pair->request == NULL || pair->response == NULL)
        return sent_incomplete(map, pair->request != NULL, err);
    if (pair->response->id.n == 0)
        return sent_without_id(map, pair->response->message.n > 0, err);
    draft_begin(&draft, map);
    take_fields(&draft, pair->fields);
    mail->message_id = mail_message_id(map->arena, pair->response->id);
    if (pair->request->raw.n > 0)
        return draft_emit_raw(&draft, pair->request->raw, err);
    mail->text = draft_text(&draft, pair->request->text, STR_NULL);
    mail->html = draft_text(&draft, pair->request->html, STR_NULL);
    return draft_emit(&draft, err);
}

static enum rc pair_end(void *context, void *element, struct err *err)
{
    return payload_done(context, take_pair(context, element, err));
}

PAYLOAD_RULES(struct pair, pair_rules, pair_end)

static struct map *sent_mailgun_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .is_sent = true};
    return payload_open(out, &reader);
}

const struct map_ops email_mailgun_sent_map = {
    .provider = "mailgun",
    .format = "sent",
    .reads = "mails sent through Mailgun's API, as pairs of request and response",
    .source = SOURCE_SENT,
    .open = sent_mailgun_open,
    PAYLOAD_OPS,
};
