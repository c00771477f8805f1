#include "transform/email/mime_header.h"

#include <ctype.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "lib/buf.h"
#include "lib/hex.h"
#include "transform/email/charset.h"
#include "transform/email/mime.h"
#include "transform/text.h"

#define WORD_BEGIN "=?"
#define WORD_END "?="
#define MARK_BYTES 2
#define WORD_MOST 1024 /* of text in a word, where 75 are allowed: keeps hostile headers linear */
#define GROWTH_MOST 8  /* bytes of output for one of input: three for UTF-8, mended as base64 */
#define SPARE_BYTES 256

struct word { /* =?charset?encoding?text?= */
    struct str charset, text;
    bool is_base64;
    size_t bytes;
};

struct decoding {
    struct arena *arena;
    struct buf out;
    bool mends; /* words stay words */
};

static struct str past(struct str text, size_t n)
{
    return (struct str){text.p + n, text.n - n};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str mime_header_unfold(struct arena *arena, struct str raw)
{
    while (raw.n > 0 && isspace((unsigned char)raw.p[0]))
        raw = past(raw, 1);
    while (raw.n > 0 && isspace((unsigned char)raw.p[raw.n - 1]))
        raw.n--;
    struct str copy = arena_str(arena, raw.p != NULL ? raw : STR_LIT(""));
    char *text = (char *)(uintptr_t)copy.p; /* the copy is ours */
    if (text == NULL || memchr(text, '\n', copy.n) == NULL)
        return copy;
    size_t n = 0;
    for (size_t i = 0; i < copy.n; i++) {
        bool is_break = text[i] == '\n' || (text[i] == '\r' && text[i + 1] == '\n');
        if (!is_break)
            text[n++] = text[i] == '\t' && i > 0 && text[i - 1] == '\n' ? ' ' : text[i];
    }
    text[n] = '\0';
    return (struct str){text, n};
}

/* ---- encoded words ---- */

/* false: the text does not begin with an encoded word. */
static bool read_word(struct str text, struct word *word)
{
    if (text.n < 2 * MARK_BYTES || memcmp(text.p, WORD_BEGIN, MARK_BYTES) != 0)
        return false;
    struct str rest = past(text, MARK_BYTES);
    const char *mark = memchr(rest.p, '?', rest.n < WORD_MOST ? rest.n : WORD_MOST);
    if (mark == NULL || mark == rest.p)
        return false;
    word->charset = (struct str){rest.p, (size_t)(mark - rest.p)};
    rest = past(rest, word->charset.n + 1);
    if (rest.n < 2 || rest.p[1] != '?' || strchr("BbQq", rest.p[0]) == NULL || rest.p[0] == '\0' ||
        memchr(word->charset.p, ' ', word->charset.n) != NULL)
        return false;
    word->is_base64 = toupper((unsigned char)rest.p[0]) == 'B';
    rest = past(rest, 2);
    size_t within = rest.n < WORD_MOST ? rest.n : WORD_MOST;
    const char *end = memmem(rest.p, within, WORD_END, MARK_BYTES);
    if (end == NULL)
        return false;
    word->text = (struct str){rest.p, (size_t)(end - rest.p)};
    word->bytes = (size_t)(end - text.p) + MARK_BYTES;
    return true;
}

static void decode_quoted(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)(text.p[i] == '_' ? ' ' : text.p[i]);
        if (byte == '=' && text.n - i > 2 && hex_take(text.p + i + 1, &byte))
            i += 2;
        (void)buf_add(out, &byte, 1);
    }
}

/* Padded where the sender did not. */
static void decode_base64(struct str text, struct buf *out)
{
    static const unsigned char padding[] = "===";
    GMimeEncoding state;
    g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_BASE64);
    char *to = buf_reserve(out, g_mime_encoding_outlen(&state, text.n + sizeof padding));
    if (to == NULL)
        return;
    size_t digits = 0;
    for (size_t i = 0; i < text.n; i++)
        digits += isalnum((unsigned char)text.p[i]) || text.p[i] == '+' || text.p[i] == '/';
    size_t n = g_mime_encoding_step(&state, text.p, text.n, to);
    if (digits % 4 > 1 && memchr(text.p, '=', text.n) == NULL)
        n += g_mime_encoding_step(&state, (const char *)padding, 4 - digits % 4, to + n);
    out->n += n;
}

static void add_word_text(struct decoding *decoding, struct str text)
{
    if (!decoding->mends) {
        (void)buf_add_str(&decoding->out, text);
        return;
    }
    gchar *base64 = g_base64_encode((const guchar *)text.p, text.n);
    (void)buf_printf(&decoding->out, "=?utf-8?B?%s?=", base64);
    g_free(base64);
}

static size_t blanks(struct str text)
{
    size_t n = 0;
    while (n < text.n && is_blank(text.p[n]))
        n++;
    return n;
}

static bool same_charset(const struct word *a, const struct word *b)
{
    return a->charset.n == b->charset.n &&
           strncasecmp(a->charset.p, b->charset.p, a->charset.n) == 0;
}

/* Adjacent words are one text, even a character may be split over them; returns the bytes read.
 * Words that come to nothing stay as they are. */
static size_t take_words(struct decoding *decoding, struct str text, const struct word *first)
{
    struct buf bytes;
    struct word next;
    size_t n = first->bytes;
    buf_init(&bytes, text.n + SPARE_BYTES);
    (first->is_base64 ? decode_base64 : decode_quoted)(first->text, &bytes);
    for (size_t gap = blanks(past(text, n));
         read_word(past(text, n + gap), &next) && same_charset(first, &next);
         gap = blanks(past(text, n))) {
        (next.is_base64 ? decode_base64 : decode_quoted)(next.text, &bytes);
        n += gap + next.bytes;
    }
    struct str decoded = charset_decode(decoding->arena, buf_peek(&bytes), first->charset);
    bool is_lost = decoded.n == 0 && first->text.n > 0;
    if (is_lost)
        (void)buf_add(&decoding->out, text.p, n);
    else
        add_word_text(decoding, decoded);
    buf_done(&bytes);
    return n;
}

/* Blanks between words are no text, other charset or not. */
static size_t gap_between_words(struct str text)
{
    struct word word;
    size_t n = blanks(text);
    return n > 0 && read_word(past(text, n), &word) ? n : 0;
}

static void decode_words(struct decoding *decoding, struct str text)
{
    while (text.n > 0) {
        const char *mark = memmem(text.p, text.n, WORD_BEGIN, MARK_BYTES);
        size_t plain = mark != NULL ? (size_t)(mark - text.p) : text.n;
        struct word word;
        (void)buf_add(&decoding->out, text.p, plain);
        text = past(text, plain);
        if (text.n > 0 && read_word(text, &word)) {
            text = past(text, take_words(decoding, text, &word));
            text = past(text, decoding->mends ? 0 : gap_between_words(text));
        } else if (text.n > 0) {
            (void)buf_add(&decoding->out, text.p, 1);
            text = past(text, 1);
        }
    }
}

static struct str decode(struct arena *arena, struct str text, bool mends)
{
    uint64_t replaced = 0;
    if (!text_is_clean(text))
        text = charset_decode(arena, text, STR_NULL);
    if (str_is_null(text) || memmem(text.p, text.n, WORD_BEGIN, MARK_BYTES) == NULL)
        return text;
    struct decoding decoding = {.arena = arena, .mends = mends};
    buf_init(&decoding.out, text.n * GROWTH_MOST + SPARE_BYTES);
    decode_words(&decoding, text);
    struct str decoded = text_clean(arena, buf_peek(&decoding.out), &replaced);
    buf_done(&decoding.out);
    return decoded;
}

struct str mime_header_mended(struct arena *arena, struct str unfolded)
{
    return decode(arena, unfolded, true);
}

struct str mime_header_decoded(struct arena *arena, struct str unfolded)
{
    struct str text = decode(arena, unfolded, false);
    for (char *p = (char *)(uintptr_t)text.p; text.p != unfolded.p && p < text.p + text.n; p++)
        if (*p == '\r' || *p == '\n') /* of an encoded word; the copy is ours */
            *p = ' ';
    return text;
}

struct str email_header_value(struct arena *arena, struct str raw)
{
    struct str unfolded = mime_header_unfold(arena, raw);
    return str_is_null(unfolded) ? unfolded : mime_header_decoded(arena, unfolded);
}
