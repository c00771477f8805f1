#include "transform/email/html.h"

#include <strings.h>

#include <libxml/HTMLparser.h>
#include <utf8proc.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/email/html_mark.h"
#include "transform/email/html_piece.h"

#define PIECE_BYTES 4096
/* libxml2 goes through all open elements at every end tag that fits none. Over so many, a new
 * parser goes on: time then grows with the size alone. */
#define DEPTH_MOST 512
#define NOT_SKIPPED (-1)
#define LINE_ENDS_MOST 2

struct reader {
    struct buf text;
    int depth;
    int skipped_from;        /* depth of the element that is left out; NOT_SKIPPED */
    int pre;                 /* open <pre> */
    int line_ends;           /* at the end of the text */
    bool is_blank;           /* white space was read that is not written yet */
    utf8proc_int32_t joiner; /* one zero-width character before it is known what follows; 0: none */
    bool is_padding;         /* several of them: not kept */
    bool is_quoting;
    size_t quote_at;
};

/* ---- writing ---- */

static bool is_at_line_start(const struct reader *reader)
{
    return reader->text.n == 0 || reader->line_ends > 0;
}

static void put(struct reader *reader, const char *bytes, size_t n)
{
    (void)buf_add(&reader->text, bytes, n);
    reader->line_ends = 0;
    reader->is_blank = false;
}

static void end_line(struct reader *reader)
{
    reader->is_blank = false;
    reader->joiner = 0;
    if (reader->text.n == 0 || reader->line_ends >= LINE_ENDS_MOST)
        return;
    (void)buf_add(&reader->text, "\n", 1);
    reader->line_ends++;
}

static void break_block(struct reader *reader)
{
    if (!is_at_line_start(reader))
        end_line(reader);
    reader->is_blank = false;
}

static void put_character(struct reader *reader, utf8proc_int32_t c)
{
    char bytes[4];
    size_t n = (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)bytes);
    put(reader, bytes, n);
}

static bool is_space(utf8proc_int32_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0xA0 || c == 0x2007;
}

/* What senders pad a preview with. */
static bool is_invisible(utf8proc_int32_t c)
{
    return (c >= 0x200B && c <= 0x200F) || c == 0xFEFF || c == 0xAD || c == 0x034F;
}

static bool is_joiner(utf8proc_int32_t c)
{
    return c == 0x200C || c == 0x200D;
}

/* &#150; and its like mean Windows-1252, as in browsers. */
static utf8proc_int32_t widen(utf8proc_int32_t c)
{
    static const unsigned short from_80[] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    return c >= 0x80 && c <= 0x9F ? from_80[c - 0x80] : c;
}

/* One joiner between two letters or pictures belongs to them; several are padding. */
static void see_invisible(struct reader *reader, utf8proc_int32_t c)
{
    bool is_first = reader->joiner == 0 && !reader->is_padding;
    bool fits = is_joiner(c) && !reader->is_blank && !is_at_line_start(reader);
    reader->is_padding = !is_first || !fits;
    reader->joiner = is_first && fits ? c : 0;
}

static void see_character(struct reader *reader, utf8proc_int32_t c)
{
    if (is_invisible(c)) {
        see_invisible(reader, c);
        return;
    }
    utf8proc_int32_t joiner = reader->joiner;
    reader->joiner = 0;
    reader->is_padding = false;
    if (is_space(c) && reader->pre == 0) {
        reader->is_blank = true;
        return;
    }
    if (c == '\n') {
        end_line(reader);
        return;
    }
    if (reader->is_blank && !is_at_line_start(reader))
        put(reader, " ", 1);
    if (joiner != 0)
        put_character(reader, joiner);
    put_character(reader, widen(c));
}

static void see_text(struct reader *reader, struct str text)
{
    for (size_t at = 0; at < text.n;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text.p + at,
                                              (utf8proc_ssize_t)(text.n - at), &c);
        if (n > 0)
            see_character(reader, c);
        at += n > 0 ? (size_t)n : 1;
    }
}

/* ---- elements ---- */

struct element {
    const char *name;
    bool is_block, is_skipped;
};

static const struct element elements[] = {
    {"address", true, false},  {"article", true, false}, {"blockquote", true, false},
    {"center", true, false},   {"dd", true, false},      {"div", true, false},
    {"dl", true, false},       {"dt", true, false},      {"footer", true, false},
    {"form", true, false},     {"h1", true, false},      {"h2", true, false},
    {"h3", true, false},       {"h4", true, false},      {"h5", true, false},
    {"h6", true, false},       {"head", false, true},    {"header", true, false},
    {"hr", true, false},       {"li", true, false},      {"ol", true, false},
    {"p", true, false},        {"pre", true, false},     {"script", false, true},
    {"section", true, false},  {"style", false, true},   {"table", true, false},
    {"template", false, true}, {"title", false, true},   {"tr", true, false},
    {"ul", true, false},
};

static const struct element *find_element(const char *name)
{
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (strcmp(elements[i].name, name) == 0)
            return &elements[i];
    return NULL;
}

static void see_image(struct reader *reader, const char *const *attributes)
{
    struct str alt = html_attribute(attributes, "alt");
    if (alt.n > 0)
        see_text(reader, alt);
}

static void open_element(struct reader *reader, const char *name, const char *const *attributes)
{
    const struct element *element = find_element(name);
    if ((element != NULL && element->is_skipped) || html_is_hidden(attributes)) {
        reader->skipped_from = reader->depth;
        return;
    }
    if (element != NULL && element->is_block)
        break_block(reader);
    if (!reader->is_quoting && html_is_quote(name, attributes)) {
        reader->is_quoting = true;
        reader->quote_at = reader->text.n;
    }
    if (strcmp(name, "br") == 0)
        end_line(reader);
    else if (strcmp(name, "li") == 0)
        put(reader, "- ", 2);
    else if (strcmp(name, "img") == 0)
        see_image(reader, attributes);
    else if (strcmp(name, "pre") == 0)
        reader->pre++;
}

static void close_element(struct reader *reader, const char *name)
{
    const struct element *element = find_element(name);
    if (element != NULL && element->is_block)
        break_block(reader);
    if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0) {
        if (!is_at_line_start(reader))
            put(reader, "\t", 1);
    } else if (strcmp(name, "pre") == 0 && reader->pre > 0) {
        reader->pre--;
    }
}

/* ---- the parser's calls ---- */

static void on_start(void *context, const xmlChar *name, const xmlChar **attributes)
{
    struct reader *reader = context;
    if (reader->skipped_from == NOT_SKIPPED)
        open_element(reader, (const char *)name, (const char *const *)attributes);
    reader->depth++;
}

static void on_end(void *context, const xmlChar *name)
{
    struct reader *reader = context;
    reader->depth--;
    if (reader->skipped_from == NOT_SKIPPED)
        close_element(reader, (const char *)name);
    else if (reader->depth <= reader->skipped_from)
        reader->skipped_from = NOT_SKIPPED;
}

static void on_text(void *context, const xmlChar *text, int n)
{
    struct reader *reader = context;
    if (reader->skipped_from == NOT_SKIPPED)
        see_text(reader, (struct str){(const char *)text, (size_t)n});
}

static htmlParserCtxtPtr new_parser(struct reader *reader)
{
    htmlSAXHandler handler = {
        .startElement = on_start,
        .endElement = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = NULL,
    };
    htmlParserCtxtPtr parser =
        htmlCreatePushParserCtxt(&handler, reader, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (parser != NULL)
        (void)htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                             HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                             HTML_PARSE_NODEFDTD | HTML_PARSE_IGNORE_ENC);
    reader->depth = 0;
    reader->skipped_from = NOT_SKIPPED;
    reader->pre = 0;
    return parser;
}

static void end_parser(htmlParserCtxtPtr parser)
{
    if (parser == NULL)
        return;
    (void)htmlParseChunk(parser, "", 0, 1);
    htmlFreeParserCtxt(parser);
}

static void feed(struct reader *reader, htmlParserCtxtPtr *parser, struct str html)
{
    for (size_t at = 0; at < html.n && *parser != NULL; at += PIECE_BYTES) {
        if (reader->depth > DEPTH_MOST) {
            end_parser(*parser);
            *parser = new_parser(reader);
        }
        size_t left = html.n - at;
        size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
        if (*parser != NULL)
            (void)htmlParseChunk(*parser, html.p + at, (int)n, 0);
    }
}

static void parse(struct reader *reader, struct str html)
{
    htmlParserCtxtPtr parser = new_parser(reader);
    for (size_t at = 0; at < html.n;)
        feed(reader, &parser, html_piece_next(html, &at));
    end_parser(parser);
}

/* Blanks before a line end; tabs of empty cells. */
static struct str tidy(struct arena *arena, struct reader *reader)
{
    size_t n = 0;
    size_t quote_at = reader->quote_at;
    char *text = reader->text.p;
    for (size_t i = 0; i < reader->text.n; i++) {
        if (i == reader->quote_at)
            quote_at = n;
        if (text[i] == '\n')
            while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
                n--;
        text[n++] = text[i];
    }
    reader->quote_at = quote_at < n ? quote_at : n;
    return arena_str(arena, (struct str){text != NULL ? text : "", n});
}

bool html_read(struct arena *arena, struct str html, struct html_text *out)
{
    if (html.n > LIMIT_MAIL_HTML_BYTES)
        html.n = LIMIT_MAIL_HTML_BYTES;
    struct reader reader = {.skipped_from = NOT_SKIPPED};
    buf_init(&reader.text, 2 * html.n + PIECE_BYTES);
    parse(&reader, html);
    *out = (struct html_text){
        .text = tidy(arena, &reader), .is_quoting = reader.is_quoting, .quote_at = reader.quote_at};
    buf_done(&reader.text);
    return !str_is_null(out->text);
}
