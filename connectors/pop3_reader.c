#include "connectors/pop3_reader.h"

#include "lib/limits.h"

#define IDLE_BYTES (4 * MIB) /* kept for the next answer */

void pop3_reader_init(struct pop3_reader *reader, size_t max_bytes)
{
    buf_init(&reader->text, max_bytes + 1);
    pop3_reader_begin(reader);
}

void pop3_reader_done(struct pop3_reader *reader)
{
    buf_done(&reader->text);
}

void pop3_reader_begin(struct pop3_reader *reader)
{
    if (reader->text.cap > IDLE_BYTES)
        buf_done(&reader->text);
    buf_reset(&reader->text);
    reader->bytes = 0;
    reader->at = POP3_AT_LINE_START;
}

static void keep(struct pop3_reader *reader, const char *bytes, size_t n)
{
    size_t room = reader->text.max - reader->text.n;
    (void)buf_add(&reader->text, bytes, n < room ? n : room);
    reader->bytes += n;
}

/* One byte of a line's beginning; true: the answer has ended. */
static bool take_byte(struct pop3_reader *reader, const char *byte)
{
    switch (reader->at) {
    case POP3_AT_LINE_START:
        if (*byte == '.') {
            reader->at = POP3_AFTER_DOT;
            return false;
        }
        break;
    case POP3_AFTER_DOT:
        if (*byte == '\r') {
            reader->at = POP3_AFTER_DOT_CR;
            return false;
        }
        if (*byte == '\n')
            return true;
        break;
    case POP3_AFTER_DOT_CR:
        if (*byte == '\n')
            return true;
        keep(reader, "\r", 1);
        break;
    case POP3_IN_LINE:
        break;
    }
    keep(reader, byte, 1);
    reader->at = *byte == '\n' ? POP3_AT_LINE_START : POP3_IN_LINE;
    return false;
}

bool pop3_reader_feed(struct pop3_reader *reader, struct str bytes, size_t *taken_out)
{
    size_t at = 0;
    while (at < bytes.n) {
        if (reader->at != POP3_IN_LINE) {
            bool has_ended = take_byte(reader, bytes.p + at++);
            if (has_ended) {
                *taken_out = at;
                return true;
            }
            continue;
        }
        const char *end = memchr(bytes.p + at, '\n', bytes.n - at);
        size_t n = end != NULL ? (size_t)(end - bytes.p) + 1 - at : bytes.n - at;
        keep(reader, bytes.p + at, n);
        at += n;
        if (end != NULL)
            reader->at = POP3_AT_LINE_START;
    }
    *taken_out = at;
    return false;
}
