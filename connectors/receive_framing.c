#include "connectors/receive_framing.h"

#include <strings.h>

/* RFC 9110 5.6.2 */
static bool is_token(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool is_letter_or_digit =
            (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_letter_or_digit && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return name.n > 0;
}

static bool is_printable(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_word(struct str value, const char *word)
{
    while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    return value.n == strlen(word) && strncasecmp(value.p, word, value.n) == 0;
}

static bool read_length(struct str value, uint64_t *length_out)
{
    uint64_t length = 0;
    for (size_t i = 0; i < value.n; i++) {
        unsigned digit = (unsigned char)value.p[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        length = length > (UINT64_MAX - digit) / 10 ? UINT64_MAX : 10 * length + digit;
    }
    *length_out = length;
    return value.n > 0;
}

static void add_length(struct framing *framing, struct str value)
{
    if (framing->has_length || !read_length(value, &framing->length))
        framing->is_faulty = true;
    framing->has_length = true;
}

static void add_transfer(struct framing *framing, struct str value)
{
    if (framing->is_chunked || !is_word(value, "chunked"))
        framing->is_faulty = true;
    framing->is_chunked = true;
}

static void add_coding(struct framing *framing, struct str value)
{
    if (framing->has_coding)
        framing->coding = FRAMING_UNKNOWN;
    else if (is_word(value, "gzip") || is_word(value, "x-gzip"))
        framing->coding = FRAMING_GZIP;
    else if (!is_word(value, "identity") && !is_word(value, ""))
        framing->coding = FRAMING_UNKNOWN;
    framing->has_coding = true;
}

void framing_add(struct framing *framing, struct str name, struct str value)
{
    if (!is_token(name) || !is_printable(value))
        framing->is_faulty = true;
    else if (is_word(name, "Content-Length"))
        add_length(framing, value);
    else if (is_word(name, "Transfer-Encoding"))
        add_transfer(framing, value);
    else if (is_word(name, "Content-Encoding"))
        add_coding(framing, value);
    else if (is_word(name, "Expect"))
        framing->waits_to_send = true;
    else if (is_word(name, "Host")) {
        framing->is_faulty = framing->is_faulty || framing->has_host;
        framing->has_host = true;
    }
}

bool framing_is_sound(const struct framing *framing, bool is_http_1_0)
{
    return !framing->is_faulty && !(framing->is_chunked && (framing->has_length || is_http_1_0));
}
