#include "transform/json.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

/* jsonb holds numbers as numeric: 131072 digits before the point. Nothing sent by a channel comes
 * near; an exponent of four digits only comes from somebody who tries. */
#define NUMBER_BYTES 64
#define EXPONENT_DIGITS 3
#define DEPTH_MOST 128

struct json_writer {
    struct buf text;
    bool is_array[DEPTH_MOST]; /* by depth, the innermost at depth - 1 */
    size_t depth;
    bool is_empty;   /* nothing stands yet in the innermost */
    bool after_name; /* the value of a member comes next */
    bool too_deep;
};

struct json_writer *json_writer_new(size_t max_bytes)
{
    struct json_writer *writer = xcalloc(1, sizeof *writer);
    buf_init(&writer->text, max_bytes);
    json_writer_reset(writer);
    return writer;
}

void json_writer_free(struct json_writer **writer)
{
    if (writer == NULL || *writer == NULL)
        return;
    buf_done(&(*writer)->text);
    free(*writer);
    *writer = NULL;
}

void json_writer_reset(struct json_writer *writer)
{
    buf_reset(&writer->text);
    writer->depth = 0;
    writer->is_empty = true;
    writer->after_name = writer->too_deep = false;
}

struct str json_writer_peek(const struct json_writer *writer)
{
    bool failed = writer->too_deep || buf_is_full(&writer->text);
    return failed ? STR_NULL : buf_peek(&writer->text);
}

static void add_char(struct json_writer *writer, char c)
{
    (void)buf_add(&writer->text, &c, 1);
}

/* What stands between what was written and what comes now. */
static void separate(struct json_writer *writer)
{
    if (writer->after_name)
        add_char(writer, ':');
    else if (!writer->is_empty)
        add_char(writer, ',');
    writer->is_empty = writer->after_name = false;
}

static bool takes_name(const struct json_writer *writer)
{
    return writer->depth > 0 && !writer->is_array[writer->depth - 1] && !writer->after_name;
}

void json_writer_open(struct json_writer *writer, bool is_array)
{
    separate(writer);
    if (writer->depth == DEPTH_MOST) {
        writer->too_deep = true;
        return;
    }
    writer->is_array[writer->depth++] = is_array;
    writer->is_empty = true;
    add_char(writer, is_array ? '[' : '{');
}

void json_writer_close(struct json_writer *writer, bool is_array)
{
    if (writer->depth > 0)
        writer->depth--;
    writer->is_empty = false;
    add_char(writer, is_array ? ']' : '}');
}

void json_writer_raw(struct json_writer *writer, struct str json)
{
    separate(writer);
    (void)buf_add_str(&writer->text, json);
}

void json_writer_null(struct json_writer *writer)
{
    json_writer_raw(writer, STR_LIT("null"));
}

void json_writer_bool(struct json_writer *writer, bool value)
{
    json_writer_raw(writer, value ? STR_LIT("true") : STR_LIT("false"));
}

void json_writer_text(struct json_writer *writer, struct str text)
{
    bool is_name = takes_name(writer);
    separate(writer);
    writer->after_name = is_name;
    json_add_text(&writer->text, text);
}

void json_writer_number(struct json_writer *writer, struct str number)
{
    if (json_is_number(number))
        json_writer_raw(writer, number);
    else
        json_writer_text(writer, number);
}

void json_member_text(struct json_writer *writer, const char *name, struct str text)
{
    if (str_is_null(text))
        return;
    json_writer_text(writer, str_of(name));
    json_writer_text(writer, text);
}

void json_member_number(struct json_writer *writer, const char *name, struct str number)
{
    if (str_is_null(number))
        return;
    json_writer_text(writer, str_of(name));
    json_writer_number(writer, number);
}

void json_member_json(struct json_writer *writer, const char *name, struct str json)
{
    if (str_is_null(json))
        return;
    json_writer_text(writer, str_of(name));
    json_writer_raw(writer, json);
}

void json_member_true(struct json_writer *writer, const char *name, bool value)
{
    if (!value)
        return;
    json_writer_text(writer, str_of(name));
    json_writer_bool(writer, true);
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c != '"' && c != '\\';
}

/* Whether any of eight bytes is below " ", a quote or a backslash; at times it is not so sure and
 * says yes. */
static bool has_special(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    uint64_t quotes = word ^ ones * '"', backslashes = word ^ ones * '\\';
    return (((word - ones * ' ') | (quotes - ones) | (backslashes - ones)) & ~word & highs) != 0;
}

/* Bytes at the start that stand in a JSON string as they are. */
static size_t plain_prefix(struct str text)
{
    size_t n = 0;
    for (uint64_t word; text.n - n >= sizeof word; n += sizeof word) {
        memcpy(&word, text.p + n, sizeof word);
        if (has_special(word))
            break;
    }
    while (n < text.n && is_plain((unsigned char)text.p[n]))
        n++;
    return n;
}

static void add_escape(struct buf *out, char c)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    static const char digits[] = "0123456789ABCDEF";
    const char *found = memchr(escaped, c, sizeof escaped - 1);
    char short_form[] = {'\\', found != NULL ? letters[found - escaped] : 'u'};
    (void)buf_add(out, short_form, sizeof short_form);
    char long_rest[] = {'0', '0', digits[(unsigned char)c >> 4], digits[c & 15]};
    if (found == NULL)
        (void)buf_add(out, long_rest, sizeof long_rest);
}

void json_add_text(struct buf *out, struct str text)
{
    (void)buf_add(out, "\"", 1);
    while (text.n > 0) {
        size_t plain = plain_prefix(text);
        (void)buf_add(out, text.p, plain);
        if (plain == text.n)
            break;
        add_escape(out, text.p[plain]);
        text = (struct str){text.p + plain + 1, text.n - plain - 1};
    }
    (void)buf_add(out, "\"", 1);
}

static size_t digits_at(struct str text, size_t at)
{
    size_t n = 0;
    while (at + n < text.n && isdigit((unsigned char)text.p[at + n]))
        n++;
    return n;
}

bool json_is_number(struct str text)
{
    if (str_is_null(text) || text.n == 0 || text.n > NUMBER_BYTES)
        return false;
    size_t at = text.p[0] == '-' ? 1 : 0;
    size_t whole = digits_at(text, at);
    if (whole == 0 || (whole > 1 && text.p[at] == '0'))
        return false;
    at += whole;
    if (at < text.n && text.p[at] == '.') {
        size_t fraction = digits_at(text, at + 1);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    if (at < text.n && (text.p[at] == 'e' || text.p[at] == 'E')) {
        at++;
        if (at < text.n && (text.p[at] == '+' || text.p[at] == '-'))
            at++;
        size_t exponent = digits_at(text, at);
        if (exponent == 0 || exponent > EXPONENT_DIGITS)
            return false;
        at += exponent;
    }
    return at == text.n;
}
