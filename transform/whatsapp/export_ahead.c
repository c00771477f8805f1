#include "transform/whatsapp/export_ahead.h"

#include "lib/limits.h"
#include "transform/text.h"
#include "transform/whatsapp/export_content.h"

#define DATES_MOST_BYTES (16 * MIB)
#define SEPARATORS "/.-"

struct lines {
    struct str bytes;
    size_t at; /* where the next one begins */
    bool is_whole;
    struct arena *scratch;
    int64_t offset; /* of the line taken */
    bool is_broken; /* it is no UTF-8 */
    bool is_last;   /* it ends without a line end */
};

static uint64_t count_nul(struct str text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\0';
    return n;
}

struct str wa_line_clean(struct arena *arena, struct str line, uint64_t *replaced)
{
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    if (text_is_clean(line))
        return line;
    struct str clean = text_clean(arena, line, replaced);
    return str_is_null(clean) ? (struct str){"", 0} : clean;
}

static bool next_line(struct lines *lines, struct str *line_out)
{
    size_t left = lines->bytes.n - lines->at;
    if (left == 0)
        return false;
    const char *from = lines->bytes.p + lines->at;
    const char *end = memchr(from, '\n', left);
    lines->is_last = end == NULL;
    if (end == NULL && !lines->is_whole)
        return false;
    struct str line = {from, end != NULL ? (size_t)(end - from) : left};
    lines->offset = (int64_t)lines->at;
    lines->at += line.n + (end != NULL);
    arena_reset(lines->scratch);
    uint64_t replaced = 0;
    *line_out = wa_line_clean(lines->scratch, line, &replaced);
    lines->is_broken = replaced > count_nul(line);
    return true;
}

bool wa_ahead_is_ours(const struct wa_ahead *ahead, const struct wa_header *header)
{
    return header->is_bracketed == ahead->is_bracketed && header->separator == ahead->separator;
}

static bool refuse(struct wa_ahead_fault *fault, enum reject_code code, const char *path,
                   int64_t offset, const char *detail)
{
    *fault = (struct wa_ahead_fault){code, path, detail, offset};
    return false;
}

/* ---- what it is, when it is no chat ---- */

static bool begins(struct str bytes, const char *what)
{
    return str_starts_with(bytes, what);
}

static const char *describe(struct str bytes)
{
    struct str text = bytes;
    if (begins(text, "\xef\xbb\xbf"))
        text = (struct str){text.p + 3, text.n - 3};
    while (text.n > 0 && strchr(" \t\r\n", text.p[0]) != NULL && text.p[0] != '\0')
        text = (struct str){text.p + 1, text.n - 1};
    if (text.n == 0)
        return "the document is empty; expected an exported chat";
    if (begins(text, "\xff\xfe") || begins(text, "\xfe\xff"))
        return "the text is UTF-16; save it as UTF-8";
    if (begins(text, "PK\x03\x04"))
        return "this is a zip archive, not the text in it; unpack it, or give the archive as a "
               "FILE";
    if (begins(text, "\x1f\x8b"))
        return "this is gzip, not the text in it; unpack it first";
    if (text.p[0] == '{' || begins(text, "[{") || begins(text, "[\n"))
        return "this is JSON, not an exported chat; a webhook body is read with --format webhook, "
               "Telegram's result.json with --channel telegram --format export";
    if (begins(text, "From ") || begins(text, "Return-Path:") || begins(text, "Received:") ||
        begins(text, "From:") || begins(text, "Delivered-To:"))
        return "this is mail, not an exported chat; it is read with --channel email";
    if (text.p[0] == '<')
        return "this is HTML or XML, not an exported chat; export the chat as text";
    return "no line begins as those of an exported chat do, such as \"21/03/24, 18:05 - Ana: "
           "...\" or \"[21/03/24, 18:05:09] Ana: ...\"";
}

/* ---- style ---- */

struct styles {
    size_t counts[2][sizeof SEPARATORS - 1];
};

/* The offset of the first line that is no UTF-8; -1: none. A last line may have been cut. */
static int64_t count_styles(struct lines *lines, struct styles *styles)
{
    struct str line;
    int64_t broken_at = -1;
    while (next_line(lines, &line)) {
        struct wa_header header;
        if (lines->is_broken && !lines->is_last && broken_at < 0)
            broken_at = lines->offset;
        if (wa_header_scan(line, &header) == WA_SCAN_HEADER)
            styles
                ->counts[header.is_bracketed][strchr(SEPARATORS, header.separator) - SEPARATORS]++;
    }
    return broken_at;
}

static void choose_style(const struct styles *styles, struct wa_ahead *ahead)
{
    for (int bracketed = 0; bracketed < 2; bracketed++) {
        for (size_t i = 0; i < sizeof SEPARATORS - 1; i++) {
            if (styles->counts[bracketed][i] <= ahead->headers)
                continue;
            ahead->headers = styles->counts[bracketed][i];
            ahead->is_bracketed = bracketed == 1;
            ahead->separator = SEPARATORS[i];
        }
    }
}

/* ---- order ---- */

static bool collect_dates(const struct wa_ahead *ahead, struct lines *lines,
                          struct wa_order_dates *dates, struct wa_ahead_fault *fault)
{
    struct str line;
    bool has_room = true;
    while (has_room && next_line(lines, &line)) {
        struct wa_header header;
        if (wa_header_scan(line, &header) != WA_SCAN_HEADER || !wa_ahead_is_ours(ahead, &header))
            continue;
        if (dates->count == 0 && wa_header_is_foreign(&header))
            return refuse(fault, REJECT_BAD_VALUE, "date", lines->offset,
                          "the years are of the Persian or the Hijri calendar; export the chat "
                          "with the phone set to the Gregorian one");
        struct str rest = {line.p + header.rest, line.n - header.rest};
        has_room = wa_order_add(dates, &header, rest, lines->offset);
    }
    return true;
}

static bool find_order(struct wa_ahead *ahead, struct lines *lines, struct wa_ahead_fault *fault)
{
    struct wa_order_dates dates;
    wa_order_init(&dates, DATES_MOST_BYTES);
    bool is_read = collect_dates(ahead, lines, &dates, fault);
    if (is_read)
        wa_order_find(&dates, &ahead->order);
    ahead->dated = dates.count;
    wa_order_done(&dates);
    return is_read;
}

bool wa_ahead_read(struct wa_ahead *ahead, struct str bytes, bool is_whole, struct arena *scratch,
                   struct wa_ahead_fault *fault_out)
{
    struct styles styles = {{{0}}};
    struct lines lines = {.bytes = bytes, .is_whole = is_whole, .scratch = scratch};
    *ahead = (struct wa_ahead){.separator = '\0'};
    if (begins(bytes, "\xff\xfe") || begins(bytes, "\xfe\xff"))
        return refuse(fault_out, REJECT_BAD_VALUE, "text", 0, describe(bytes));
    int64_t broken_at = count_styles(&lines, &styles);
    choose_style(&styles, ahead);
    if (ahead->headers == 0)
        return refuse(fault_out, REJECT_NOT_THIS_CHANNEL, "text", 0, describe(bytes));
    if (broken_at >= 0)
        return refuse(fault_out, REJECT_BAD_VALUE, "text", broken_at,
                      "the text is not UTF-8; save it as UTF-8, or export the chat again");
    lines.at = 0;
    return find_order(ahead, &lines, fault_out);
}

/* ---- people ---- */

static void meet_line(struct wa_chat *chat, struct arena *scratch, struct str rest, bool is_ios,
                      bool is_past)
{
    struct wa_export_content content;
    struct str sender;
    struct str text;
    wa_chat_split(chat, scratch, rest, &sender, &text);
    wa_export_content_read(scratch, text, !str_is_null(sender), is_ios, &content);
    if (content.is_system)
        wa_chat_count_system(chat, scratch, text);
    else
        wa_chat_count(chat, sender, is_past);
}

void wa_ahead_meet(const struct wa_ahead *ahead, struct str bytes, bool is_whole,
                   struct arena *scratch, struct wa_chat *chat)
{
    struct lines lines = {.bytes = bytes, .is_whole = is_whole, .scratch = scratch};
    struct str line;
    size_t index = 0;
    int64_t latest = INT64_MIN;
    while (next_line(&lines, &line)) {
        struct wa_header header;
        bool is_marked;
        if (wa_header_scan(line, &header) != WA_SCAN_HEADER || !wa_ahead_is_ours(ahead, &header))
            continue;
        struct str rest = {line.p + header.rest, line.n - header.rest};
        bool is_past = wa_header_is_past(&header, wa_order_at(&ahead->order, index++), &latest);
        meet_line(chat, scratch, wa_skip_marks(rest, &is_marked), header.is_bracketed, is_past);
    }
}
