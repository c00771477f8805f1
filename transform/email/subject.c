#include "transform/email/subject.h"

#include "transform/email/words.h"

#define TAGS_MOST 8
#define PIECES_MOST (2 * TAGS_MOST + 1)
#define FULL_WIDTH_COLON "\xEF\xBC\x9A"

struct prefix {
    const char *word; /* lower case */
    bool is_forward;
};

/* A word that is a reply here and a forward there ("vs") counts as a reply. Where one word begins
 * another, the colon behind it decides. */
static const struct prefix prefixes[] = {
    {"re", false},   {"fw", true},     {"fwd", true},         {"rta", false},   {"resp", false},
    {"rv", true},    {"reenv", true},  {"rvdo", true},        {"res", false},   {"enc", true},
    {"aw", false},   {"antw", false},  {"wg", true},          {"ref", false},   {"réf", false},
    {"rép", false},  {"tr", true},     {"tf", true},          {"r", false},     {"rif", false},
    {"ri", false},   {"i", true},      {"betr", false},       {"doorst", true}, {"dvs", true},
    {"sv", false},   {"vs", false},    {"vb", true},          {"vl", true},     {"fs", true},
    {"odp", false},  {"pd", true},     {"ynt", false},        {"ilg", false},   {"ilt", true},
    {"i̇lt", true},   {"vá", false},    {"továbbítás", true},  {"tov", true},    {"redir", true},
    {"απ", false},   {"σχετ", false},  {"πρθ", true},         {"на", false},    {"ha", false},
    {"отв", false},  {"ответ", false}, {"пересл", true},      {"השב", false},   {"תשובה", false},
    {"הועבר", true}, {"رد", false},    {"إعادة توجيه", true}, {"回复", false},  {"回覆", false},
    {"答复", false}, {"转发", true},   {"轉寄", true},        {"轉發", true},   {"tl", false},
    {"bls", false},  {"atb", false},   {"ct", true},          {"trs", true},    {"yml", true},
};

static struct str skip(struct str text, size_t n)
{
    return (struct str){text.p + n, text.n - n};
}

static struct str skip_blanks(struct str text)
{
    while (text.n > 0 && words_is_space(text.p[0]))
        text = skip(text, 1);
    return text;
}

/* Bytes of "[tag]" at the start; 0: none. No brackets within. */
static size_t tag_length(struct str text)
{
    if (text.n == 0 || text.p[0] != '[')
        return 0;
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i] == ']')
            return i + 1;
        if (text.p[i] == '[')
            return 0;
    }
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "(2)" or "^2"; "[2]" is a tag. */
static size_t counter_length(struct str text)
{
    if (text.n < 2 || (text.p[0] != '(' && text.p[0] != '^') || !is_digit(text.p[1]))
        return 0;
    size_t n = 1;
    while (n < text.n && is_digit(text.p[n]))
        n++;
    if (text.p[0] == '^')
        return n;
    return n < text.n && text.p[n] == ')' ? n + 1 : 0;
}

static size_t colon_length(struct str text)
{
    if (text.n > 0 && text.p[0] == ':')
        return 1;
    return str_starts_with(text, FULL_WIDTH_COLON) ? sizeof FULL_WIDTH_COLON - 1 : 0;
}

/* Bytes of "Re[2] :" and its like at the start; 0: another word. */
static size_t prefix_length(struct str text, const struct prefix *prefix)
{
    size_t word = words_prefix(text, prefix->word);
    if (word == 0)
        return 0;
    struct str rest = skip(text, word);
    rest = skip(rest, counter_length(rest));
    rest = skip_blanks(rest);
    rest = skip(rest, tag_length(rest));
    rest = skip_blanks(rest);
    size_t colon = colon_length(rest);
    if (colon == 0)
        return 0;
    rest = skip(rest, colon);
    if (strlen(prefix->word) == 1 && rest.n > 0 && rest.p[0] != ' ') /* "i:pod" is no prefix */
        return 0;
    return text.n - rest.n;
}

static const struct prefix *find_prefix(struct str text, size_t *length_out)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if ((*length_out = prefix_length(text, &prefixes[i])) > 0)
            return &prefixes[i];
    return NULL;
}

struct reading {
    struct str rest;
    struct str tags[TAGS_MOST];
    size_t tag_count;
    bool has_trailer; /* "(fwd)" */
    struct mail_subject *out;
};

static void keep_tag(struct reading *reading, struct str tag)
{
    for (size_t i = 0; i < reading->tag_count; i++)
        if (str_equal(reading->tags[i], tag))
            return;
    if (reading->tag_count < TAGS_MOST)
        reading->tags[reading->tag_count++] = tag;
}

static bool drop_trailer(struct reading *reading)
{
    static const char trailer[] = "(fwd)";
    reading->rest = words_trim(reading->rest);
    if (!words_end(reading->rest, trailer))
        return false;
    reading->rest.n -= sizeof trailer - 1;
    return reading->has_trailer = true;
}

/* The outermost prefix decides: an answer to a forward is an answer. */
static void decide(struct mail_subject *out, bool is_forward)
{
    if (!out->is_reply && !out->is_forward) {
        out->is_forward = is_forward;
        out->is_reply = !is_forward;
    }
}

/* Tags in front of a prefix stay, the prefix goes. */
static bool drop_leader(struct reading *reading)
{
    struct str at = reading->rest;
    size_t tag = 0, length = 0;
    while ((tag = tag_length(at)) > 0)
        at = skip_blanks(skip(at, tag));
    const struct prefix *prefix = find_prefix(at, &length);
    if (prefix == NULL)
        return false;
    for (at = reading->rest; (tag = tag_length(at)) > 0; at = skip_blanks(skip(at, tag)))
        keep_tag(reading, (struct str){at.p, tag});
    reading->rest = skip_blanks(skip(at, length));
    decide(reading->out, prefix->is_forward);
    return true;
}

static bool unwrap_forward(struct reading *reading)
{
    static const char open[] = "[fwd:";
    struct str rest = reading->rest;
    if (!words_start(rest, open) || rest.p[rest.n - 1] != ']')
        return false;
    reading->rest = (struct str){rest.p + sizeof open - 1, rest.n - sizeof open};
    decide(reading->out, true);
    return true;
}

/* Tags that lead what is left, said before already, are not said again. */
static void take_leading_tags(struct reading *reading)
{
    size_t tag = 0;
    while (reading->tag_count > 0 && (tag = tag_length(reading->rest)) > 0) {
        keep_tag(reading, (struct str){reading->rest.p, tag});
        reading->rest = skip_blanks(skip(reading->rest, tag));
    }
}

static struct str put_together(struct arena *arena, const struct reading *reading)
{
    struct str pieces[PIECES_MOST];
    size_t n = 0;
    for (size_t i = 0; i < reading->tag_count; i++) {
        pieces[n++] = reading->tags[i];
        if (reading->rest.n > 0 || i + 1 < reading->tag_count)
            pieces[n++] = STR_LIT(" ");
    }
    pieces[n++] = reading->rest;
    return arena_join(arena, pieces, n);
}

bool mail_subject_read(struct arena *arena, struct str subject, struct mail_subject *out)
{
    *out = (struct mail_subject){STR_NULL, false, false};
    if (subject.n == 0)
        return true;
    struct reading reading = {.rest = words_squeeze(arena, subject), .out = out};
    if (str_is_null(reading.rest))
        return false;
    while (drop_trailer(&reading) || drop_leader(&reading) || unwrap_forward(&reading))
        ;
    if (reading.has_trailer)
        decide(out, true);
    take_leading_tags(&reading);
    if (reading.rest.n == 0 && reading.tag_count == 0)
        return true;
    out->base = put_together(arena, &reading);
    return !str_is_null(out->base);
}
