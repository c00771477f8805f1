#include "transform/email/html_piece.h"

#include <string.h>

#include "transform/email/words.h"

#define CONDITION_MOST 200
#define END_TAG_MOST 32
#define ATTRIBUTES_MOST 300

struct tag {
    size_t bytes; /* 0: within a quote that does not end */
    size_t attributes;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_divider(char c)
{
    return words_is_space(c) || c == '/';
}

/* rest: from "<" on. A quote counts as one only behind "=". */
static struct tag measure(struct str rest)
{
    struct tag tag = {0, 0};
    char before = '\0'; /* the last one that is no blank */
    for (size_t i = 1; i < rest.n; i++) {
        char c = rest.p[i];
        if (c == '>') {
            tag.bytes = i + 1;
            return tag;
        }
        if ((c == '"' || c == '\'') && before == '=') {
            const char *end = memchr(rest.p + i + 1, c, rest.n - i - 1);
            if (end == NULL)
                return tag;
            i = (size_t)(end - rest.p);
            tag.attributes++;
        } else if (is_divider(rest.p[i - 1]) && !is_divider(c)) {
            tag.attributes++;
        }
        if (!words_is_space(c))
            before = c;
    }
    tag.bytes = rest.n;
    return tag;
}

static size_t span_to(struct str rest, const char *end)
{
    const char *found = memmem(rest.p, rest.n, end, strlen(end));
    return found != NULL ? (size_t)(found - rest.p) + strlen(end) : 0;
}

/* "<![if !mso]>"; the end of a comment, "<![endif]-->", is none. */
static size_t condition_bytes(struct str rest)
{
    struct str head = {rest.p, rest.n < CONDITION_MOST ? rest.n : CONDITION_MOST};
    size_t n = span_to(head, ">");
    return n > 3 && rest.p[n - 2] == ']' ? n : 0;
}

static size_t end_tag_bytes(struct str rest)
{
    if (!words_start(rest, "</body") && !words_start(rest, "</html"))
        return 0;
    struct str head = {rest.p, rest.n < END_TAG_MOST ? rest.n : END_TAG_MOST};
    return span_to(head, ">");
}

/* What stands at a "<": the bytes of it, and whether they are left out. */
static size_t see(struct str rest, bool *is_left_out)
{
    size_t n = 0;
    if (str_starts_with(rest, "<!--")) {
        n = span_to(rest, "-->");
        return n > 0 ? n : rest.n;
    }
    if (str_starts_with(rest, "<!["))
        n = condition_bytes(rest);
    else if (str_starts_with(rest, "</"))
        n = end_tag_bytes(rest);
    *is_left_out = n > 0;
    if (n > 0 || rest.n < 2 || !is_letter(rest.p[1]))
        return n;
    struct tag tag = measure(rest);
    *is_left_out = tag.attributes > ATTRIBUTES_MOST;
    return tag.bytes == 0 && *is_left_out ? rest.n : tag.bytes;
}

struct str html_piece_next(struct str html, size_t *at)
{
    size_t begin = *at;
    size_t next = begin;
    while (next < html.n) {
        const char *open = memchr(html.p + next, '<', html.n - next);
        if (open == NULL)
            break;
        next = (size_t)(open - html.p);
        bool is_left_out = false;
        size_t n = see((struct str){open, html.n - next}, &is_left_out);
        if (is_left_out) {
            *at = next + n;
            return (struct str){html.p + begin, next - begin};
        }
        next += n > 0 ? n : 1;
    }
    *at = html.n;
    return (struct str){html.p + begin, html.n - begin};
}
