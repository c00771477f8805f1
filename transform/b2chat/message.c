#include <glib.h>

#include "transform/b2chat/scope.h"
#include "transform/ids.h"
#include "transform/text.h"

/* ---- attachments ---- */

/* The last segment of the URL's path, decoded where that gives a name that can be stored. */
static struct str filename_of(struct arena *arena, struct str url)
{
    size_t n = 0;
    while (n < url.n && url.p[n] != '?' && url.p[n] != '#')
        n++;
    const char *host = memmem(url.p, n, "://", strlen("://"));
    const char *slash = memrchr(url.p, '/', n);
    if (host == NULL || slash == NULL || slash < host + strlen("://"))
        return STR_NULL; /* nothing after the host */
    struct str name = {slash + 1, n - (size_t)(slash + 1 - url.p)};
    if (name.n == 0)
        return STR_NULL;
    gchar *decoded = g_uri_unescape_segment(name.p, name.p + name.n, "/");
    if (decoded != NULL && text_is_clean(str_of(decoded)))
        name = str_of(decoded);
    name = arena_str(arena, name);
    g_free(decoded);
    return name;
}

/* What stands behind the URL of a type without files, or an unknown one, shows in its name. */
static const char *attachment_type(const struct b2_item *item, const struct b2_extension *extension)
{
    if (item->type->attachment != NULL)
        return item->type->attachment;
    return extension != NULL ? extension->attachment : "other";
}

static bool has_file(const struct b2_item *item)
{
    return !b2_type_is_text(item->type) && b2_is_url(b2_text(item->message->body));
}

static bool fill_attachment(struct b2_scope *scope, const struct b2_item *item,
                            struct record_message *to)
{
    struct record_attachment *attachment =
        arena_alloc(scope->emitter->out->arena, sizeof *attachment);
    if (attachment == NULL)
        return false;
    struct str url = b2_text(item->message->body);
    struct str filename = filename_of(scope->emitter->out->arena, url);
    const struct b2_extension *extension = b2_extension_find(filename);
    *attachment = (struct record_attachment){.ordinal = 0,
                                             .type = str_of(attachment_type(item, extension)),
                                             .source_url = url,
                                             .filename = filename,
                                             .size_bytes = RECORD_INT_NONE,
                                             .width = RECORD_INT_NONE,
                                             .height = RECORD_INT_NONE};
    if (extension != NULL)
        attachment->mime_type = str_of(extension->mime_type);
    to->attachments = attachment;
    to->attachment_count = 1;
    return true;
}

/* ---- places ---- */

static struct str location_of(struct b2_scope *scope, const struct b2_item *item)
{
    struct json_writer *json = scope->emitter->json;
    if (!item->has_place)
        return STR_NULL;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_number(json, "lat", item->lat_text);
    json_member_number(json, "lon", item->lon_text);
    return b2_object(scope->emitter);
}

/* ---- messages ---- */

static bool is_message_replaced(const struct b2_scope *scope, const struct b2_item *item)
{
    const struct b2_message *message = item->message;
    const struct str texts[] = {message->body, message->caption, message->type,
                                message->location_json, message->unknown_json};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (b2_is_replaced(scope, message->element.replaced, texts[i]))
            return true;
    return false;
}

/* The body that is neither text nor link, and the place that has no known shape, stay here. */
static struct str metadata(struct b2_scope *scope, const struct b2_item *item)
{
    struct json_writer *json = scope->emitter->json;
    const struct b2_message *message = item->message;
    bool is_kept = !b2_type_is_text(item->type) && !has_file(item);
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "provider_raw", b2_text(scope->chat->provider));
    json_member_text(json, "body", is_kept ? b2_text(message->body) : STR_NULL);
    json_member_json(json, "location", item->has_place ? STR_NULL : message->location_json);
    json_member_json(json, "columns", message->unknown_json);
    json_member_true(json, "nul_replaced", is_message_replaced(scope, item));
    return b2_object(scope->emitter);
}

static struct str subtype_of(const struct b2_item *item)
{
    if (item->type->word == NULL)
        return item->type_word; /* the word that nobody knows */
    return str_of(item->type->subtype);
}

static bool fill_content(struct b2_scope *scope, const struct b2_item *item,
                         struct record_message *to)
{
    to->content_as_of = scope->emitter->as_of;
    to->sender_type = str_of(item->sender);
    if (strcmp(item->sender, "agent") == 0) {
        to->sender_agent_id = scope->agent.id;
        to->sender_agent_external_id = scope->agent.key;
    }
    to->type = str_of(item->type->type);
    to->subtype = subtype_of(item);
    to->text = b2_type_is_text(item->type) ? b2_given(item->message->body) : STR_NULL;
    to->caption = b2_given(item->message->caption);
    to->location = location_of(scope, item);
    to->metadata = metadata(scope, item);
    to->ordinal = item->index;
    return !has_file(item) || fill_attachment(scope, item, to);
}

static struct str key_of(struct b2_scope *scope, const struct b2_item *item)
{
    return arena_printf(scope->emitter->out->arena, "%.*s:%s:%lld",
                        STR_ARGS(scope->conversation.key), item->hash, (long long)item->twin);
}

static enum rc emit_message(struct b2_scope *scope, const struct b2_item *item, struct err *err)
{
    struct record record;
    map_out_begin(scope->emitter->out, RECORD_MESSAGE, &scope->emitter->account.channel_id,
                  &record);
    struct b2_entity own = b2_entity(scope->emitter, "message", key_of(scope, item));
    record.id = own.id;
    record.external_id = own.key;
    struct record_message *message = &record.message;
    message->conversation_id = scope->conversation.id;
    message->conversation_external_id = scope->conversation.key;
    message->conversation_kind = STR_LIT("direct");
    message->channel = str_of(scope->medium);
    message->contact_id = scope->contact.id;
    message->contact_external_id = scope->contact.key;
    message->direction = item->is_incoming ? STR_LIT("inbound") : STR_LIT("outbound");
    message->status = item->is_incoming ? STR_LIT("received") : STR_LIT("sent");
    message->is_broadcast = item->is_broadcast;
    message->sent_at = item->at;
    if (str_is_null(own.key) || !fill_content(scope, item, message))
        return b2_no_memory(err);
    return map_out_record(scope->emitter->out, &record, err);
}

enum rc b2_messages_emit(struct b2_scope *scope, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < scope->item_count && rc == RC_OK; i++)
        rc = emit_message(scope, &scope->items[i], err);
    return rc;
}
