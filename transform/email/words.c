#include "transform/email/words.h"

#include <string.h>
#include <strings.h>

#include <utf8proc.h>

#define UTF8_MOST 4

/* Bytes of the first character; 0: at the end. What is no UTF-8 goes byte by byte. */
static size_t step(struct str text, utf8proc_int32_t *c_out)
{
    if (text.n == 0)
        return 0;
    if (text.p[0] >= 0) {
        *c_out = text.p[0];
        return 1;
    }
    utf8proc_ssize_t bytes =
        utf8proc_iterate((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, c_out);
    if (bytes > 0)
        return (size_t)bytes;
    *c_out = 0xFFFD;
    return 1;
}

static utf8proc_int32_t lower_of(utf8proc_int32_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c + ('a' - 'A');
    return c < 0x80 ? c : utf8proc_tolower(c);
}

struct str words_lower(struct arena *arena, struct str text)
{
    /* one byte that is no UTF-8 becomes three */
    char *lower = arena_alloc(arena, text.n * 3 + UTF8_MOST);
    if (lower == NULL)
        return STR_NULL;
    size_t n = 0;
    for (size_t at = 0; at < text.n;) {
        utf8proc_int32_t c = 0;
        at += step((struct str){text.p + at, text.n - at}, &c);
        n += (size_t)utf8proc_encode_char(lower_of(c), (utf8proc_uint8_t *)lower + n);
    }
    return (struct str){lower, n};
}

size_t words_prefix(struct str text, const char *lower)
{
    struct str word = str_of(lower);
    size_t at = 0, in_word = 0;
    if (str_is_null(text))
        return 0;
    while (in_word < word.n) {
        utf8proc_int32_t wanted = 0, c = 0;
        in_word += step((struct str){word.p + in_word, word.n - in_word}, &wanted);
        size_t bytes = step((struct str){text.p + at, text.n - at}, &c);
        if (bytes == 0 || lower_of(c) != wanted)
            return 0;
        at += bytes;
    }
    return at;
}

bool words_same(struct str a, const char *b)
{
    return a.p != NULL && a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

bool words_start(struct str text, const char *prefix)
{
    size_t n = strlen(prefix);
    return text.n >= n && n > 0 && strncasecmp(text.p, prefix, n) == 0;
}

bool words_end(struct str text, const char *suffix)
{
    size_t n = strlen(suffix);
    return text.n >= n && n > 0 && strncasecmp(text.p + text.n - n, suffix, n) == 0;
}

bool words_hold(struct str text, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; n > 0 && i + n <= text.n; i++)
        if (strncasecmp(text.p + i, part, n) == 0)
            return true;
    return false;
}

bool words_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str words_trim(struct str text)
{
    while (text.n > 0 && words_is_space(text.p[0]))
        text = (struct str){text.p + 1, text.n - 1};
    while (text.n > 0 && words_is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

struct str words_squeeze(struct arena *arena, struct str text)
{
    text = words_trim(text);
    char *squeezed = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; squeezed != NULL && i < text.n; i++) {
        if (!words_is_space(text.p[i]))
            squeezed[n++] = text.p[i];
        else if (squeezed[n - 1] != ' ') /* the first is none: trimmed */
            squeezed[n++] = ' ';
    }
    return squeezed != NULL ? (struct str){squeezed, n} : STR_NULL;
}
