#include "transform/email/charset.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/buf.h"
#include "transform/email/mime.h"
#include "transform/text.h"

#define NAME_MOST 40
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define BOM "\xEF\xBB\xBF"
#define BOM_BYTES 3
#define PIECE_BYTES 4096
#define UTF8_MOST_FOR_A_BYTE 3
#define FALLBACK "WINDOWS-1252"
#define NO_CONVERTER ((iconv_t)-1)

/* What senders mean by a name (email.md 4.4, rule 2). */
static const struct {
    const char *declared, *meant;
} widened[] = {
    {"us-ascii", FALLBACK},
    {"ascii", FALLBACK},
    {"ansi_x3.4-1968", FALLBACK},
    {"iso-8859-1", FALLBACK},
    {"iso8859-1", FALLBACK},
    {"iso_8859-1", FALLBACK},
    {"latin1", FALLBACK},
    {"latin-1", FALLBACK},
    {"unknown-8bit", FALLBACK},
    {"8bit", FALLBACK},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"euc-cn", "GB18030"},
    {"ks_c_5601-1987", "CP949"},
    {"ks_c_5601", "CP949"},
    {"euc-kr", "CP949"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"x-sjis", "CP932"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"utf8", "UTF-8"},
};

static bool starts(struct str text, const char *prefix)
{
    size_t n = strlen(prefix);
    return text.n >= n && strncasecmp(text.p, prefix, n) == 0;
}

static bool is_name(struct str text, const char *name)
{
    return text.n == strlen(name) && starts(text, name);
}

/* Escape sequences of seven bits look like ASCII. */
static bool is_escaped(struct str charset)
{
    return starts(charset, "iso-2022-") || starts(charset, "utf-7") || starts(charset, "hz");
}

/* ASCII in these is valid UTF-8 with NULs in it. */
static bool is_wide(struct str charset)
{
    return starts(charset, "utf-16") || starts(charset, "utf-32") || starts(charset, "ucs-") ||
           starts(charset, "iso-10646-ucs");
}

static bool is_plain_name(struct str charset)
{
    for (size_t i = 0; i < charset.n; i++)
        if (!isalnum((unsigned char)charset.p[i]) && strchr("-_.:+()", charset.p[i]) == NULL)
            return false;
    return charset.n > 0 && charset.n < NAME_MOST;
}

/* Without blanks and quotes around it, and without RFC 2231's language behind it. */
static struct str bare_name(struct str charset)
{
    static const char around[] = " \t\r\n\"'";
    while (charset.n > 0 && strchr(around, charset.p[0]) != NULL)
        charset = (struct str){charset.p + 1, charset.n - 1};
    const char *language = charset.n > 0 ? memchr(charset.p, '*', charset.n) : NULL;
    if (language != NULL)
        charset.n = (size_t)(language - charset.p);
    while (charset.n > 0 && strchr(around, charset.p[charset.n - 1]) != NULL)
        charset.n--;
    return charset;
}

static iconv_t open_converter(struct str charset)
{
    char name[NAME_MOST];
    if (!is_plain_name(charset))
        return NO_CONVERTER;
    for (size_t i = 0; i < sizeof widened / sizeof widened[0]; i++)
        if (is_name(charset, widened[i].declared))
            return iconv_open("UTF-8", widened[i].meant);
    memcpy(name, charset.p, charset.n);
    name[charset.n] = '\0';
    return iconv_open("UTF-8", name);
}

bool charset_is_utf8(struct str bytes)
{
    while (bytes.n > 0) {
        const char *nul = memchr(bytes.p, '\0', bytes.n);
        struct str run = {bytes.p, nul != NULL ? (size_t)(nul - bytes.p) : bytes.n};
        if (!text_is_clean(run))
            return false;
        size_t past = run.n + (nul != NULL);
        bytes = (struct str){bytes.p + past, bytes.n - past};
    }
    return true;
}

/* Bytes that stand for nothing become one U+FFFD each. Whatever fits no more is left away: there
 * is room for three times the input. */
static void convert(iconv_t converter, struct str bytes, size_t unit, struct buf *out)
{
    char *from = (char *)(uintptr_t)bytes.p; /* iconv does not write there */
    size_t left = bytes.n;
    while (left > 0) {
        char piece[PIECE_BYTES];
        char *to = piece;
        size_t room = sizeof piece;
        size_t rc = iconv(converter, &from, &left, &to, &room);
        int code = rc == (size_t)-1 ? errno : 0;
        (void)buf_add(out, piece, (size_t)(to - piece));
        if (code != EILSEQ && code != EINVAL)
            continue;
        size_t skipped = left < unit ? left : unit;
        (void)buf_add_text(out, REPLACEMENT);
        from += skipped;
        left -= skipped;
    }
    char last[PIECE_BYTES];
    char *to = last;
    size_t room = sizeof last;
    if (iconv(converter, NULL, NULL, &to, &room) != (size_t)-1)
        (void)buf_add(out, last, (size_t)(to - last));
}

static struct str convert_all(struct arena *arena, iconv_t converter, struct str bytes, size_t unit)
{
    uint64_t replaced = 0;
    struct buf out;
    buf_init(&out, bytes.n * UTF8_MOST_FOR_A_BYTE + PIECE_BYTES);
    convert(converter, bytes, unit, &out);
    struct str text = text_clean(arena, buf_peek(&out), &replaced);
    buf_done(&out);
    (void)iconv_close(converter);
    return text;
}

/* Some character of several bytes is whole: the text is damaged UTF-8, not another charset. */
static bool has_utf8(struct str bytes)
{
    for (size_t i = 0; i + 1 < bytes.n; i++) {
        unsigned char lead = (unsigned char)bytes.p[i];
        size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (lead >= 0xC2 && i + n <= bytes.n && text_is_clean((struct str){bytes.p + i, n}))
            return true;
    }
    return false;
}

struct str charset_decode(struct arena *arena, struct str bytes, struct str charset)
{
    uint64_t replaced = 0;
    struct str name = bare_name(charset);
    bool is_wide_name = is_wide(name);
    if (bytes.n == 0)
        return arena_str(arena, STR_LIT(""));
    bool may_be_utf8 = !is_escaped(name) && !(is_wide_name && memchr(bytes.p, '\0', bytes.n));
    if (may_be_utf8 && charset_is_utf8(bytes))
        return text_clean(arena, bytes, &replaced);
    bool is_utf8_name = is_name(name, "utf-8") || is_name(name, "utf8");
    if (is_utf8_name && has_utf8(bytes))
        return text_clean(arena, bytes, &replaced);
    iconv_t converter = is_utf8_name ? NO_CONVERTER : open_converter(name);
    if (converter == NO_CONVERTER)
        converter = iconv_open("UTF-8", FALLBACK);
    if (converter == NO_CONVERTER) /* no charset modules are installed */
        return text_clean(arena, bytes, &replaced);
    return convert_all(arena, converter, bytes, is_wide_name ? 2 : 1);
}

/* CRLF and CR become LF, in place. */
static size_t with_lf(char *text, size_t n)
{
    char *first = memchr(text, '\r', n);
    if (first == NULL)
        return n;
    char *to = first;
    for (const char *from = first; from < text + n; from++) {
        if (*from == '\r' && from + 1 < text + n && from[1] == '\n')
            continue;
        *to++ = *from == '\r' ? '\n' : *from;
    }
    *to = '\0';
    return (size_t)(to - text);
}

struct str email_text(struct arena *arena, struct str bytes, struct str charset)
{
    if (bytes.n >= BOM_BYTES && memcmp(bytes.p, BOM, BOM_BYTES) == 0)
        bytes = (struct str){bytes.p + BOM_BYTES, bytes.n - BOM_BYTES};
    struct str text = charset_decode(arena, bytes, charset);
    if (text.n > 0) /* the copy is ours */
        text.n = with_lf((char *)(uintptr_t)text.p, text.n);
    return text;
}

struct str charset_cut(struct str text, size_t most)
{
    if (text.n <= most)
        return text;
    while (most > 0 && ((unsigned char)text.p[most] & 0xC0) == 0x80)
        most--;
    return (struct str){text.p, most};
}

/* ---- format=flowed ---- */

struct flow {
    char *to;
    size_t n;
    size_t depth; /* of the line before */
    bool is_open; /* the line before goes on */
    bool delsp;
};

static void put(struct flow *flow, const char *p, size_t n)
{
    memmove(flow->to + flow->n, p, n);
    flow->n += n;
}

static void begin_line(struct flow *flow, size_t depth, bool is_first)
{
    if (!is_first)
        put(flow, "\n", 1);
    for (size_t i = 0; i < depth; i++)
        put(flow, ">", 1);
    if (depth > 0)
        put(flow, " ", 1);
}

static void add_line(struct flow *flow, struct str line, bool is_first)
{
    size_t depth = 0;
    while (depth < line.n && line.p[depth] == '>')
        depth++;
    size_t skipped = depth + (depth < line.n && line.p[depth] == ' '); /* space-stuffing */
    struct str text = {line.p + skipped, line.n - skipped};
    bool is_signature = str_is(text, "-- ");
    if (!flow->is_open || depth != flow->depth || is_signature)
        begin_line(flow, depth, is_first);
    flow->is_open = text.n > 0 && text.p[text.n - 1] == ' ' && !is_signature;
    flow->depth = depth;
    put(flow, text.p, text.n - (flow->is_open && flow->delsp));
}

struct str charset_unflow(struct arena *arena, struct str text, bool delsp)
{
    /* each line may get a blank behind its quote marks */
    struct flow flow = {.to = arena_alloc(arena, text.n * 2 + 2), .delsp = delsp};
    if (flow.to == NULL)
        return STR_NULL;
    for (size_t at = 0; at <= text.n;) {
        const char *end = at < text.n ? memchr(text.p + at, '\n', text.n - at) : NULL;
        size_t n = end != NULL ? (size_t)(end - text.p) - at : text.n - at;
        add_line(&flow, (struct str){text.p + at, n}, at == 0);
        at += n + 1;
    }
    return (struct str){flow.to, flow.n};
}
