/* What a typed message says, whoever sent it: reference/whatsapp.md 2 and 8.2. */
#include "transform/whatsapp/content.h"

#include <openssl/evp.h>

#include "lib/hex.h"

#define SHA256_BYTES 32
#define SHA256_BASE64 44

/* ---- attachments ---- */

/* base64 of live webhooks, hex of Meta's history sample, anything in tests (2.3). */
static struct str sha256_hex(struct arena *arena, struct str text)
{
    unsigned char digest[SHA256_BASE64];
    if (text.n == (size_t)SHA256_BYTES * 2) {
        if (!hex_decode(text, digest, SHA256_BYTES))
            return STR_NULL;
    } else if (text.n != SHA256_BASE64 || text.p[SHA256_BASE64 - 1] != '=' ||
               text.p[SHA256_BASE64 - 2] == '=' ||
               EVP_DecodeBlock(digest, (const unsigned char *)text.p, SHA256_BASE64) < 0) {
        return STR_NULL;
    }
    char *hex = arena_alloc(arena, SHA256_BYTES * 2 + 1);
    if (hex == NULL)
        return STR_NULL;
    hex_encode(digest, SHA256_BYTES, hex);
    return (struct str){hex, (size_t)SHA256_BYTES * 2};
}

static struct str hash_left_over(struct wa_scope *scope, struct str sha256)
{
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    json_member_text(scope->json, "sha256", sha256);
    return wa_scope_object(scope);
}

static void attach(struct wa_scope *scope, struct record_message *message, const char *type,
                   const struct wa_media *media)
{
    if (media == NULL)
        return;
    message->caption = wa_text(media->caption);
    struct record_attachment *attachment = arena_alloc(scope->out->arena, sizeof *attachment);
    if (attachment == NULL)
        return;
    *attachment = (struct record_attachment){
        .type = str_of(type),
        .provider_media_id = wa_text(media->id),
        .source_url = !str_is_null(wa_text(media->url)) ? media->url : wa_text(media->link),
        .mime_type = wa_text(media->mime_type),
        .filename = wa_text(media->filename),
        .sha256 = sha256_hex(scope->out->arena, media->sha256),
        .size_bytes = RECORD_INT_NONE,
        .width = RECORD_INT_NONE,
        .height = RECORD_INT_NONE,
    };
    if (str_is_null(attachment->sha256) && media->sha256.n > 0)
        attachment->metadata = hash_left_over(scope, media->sha256);
    message->attachments = attachment;
    message->attachment_count = 1;
}

/* ---- one function for each shape of content ---- */

static void fill_text(struct wa_scope *scope, const struct wa_content *content,
                      struct record_message *message)
{
    (void)scope;
    message->text = wa_text(content->text);
}

static void fill_image(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    attach(scope, message, "image", content->image);
}

static void fill_video(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    attach(scope, message, "video", content->video);
}

static void fill_document(struct wa_scope *scope, const struct wa_content *content,
                          struct record_message *message)
{
    attach(scope, message, "document", content->document);
}

static void fill_sticker(struct wa_scope *scope, const struct wa_content *content,
                         struct record_message *message)
{
    attach(scope, message, "sticker", content->sticker);
}

bool wa_content_is_voice(const struct wa_content *content)
{
    const struct wa_media *audio = content->audio;
    return str_is(content->type, "voice") || (audio != NULL && str_is(audio->voice, "true"));
}

static void fill_audio(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    attach(scope, message, "audio", content->audio != NULL ? content->audio : content->voice);
    if (wa_content_is_voice(content))
        message->subtype = STR_LIT("voice");
}

static struct str place_text(struct wa_scope *scope, struct str name, struct str address)
{
    if (str_is_null(name))
        return address;
    if (str_is_null(address))
        return name;
    return arena_printf(scope->out->arena, "%.*s\n%.*s", STR_ARGS(name), STR_ARGS(address));
}

static void fill_location(struct wa_scope *scope, const struct wa_content *content,
                          struct record_message *message)
{
    struct str name = wa_text(content->place);
    struct str address = wa_text(content->address);
    message->text = place_text(scope, name, address);
    json_writer_reset(scope->json);
    json_writer_open(scope->json, false);
    if (json_is_number(content->latitude) && json_is_number(content->longitude)) {
        json_member_number(scope->json, "lat", content->latitude);
        json_member_number(scope->json, "lon", content->longitude);
    }
    json_member_text(scope->json, "name", name);
    json_member_text(scope->json, "address", address);
    message->location = wa_scope_object(scope);
}

static struct str first_phone(const struct wa_card *card)
{
    const struct wa_phone *phone = (const void *)card->phones.first;
    return phone != NULL ? wa_text(phone->phone) : STR_NULL;
}

/* Names of the cards; of a card without one, its first number. */
static void fill_cards(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    struct buf text;
    buf_init(&text, content->cards_json.n + 2 * content->cards.count);
    for (const struct jpath_element *e = content->cards.first; e != NULL; e = e->next) {
        const struct wa_card *card = (const void *)e;
        struct str name = wa_text(card->name);
        if (str_is_null(name))
            name = first_phone(card);
        if (str_is_null(name))
            continue;
        if (text.n > 0)
            (void)buf_add_text(&text, ", ");
        (void)buf_add_str(&text, name);
    }
    message->text = text.n > 0 ? arena_str(scope->out->arena, buf_peek(&text)) : STR_NULL;
    buf_done(&text);
}

static void fill_interactive(struct wa_scope *scope, const struct wa_content *content,
                             struct record_message *message)
{
    (void)scope;
    if (str_is_null(content->interactive_json)) { /* with error 131000: 2.7 */
        message->type = STR_LIT("unsupported");
        message->subtype = STR_LIT("interactive");
        return;
    }
    message->subtype = wa_text(content->interactive_type);
    if (str_is(content->interactive_type, "button_reply"))
        message->text = wa_text(content->button_title);
    else if (str_is(content->interactive_type, "list_reply"))
        message->text = wa_text(content->list_title);
    else if (str_is(content->interactive_type, "nfm_reply"))
        message->text = wa_text(content->form_body);
    else
        message->text = wa_text(content->body_text); /* what the business asks */
    /* The answer of a call_permission_reply is no text (8.2); metadata holds it. */
}

static void fill_button(struct wa_scope *scope, const struct wa_content *content,
                        struct record_message *message)
{
    (void)scope;
    message->subtype = STR_LIT("button");
    message->text = wa_text(content->button_text);
}

/* The words of a template are with Meta; what is sent is its name and what to put in. */
static void fill_template(struct wa_scope *scope, const struct wa_content *content,
                          struct record_message *message)
{
    (void)scope;
    message->template_name = wa_text(content->template_name);
}

static void fill_order(struct wa_scope *scope, const struct wa_content *content,
                       struct record_message *message)
{
    (void)scope;
    message->text = wa_text(content->order_text);
}

static void fill_system(struct wa_scope *scope, const struct wa_content *content,
                        struct record_message *message)
{
    (void)scope;
    message->subtype = wa_text(content->system_type);
    message->text = wa_text(content->system_text);
}

static void fill_unsupported(struct wa_scope *scope, const struct wa_content *content,
                             struct record_message *message)
{
    (void)scope;
    struct str inner = wa_text(content->unsupported_type);
    message->subtype = !str_is_null(inner) ? inner : wa_text(content->type);
}

#define STR_OF_TYPE(word)                                                                          \
    {                                                                                              \
        (word), sizeof(word) - 1                                                                   \
    }

static const struct wa_type types[] = {
    {STR_OF_TYPE("text"), WA_EFFECT_MESSAGE, "text", fill_text},
    {STR_OF_TYPE("image"), WA_EFFECT_MESSAGE, "image", fill_image},
    {STR_OF_TYPE("video"), WA_EFFECT_MESSAGE, "video", fill_video},
    {STR_OF_TYPE("audio"), WA_EFFECT_MESSAGE, "audio", fill_audio},
    {STR_OF_TYPE("voice"), WA_EFFECT_MESSAGE, "audio", fill_audio},
    {STR_OF_TYPE("document"), WA_EFFECT_MESSAGE, "document", fill_document},
    {STR_OF_TYPE("sticker"), WA_EFFECT_MESSAGE, "sticker", fill_sticker},
    {STR_OF_TYPE("location"), WA_EFFECT_MESSAGE, "location", fill_location},
    {STR_OF_TYPE("contacts"), WA_EFFECT_MESSAGE, "contact", fill_cards},
    {STR_OF_TYPE("interactive"), WA_EFFECT_MESSAGE, "interactive", fill_interactive},
    {STR_OF_TYPE("button"), WA_EFFECT_MESSAGE, "interactive", fill_button},
    {STR_OF_TYPE("order"), WA_EFFECT_MESSAGE, "order", fill_order},
    {STR_OF_TYPE("system"), WA_EFFECT_SYSTEM, "system", fill_system},
    {STR_OF_TYPE("template"), WA_EFFECT_MESSAGE, "template", fill_template},
    {STR_OF_TYPE("media_placeholder"), WA_EFFECT_PLACEHOLDER, "unsupported", fill_unsupported},
    {STR_OF_TYPE("edit"), WA_EFFECT_EDIT, NULL, NULL},
    {STR_OF_TYPE("revoke"), WA_EFFECT_REVOKE, NULL, NULL},
    {STR_OF_TYPE("reaction"), WA_EFFECT_REACTION, NULL, NULL},
    {STR_OF_TYPE("request_welcome"), WA_EFFECT_WELCOME, NULL, NULL},
};

/* Whatever else there is: the customer did write, response times must see it (2.13). */
const struct wa_type wa_type_other = {
    {NULL, 0}, WA_EFFECT_MESSAGE, "unsupported", fill_unsupported};

const struct wa_type *wa_type_find(struct str word)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_equal(word, types[i].word))
            return &types[i];
    return &wa_type_other;
}
