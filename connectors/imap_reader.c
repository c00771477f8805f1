#include "connectors/imap_reader.h"

#include <stdlib.h>
#include <strings.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/decimal.h"
#include "lib/limits.h"

#define MAIL_BYTES (LIMIT_MAIL_BYTES + 1)
#define IDLE_BYTES (4 * MIB) /* kept for the next mail */

struct imap_reader {
    struct buf text;
    struct buf mail;
    size_t line_at; /* where the current line begins within text */
    uint64_t left;  /* of the literal; 0 = a line is read */
    bool left_is_mail;
    bool has_mail;
    uint64_t mail_bytes;
    bool is_complete; /* the next feed begins a response */
};

struct imap_reader *imap_reader_new(void)
{
    struct imap_reader *reader = xcalloc(1, sizeof *reader);
    buf_init(&reader->text, LIMIT_IMAP_RESPONSE_BYTES);
    buf_init(&reader->mail, MAIL_BYTES);
    reader->is_complete = true;
    return reader;
}

void imap_reader_free(struct imap_reader **reader)
{
    if (reader == NULL || *reader == NULL)
        return;
    buf_done(&(*reader)->text);
    buf_done(&(*reader)->mail);
    free(*reader);
    *reader = NULL;
}

/* One large mail does not keep its memory for all that follow. */
static void forget_mail(struct buf *mail)
{
    if (mail->cap > IDLE_BYTES) {
        buf_done(mail);
        buf_init(mail, MAIL_BYTES);
    }
    buf_reset(mail);
}

static void begin(struct imap_reader *reader)
{
    buf_reset(&reader->text);
    forget_mail(&reader->mail);
    reader->line_at = 0;
    reader->left = 0;
    reader->has_mail = false;
    reader->mail_bytes = 0;
    reader->is_complete = false;
}

/* ---- literals ---- */

/* Untagged responses whose texts a server may send as literals. What it says to people may hold
 * anything, braces too. */
static bool may_hold_literals(struct str text)
{
    static const char *const words[] = {"FETCH", "LIST", "LSUB", "STATUS"};
    size_t at = 2;
    if (!str_starts_with(text, "* "))
        return false;
    while (at < text.n && text.p[at] >= '0' && text.p[at] <= '9')
        at++;
    at += at > 2 && at < text.n && text.p[at] == ' ';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (text.n > at + n && strncasecmp(text.p + at, words[i], n) == 0 && text.p[at + n] == ' ')
            return true;
    }
    return false;
}

/* The number in braces at the end of the line. */
static bool announces_literal(struct str line, int64_t *n_out)
{
    if (line.n < 3 || line.p[line.n - 1] != '}')
        return false;
    const char *open = memrchr(line.p, '{', line.n);
    return open != NULL && open[1] != '-' &&
           decimal_parse((struct str){open + 1, (size_t)(line.p + line.n - 1 - (open + 1))}, n_out);
}

/* "BODY[] " or "BODY[]<0> " before the brace. */
static bool is_of_mail(struct str line)
{
    const char *open = memrchr(line.p, '{', line.n);
    struct str before = {line.p, (size_t)(open - line.p)};
    if (before.n == 0 || before.p[before.n - 1] != ' ')
        return false;
    before.n--;
    if (before.n > 0 && before.p[before.n - 1] == '>') {
        const char *partial = memrchr(before.p, '<', before.n);
        before.n = partial != NULL ? (size_t)(partial - before.p) : 0;
    }
    size_t n = strlen("BODY[]");
    return before.n >= n && strncasecmp(before.p + before.n - n, "BODY[]", n) == 0;
}

/* ---- lines ---- */

/* A line has ended; its end is not in the text. RC_OK: so has the response. */
static enum rc end_line(struct imap_reader *reader, struct err *err)
{
    struct str text = buf_peek(&reader->text);
    struct str line = {text.p + reader->line_at, text.n - reader->line_at};
    int64_t n = 0;
    if (!announces_literal(line, &n) || !may_hold_literals(text)) {
        reader->is_complete = true;
        return RC_OK;
    }
    bool is_mail = is_of_mail(line);
    if (is_mail && reader->has_mail)
        return err_set(err, RC_RETRY, "the mail server sent two mails in one response");
    if (!is_mail && n > (int64_t)LIMIT_IMAP_RESPONSE_BYTES)
        return err_set(err, RC_RETRY, "the mail server sent a text of %lld bytes, %zu are allowed",
                       (long long)n, LIMIT_IMAP_RESPONSE_BYTES);
    (void)buf_add_text(&reader->text, "\n");
    reader->left = (uint64_t)n;
    reader->left_is_mail = is_mail;
    if (is_mail) {
        reader->has_mail = true;
        reader->mail_bytes = (uint64_t)n;
    }
    reader->line_at = reader->text.n;
    return RC_AGAIN;
}

static void keep_mail(struct imap_reader *reader, struct str bytes)
{
    size_t room = MAIL_BYTES - reader->mail.n;
    (void)buf_add(&reader->mail, bytes.p, bytes.n < room ? bytes.n : room);
}

static size_t take_literal(struct imap_reader *reader, struct str bytes)
{
    size_t n = bytes.n < reader->left ? bytes.n : (size_t)reader->left;
    struct str part = {bytes.p, n};
    if (reader->left_is_mail)
        keep_mail(reader, part);
    else
        (void)buf_add_str(&reader->text, part);
    reader->left -= n;
    if (!reader->left_is_mail)
        reader->line_at = reader->text.n;
    return n;
}

/* Up to the line's end. has_ended_out: it was there. */
static size_t take_line(struct imap_reader *reader, struct str bytes, bool *has_ended_out)
{
    const char *end = memchr(bytes.p, '\n', bytes.n);
    *has_ended_out = end != NULL;
    size_t n = end != NULL ? (size_t)(end - bytes.p) : bytes.n;
    (void)buf_add(&reader->text, bytes.p, n);
    if (end == NULL)
        return n;
    bool has_cr = reader->text.n > reader->line_at && reader->text.p[reader->text.n - 1] == '\r';
    reader->text.n -= has_cr;
    return n + 1;
}

enum rc imap_reader_feed(struct imap_reader *reader, struct str bytes, size_t *taken_out,
                         struct imap_response *response_out, struct err *err)
{
    enum rc rc = RC_AGAIN;
    size_t taken = 0;
    if (reader->is_complete)
        begin(reader);
    while (taken < bytes.n && rc == RC_AGAIN) {
        struct str rest = {bytes.p + taken, bytes.n - taken};
        bool has_ended = false;
        taken +=
            reader->left > 0 ? take_literal(reader, rest) : take_line(reader, rest, &has_ended);
        if (buf_is_full(&reader->text))
            rc = err_set(err, RC_RETRY, "the mail server sent a response of more than %zu bytes",
                         LIMIT_IMAP_RESPONSE_BYTES);
        else if (has_ended)
            rc = end_line(reader, err);
    }
    *taken_out = taken;
    if (rc == RC_OK)
        *response_out = (struct imap_response){
            .text = buf_peek(&reader->text),
            .mail = reader->has_mail ? buf_peek(&reader->mail) : STR_NULL,
            .mail_bytes = reader->mail_bytes,
        };
    return rc;
}
