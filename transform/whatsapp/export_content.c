#include "transform/whatsapp/export_content.h"

#include <ctype.h>
#include <glib.h>

#include "transform/whatsapp/export_scan.h"
#include "transform/whatsapp/export_words.h"

#define MARKER_MOST_BYTES 400
#define SHAPE_MOST_CHARACTERS 60
#define BULLET "\xe2\x80\xa2"
#define WRITTEN_OUT "\xe2\x80\x8e" /* U+200E */

typedef struct wa_export_content content;

static struct str part(struct str text, size_t from, size_t to)
{
    return (struct str){text.p + from, to - from};
}

static struct str first_line(struct str text)
{
    const char *end = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
    return end != NULL ? part(text, 0, (size_t)(end - text.p)) : text;
}

static bool is_one_line(struct str text)
{
    return text.n > 0 && memchr(text.p, '\n', text.n) == NULL;
}

static const char *find_last(struct str text, const char *what)
{
    size_t n = strlen(what);
    const char *p = text.n > 0 ? memrchr(text.p, what[0], text.n) : NULL;
    for (; p != NULL; p = memrchr(text.p, what[0], (size_t)(p - text.p)))
        if ((size_t)(text.p + text.n - p) >= n && memcmp(p, what, n) == 0)
            return p;
    return NULL;
}

/* STR_NULL: too long for a marker. */
static struct str fold_short(struct arena *arena, struct str text)
{
    return text.n > 0 && text.n <= MARKER_MOST_BYTES ? wa_fold(arena, text) : STR_NULL;
}

/* ---- files ---- */

struct extension {
    const char *word, *type, *subtype;
};

static const struct extension extensions[] = {
    {"jpg", "image", NULL},     {"jpeg", "image", NULL},    {"png", "image", NULL},
    {"heic", "image", NULL},    {"webp", "sticker", NULL},  {"gif", "video", "gif"},
    {"mp4", "video", NULL},     {"mov", "video", NULL},     {"3gp", "video", NULL},
    {"mkv", "video", NULL},     {"avi", "video", NULL},     {"webm", "video", NULL},
    {"opus", "audio", "voice"}, {"ogg", "audio", NULL},     {"m4a", "audio", NULL},
    {"mp3", "audio", NULL},     {"aac", "audio", NULL},     {"amr", "audio", NULL},
    {"wav", "audio", NULL},     {"flac", "audio", NULL},    {"vcf", "contact", NULL},
    {"pdf", "document", NULL},  {"doc", "document", NULL},  {"docx", "document", NULL},
    {"xls", "document", NULL},  {"xlsx", "document", NULL}, {"ppt", "document", NULL},
    {"pptx", "document", NULL}, {"txt", "document", NULL},  {"csv", "document", NULL},
    {"zip", "document", NULL},  {"rar", "document", NULL},  {"7z", "document", NULL},
    {"apk", "document", NULL},  {"rtf", "document", NULL},  {"odt", "document", NULL},
    {"ods", "document", NULL},  {"html", "document", NULL}, {"xml", "document", NULL},
    {"json", "document", NULL}, {"ics", "document", NULL},  {"epub", "document", NULL},
    {"bin", "document", NULL},
};

/* Parts of names that say more than the extension. */
static const struct extension names[] = {
    {"IMG-", "image", NULL},    {"-PHOTO-", "image", NULL},     {"VID-", "video", NULL},
    {"-VIDEO-", "video", NULL}, {"AUD-", "audio", NULL},        {"PTT-", "audio", "voice"},
    {"STK-", "sticker", NULL},  {"-STICKER-", "sticker", NULL}, {"-GIF-", "video", "gif"},
    {"DOC-", "document", NULL},
};

static const struct extension *find_extension(struct str name)
{
    const char *dot = memrchr(name.p, '.', name.n);
    if (dot == NULL || dot == name.p)
        return NULL;
    struct str word = part(name, (size_t)(dot + 1 - name.p), name.n);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (strlen(extensions[i].word) == word.n &&
            strncasecmp(extensions[i].word, word.p, word.n) == 0)
            return &extensions[i];
    return NULL;
}

/* "IMG-20240321-WA0007.jpg" at its beginning, "00000042-PHOTO-2024-..." after the number. */
static const struct extension *find_name(struct str name)
{
    size_t digits = 0;
    while (digits < name.n && isdigit((unsigned char)name.p[digits]))
        digits++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool is_after_number = names[i].word[0] == '-';
        size_t from = is_after_number ? digits : 0;
        if ((!is_after_number || digits > 0) &&
            str_starts_with(part(name, from, name.n), names[i].word))
            return &names[i];
    }
    return NULL;
}

static bool has_extension(struct str name)
{
    return name.n > 2 && name.n <= 255 && find_extension(name) != NULL;
}

/* "Jorge" of "00000048-Jorge.vcf". */
static struct str card_name(struct str name)
{
    size_t digits = 0;
    while (digits < name.n && isdigit((unsigned char)name.p[digits]))
        digits++;
    bool is_numbered = digits == 8 && name.p[digits] == '-';
    return part(name, is_numbered ? digits + 1 : 0, name.n - 4);
}

static void fill_file(content *c, struct str name)
{
    const struct extension *kind = find_name(name);
    if (kind == NULL)
        kind = find_extension(name);
    c->type = kind->type;
    c->subtype = kind->subtype;
    c->filename = name;
    if (strcmp(kind->type, "contact") == 0) /* the card's name is all that is known of it */
        c->text = card_name(name);
}

static struct str caption_of(struct str text)
{
    struct str caption = wa_trim(text);
    return caption.n > 0 ? caption : STR_NULL;
}

/* "<attached: name.jpg>", "<name.jpg eklendi>": in any language. */
static struct str name_in_brackets(struct str inside)
{
    const char *colon = memchr(inside.p, ':', inside.n);
    if (colon != NULL) {
        struct str name = wa_trim(part(inside, (size_t)(colon + 1 - inside.p), inside.n));
        return has_extension(name) ? name : STR_NULL;
    }
    const char *blank = memrchr(inside.p, ' ', inside.n);
    if (blank == NULL)
        return STR_NULL;
    struct str name = wa_trim(part(inside, 0, (size_t)(blank - inside.p)));
    return has_extension(name) ? name : STR_NULL;
}

/* At the end of the first line; what stands before and after is the caption. */
static bool read_bracketed_file(struct arena *arena, struct str text, content *c)
{
    struct str line = wa_trim(first_line(text));
    const char *open =
        line.n > 0 && line.p[line.n - 1] == '>' ? memrchr(line.p, '<', line.n) : NULL;
    if (open == NULL)
        return false;
    size_t at = (size_t)(open - line.p);
    struct str inside = wa_trim(part(line, at + 1, line.n - 1));
    struct str before = wa_trim(part(line, 0, at));
    struct str name = inside.n > 0 ? name_in_brackets(inside) : STR_NULL;
    struct str after = caption_of(part(text, first_line(text).n, text.n));
    if (str_is_null(name)) { /* old iOS: "name.jpg <attached>" */
        if (!has_extension(before) || wa_marker_of(fold_short(arena, inside)) != WA_ATTACHED)
            return false;
        name = before;
        before = (struct str){"", 0};
    }
    fill_file(c, name);
    c->caption = after;
    if (before.n > 0 && !str_is_null(after))
        c->caption = arena_printf(arena, "%.*s\n%.*s", STR_ARGS(before), STR_ARGS(after));
    else if (before.n > 0)
        c->caption = before;
    return true;
}

/* Android: "IMG-20240321-WA0007.jpg (file attached)", then the caption. */
static bool read_parenthesised_file(struct arena *arena, struct str text, content *c)
{
    struct str line = wa_trim(first_line(text));
    if (line.n == 0 || line.p[line.n - 1] != ')')
        return false;
    const char *open = memrchr(line.p, '(', line.n);
    if (open == NULL)
        return false;
    size_t at = (size_t)(open - line.p);
    struct str name = wa_trim(part(line, 0, at));
    if (!has_extension(name))
        return false;
    bool is_attached =
        wa_marker_of(fold_short(arena, part(line, at + 1, line.n - 1))) == WA_ATTACHED;
    bool is_ours = find_name(name) != NULL && memmem(name.p, name.n, "-WA", 3) != NULL;
    if (!is_attached && !is_ours)
        return false;
    fill_file(c, name);
    c->caption = caption_of(part(text, first_line(text).n, text.n));
    return true;
}

/* ---- files that were not exported ---- */

static bool fill_omitted(enum wa_marker marker, content *c)
{
    static const struct {
        const char *type, *subtype;
    } kinds[] = {
        [WA_OMITTED] = {"unsupported", "media_omitted"},
        [WA_OMITTED_IMAGE] = {"image", NULL},
        [WA_OMITTED_VIDEO] = {"video", NULL},
        [WA_OMITTED_VIDEO_NOTE] = {"video", "video_note"},
        [WA_OMITTED_AUDIO] = {"audio", NULL},
        [WA_OMITTED_STICKER] = {"sticker", NULL},
        [WA_OMITTED_GIF] = {"video", "gif"},
        [WA_OMITTED_DOCUMENT] = {"document", NULL},
        [WA_OMITTED_CONTACT] = {"contact", NULL},
    };
    if (marker < WA_OMITTED || marker > WA_OMITTED_CONTACT)
        return false;
    c->type = kinds[marker].type;
    c->subtype = kinds[marker].subtype;
    c->is_omitted = true;
    return true;
}

/* "Offer.pdf • 3 pages U+200Edocument omitted", and a caption before "image omitted". */
static bool read_named_omitted(struct arena *arena, struct str text, content *c)
{
    const char *mark = find_last(text, WRITTEN_OUT);
    if (mark == NULL)
        return false;
    size_t at = (size_t)(mark - text.p);
    struct str folded = fold_short(arena, part(text, at, text.n));
    if (str_is_null(folded) || !fill_omitted(wa_marker_of(folded), c))
        return false;
    struct str before = wa_trim(part(text, 0, at));
    const char *bullet = before.n > 0 ? find_last(before, BULLET) : NULL;
    struct str name =
        bullet != NULL ? wa_trim(part(before, 0, (size_t)(bullet - before.p))) : before;
    if (strcmp(c->type, "document") == 0 && has_extension(name))
        c->filename = name;
    else
        c->caption = caption_of(before);
    return true;
}

/* Android's <...> in a language that is not known. */
static bool is_omitted_shape(struct str text)
{
    return text.n > 2 && text.p[0] == '<' && text.p[text.n - 1] == '>' && is_one_line(text) &&
           memchr(text.p + 1, '<', text.n - 1) == NULL &&
           g_utf8_strlen(text.p, (gssize)text.n) <= SHAPE_MOST_CHARACTERS;
}

/* ---- places, polls ---- */

static bool take_coordinate(const char **p, const char *end, struct str *number_out)
{
    const char *from = *p;
    if (*p < end && **p == '-')
        (*p)++;
    while (*p < end && (isdigit((unsigned char)**p) || **p == '.'))
        (*p)++;
    *number_out = (struct str){from, (size_t)(*p - from)};
    return *p > from;
}

static bool read_place(struct str text, content *c)
{
    static const char *const hosts[] = {"https://maps.google.com/", "https://foursquare.com/",
                                        "https://4sq.com/"};
    const char *url = NULL;
    for (size_t i = 0; url == NULL && i < sizeof hosts / sizeof *hosts; i++)
        url = memmem(text.p, text.n, hosts[i], strlen(hosts[i]));
    if (url == NULL || url - text.p < 3 || !is_one_line(text) ||
        memmem(text.p, (size_t)(url - text.p), ": ", 2) != url - 2 ||
        memchr(url, ' ', text.n - (size_t)(url - text.p)) != NULL)
        return false;
    c->type = "location";
    c->url = part(text, (size_t)(url - text.p), text.n);
    const char *q = memmem(c->url.p, c->url.n, "?q=", 3);
    const char *p = q != NULL ? q + 3 : NULL;
    const char *end = text.p + text.n;
    struct str latitude;
    struct str longitude;
    if (p != NULL && take_coordinate(&p, end, &latitude) && p < end && *p++ == ',' &&
        take_coordinate(&p, end, &longitude)) {
        c->latitude = latitude;
        c->longitude = longitude;
    }
    return true;
}

static bool begins_with(struct str text, const char *lower)
{
    size_t n = strlen(lower);
    if (text.n < n || g_ascii_tolower(text.p[0]) != lower[0] ||
        !g_utf8_validate(text.p, (gssize)n, NULL))
        return false;
    char *folded = g_utf8_strdown(text.p, (gssize)n);
    bool is_it = strcmp(folded, lower) == 0;
    g_free(folded);
    return is_it;
}

/* The length of a poll's word at the beginning of the line; 0: none. */
static size_t poll_word(struct str line, bool is_option)
{
    for (const struct wa_list_word *word = wa_poll_words; word->word != NULL; word++)
        if (word->is_option == is_option && begins_with(line, word->word))
            return strlen(word->word);
    return 0;
}

static struct str take_line(struct str *rest)
{
    struct str line = first_line(*rest);
    size_t taken = line.n < rest->n ? line.n + 1 : line.n;
    *rest = part(*rest, taken, rest->n);
    return wa_trim(line);
}

static bool read_poll(struct str text, content *c)
{
    size_t word = poll_word(text, false);
    if (word == 0)
        return false;
    struct str rest = part(text, word, text.n);
    struct str question = wa_trim(take_line(&rest));
    if (question.n == 0)
        question = take_line(&rest);
    if (question.n == 0 || poll_word(question, true) > 0 || poll_word(wa_trim(rest), true) == 0)
        return false; /* nobody votes on it */
    c->type = "poll";
    c->text = question;
    c->poll = rest;
    return true;
}

bool wa_export_option_next(struct str *rest, struct str *option_out, struct str *votes_out)
{
    while (rest->n > 0) {
        struct str line = take_line(rest);
        size_t word = poll_word(line, true);
        if (word == 0)
            continue;
        struct str option = wa_trim(part(line, word, line.n));
        const char *open = option.n > 0 ? memrchr(option.p, '(', option.n) : NULL;
        size_t at = open != NULL ? (size_t)(open - option.p) : option.n;
        size_t digits = at + 1;
        while (digits < option.n && isdigit((unsigned char)option.p[digits]))
            digits++;
        bool has_votes = digits > at + 1 && option.p[option.n - 1] == ')';
        *option_out = has_votes ? wa_trim(part(option, 0, at)) : option;
        *votes_out = has_votes ? part(option, at + 1, digits) : STR_NULL;
        return true;
    }
    return false;
}

/* ---- the whole ---- */

/* A trailing <...> of the list; people type angle brackets too. */
static struct str cut_edited(struct arena *arena, struct str text, content *c)
{
    const char *open =
        text.n > 0 && text.p[text.n - 1] == '>' ? memrchr(text.p, '<', text.n) : NULL;
    if (open == NULL)
        return text;
    size_t at = (size_t)(open - text.p);
    struct str folded = fold_short(arena, part(text, at + 1, text.n - 1));
    if (str_is_null(folded) || wa_marker_of(folded) != WA_EDITED)
        return text;
    c->is_edited = true;
    return wa_trim(part(text, 0, at));
}

static void fill_system(struct arena *arena, struct str text, content *c)
{
    struct str folded = fold_short(arena, text);
    c->type = "system";
    c->is_system = true;
    c->text = c->plain;
    c->subtype = str_is_null(folded) ? NULL : wa_words_subtype(folded);
    c->is_unclassified = c->subtype == NULL;
}

/* What the words say, without their angle brackets. */
static bool read_marker(struct arena *arena, struct str text, bool is_written_out, content *c)
{
    bool has_brackets = text.n > 2 && text.p[0] == '<' && text.p[text.n - 1] == '>';
    struct str bare = has_brackets ? part(text, 1, text.n - 1) : text;
    struct str folded = fold_short(arena, bare);
    if (str_is_null(folded))
        return false;
    enum wa_marker marker = wa_marker_of(folded);
    if (marker == WA_MARKER_NONE)
        marker = wa_marker_begins(folded);
    if (fill_omitted(marker, c))
        return true;
    c->is_by_admin = marker == WA_DELETED_BY_ADMIN;
    c->is_deleted = marker == WA_DELETED || c->is_by_admin;
    const char *subtype = c->is_deleted ? "deleted" : marker == WA_WAITING ? "waiting" : NULL;
    if (marker == WA_EMPTY)
        subtype = "empty";
    if (subtype != NULL) {
        c->type = "unsupported";
        c->subtype = subtype;
    } else if (marker == WA_CALL && is_written_out) {
        c->type = "call";
        c->text = c->plain;
    } else if (marker == WA_LIVE_LOCATION) {
        c->type = "location";
        c->subtype = "live_location";
    } else {
        return false;
    }
    return true;
}

static void read_text(struct arena *arena, struct str text, bool is_ios, bool is_marked, content *c)
{
    bool is_written_out = is_ios && is_marked;
    c->type = "text";
    if (text.n == 0) {
        c->type = "unsupported";
        c->subtype = "empty";
    } else if (read_marker(arena, text, is_written_out, c) || read_poll(text, c) ||
               read_place(text, c) || read_bracketed_file(arena, text, c) ||
               read_parenthesised_file(arena, text, c) || read_named_omitted(arena, text, c)) {
        return;
    } else if (!is_ios && is_omitted_shape(text)) {
        (void)fill_omitted(WA_OMITTED, c);
    } else if (is_written_out) {
        fill_system(arena, text, c);
    } else {
        c->text = text;
    }
}

/* Without marks, composed. */
static struct str plain_text(struct arena *arena, struct str text)
{
    char *bare = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    const char *end = text.p + text.n;
    for (const char *p = text.p; bare != NULL && p < end; p = g_utf8_next_char(p)) {
        if (wa_is_plain(*p)) {
            bare[n++] = *p;
            continue;
        }
        size_t bytes = (size_t)(g_utf8_next_char(p) - p);
        if (wa_is_mark(g_utf8_get_char(p)))
            continue;
        memcpy(bare + n, p, bytes);
        n += bytes;
    }
    return bare != NULL ? wa_compose(arena, (struct str){bare, n}) : STR_NULL;
}

void wa_export_content_read(struct arena *arena, struct str text, bool has_sender, bool is_ios,
                            struct wa_export_content *content_out)
{
    bool is_written_out;
    *content_out = (struct wa_export_content){.text = STR_NULL};
    (void)wa_skip_marks(text, &is_written_out);
    struct str trimmed = cut_edited(arena, wa_trim(text), content_out);
    content_out->plain = plain_text(arena, trimmed);
    if (has_sender)
        read_text(arena, trimmed, is_ios, is_written_out, content_out);
    else
        fill_system(arena, trimmed, content_out);
}
