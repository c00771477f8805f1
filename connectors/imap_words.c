#include "connectors/imap_words.h"

#include <stdlib.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/decimal.h"
#include "lib/limits.h"
#include "lib/zone.h"

#define DEPTH_MOST 32

static bool same(struct str a, const char *b)
{
    return a.p != NULL && a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

/* ---- words ---- */

enum word_kind { WORD_END, WORD_ATOM, WORD_TEXT, WORD_OPEN, WORD_CLOSE, WORD_MAIL };

struct words {
    struct str rest;
    struct arena *arena; /* of texts with escapes */
    bool has_mail;       /* the response has one that no word named yet */
};

static void skip(struct words *words, size_t n)
{
    words->rest = (struct str){words->rest.p + n, words->rest.n - n};
}

static bool take_quoted(struct words *words, struct str *text_out)
{
    const char *p = words->rest.p + 1, *end = words->rest.p + words->rest.n;
    bool has_escapes = false;
    while (p < end && *p != '"') {
        has_escapes |= *p == '\\';
        p += *p == '\\' ? 2 : 1;
    }
    if (p >= end)
        return false;
    struct str raw = {words->rest.p + 1, (size_t)(p - words->rest.p) - 1};
    skip(words, raw.n + 2);
    *text_out = raw;
    if (!has_escapes)
        return true;
    char *copy = arena_alloc(words->arena, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; copy != NULL && i < raw.n; i++) {
        i += raw.p[i] == '\\';
        copy[n++] = raw.p[i];
    }
    *text_out = (struct str){copy, n};
    return copy != NULL;
}

/* "{n}\n" and its bytes; a mail's are elsewhere. */
static enum word_kind take_literal(struct words *words, bool is_mail, struct str *text_out)
{
    const char *end = memchr(words->rest.p, '\n', words->rest.n);
    int64_t n = -1;
    if (end == NULL || end[-1] != '}' ||
        !decimal_parse((struct str){words->rest.p + 1, (size_t)(end - words->rest.p) - 2}, &n) ||
        n < 0)
        return WORD_END;
    skip(words, (size_t)(end - words->rest.p) + 1);
    if (is_mail && words->has_mail) {
        words->has_mail = false;
        return WORD_MAIL;
    }
    if ((uint64_t)n > words->rest.n)
        return WORD_END;
    *text_out = (struct str){words->rest.p, (size_t)n};
    skip(words, (size_t)n);
    return WORD_TEXT;
}

/* An atom may have brackets with blanks in them: BODY[HEADER.FIELDS (DATE)]. */
static struct str take_atom(struct words *words)
{
    size_t n = 0;
    int open = 0;
    while (n < words->rest.n) {
        char c = words->rest.p[n];
        open += c == '[' ? 1 : c == ']' ? -1 : 0;
        if (open <= 0 && (c == ' ' || c == '(' || c == ')' || c == '"'))
            break;
        n++;
    }
    struct str atom = {words->rest.p, n};
    skip(words, n);
    return atom;
}

/* is_mail: the word before it named the mail. */
static enum word_kind next_word(struct words *words, bool is_mail, struct str *text_out)
{
    *text_out = STR_NULL;
    while (words->rest.n > 0 && words->rest.p[0] == ' ')
        skip(words, 1);
    if (words->rest.n == 0)
        return WORD_END;
    switch (words->rest.p[0]) {
    case '(':
        skip(words, 1);
        return WORD_OPEN;
    case ')':
        skip(words, 1);
        return WORD_CLOSE;
    case '"':
        return take_quoted(words, text_out) ? WORD_TEXT : WORD_END;
    case '{':
        return take_literal(words, is_mail, text_out);
    default:
        *text_out = take_atom(words);
        return text_out->n > 0 ? WORD_ATOM : WORD_END;
    }
}

/* A value of any shape whose first word was taken. */
static bool pass_over(struct words *words, enum word_kind first)
{
    int depth = first == WORD_OPEN;
    struct str text;
    while (depth > 0) {
        enum word_kind kind = next_word(words, false, &text);
        if (kind == WORD_END || depth > DEPTH_MOST)
            return false;
        depth += kind == WORD_OPEN ? 1 : kind == WORD_CLOSE ? -1 : 0;
    }
    return first != WORD_CLOSE && first != WORD_END;
}

/* ---- which response ---- */

static struct str word_of(struct str *rest)
{
    const char *end = rest->n > 0 ? memchr(rest->p, ' ', rest->n) : NULL;
    struct str word = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
    size_t past = word.n + (end != NULL);
    *rest = (struct str){rest->p + past, rest->n - past};
    return word;
}

static enum imap_kind kind_of(struct str word)
{
    static const struct {
        const char *word;
        enum imap_kind kind;
    } kinds[] = {{"OK", IMAP_STATUS},      {"NO", IMAP_STATUS},
                 {"BAD", IMAP_STATUS},     {"BYE", IMAP_STATUS},
                 {"PREAUTH", IMAP_STATUS}, {"FETCH", IMAP_FETCH},
                 {"LIST", IMAP_LIST},      {"SEARCH", IMAP_SEARCH},
                 {"EXISTS", IMAP_EXISTS},  {"CAPABILITY", IMAP_CAPABILITY}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (same(word, kinds[i].word))
            return kinds[i].kind;
    return IMAP_OTHER;
}

enum imap_kind imap_words_kind(struct str text, struct str tag, int64_t *number_out,
                               struct str *rest_out)
{
    struct str rest = text;
    struct str word = word_of(&rest);
    *number_out = -1;
    *rest_out = rest;
    if (tag.n > 0 && str_equal(word, tag))
        return IMAP_TAGGED;
    if (!str_is(word, "*"))
        return IMAP_OTHER;
    struct str whole = rest;
    word = word_of(&rest);
    bool has_number = decimal_parse(word, number_out);
    if (has_number)
        word = word_of(&rest);
    enum imap_kind kind = kind_of(word);
    bool needs_number = kind == IMAP_FETCH || kind == IMAP_EXISTS;
    if (needs_number != has_number)
        return IMAP_OTHER;
    *rest_out = kind == IMAP_STATUS ? whole : rest;
    return kind;
}

bool imap_words_status(struct str rest, struct imap_status *out)
{
    *out = (struct imap_status){.word = word_of(&rest), .text = rest};
    if (kind_of(out->word) != IMAP_STATUS)
        return false;
    const char *close = rest.n > 0 && rest.p[0] == '[' ? memchr(rest.p, ']', rest.n) : NULL;
    if (close == NULL)
        return true;
    out->code = (struct str){rest.p + 1, (size_t)(close - rest.p) - 1};
    size_t past = out->code.n + 2;
    past += past < rest.n && rest.p[past] == ' ';
    out->text = (struct str){rest.p + past, rest.n - past};
    return true;
}

bool imap_words_code(struct str code, const char *name, int64_t *number_out)
{
    struct str rest = code;
    return !str_is_null(code) && same(word_of(&rest), name) && decimal_parse(rest, number_out);
}

/* ---- FETCH ---- */

#define ITEM_LABELS_MOST LIMIT_MAIL_TAGS

/* System flags begin with a backslash; those that begin with "$" are notes of programs. */
static bool is_flag_kept(struct str flag)
{
    return flag.n > 0 && flag.p[0] != '\\' && flag.p[0] != '$';
}

/* A list of atoms and texts, behind its parenthesis. */
static bool take_labels(struct words *words, bool are_flags, struct imap_fetched *out)
{
    enum word_kind kind;
    struct str text;
    while ((kind = next_word(words, false, &text)) == WORD_ATOM || kind == WORD_TEXT) {
        if ((are_flags && !is_flag_kept(text)) || out->label_count == ITEM_LABELS_MOST)
            continue;
        if (out->labels == NULL)
            out->labels = arena_alloc(words->arena, ITEM_LABELS_MOST * sizeof *out->labels);
        if (out->labels == NULL)
            return false;
        out->labels[out->label_count++] = text;
    }
    return kind == WORD_CLOSE;
}

static bool take_number(struct words *words, int64_t *number_out)
{
    struct str text;
    return next_word(words, false, &text) == WORD_ATOM && decimal_parse(text, number_out) &&
           *number_out >= 0;
}

static bool is_mail_item(struct str item)
{
    return same(item, "BODY[]") || (item.n > 6 && same((struct str){item.p, 7}, "BODY[]<"));
}

static bool take_mail(struct words *words, const struct imap_response *response,
                      struct imap_fetched *out)
{
    struct str text;
    enum word_kind kind = next_word(words, true, &text);
    out->has_mail = true;
    if (kind == WORD_MAIL)
        out->mail = response->mail;
    else if (kind == WORD_TEXT)
        out->mail = text;
    else if (kind == WORD_ATOM && same(text, "NIL"))
        out->mail = STR_LIT("");
    else
        return false;
    return true;
}

static bool take_item(struct words *words, struct str item, const struct imap_response *response,
                      struct imap_fetched *out)
{
    struct str text;
    if (same(item, "UID"))
        return take_number(words, &out->uid);
    if (same(item, "RFC822.SIZE"))
        return take_number(words, &out->size);
    if (is_mail_item(item))
        return take_mail(words, response, out);
    enum word_kind kind = next_word(words, false, &text);
    if (same(item, "INTERNALDATE") && kind == WORD_TEXT) {
        (void)imap_words_date(text, &out->received_at);
        return true;
    }
    bool are_flags = same(item, "FLAGS");
    if ((are_flags || same(item, "X-GM-LABELS")) && kind == WORD_OPEN)
        return take_labels(words, are_flags, out);
    return pass_over(words, kind);
}

bool imap_words_fetch(struct arena *arena, const struct imap_response *response, struct str rest,
                      struct imap_fetched *out)
{
    struct words words = {rest, arena, !str_is_null(response->mail)};
    struct str item;
    *out = (struct imap_fetched){.size = -1, .received_at = TIME_NONE};
    if (next_word(&words, false, &item) != WORD_OPEN)
        return false;
    enum word_kind kind;
    while ((kind = next_word(&words, false, &item)) == WORD_ATOM)
        if (!take_item(&words, item, response, out))
            return false;
    return kind == WORD_CLOSE;
}

/* ---- LIST ---- */

static const struct {
    const char *attribute;
    enum imap_role role;
} roles[] = {
    {"\\Sent", IMAP_ROLE_SENT},        {"\\All", IMAP_ROLE_ALL},
    {"\\AllMail", IMAP_ROLE_ALL},      {"\\Junk", IMAP_ROLE_LEFT_OUT},
    {"\\Spam", IMAP_ROLE_LEFT_OUT},    {"\\Trash", IMAP_ROLE_LEFT_OUT},
    {"\\Drafts", IMAP_ROLE_LEFT_OUT},  {"\\Flagged", IMAP_ROLE_LEFT_OUT},
    {"\\Starred", IMAP_ROLE_LEFT_OUT}, {"\\Important", IMAP_ROLE_LEFT_OUT},
};

static void note_attribute(struct imap_folder *folder, struct str attribute)
{
    if (same(attribute, "\\Noselect") || same(attribute, "\\NonExistent"))
        folder->can_be_read = false;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (same(attribute, roles[i].attribute))
            folder->role = roles[i].role;
}

bool imap_words_list(struct arena *arena, struct str rest, struct imap_folder *out)
{
    struct words words = {rest, arena, false};
    struct str text;
    enum word_kind kind;
    *out = (struct imap_folder){.can_be_read = true};
    if (next_word(&words, false, &text) != WORD_OPEN)
        return false;
    while ((kind = next_word(&words, false, &text)) == WORD_ATOM)
        note_attribute(out, text);
    if (kind != WORD_CLOSE)
        return false;
    kind = next_word(&words, false, &text); /* the separator, or NIL */
    if (kind == WORD_TEXT && text.n == 1)
        out->separator = text.p[0];
    if (kind == WORD_END)
        return false;
    kind = next_word(&words, false, &text);
    out->name = arena_str(arena, text);
    return (kind == WORD_ATOM || kind == WORD_TEXT) && !str_is_null(out->name) &&
           out->name.n <= LIMIT_IMAP_NAME_BYTES;
}

/* ---- values ---- */

static bool digits(struct str text, size_t at, size_t n, int *value_out)
{
    int value = 0;
    for (size_t i = at; i < at + n; i++) {
        char c = text.p[i] == ' ' && i == at && n == 2 ? '0' : text.p[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *value_out = value;
    return true;
}

static int month_of(const char *text)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; i < 12; i++)
        if (strncasecmp(text, names + i * 3, 3) == 0)
            return i + 1;
    return 0;
}

bool imap_words_date(struct str text, int64_t *us_out)
{
    static const char shape[] = "dd-mmm-yyyy hh:mm:ss +zzzz";
    int day, year, hour, minute, second, zone_hours, zone_minutes;
    int64_t local_us;
    if (text.n != strlen(shape) || text.p[2] != '-' || text.p[6] != '-' || text.p[11] != ' ' ||
        text.p[14] != ':' || text.p[17] != ':' || text.p[20] != ' ' ||
        (text.p[21] != '+' && text.p[21] != '-'))
        return false;
    if (!digits(text, 0, 2, &day) || !digits(text, 7, 4, &year) || !digits(text, 12, 2, &hour) ||
        !digits(text, 15, 2, &minute) || !digits(text, 18, 2, &second) ||
        !digits(text, 22, 2, &zone_hours) || !digits(text, 24, 2, &zone_minutes) ||
        zone_hours > 24 || zone_minutes > 59)
        return false;
    if (!zone_local(year, month_of(text.p + 3), day, hour, minute, second, &local_us))
        return false;
    int64_t zone_us = (zone_hours * 60 + zone_minutes) * 60 * US_PER_SECOND;
    *us_out = text.p[21] == '+' ? local_us - zone_us : local_us + zone_us;
    return true;
}

bool imap_words_quote(struct buf *out, struct str text)
{
    (void)buf_add_text(out, "\"");
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\r' || c == '\n' || c == '\0')
            return false;
        if (c == '"' || c == '\\')
            (void)buf_add_text(out, "\\");
        (void)buf_add(out, &c, 1);
    }
    return buf_add_text(out, "\"") && !buf_is_full(out);
}
