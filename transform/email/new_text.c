#include "transform/email/new_text.h"

#include "transform/email/quote_mark.h"
#include "transform/email/words.h"

#define SIGNATURE_LINES_MOST 15

/* ---- lines from the end ---- */

/* The line that ends at the place (its line end apart). */
static struct str line_before(struct str text, size_t end)
{
    size_t begin = end;
    while (begin > 0 && text.p[begin - 1] != '\n')
        begin--;
    return (struct str){text.p + begin, end - begin};
}

static size_t offset_of(struct str text, struct str line)
{
    return (size_t)(line.p - text.p);
}

static bool is_quoted(struct str line)
{
    line = words_trim(line);
    return line.n > 0 && line.p[0] == '>';
}

static bool is_blank(struct str line)
{
    return words_trim(line).n == 0;
}

static struct str without_end(struct str text)
{
    while (text.n > 0 && words_is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

static bool is_something(struct str text)
{
    return words_trim(text).n > 0;
}

/* ---- signatures ---- */

static bool is_dashes(struct str line)
{
    while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\r'))
        line.n--;
    return str_is(line, "--");
}

/* Where a "-- " line among the last ones stands; the text's end: nowhere. */
static size_t find_dashes(struct str text)
{
    size_t end = text.n;
    for (int i = 0; i < SIGNATURE_LINES_MOST; i++) {
        struct str line = line_before(text, end);
        if (is_dashes(line))
            return offset_of(text, line);
        if (offset_of(text, line) == 0)
            break;
        end = offset_of(text, line) - 1;
    }
    return text.n;
}

static bool is_device_line(struct str line)
{
    static const char *const starts[] = {
        "sent from my",         "enviado desde",   "enviado do meu",
        "enviado via",          "get outlook for", "obtener outlook para",
        "obter o outlook para", "envoyé de mon",   "inviato da",
    };
    line = words_trim(line);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (words_prefix(line, starts[i]) > 0)
            return true;
    return words_prefix(line, "von meinem") > 0 && words_end(line, "gesendet");
}

/* What would leave nothing is none. */
static struct str drop_signature(struct str text)
{
    text = without_end(text);
    struct str kept = without_end((struct str){text.p, find_dashes(text)});
    if (kept.n == text.n) {
        struct str last = line_before(text, text.n);
        if (is_device_line(last))
            kept = without_end((struct str){text.p, offset_of(text, last)});
    }
    return is_something(kept) ? kept : text;
}

/* ---- quotes at the end ---- */

/* Where quoted lines that nothing follows begin, with the line above that ends in ":"; the text's
 * end: there are none. */
static size_t find_trailing_quotes(struct str text)
{
    size_t at = text.n, end = text.n;
    bool has_quote = false;
    while (end > 0) {
        struct str line = line_before(text, end);
        bool is_quote = is_quoted(line);
        if (!is_quote && !is_blank(line)) {
            line = words_trim(line);
            return has_quote && line.p[line.n - 1] == ':' ? offset_of(text, line) : at;
        }
        if (is_quote) {
            has_quote = true;
            at = offset_of(text, line);
        }
        if (offset_of(text, line) == 0)
            break;
        end = offset_of(text, line) - 1;
    }
    return at;
}

/* Where the last line that is the sender's own begins. */
static size_t find_last_own(struct str text)
{
    size_t end = text.n;
    while (end > 0) {
        struct str line = line_before(text, end);
        if (!is_quoted(line) && !is_blank(line))
            return offset_of(text, line);
        if (offset_of(text, line) == 0)
            break;
        end = offset_of(text, line) - 1;
    }
    return 0;
}

/* ---- the first mark ---- */

/* Quoted lines with own text behind them are answered within. */
static bool is_answered_within(struct str text, const struct quote_mark *mark, size_t last_own)
{
    size_t at = mark->end;
    while (at < text.n) {
        const char *lf = memchr(text.p + at, '\n', text.n - at);
        struct str line = {text.p + at, lf != NULL ? (size_t)(lf - text.p) - at : text.n - at};
        if (!is_blank(line))
            return mark->kind == QUOTE_ATTRIBUTION && is_quoted(line) && last_own > at;
        at += line.n + 1;
    }
    return false;
}

static bool find_mark(struct str text, struct quote_mark *mark)
{
    size_t last_own = find_last_own(drop_signature(text));
    for (size_t at = 0; quote_mark_find(text, at, mark); at = mark->end)
        if (!is_answered_within(text, mark, last_own))
            return true;
    return false;
}

/* ---- all of it ---- */

static void cut_at(struct str text, size_t at, struct mail_new_text *out)
{
    struct str kept = without_end((struct str){text.p, at});
    if (at >= text.n || !is_something(kept))
        return;
    out->text = kept;
    out->quote_at = at;
}

static void cut_trailing(struct str text, struct mail_new_text *out)
{
    struct str body = drop_signature(text);
    size_t at = find_trailing_quotes(body);
    if (at < body.n)
        cut_at(text, at, out);
}

void mail_new_text_find(struct str text, size_t quote_at, struct mail_new_text *out)
{
    *out = (struct mail_new_text){STR_NULL, NEW_TEXT_NO_QUOTE, false};
    if (text.n == 0)
        return;
    struct quote_mark mark;
    bool has_mark = find_mark(text, &mark);
    out->is_forward = has_mark && mark.kind == QUOTE_FORWARD;
    if (quote_at != NEW_TEXT_NO_QUOTE && (!has_mark || quote_at < mark.begin))
        cut_at(text, quote_at, out);
    if (str_is_null(out->text) && has_mark)
        cut_at(text, mark.begin, out);
    else if (str_is_null(out->text))
        cut_trailing(text, out);
    if (has_mark && str_is_null(out->text)) /* nothing above what is quoted or passed on: all */
        return;
    struct str kept = drop_signature(!str_is_null(out->text) ? out->text : text);
    if (kept.n < without_end(text).n)
        out->text = kept;
}
