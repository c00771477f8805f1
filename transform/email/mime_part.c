#include "transform/email/mime_part.h"

#include <ctype.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"
#include "transform/email/charset.h"
#include "transform/email/mime.h"
#include "transform/text.h"

#define PIECE_BYTES (16 * KIB)
#define HEX_DIGEST_BYTES (2 * DIGEST_SHA256_BYTES)
#define FILENAME_MOST 255

/* Gets the decoded bytes; false: no more are wanted. */
typedef bool take_fn(void *context, struct str bytes);

static bool is_encoded(GMimeContentEncoding encoding)
{
    return encoding == GMIME_CONTENT_ENCODING_BASE64 ||
           encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
           encoding == GMIME_CONTENT_ENCODING_UUENCODE;
}

static bool pass(GMimeFilter *filter, struct str bytes, bool is_end, take_fn *take, void *context)
{
    char *out = (char *)(uintptr_t)bytes.p; /* filters decode into a buffer of their own */
    size_t n = bytes.n;
    size_t prespace = 0;
    if (filter != NULL && is_end)
        g_mime_filter_complete(filter, out, n, 0, &out, &n, &prespace);
    else if (filter != NULL)
        g_mime_filter_filter(filter, out, n, 0, &out, &n, &prespace);
    return n == 0 || take(context, (struct str){out, n});
}

static void decode(GMimeDataWrapper *content, take_fn *take, void *context)
{
    GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
    if (stream == NULL)
        return;
    GMimeContentEncoding encoding = g_mime_data_wrapper_get_encoding(content);
    GMimeFilter *filter = is_encoded(encoding) ? g_mime_filter_basic_new(encoding, FALSE) : NULL;
    char piece[PIECE_BYTES];
    ssize_t n = 0;
    bool goes_on = g_mime_stream_reset(stream) == 0;
    while (goes_on && (n = g_mime_stream_read(stream, piece, sizeof piece)) > 0)
        goes_on = pass(filter, (struct str){piece, (size_t)n}, false, take, context);
    if (goes_on)
        (void)pass(filter, (struct str){piece, 0}, true, take, context);
    if (filter != NULL)
        g_object_unref(filter);
}

/* ---- bytes and text ---- */

static bool keep(void *context, struct str bytes)
{
    struct buf *kept = context;
    size_t room = kept->max - kept->n;
    if (bytes.n <= room)
        return buf_add_str(kept, bytes);
    (void)buf_add(kept, bytes.p, room);
    kept->full = true;
    return false;
}

struct str mime_part_bytes(struct arena *arena, GMimePart *part, size_t most, bool *is_cut_out)
{
    struct buf bytes;
    buf_init(&bytes, most);
    decode(g_mime_part_get_content(part), keep, &bytes);
    *is_cut_out |= buf_is_full(&bytes);
    struct str kept = arena_str(arena, buf_peek(&bytes));
    buf_done(&bytes);
    return kept;
}

static bool has_parameter(GMimeContentType *type, const char *name, const char *value)
{
    const char *found = g_mime_content_type_get_parameter(type, name);
    return found != NULL && strcasecmp(found, value) == 0;
}

struct str mime_part_text(struct arena *arena, GMimePart *part, size_t most, bool *is_cut_out)
{
    struct buf bytes;
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    buf_init(&bytes, most);
    decode(g_mime_part_get_content(part), keep, &bytes);
    *is_cut_out |= buf_is_full(&bytes);
    const char *charset = type != NULL ? g_mime_content_type_get_parameter(type, "charset") : NULL;
    struct str text = email_text(arena, buf_peek(&bytes), str_of(charset));
    buf_done(&bytes);
    if (text.n == 0 || type == NULL || !has_parameter(type, "format", "flowed"))
        return text;
    return charset_unflow(arena, text, has_parameter(type, "delsp", "yes"));
}

/* ---- size and digest ---- */

struct measure {
    struct sha256 *sha256;
    int64_t bytes;
};

static bool measure(void *context, struct str bytes)
{
    struct measure *found = context;
    found->bytes += (int64_t)bytes.n;
    sha256_add(found->sha256, bytes);
    return true;
}

static bool set_measure(struct arena *arena, int64_t bytes, const unsigned char *digest,
                        struct mail_attachment *attachment)
{
    char *text = arena_alloc(arena, HEX_DIGEST_BYTES + 1);
    if (text == NULL)
        return false;
    hex_encode(digest, DIGEST_SHA256_BYTES, text);
    attachment->sha256 = (struct str){text, HEX_DIGEST_BYTES};
    attachment->size_bytes = bytes;
    return true;
}

bool mime_part_measure(struct arena *arena, GMimePart *part, struct mail_attachment *attachment)
{
    struct measure found = {.sha256 = sha256_new()};
    unsigned char digest[DIGEST_SHA256_BYTES];
    decode(g_mime_part_get_content(part), measure, &found);
    sha256_take(found.sha256, digest);
    sha256_free(&found.sha256);
    return set_measure(arena, found.bytes, digest, attachment);
}

bool mime_part_measure_message(struct arena *arena, GMimeMessage *message,
                               struct mail_attachment *attachment)
{
    unsigned char digest[DIGEST_SHA256_BYTES] = {0};
    GMimeStream *nowhere = g_mime_stream_null_new();
    GMimeStream *filtered = g_mime_stream_filter_new(nowhere);
    GMimeFilter *checksum = g_mime_filter_checksum_new(G_CHECKSUM_SHA256);
    (void)g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), checksum);
    ssize_t n = g_mime_object_write_to_stream(GMIME_OBJECT(message), NULL, filtered);
    (void)g_mime_stream_flush(filtered);
    (void)g_mime_filter_checksum_get_digest(GMIME_FILTER_CHECKSUM(checksum), digest, sizeof digest);
    g_object_unref(checksum);
    g_object_unref(filtered);
    g_object_unref(nowhere);
    return set_measure(arena, n > 0 ? n : 0, digest, attachment);
}

/* ---- type and name ---- */

struct str mime_part_type(struct arena *arena, GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    const char *major = type != NULL ? g_mime_content_type_get_media_type(type) : NULL;
    const char *minor = type != NULL ? g_mime_content_type_get_media_subtype(type) : NULL;
    if (major == NULL || minor == NULL)
        return STR_LIT("application/octet-stream");
    struct str raw = arena_printf(arena, "%s/%s", major, minor);
    for (char *p = (char *)(uintptr_t)raw.p; p != NULL && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return raw.p != NULL && !text_is_clean(raw) ? charset_decode(arena, raw, STR_NULL) : raw;
}

struct str email_filename(struct arena *arena, struct str name)
{
    uint64_t replaced = 0;
    for (size_t i = name.n; i > 0; i--) {
        if (name.p[i - 1] != '/' && name.p[i - 1] != '\\')
            continue;
        name = (struct str){name.p + i, name.n - i};
        break;
    }
    struct str copy = name.n > 0 ? text_clean(arena, name, &replaced) : STR_NULL;
    char *text = (char *)(uintptr_t)copy.p; /* the copy is ours */
    size_t n = 0;
    for (size_t i = 0; i < copy.n; i++)
        if ((unsigned char)copy.p[i] >= ' ' && copy.p[i] != 0x7F && (n > 0 || copy.p[i] != ' '))
            text[n++] = copy.p[i];
    while (n > 0 && text[n - 1] == ' ')
        n--;
    struct str cleaned = charset_cut((struct str){text, n}, FILENAME_MOST);
    bool is_folder = str_is(cleaned, ".") || str_is(cleaned, "..");
    return cleaned.n > 0 && !is_folder ? cleaned : STR_NULL;
}

/* GMime has decoded RFC 2231 and RFC 2047; words that it could not read are left. */
struct str mime_part_filename(struct arena *arena, GMimePart *part)
{
    const char *name = g_mime_part_get_filename(part);
    return name != NULL ? email_filename(arena, email_header_value(arena, str_of(name))) : STR_NULL;
}
