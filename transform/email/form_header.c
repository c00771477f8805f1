#include "transform/email/form_header.h"

#include <strings.h>

#include "lib/hex.h"
#include "transform/text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool is_name(struct str s, const char *name)
{
    return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

struct str form_text(struct arena *arena, struct str bytes)
{
    uint64_t replaced = 0;
    return text_clean(arena, bytes, &replaced);
}

/* ---- lines ---- */

/* Length of the header line at the beginning, folded lines with it. */
static size_t line_bytes(struct str block)
{
    size_t at = 0;
    while (at < block.n) {
        const char *end = memchr(block.p + at, '\n', block.n - at);
        if (end == NULL)
            return block.n;
        at = (size_t)(end - block.p) + 1;
        if (at == block.n || (block.p[at] != ' ' && block.p[at] != '\t'))
            return at;
    }
    return at;
}

static struct str find_header(struct str block, const char *name)
{
    while (block.n > 0) {
        size_t n = line_bytes(block);
        const char *colon = memchr(block.p, ':', n);
        if (colon != NULL && is_name(trim((struct str){block.p, (size_t)(colon - block.p)}), name))
            return trim((struct str){colon + 1, n - (size_t)(colon + 1 - block.p)});
        block = (struct str){block.p + n, block.n - n};
    }
    return STR_NULL;
}

/* ---- parameters ---- */

/* Index of the byte after a quoted string that begins at the given one. */
static size_t skip_quoted(struct str s, size_t at)
{
    for (at++; at < s.n && s.p[at] != '"'; at++)
        if (s.p[at] == '\\' && at + 1 < s.n && s.p[at + 1] == '"' && at + 2 < s.n)
            at++;
    return at < s.n ? at + 1 : at;
}

static size_t parameter_bytes(struct str s)
{
    size_t at = 0;
    while (at < s.n && s.p[at] != ';')
        at = s.p[at] == '"' ? skip_quoted(s, at) : at + 1;
    return at;
}

/* false: another name. */
static bool split_parameter(struct str parameter, const char *name, struct str *value_out)
{
    const char *equals = memchr(parameter.p, '=', parameter.n);
    if (equals == NULL)
        return false;
    size_t n = (size_t)(equals - parameter.p);
    *value_out = trim((struct str){equals + 1, parameter.n - n - 1});
    return is_name(trim((struct str){parameter.p, n}), name);
}

static struct str find_parameter(struct str value, const char *name)
{
    struct str found = STR_NULL;
    while (value.n > 0) {
        size_t n = parameter_bytes(value);
        if (split_parameter(trim((struct str){value.p, n}), name, &found))
            return found;
        n += n < value.n;
        value = (struct str){value.p + n, value.n - n};
    }
    return STR_NULL;
}

/* Browsers write a quote, CR and LF of a name as %22, %0D, %0A and nothing else so. */
static bool is_form_escape(const char *p)
{
    return strncmp(p, "%22", 3) == 0 || strncasecmp(p, "%0d", 3) == 0 ||
           strncasecmp(p, "%0a", 3) == 0;
}

static struct str unquote(struct arena *arena, struct str quoted)
{
    struct str inner = {quoted.p + 1,
                        quoted.n - (quoted.n > 1 && quoted.p[quoted.n - 1] == '"' ? 2 : 1)};
    char *to = arena_alloc(arena, inner.n + 1);
    size_t n = 0;
    for (size_t i = 0; to != NULL && i < inner.n; i++) {
        const char *from = inner.p + i;
        size_t left = inner.n - i;
        unsigned char byte = (unsigned char)*from;
        if (left > 1 && *from == '\\' && (from[1] == '"' || from[1] == '\\'))
            byte = (unsigned char)inner.p[++i];
        else if (left > 2 && is_form_escape(from) && hex_take(from + 1, &byte))
            i += 2;
        to[n++] = (char)byte;
    }
    return to != NULL ? (struct str){to, n} : STR_NULL;
}

struct str form_parameter(struct arena *arena, struct str value, const char *name)
{
    struct str found = find_parameter(value, name);
    if (str_is_null(found))
        return STR_NULL;
    return found.n > 0 && found.p[0] == '"' ? unquote(arena, found) : arena_str(arena, found);
}

/* utf-8'en'gu%C3%ADa.png (RFC 5987); other charsets are read as they are. */
static struct str extended(struct arena *arena, struct str value)
{
    const char *quote = value.n > 0 ? memchr(value.p, '\'', value.n) : NULL;
    size_t head = quote != NULL ? (size_t)(quote - value.p) + 1 : 0;
    quote = head > 0 ? memchr(value.p + head, '\'', value.n - head) : NULL;
    if (quote == NULL)
        return STR_NULL;
    struct str coded = {quote + 1, value.n - (size_t)(quote + 1 - value.p)};
    char *to = arena_alloc(arena, coded.n + 1);
    size_t n = 0;
    for (size_t i = 0; to != NULL && i < coded.n; i++) {
        unsigned char byte = (unsigned char)coded.p[i];
        if (byte == '%' && i + 2 < coded.n && hex_take(coded.p + i + 1, &byte))
            i += 2;
        to[n++] = (char)byte;
    }
    return to != NULL ? (struct str){to, n} : STR_NULL;
}

static bool take_text(struct arena *arena, struct str bytes, struct str *text_out)
{
    if (str_is_null(bytes))
        return true;
    *text_out = form_text(arena, bytes);
    return !str_is_null(*text_out);
}

bool form_header_read(struct str block, struct arena *arena, struct form_field *field)
{
    struct str disposition = find_header(block, "content-disposition");
    struct str type = find_header(block, "content-type");
    struct str wide = extended(arena, form_parameter(arena, disposition, "filename*"));
    struct str plain = form_parameter(arena, disposition, "filename");
    struct str only_type = {type.p, type.n > 0 ? parameter_bytes(type) : 0};
    return take_text(arena, form_parameter(arena, disposition, "name"), &field->name) &&
           take_text(arena, str_is_null(wide) ? plain : wide, &field->filename) &&
           take_text(arena, str_is_null(type) ? type : trim(only_type), &field->content_type) &&
           take_text(arena, form_parameter(arena, type, "charset"), &field->charset);
}
