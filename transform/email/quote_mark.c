#include "transform/email/quote_mark.h"

#include "transform/email/words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ATTRIBUTION_LINES 3
#define ATTRIBUTION_MOST 600 /* bytes of its lines */
#define LABEL_MOST 32        /* bytes of the longest, its colon and stars */
#define BLOCK_LINES 6
#define BLOCK_HEADERS 3
#define UNDERSCORES 32
#define NBSP "\xC2\xA0"
#define NARROW_NBSP "\xE2\x80\xAF"
#define WIDE_COLON "\xEF\xBC\x9A"

static struct str line_at(struct str text, size_t at)
{
    const char *lf = at < text.n ? memchr(text.p + at, '\n', text.n - at) : NULL;
    return (struct str){text.p + at, lf != NULL ? (size_t)(lf - text.p) - at : text.n - at};
}

static size_t after_line(struct str text, size_t at, struct str line)
{
    return at + line.n < text.n ? at + line.n + 1 : text.n;
}

static bool drop_end(struct str *text, const char *end)
{
    size_t n = strlen(end);
    if (text->n < n || memcmp(text->p + text->n - n, end, n) != 0)
        return false;
    text->n -= n;
    return true;
}

/* Blanks of all widths, and the stars of bold text. */
static struct str trim_end(struct str text)
{
    for (;;) {
        if (text.n > 0 && (words_is_space(text.p[text.n - 1]) || text.p[text.n - 1] == '*'))
            text.n--;
        else if (!drop_end(&text, NBSP) && !drop_end(&text, NARROW_NBSP))
            return text;
    }
}

static struct str trim_start(struct str text)
{
    while (text.n > 0 && (words_is_space(text.p[0]) || text.p[0] == '*'))
        text = (struct str){text.p + 1, text.n - 1};
    return text;
}

static bool drop_colon(struct str *text)
{
    *text = trim_end(*text);
    if (!drop_end(text, ":") && !drop_end(text, WIDE_COLON))
        return false;
    *text = trim_end(*text);
    return true;
}

/* ---- attributions ---- */

static bool has_digit(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] >= '0' && text.p[i] <= '9')
            return true;
    return false;
}

static bool begins_attribution(struct str line)
{
    static const char *const starts[] = {
        "on ",     "el ",   "em ",  "le ",     "am ",      "il ",     "op ",      "den ",
        "w dniu ", "dnia ", "vào ", "在",      "ma ",      "ti ",     "ke ",      "to ",
        "pe ",     "la ",   "su ",  "mandag ", "tirsdag ", "onsdag ", "torsdag ", "fredag ",
    };
    for (size_t i = 0; i < COUNT(starts); i++)
        if (words_prefix(line, starts[i]) > 0)
            return true;
    return false;
}

static bool ends_with_verb(struct str span)
{
    static const char *const verbs[] = {
        "wrote",      "escribió",  "escreveu", "a écrit", "écrit",      "schrieb",
        "ha scritto", "schreef",   "skrev",    "napisał", "napisał(a)", "napisała",
        "pisze",      "kirjoitti", "đã viết",  "写道",    "寫道",       "写",
    };
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (words_end(span, verbs[i]))
            return true;
    return false;
}

/* Languages that put the name behind the verb: "Am ... schrieb Ana <a@b>:". */
static bool holds_early_verb(struct str span)
{
    static const char *const verbs[] = {" schrieb ", " schreef ", " skrev ", " a écrit "};
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (words_hold(span, verbs[i]))
            return true;
    return false;
}

static size_t digits(struct str text, size_t most)
{
    size_t n = 0;
    while (n < text.n && n <= most && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    return n <= most ? n : 0;
}

static struct str skip(struct str text, size_t n)
{
    return (struct str){text.p + n, text.n - n};
}

/* "2025-03-04", "4/3/25", "04.03.2025". */
static size_t date_length(struct str text)
{
    struct str rest = text;
    char divider = '\0';
    for (int part = 0; part < 3; part++) {
        size_t n = digits(rest, 4);
        if (n == 0)
            return 0;
        rest = skip(rest, n);
        if (part == 2)
            break;
        if (rest.n == 0 || memchr("-/.", rest.p[0], 3) == NULL ||
            (part == 1 && rest.p[0] != divider))
            return 0;
        divider = rest.p[0];
        rest = skip(rest, 1);
    }
    return text.n - rest.n;
}

static size_t clock_length(struct str text)
{
    size_t hour = digits(text, 2);
    if (hour == 0 || hour == text.n || (text.p[hour] != ':' && text.p[hour] != '.'))
        return 0;
    size_t minute = digits(skip(text, hour + 1), 2);
    return minute == 2 ? hour + 1 + minute : 0;
}

static bool holds_address(struct str text)
{
    const char *open = text.n > 0 ? memchr(text.p, '<', text.n) : NULL;
    const char *at = open != NULL ? memchr(open, '@', text.n - (size_t)(open - text.p)) : NULL;
    return at != NULL && text.p[text.n - 1] == '>';
}

/* A date, a time, then "Ana <a@b>" or ", Ana". */
static bool is_dated(struct str span)
{
    size_t n = date_length(span);
    struct str rest = skip(span, n);
    if (n == 0 || rest.n == 0)
        return false;
    while (rest.n > 0 && (rest.p[0] == ' ' || rest.p[0] == ','))
        rest = skip(rest, 1);
    size_t time = clock_length(rest);
    if (time == 0)
        return false;
    rest = skip(rest, time);
    return holds_address(rest) || (rest.n > 2 && rest.p[0] == ',' && rest.p[1] == ' ');
}

static bool is_attribution(struct str span, bool is_begun)
{
    if (!drop_colon(&span) || !has_digit(span))
        return false;
    return is_dated(span) || (is_begun && (ends_with_verb(span) || holds_early_verb(span)));
}

/* Wrapped over some lines: joined until one ends in a colon. STR_NULL: none does. */
static struct str join_to_colon(struct str text, size_t at, size_t *end_out)
{
    size_t end = at;
    for (int i = 0; i < ATTRIBUTION_LINES && end < text.n; i++) {
        struct str line = line_at(text, end);
        struct str span = {text.p + at, end - at + line.n};
        if (span.n > ATTRIBUTION_MOST || words_trim(line).n == 0)
            return STR_NULL;
        end = after_line(text, end, line);
        *end_out = end;
        if (drop_colon(&line))
            return words_trim(span);
    }
    return STR_NULL;
}

static bool find_attribution(struct str text, size_t at, struct quote_mark *out)
{
    size_t end = at;
    struct str span = join_to_colon(text, at, &end);
    if (str_is_null(span) || !is_attribution(span, begins_attribution(trim_start(span))))
        return false;
    *out = (struct quote_mark){QUOTE_ATTRIBUTION, at, end};
    return true;
}

/* ---- separators ---- */

struct separator {
    const char *words; /* lower case */
    enum quote_kind kind;
};

static const struct separator separators[] = {
    {"original message", QUOTE_ORIGINAL},      {"mensaje original", QUOTE_ORIGINAL},
    {"mensagem original", QUOTE_ORIGINAL},     {"message d'origine", QUOTE_ORIGINAL},
    {"message d’origine", QUOTE_ORIGINAL},     {"ursprüngliche nachricht", QUOTE_ORIGINAL},
    {"oprindelig meddelelse", QUOTE_ORIGINAL}, {"messaggio originale", QUOTE_ORIGINAL},
    {"forwarded message", QUOTE_FORWARD},      {"mensaje reenviado", QUOTE_FORWARD},
    {"mensagem encaminhada", QUOTE_FORWARD},
};

static size_t dashes(struct str line)
{
    size_t n = 0;
    while (n < line.n && line.p[n] == '-')
        n++;
    return n;
}

/* "-----Original Message-----" */
static bool is_separator(struct str line, enum quote_kind *kind_out)
{
    size_t n = dashes(line);
    if (n < 2)
        return false;
    line = skip(line, n);
    line = skip(line, line.n > 0 && line.p[0] == ' ');
    for (size_t i = 0; i < COUNT(separators); i++) {
        size_t words = words_prefix(line, separators[i].words);
        if (words == 0)
            continue;
        *kind_out = separators[i].kind;
        struct str rest = skip(line, words);
        rest = skip(rest, rest.n > 0 && rest.p[0] == ' ');
        return dashes(rest) == rest.n;
    }
    return false;
}

static bool is_forward_line(struct str line)
{
    static const char *const lines[] = {
        "begin forwarded message:",        "inicio del mensaje reenviado:",
        "início da mensagem encaminhada:", "anfang der weitergeleiteten nachricht:",
        "début du message réexpédié :",    "début du message transféré :",
        "inizio messaggio inoltrato:",
    };
    for (size_t i = 0; i < COUNT(lines) && line.p[line.n - 1] == ':'; i++)
        if (words_prefix(line, lines[i]) == line.n)
            return true;
    return false;
}

/* "##- Please type your reply above this line -##", "-- Please reply above this line --" */
static bool is_desk_line(struct str line)
{
    if (words_start(line, "##-"))
        return words_end(line, "-##");
    return words_start(line, "--") && words_end(line, "--") &&
           words_hold(line, "reply above this line");
}

/* ---- blocks of headers ---- */

enum label { LABEL_NONE, LABEL_FROM, LABEL_SENT, LABEL_TO, LABEL_SUBJECT, LABELS };

struct label_word {
    const char *word; /* lower case */
    enum label label;
};

static const struct label_word label_words[] = {
    {"from", LABEL_FROM},
    {"de", LABEL_FROM},
    {"von", LABEL_FROM},
    {"van", LABEL_FROM},
    {"da", LABEL_FROM},
    {"fra", LABEL_FROM},
    {"från", LABEL_FROM},
    {"sent", LABEL_SENT},
    {"enviado", LABEL_SENT},
    {"enviado el", LABEL_SENT},
    {"enviada em", LABEL_SENT},
    {"enviado em", LABEL_SENT},
    {"gesendet", LABEL_SENT},
    {"envoyé", LABEL_SENT},
    {"date", LABEL_SENT},
    {"fecha", LABEL_SENT},
    {"data", LABEL_SENT},
    {"datum", LABEL_SENT},
    {"verzonden", LABEL_SENT},
    {"sendt", LABEL_SENT},
    {"skickat", LABEL_SENT},
    {"inviato", LABEL_SENT},
    {"to", LABEL_TO},
    {"para", LABEL_TO},
    {"an", LABEL_TO},
    {"à", LABEL_TO},
    {"a", LABEL_TO},
    {"aan", LABEL_TO},
    {"til", LABEL_TO},
    {"till", LABEL_TO},
    {"subject", LABEL_SUBJECT},
    {"asunto", LABEL_SUBJECT},
    {"assunto", LABEL_SUBJECT},
    {"betreff", LABEL_SUBJECT},
    {"objet", LABEL_SUBJECT},
    {"emne", LABEL_SUBJECT},
    {"oggetto", LABEL_SUBJECT},
    {"onderwerp", LABEL_SUBJECT},
    {"ämne", LABEL_SUBJECT},
};

/* Behind blanks and stars. */
static bool is_colon(struct str rest)
{
    for (size_t at = 0; at < rest.n;) {
        struct str left = skip(rest, at);
        if (left.p[0] == ':' || str_starts_with(left, WIDE_COLON))
            return true;
        if (left.p[0] == ' ' || left.p[0] == '*')
            at++;
        else if (str_starts_with(left, NBSP))
            at += sizeof NBSP - 1;
        else
            return false;
    }
    return false;
}

/* A colon stands among the first bytes: most lines are told by that. */
static bool may_be_label(struct str line)
{
    size_t n = line.n < LABEL_MOST ? line.n : LABEL_MOST;
    return n > 0 && (memchr(line.p, ':', n) != NULL || memchr(line.p, WIDE_COLON[0], n) != NULL);
}

static enum label label_of(struct str line)
{
    line = trim_start(line);
    for (size_t i = 0; i < COUNT(label_words) && may_be_label(line); i++) {
        size_t n = words_prefix(line, label_words[i].word);
        if (n > 0 && is_colon(skip(line, n)))
            return label_words[i].label;
    }
    return LABEL_NONE;
}

static bool is_header_block(struct str text, size_t at)
{
    bool is_seen[LABELS] = {false};
    int seen = 0;
    if (label_of(line_at(text, at)) == LABEL_NONE)
        return false;
    for (int i = 0; i < BLOCK_LINES && at < text.n; i++) {
        struct str line = line_at(text, at);
        enum label label = label_of(line);
        seen += label != LABEL_NONE && !is_seen[label];
        is_seen[label] = true;
        at = after_line(text, at, line);
    }
    return seen >= BLOCK_HEADERS;
}

/* A long line of underscores, then a block. */
static bool is_ruled_block(struct str text, size_t at)
{
    struct str line = words_trim(line_at(text, at));
    if (line.n < UNDERSCORES)
        return false;
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != '_')
            return false;
    for (int i = 0; i < 2; i++) {
        at = after_line(text, at, line_at(text, at));
        if (words_trim(line_at(text, at)).n > 0)
            return is_header_block(text, at);
    }
    return false;
}

/* ---- all ---- */

static bool is_mark(struct str text, size_t at, struct quote_mark *out)
{
    struct str line = words_trim(line_at(text, at));
    *out = (struct quote_mark){QUOTE_ORIGINAL, at, after_line(text, at, line_at(text, at))};
    if (line.n == 0 || line.p[0] == '>')
        return false;
    if (is_separator(line, &out->kind))
        return true;
    if (is_forward_line(line)) {
        out->kind = QUOTE_FORWARD;
        return true;
    }
    out->kind = QUOTE_ORIGINAL;
    return is_desk_line(line) || is_header_block(text, at) || is_ruled_block(text, at) ||
           find_attribution(text, at, out);
}

bool quote_mark_find(struct str text, size_t from, struct quote_mark *out)
{
    for (size_t at = from; at < text.n; at = after_line(text, at, line_at(text, at)))
        if (is_mark(text, at, out))
            return true;
    return false;
}
