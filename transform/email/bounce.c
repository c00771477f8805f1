#include "transform/email/bounce.h"

#include "lib/clock.h"
#include "transform/email/address.h"
#include "transform/email/automatic.h"
#include "transform/email/thread.h"
#include "transform/email/words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TEXT_READ_BYTES ((size_t)64 * 1024) /* what servers write stands in front */
#define DIAGNOSTIC_MOST 500

/* ---- codes ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t digits(struct str text, size_t at, size_t most)
{
    size_t n = 0;
    while (n <= most && at + n < text.n && is_digit(text.p[at + n]))
        n++;
    return n >= 1 && n <= most ? n : 0;
}

/* Bytes of "5.1.1" at the place; 0: none. */
static size_t enhanced_length(struct str text, size_t at)
{
    if (text.p[at] != '4' && text.p[at] != '5')
        return 0;
    size_t n = 1;
    for (int part = 0; part < 2; part++) {
        size_t count = at + n < text.n && text.p[at + n] == '.' ? digits(text, at + n + 1, 3) : 0;
        if (count == 0)
            return 0;
        n += 1 + count;
    }
    return at + n < text.n && (is_word(text.p[at + n]) || text.p[at + n] == '.') ? 0 : n;
}

static size_t reply_length(struct str text, size_t at)
{
    bool is_reply = (text.p[at] == '4' || text.p[at] == '5') && digits(text, at, 3) == 3;
    return is_reply && (at + 3 == text.n || !(is_word(text.p[at + 3]) || text.p[at + 3] == '.'))
               ? 3
               : 0;
}

static struct str find_code(struct str text, size_t (*length)(struct str text, size_t at))
{
    for (size_t i = 0; i < text.n; i++) {
        bool is_inside = i > 0 && (is_word(text.p[i - 1]) || text.p[i - 1] == '.');
        size_t n = is_inside ? 0 : length(text, i);
        if (n > 0)
            return (struct str){text.p + i, n};
    }
    return STR_NULL;
}

struct str mail_status_code(struct str text)
{
    struct str code = find_code(text, enhanced_length);
    return !str_is_null(code) ? code : find_code(text, reply_length);
}

/* ---- what is a bounce ---- */

static bool is_from_server(const struct mail *mail)
{
    static const char *const locals[] = {"mailer-daemon", "postmaster"};
    struct str from = mail->from.n > 0 ? mail->from.v[0].address : STR_NULL;
    for (size_t i = 0; i < COUNT(locals); i++)
        if (words_start(from, locals[i]) &&
            (from.n == strlen(locals[i]) || from.p[strlen(locals[i])] == '@'))
            return true;
    return mail_has_empty_return_path(mail);
}

static bool has_bounce_subject(const struct mail *mail)
{
    static const char *const starts[] = {
        "undelivered mail returned to sender",
        "delivery status notification",
        "mail delivery failed",
        "undeliverable:",
        "undeliverable mail",
        "mail delivery failure",
        "mail delivery subsystem",
        "no se puede entregar:",
        "não é possível entregar:",
        "unzustellbar:",
        "non remis",
        "non recapitabile",
        "failure notice",
        "returned mail",
        "delivery failure",
    };
    struct str subject = words_trim(mail->subject);
    for (size_t i = 0; i < COUNT(starts); i++)
        if (words_prefix(subject, starts[i]) > 0)
            return true;
    return false;
}

static bool is_bounce(const struct mail *mail)
{
    return is_from_server(mail) &&
           (has_bounce_subject(mail) || mail_header_find(mail, "X-Failed-Recipients") != NULL);
}

/* ---- what it says ---- */

static struct str line_at(struct str text, size_t at)
{
    const char *end = memchr(text.p + at, '\n', text.n - at);
    return (struct str){text.p + at, end != NULL ? (size_t)(end - text.p) - at : text.n - at};
}

static struct str text_of(const struct mail *mail)
{
    struct str text = !str_is_null(mail->text) ? mail->text : mail->html;
    return (struct str){text.p, text.n < TEXT_READ_BYTES ? text.n : TEXT_READ_BYTES};
}

/* The id behind "Message-ID:", as the headers of the returned mail stand in the text. */
static struct str find_quoted_id(struct arena *arena, struct str text)
{
    static const char label[] = "message-id:";
    struct str line;
    for (size_t at = 0; at < text.n; at += line.n + 1) {
        line = line_at(text, at);
        struct str trimmed = words_trim(line);
        while (trimmed.n > 0 && trimmed.p[0] == '>')
            trimmed = words_trim((struct str){trimmed.p + 1, trimmed.n - 1});
        if (!words_start(trimmed, label))
            continue;
        struct str id = mail_message_id(
            arena, (struct str){trimmed.p + sizeof label - 1, trimmed.n - (sizeof label - 1)});
        if (id.n > 0)
            return id;
    }
    return STR_NULL;
}

/* The first "<a@b>:" of the text, as qmail and Postfix write it, with the lines behind it. */
static struct str find_paragraph(struct arena *arena, struct str text, struct str *address_out)
{
    *address_out = STR_NULL;
    struct str line;
    for (size_t at = 0; at < text.n; at += line.n + 1) {
        line = line_at(text, at);
        const char *close = line.n > 0 && line.p[0] == '<' ? memchr(line.p, '>', line.n) : NULL;
        if (close == NULL || memchr(line.p, '@', (size_t)(close - line.p)) == NULL)
            continue;
        *address_out =
            mail_address_key(arena, (struct str){line.p + 1, (size_t)(close - line.p) - 1});
        size_t end = at;
        for (struct str next; end < text.n && (next = line_at(text, end)).n > 0; end += next.n + 1)
            ;
        size_t n = (end < text.n ? end : text.n) - at;
        return words_trim((struct str){text.p + at, n < DIAGNOSTIC_MOST ? n : DIAGNOSTIC_MOST});
    }
    return STR_NULL;
}

static bool read_text(struct arena *arena, const struct mail *mail, struct mail_report *out)
{
    struct mail_addresses failed;
    if (!mail_addresses_parse(arena, mail_header_text(mail, "X-Failed-Recipients"), &failed))
        return false;
    struct str text = text_of(mail), address = STR_NULL;
    struct str paragraph = text.n > 0 ? find_paragraph(arena, text, &address) : STR_NULL;
    struct mail_address named = {STR_NULL, address};
    if (failed.n == 0)
        failed = (struct mail_addresses){&named, 1};
    out->recipients = arena_alloc(arena, failed.n * sizeof *out->recipients);
    if (out->recipients == NULL)
        return false;
    struct str told = !str_is_null(paragraph) ? paragraph : text;
    for (size_t i = 0; i < failed.n; i++)
        out->recipients[i] = (struct mail_recipient){.address = failed.v[i].address,
                                                     .action = STR_LIT("failed"),
                                                     .status = mail_status_code(told),
                                                     .diagnostic = paragraph,
                                                     .occurred_at = TIME_NONE};
    out->recipient_count = failed.n;
    out->kind = MAIL_DELIVERY_REPORT;
    out->original_id = text.n > 0 ? find_quoted_id(arena, text) : STR_NULL;
    return true;
}

static bool find_answered(struct arena *arena, const struct mail *mail, struct str *out)
{
    static const char *const headers[] = {"In-Reply-To", "References"};
    for (size_t i = 0; i < COUNT(headers) && str_is_null(*out); i++) {
        struct str ids[MAIL_LINKS_MOST];
        size_t count = 0;
        if (!mail_references_scan(arena, mail_header_text(mail, headers[i]), ids, &count))
            return false;
        if (count > 0)
            *out = ids[count - 1];
    }
    return true;
}

bool mail_report_find(struct arena *arena, const struct mail *mail, struct mail_report *out)
{
    *out = mail->report;
    if (out->kind == MAIL_NO_REPORT && is_bounce(mail) && !read_text(arena, mail, out))
        return false;
    if (out->kind == MAIL_NO_REPORT || !str_is_null(out->original_id))
        return true;
    return find_answered(arena, mail, &out->original_id);
}
