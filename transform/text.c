#include "transform/text.h"

#include <utf8proc.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define REPLACEMENT_BYTES (sizeof REPLACEMENT - 1)

#define WORD_BYTES sizeof(uint64_t)

/* Whether eight bytes are ASCII without NUL. */
static bool is_ascii_word(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return ((word | (word - ones)) & highs) == 0;
}

/* Bytes at the start that are ASCII without NUL. */
static size_t ascii_prefix(struct str bytes)
{
    size_t at = 0;
    while (bytes.n - at >= WORD_BYTES && is_ascii_word(bytes.p + at))
        at += WORD_BYTES;
    if (bytes.n >= WORD_BYTES && bytes.n - at < WORD_BYTES &&
        is_ascii_word(bytes.p + bytes.n - WORD_BYTES)) /* the rest, with some bytes once more */
        return bytes.n;
    while (at < bytes.n && bytes.p[at] > 0)
        at++;
    return at;
}

/* Length of the storable character at the start; 0 = there is none. */
static size_t character_bytes(struct str bytes)
{
    utf8proc_int32_t codepoint;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes.p, (utf8proc_ssize_t)bytes.n, &codepoint);
    return n > 0 && codepoint > 0 ? (size_t)n : 0;
}

/* Bytes that one U+FFFD stands for: a lead byte and the continuation bytes that it announces. */
static size_t broken_bytes(struct str bytes)
{
    unsigned char lead = (unsigned char)bytes.p[0];
    size_t announced = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    size_t n = 1;
    while (n < announced && n < bytes.n && ((unsigned char)bytes.p[n] & 0xC0) == 0x80)
        n++;
    return n;
}

static struct str from(struct str bytes, size_t at)
{
    return (struct str){bytes.p + at, bytes.n - at};
}

/* Bytes at the start that are storable. */
static size_t clean_prefix(struct str bytes)
{
    size_t at = 0;
    while (at < bytes.n) {
        size_t n = ascii_prefix(from(bytes, at));
        if (n == 0 && (n = character_bytes(from(bytes, at))) == 0)
            break;
        at += n;
    }
    return at;
}

bool text_is_clean(struct str bytes)
{
    return clean_prefix(bytes) == bytes.n;
}

static uint64_t count_broken(struct str bytes)
{
    uint64_t count = 0;
    for (size_t at = clean_prefix(bytes); at < bytes.n; at += clean_prefix(from(bytes, at))) {
        at += broken_bytes(from(bytes, at));
        count++;
    }
    return count;
}

static size_t replace_broken(struct str bytes, char *to)
{
    char *first = to;
    for (size_t at = 0; at < bytes.n;) {
        size_t n = clean_prefix(from(bytes, at));
        memcpy(to, bytes.p + at, n);
        to += n;
        at += n;
        if (at == bytes.n)
            break;
        memcpy(to, REPLACEMENT, REPLACEMENT_BYTES);
        to += REPLACEMENT_BYTES;
        at += broken_bytes(from(bytes, at));
    }
    return (size_t)(to - first);
}

struct str text_clean(struct arena *arena, struct str bytes, uint64_t *replaced)
{
    if (text_is_clean(bytes))
        return arena_str(arena, bytes);
    uint64_t broken = count_broken(bytes);
    char *to = arena_alloc(arena, bytes.n + broken * REPLACEMENT_BYTES + 1);
    if (to == NULL)
        return STR_NULL;
    *replaced += broken;
    return (struct str){to, replace_broken(bytes, to)};
}
