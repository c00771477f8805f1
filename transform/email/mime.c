#include "transform/email/mime.h"

#include <gmime/gmime.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "transform/email/address.h"
#include "transform/email/charset.h"
#include "transform/email/mime_body.h"
#include "transform/email/mime_guard.h"
#include "transform/email/mime_header.h"
#include "transform/normalizer.h"
#include "transform/text.h"

#define FROM_LINE "From "
#define QUOTED_FROM_LINE ">From "
#define BOM "\xEF\xBB\xBF"
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define REPLACEMENT_BYTES (sizeof REPLACEMENT - 1)

/* ---- before GMime ---- */

static struct str past(struct str text, size_t n)
{
    return (struct str){text.p + n, text.n - n};
}

static struct str past_line(struct str text)
{
    const char *end = memchr(text.p, '\n', text.n);
    return end != NULL ? past(text, (size_t)(end + 1 - text.p)) : past(text, text.n);
}

/* Lines that all end in CR alone are one line to GMime. p NULL: the arena's cap. */
static struct str with_lf(struct arena *arena, struct str raw)
{
    if (raw.n == 0 || memchr(raw.p, '\n', raw.n) != NULL || memchr(raw.p, '\r', raw.n) == NULL)
        return raw;
    struct str copy = arena_str(arena, raw);
    for (char *p = (char *)(uintptr_t)copy.p; p != NULL && p < copy.p + copy.n; p++)
        *p = (char)(*p == '\r' ? '\n' : *p);
    return copy;
}

/* What hides the header from GMime: blank lines, a byte-order mark, mbox lines. */
static struct str past_prefix(struct str raw)
{
    for (;;) {
        if (raw.n > 0 && (raw.p[0] == '\r' || raw.p[0] == '\n'))
            raw = past(raw, 1);
        else if (str_starts_with(raw, BOM))
            raw = past(raw, sizeof BOM - 1);
        else if (str_starts_with(raw, FROM_LINE) || str_starts_with(raw, QUOTED_FROM_LINE))
            raw = past_line(raw);
        else
            return raw;
    }
}

static bool is_header_line(struct str text)
{
    size_t n = 0;
    while (n < text.n && text.p[n] >= '!' && text.p[n] <= '~' && text.p[n] != ':')
        n++;
    size_t name = n;
    while (n < text.n && (text.p[n] == ' ' || text.p[n] == '\t'))
        n++;
    return name > 0 && n < text.n && text.p[n] == ':';
}

/* From the first line that looks like a header's. */
static struct str past_noise(struct str raw)
{
    while (raw.n > 0 && !is_header_line(raw))
        raw = past_line(raw);
    return raw;
}

/* Up to the first empty line. */
static size_t header_bytes(struct str raw)
{
    size_t at = 0;
    const char *end;
    while (at < raw.n && (end = memchr(raw.p + at, '\n', raw.n - at)) != NULL) {
        at = (size_t)(end - raw.p) + 1;
        struct str next = {raw.p + at, raw.n - at};
        if (str_starts_with(next, "\n") || str_starts_with(next, "\r\n"))
            return at - 1;
    }
    return raw.n;
}

/* GMime's header values end at a NUL. p NULL: the arena's cap. */
static struct str without_nul(struct arena *arena, struct str raw)
{
    size_t header = header_bytes(raw);
    size_t nuls = 0;
    if (memchr(raw.p, '\0', header) == NULL)
        return raw;
    for (size_t i = 0; i < header; i++)
        nuls += raw.p[i] == '\0';
    char *copy = arena_alloc(arena, raw.n + nuls * REPLACEMENT_BYTES);
    char *to = copy;
    for (size_t i = 0; copy != NULL && i < header; i++) {
        size_t n = raw.p[i] == '\0' ? REPLACEMENT_BYTES : 1;
        memcpy(to, raw.p[i] == '\0' ? REPLACEMENT : raw.p + i, n);
        to += n;
    }
    if (copy == NULL)
        return STR_NULL;
    memcpy(to, raw.p + header, raw.n - header);
    return (struct str){copy, (size_t)(to - copy) + raw.n - header};
}

/* GMime reads a subject of words that never end in quadratic time: minutes for some megabytes. */
static bool has_endless_words(struct str raw)
{
    size_t header = header_bytes(raw);
    size_t words = 0;
    if (header < LIMIT_MAIL_WORDS * strlen("=?"))
        return false;
    for (size_t i = 0; i + 1 < header; i++)
        words += raw.p[i] == '=' && raw.p[i + 1] == '?';
    return words > LIMIT_MAIL_WORDS;
}

struct parsed {
    GByteArray *bytes; /* raw itself, not a copy */
    GMimeMessage *message;
};

/* false: the first line is no header's. */
static bool parse(struct str raw, struct parsed *parsed)
{
    parsed->bytes = g_byte_array_new_take((guint8 *)(uintptr_t)raw.p, raw.n);
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), parsed->bytes);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    parsed->message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream); /* parts that are read from it keep it */
    return parsed->message != NULL;
}

static void done(struct parsed *parsed)
{
    if (parsed->message != NULL)
        g_object_unref(parsed->message);
    (void)g_byte_array_steal(parsed->bytes, NULL);
    g_byte_array_unref(parsed->bytes);
}

/* ---- headers ---- */

static bool read_header(struct arena *arena, GMimeHeader *from, struct mail_header *header,
                        bool *is_cut)
{
    const char *name = g_mime_header_get_name(from);
    struct str raw = str_of(g_mime_header_get_raw_value(from));
    struct str kept = charset_cut(raw, LIMIT_MAIL_HEADER_VALUE_BYTES);
    *is_cut |= kept.n < raw.n;
    header->name = charset_decode(arena, str_of(name), STR_NULL);
    header->raw = mime_header_unfold(arena, kept);
    header->value = str_is_null(header->raw) ? STR_NULL : mime_header_decoded(arena, header->raw);
    if (!str_is_null(header->raw) && !text_is_clean(header->raw))
        header->raw = charset_decode(arena, header->raw, STR_NULL);
    return !str_is_null(header->name) && !str_is_null(header->raw) && !str_is_null(header->value);
}

static bool read_headers(struct arena *arena, GMimeMessage *message, struct mail *mail,
                         bool *is_cut)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(message));
    int count = g_mime_header_list_get_count(list);
    struct mail_header *headers = arena_alloc(arena, ((size_t)count + 1) * sizeof *headers);
    if (headers == NULL)
        return false;
    for (int i = 0; i < count; i++)
        if (!read_header(arena, g_mime_header_list_get_header_at(list, i), &headers[i], is_cut))
            return false;
    mail->headers = headers;
    mail->header_count = (size_t)count;
    return true;
}

/* All headers of the name together: some senders repeat To. */
static bool read_addresses(struct arena *arena, const struct mail *mail, const char *name,
                           struct mail_addresses *out)
{
    struct str all = STR_NULL;
    for (const struct mail_header *header = mail_header_find(mail, name); header != NULL;
         header = mail_header_next(mail, header, name)) {
        struct str mended = mime_header_mended(arena, header->raw);
        const struct str both[] = {all, STR_LIT(", "), mended};
        all = str_is_null(all) ? mended : arena_join(arena, both, 3);
        if (str_is_null(mended) || str_is_null(all))
            return false;
    }
    return mail_addresses_parse(arena, all, out);
}

static bool read_all_addresses(struct arena *arena, struct mail *mail)
{
    return read_addresses(arena, mail, "From", &mail->from) &&
           read_addresses(arena, mail, "Sender", &mail->sender) &&
           read_addresses(arena, mail, "Reply-To", &mail->reply_to) &&
           read_addresses(arena, mail, "To", &mail->to) &&
           read_addresses(arena, mail, "Cc", &mail->cc) &&
           read_addresses(arena, mail, "Bcc", &mail->bcc);
}

static struct str text_of(const struct mail *mail, const char *name)
{
    struct str text = mail_header_text(mail, name);
    return text.n > 0 ? text : STR_NULL;
}

static struct str envelope_from(struct arena *arena, const struct mail *mail)
{
    struct str path = text_of(mail, "Return-Path");
    if (str_is_null(path))
        return STR_NULL;
    return str_is(path, "<>") ? STR_LIT("") : mail_address_key(arena, path);
}

/* ---- the whole ---- */

static bool read_mail(struct arena *arena, GMimeMessage *message, bool is_cut, struct mail *mail)
{
    if (!read_headers(arena, message, mail, &is_cut) || !read_all_addresses(arena, mail))
        return false;
    const struct mail_header *id = mail_header_find(mail, "Message-ID");
    mail->subject = text_of(mail, "Subject");
    mail->date = text_of(mail, "Date");
    mail->message_id = id != NULL ? mail_message_id(arena, id->raw) : STR_NULL;
    mail->envelope_from = envelope_from(arena, mail);
    if (!mime_body_read(arena, message, mail, &is_cut))
        return false;
    if (is_cut)
        mail->provider_metadata = STR_LIT("\"truncated\":true");
    return true;
}

static enum rc refuse(struct err *err, enum reject_code code, const char *what)
{
    enum rc rc = err_set(err, RC_REJECT, "%s", what);
    if (err != NULL)
        err->code = (int)code;
    return rc;
}

enum rc email_mime_read(struct str raw, struct arena *arena, struct mail *mail_out, struct err *err)
{
    struct parsed parsed;
    *mail_out = (struct mail){.received_at = TIME_NONE, .path = ""};
    email_init();
    bool is_empty = raw.n == 0;
    raw = with_lf(arena, raw);
    if (!is_empty && str_is_null(raw))
        return refuse(err, REJECT_TOO_LARGE, "the mail needs more memory than a mail may");
    raw = past_prefix(raw);
    if (raw.n > 0 && !is_header_line(raw))
        raw = past_noise(raw);
    if (raw.n == 0)
        return refuse(err, REJECT_BAD_VALUE, "expected a mail, which begins with header lines");
    if (has_endless_words(raw))
        return refuse(err, REJECT_TOO_LARGE, "the header holds more encoded words than a mail may");
    if (mime_guard_is_endless(raw))
        return refuse(err, REJECT_TOO_LARGE,
                      "a header holds more words without address, or more "
                      "groups within groups, than a mail may");
    struct str kept = mime_guard_cut(raw);
    bool is_cut = kept.n < raw.n;
    raw = without_nul(arena, kept);
    if (str_is_null(raw))
        return refuse(err, REJECT_TOO_LARGE, "the mail needs more memory than a mail may");
    enum rc rc = RC_OK;
    if (!parse(raw, &parsed))
        rc = refuse(err, REJECT_BAD_VALUE, "no mail can be read after its first header line");
    else if (!read_mail(arena, parsed.message, is_cut, mail_out))
        rc = refuse(err, REJECT_TOO_LARGE, "the mail needs more memory than a mail may");
    done(&parsed);
    return rc;
}
