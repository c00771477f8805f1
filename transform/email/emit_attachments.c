/* The attachments of a mail's message record (email.md 7). */
#include <glib.h>

#include "transform/email/letter.h"
#include "transform/email/words.h"

#define INLINE_MOST_BYTES 10240
#define CID_LONGEST 998
#define CIDS_MOST 1000 /* looked at in the HTML */
#define EXTENSION_MOST 4

static struct str type_of(struct str mime_type)
{
    static const struct {
        const char *major, *type;
    } types[] = {{"image/", "image"}, {"audio/", "audio"}, {"video/", "video"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (words_start(mime_type, types[i].major))
            return str_of(types[i].type);
    return STR_LIT("document");
}

/* ---- names ---- */

struct extension {
    const char *type, *extension;
};

/* The minor type where it could be an extension: "png", not "vnd.ms-excel". */
static struct str minor_of(struct str mime_type)
{
    const char *slash = mime_type.n > 0 ? memchr(mime_type.p, '/', mime_type.n) : NULL;
    if (slash == NULL)
        return STR_NULL;
    struct str minor = {slash + 1, mime_type.n - (size_t)(slash + 1 - mime_type.p)};
    for (size_t i = 0; i < minor.n; i++)
        if (!g_ascii_isalnum(minor.p[i]))
            return STR_NULL;
    return minor.n <= EXTENSION_MOST ? minor : STR_NULL;
}

static struct str extension_of(struct str mime_type)
{
    static const struct extension known[] = {
        {"text/plain", "txt"},         {"text/calendar", "ics"},
        {"text/vcard", "vcf"},         {"text/x-vcard", "vcf"},
        {"text/markdown", "md"},       {"message/rfc822", "eml"},
        {"image/svg+xml", "svg"},      {"image/x-icon", "ico"},
        {"application/msword", "doc"}, {"audio/mpeg", "mp3"},
        {"application/gzip", "gz"},    {"application/x-zip-compressed", "zip"},
        {"video/quicktime", "mov"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_is(mime_type, known[i].type))
            return str_of(known[i].extension);
    struct str minor = minor_of(mime_type);
    return minor.n > 0 ? minor : STR_LIT("bin");
}

/* "unnamed-0.png": what has no name, or none that is left when cleaned, is named alike however the
 * mail came. */
static struct str name_of(struct arena *arena, const struct mail_attachment *attachment,
                          size_t ordinal)
{
    if (attachment->filename.n > 0)
        return attachment->filename;
    struct str extension = extension_of(attachment->mime_type);
    return arena_printf(arena, "unnamed-%zu.%.*s", ordinal, STR_ARGS(extension));
}

/* ---- what the HTML shows ---- */

static size_t cid_length(struct str text)
{
    size_t n = 0;
    while (n < text.n && n < CID_LONGEST && !words_is_space(text.p[n]) &&
           memchr("\"'<>)", text.p[n], 5) == NULL)
        n++;
    return n;
}

/* Marks what the HTML shows: "cid:..." names its Content-ID. */
static void find_shown(const struct mail *mail, bool *is_shown)
{
    const char *at = mail->html.p, *end = at != NULL ? at + mail->html.n : NULL;
    for (int found = 0; at != NULL && found < CIDS_MOST; found++) {
        at = memmem(at, (size_t)(end - at), "cid:", 4);
        if (at == NULL)
            return;
        at += 4;
        struct str rest = {at, (size_t)(end - at)};
        struct str cid = {at, cid_length(rest)};
        for (size_t i = 0; i < mail->attachment_count; i++)
            is_shown[i] =
                is_shown[i] || (cid.n > 0 && str_equal(mail->attachments[i].content_id, cid));
    }
}

static bool is_inline(const struct mail_attachment *attachment, bool is_shown)
{
    bool is_small_image = words_start(attachment->mime_type, "image/") &&
                          attachment->size_bytes != RECORD_INT_NONE &&
                          attachment->size_bytes < INLINE_MOST_BYTES;
    return is_shown || (attachment->is_inline && is_small_image);
}

/* ---- the records ---- */

static struct str attachment_metadata(const struct letter *letter,
                                      const struct mail_attachment *attachment, bool is_shown)
{
    struct json_writer *json = letter->emitter->json;
    emitter_members(letter->emitter);
    json_member_text(json, "content_id", attachment->content_id);
    json_member_true(json, "inline", is_inline(attachment, is_shown));
    json_member_text(json, "method", attachment->method);
    return emitter_object(letter->emitter);
}

void letter_fill_attachments(const struct letter *letter, struct record_message *message)
{
    const struct mail *mail = letter->mail;
    struct arena *arena = letter->emitter->out->arena;
    if (mail->attachment_count == 0)
        return;
    bool *is_shown = arena_alloc(arena, mail->attachment_count);
    struct record_attachment *v = arena_alloc(arena, mail->attachment_count * sizeof *v);
    if (is_shown == NULL || v == NULL)
        return;
    find_shown(mail, is_shown);
    for (size_t i = 0; i < mail->attachment_count; i++) {
        const struct mail_attachment *from = &mail->attachments[i];
        v[i] = (struct record_attachment){
            .ordinal = (int64_t)i,
            .type = type_of(from->mime_type),
            .provider_media_id = from->provider_media_id,
            .source_url = from->source_url,
            .mime_type = from->mime_type,
            .filename = name_of(arena, from, i),
            .size_bytes = from->size_bytes,
            .sha256 = from->sha256,
            .width = RECORD_INT_NONE,
            .height = RECORD_INT_NONE,
            .metadata = attachment_metadata(letter, from, is_shown[i]),
        };
    }
    message->attachments = v;
    message->attachment_count = mail->attachment_count;
}
