#include "transform/email/mbox.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "transform/email/mbox_line.h"

#define PIECE_BYTES (64 * KIB)
#define LINE_MOST (4 * KIB) /* of a From_ line, and of what is looked at after it */
#define KEPT_BYTES (1 * MIB)
#define BEFORE_BYTES 3 /* of a line end and an empty line, to know what stands before a line */
#define BOM "\xEF\xBB\xBF"
#define LENGTH_HEADER "Content-Length"

struct mbox {
    size_t mail_most;
    mbox_mail_fn *mail;
    void *context;
    struct buf bytes;    /* from the mail being read on */
    int64_t base;        /* offset of the first of them in the file */
    size_t scan;         /* before this no further mail begins */
    int64_t mail_offset; /* of the mail being read */
    int64_t ordinal;
    bool is_large;     /* over the maximum: its bytes are not kept */
    bool is_lengthy;   /* its Content-Length was looked at */
    size_t length_end; /* where that says it ends; 0: nowhere */
};

enum answer { NO, YES, WAIT };

struct mbox *mbox_new(size_t mail_most_bytes, mbox_mail_fn *mail, void *context)
{
    struct mbox *mbox = xcalloc(1, sizeof *mbox);
    mbox->mail_most = mail_most_bytes;
    mbox->mail = mail;
    mbox->context = context;
    buf_init(&mbox->bytes, mail_most_bytes + PIECE_BYTES + 4 * LINE_MOST);
    return mbox;
}

void mbox_free(struct mbox **mbox)
{
    if (mbox == NULL || *mbox == NULL)
        return;
    buf_done(&(*mbox)->bytes);
    free(*mbox);
    *mbox = NULL;
}

static void begin_mail(struct mbox *mbox, int64_t offset)
{
    mbox->mail_offset = offset;
    mbox->is_large = mbox->is_lengthy = false;
    mbox->length_end = 0;
}

void mbox_begin(struct mbox *mbox)
{
    buf_reset(&mbox->bytes);
    mbox->base = mbox->ordinal = 0;
    mbox->scan = 0;
    begin_mail(mbox, 0);
}

/* ---- lines ---- */

/* WAIT: its end is not here yet. NO: it is too long to matter. */
static enum answer line_at(const struct mbox *mbox, size_t at, bool is_end, struct str *line,
                           size_t *past_out)
{
    struct str rest = {mbox->bytes.p + at, mbox->bytes.n - at};
    size_t n = rest.n < LINE_MOST ? rest.n : LINE_MOST;
    const char *end = memchr(rest.p, '\n', n);
    if (end == NULL && n == LINE_MOST)
        return NO;
    if (end == NULL && !is_end)
        return WAIT;
    *line = (struct str){rest.p, end != NULL ? (size_t)(end - rest.p) : n};
    *past_out = at + line->n + (end != NULL);
    while (line->n > 0 && strchr("\r \t", line->p[line->n - 1]) != NULL && line->p[line->n - 1])
        line->n--;
    return YES;
}

static bool is_after_blank_line(const struct mbox *mbox, size_t at)
{
    const char *p = mbox->bytes.p + at;
    return (at >= 2 && memcmp(p - 2, "\n\n", 2) == 0) ||
           (at >= 3 && memcmp(p - 3, "\n\r\n", 3) == 0);
}

/* Of the line after a From_ line its beginning is enough. */
static enum answer may_follow(const struct mbox *mbox, size_t at, bool is_end)
{
    struct str line;
    size_t past;
    enum answer answer = line_at(mbox, at, is_end, &line, &past);
    if (answer == WAIT)
        return WAIT;
    if (answer == NO)
        line = (struct str){mbox->bytes.p + at, LINE_MOST};
    return mbox_may_follow(line) ? YES : NO;
}

/* Whether a mail begins at the line, which starts with "From " (3.1, rules 1 to 4). */
static enum answer is_boundary(const struct mbox *mbox, size_t at, bool is_end)
{
    struct str line;
    size_t past;
    int64_t from_at;
    enum answer answer = line_at(mbox, at, is_end, &line, &past);
    if (answer != YES)
        return answer;
    if (line.n < MBOX_FROM_BYTES) /* the blank behind it was cut off */
        line.n = MBOX_FROM_BYTES;
    enum mbox_from from = mbox_from_line(line, &from_at);
    bool is_shaped = from == MBOX_DATED || (from == MBOX_BARE && is_after_blank_line(mbox, at));
    if (!is_shaped || mbox_is_patch(line))
        return NO;
    return may_follow(mbox, past, is_end);
}

/* ---- Content-Length ---- */

/* Where the body begins; 0: the header does not end. */
static size_t past_header(struct str bytes)
{
    for (size_t at = 0; at < bytes.n;) {
        const char *end = memchr(bytes.p + at, '\n', bytes.n - at);
        if (end == NULL)
            return 0;
        size_t n = (size_t)(end - bytes.p) - at;
        bool is_empty = n == 0 || (n == 1 && bytes.p[at] == '\r');
        at += n + 1;
        if (is_empty)
            return at;
    }
    return 0;
}

static bool read_length(struct str line, size_t most, size_t *length_out)
{
    size_t n = sizeof LENGTH_HEADER - 1;
    size_t length = 0;
    if (line.n <= n || strncasecmp(line.p, LENGTH_HEADER, n) != 0 || line.p[n] != ':')
        return false;
    for (n++; n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'); n++)
        ;
    size_t digits = n;
    for (; n < line.n && isdigit((unsigned char)line.p[n]) && length <= most; n++)
        length = length * 10 + (size_t)(line.p[n] - '0');
    *length_out = length;
    return n > digits && length <= most;
}

/* Where the Content-Length of the mail, of which so much is looked at, says that it ends; 0: it has
 * none that could be right. */
static size_t stated_end(const struct mbox *mbox, size_t looked_at)
{
    size_t body = past_header((struct str){mbox->bytes.p, looked_at});
    for (size_t at = 0; at < body;) {
        struct str line = {mbox->bytes.p + at, 0};
        size_t length;
        line.n = (size_t)((const char *)memchr(line.p, '\n', body - at) - line.p);
        if (read_length(line, mbox->mail_most, &length))
            return body + length;
        at += line.n + 1;
    }
    return 0;
}

static size_t past_line_ends(const struct mbox *mbox, size_t at)
{
    while (at < mbox->bytes.n && (mbox->bytes.p[at] == '\r' || mbox->bytes.p[at] == '\n'))
        at++;
    return at;
}

/* The mail goes on over the boundary at the place, as far as its Content-Length leads to the next
 * mail or to the end. */
static enum answer is_within_length(struct mbox *mbox, size_t at, bool is_end)
{
    if (!mbox->is_lengthy) {
        mbox->is_lengthy = true;
        mbox->length_end = stated_end(mbox, at);
    }
    size_t end = mbox->length_end;
    if (end <= at || end > mbox->mail_most || mbox->is_large)
        return NO;
    size_t next = end < mbox->bytes.n ? past_line_ends(mbox, end) : end;
    if (next > end + LINE_MOST)
        return NO;
    if (is_end && next >= mbox->bytes.n)
        return next == mbox->bytes.n ? YES : NO;
    if (mbox->bytes.n < next + MBOX_FROM_BYTES)
        return is_end ? NO : WAIT;
    bool is_from = memcmp(mbox->bytes.p + next, MBOX_FROM, MBOX_FROM_BYTES) == 0;
    bool is_line = next > 0 && mbox->bytes.p[next - 1] == '\n';
    return is_from && is_line ? is_boundary(mbox, next, is_end) : NO;
}

/* ---- one mail ---- */

/* Bytes of the quoted From_ line at the place, its end included; 0: it is none. */
static size_t quoted_bytes(struct str text, size_t at)
{
    size_t marks = 0;
    while (at + marks < text.n && text.p[at + marks] == '>')
        marks++;
    struct str rest = {text.p + at + marks, text.n - at - marks};
    if (marks == 0 || !str_starts_with(rest, MBOX_FROM))
        return 0;
    const char *end = memchr(rest.p, '\n', rest.n);
    return marks + (end != NULL ? (size_t)(end + 1 - rest.p) : rest.n);
}

/* The first line from the place on that begins with ">"; n: none. */
static size_t find_quoted(struct str text, size_t at)
{
    bool is_line = at == 0 || text.p[at - 1] == '\n';
    if (is_line && at < text.n && text.p[at] == '>')
        return at;
    const char *found = memmem(text.p + at, text.n - at, "\n>", 2);
    return found != NULL ? (size_t)(found - text.p) + 1 : text.n;
}

/* One level of quoting is taken back, in place: ">From " lines of the body. Those in the header are
 * From_ lines that a program has kept, and go. */
static struct str unquoted(char *bytes, size_t n)
{
    struct str text = {bytes, n};
    size_t body = past_header(text);
    size_t kept = 0;
    for (size_t at = 0; at < n;) {
        size_t line = find_quoted(text, at);
        size_t quoted = line < n ? quoted_bytes(text, line) : 0;
        if (kept != at)
            memmove(bytes + kept, bytes + at, line - at);
        kept += line - at;
        at = line;
        if (quoted > 0)
            at += line < body ? quoted : 1;
        bool goes_over = line < n && (quoted == 0 || line >= body); /* one character goes over */
        if (goes_over && at < n)
            bytes[kept++] = bytes[at++];
    }
    return (struct str){bytes, kept};
}

static struct str without_last_blank_line(struct str raw)
{
    if (raw.n >= 2 && memcmp(raw.p + raw.n - 2, "\n\n", 2) == 0)
        raw.n -= 1;
    else if (raw.n >= 3 && memcmp(raw.p + raw.n - 3, "\n\r\n", 3) == 0)
        raw.n -= 2;
    return raw;
}

static bool is_empty(struct str raw)
{
    for (size_t i = 0; i < raw.n; i++)
        if (raw.p[i] != '\r' && raw.p[i] != '\n')
            return false;
    return true;
}

/* Takes the From_ line off. */
static void take_from_line(struct str *raw, int64_t *from_at)
{
    const char *end = memchr(raw->p, '\n', raw->n);
    size_t past = end != NULL ? (size_t)(end + 1 - raw->p) : raw->n;
    struct str line = {raw->p, end != NULL ? past - 1 : past};
    if (line.p[line.n - 1] == '\r')
        line.n--;
    (void)mbox_from_line(line, from_at);
    *raw = (struct str){raw->p + past, raw->n - past};
}

/* The first bytes, as a mail. What stands before the first From_ line is one too, unless it is
 * nothing. */
static enum rc give(struct mbox *mbox, size_t n, struct err *err)
{
    struct mbox_mail mail = {.from_at = TIME_NONE, .offset = mbox->mail_offset};
    struct str raw = {mbox->bytes.p, n};
    if (!mbox->is_large && n <= mbox->mail_most) {
        if (str_starts_with(raw, BOM))
            raw = (struct str){raw.p + sizeof BOM - 1, raw.n - (sizeof BOM - 1)};
        if (is_empty(raw))
            return RC_OK;
        if (str_starts_with(raw, MBOX_FROM))
            take_from_line(&raw, &mail.from_at);
        raw = without_last_blank_line(raw);
        mail.raw = unquoted((char *)(uintptr_t)raw.p, raw.n); /* the buffer is ours */
    }
    mail.ordinal = mbox->ordinal++;
    return mbox->mail(mbox->context, &mail, err);
}

/* ---- the file ---- */

/* The next line behind scan that begins with "From "; bytes.n: none yet. */
static size_t find_from(const struct mbox *mbox)
{
    static const char mark[] = "\n" MBOX_FROM;
    const struct buf *bytes = &mbox->bytes;
    size_t from = mbox->scan > 0 ? mbox->scan - 1 : 0;
    if (bytes->n == 0)
        return 0;
    const char *found = memmem(bytes->p + from, bytes->n - from, mark, sizeof mark - 1);
    return found != NULL ? (size_t)(found - bytes->p) + 1 : bytes->n;
}

/* Keeps the memory of mails of the usual size only. */
static void drop(struct mbox *mbox, size_t n)
{
    struct buf *bytes = &mbox->bytes;
    struct str rest = {bytes->p + n, bytes->n - n};
    if (bytes->cap > KEPT_BYTES && rest.n < KEPT_BYTES / 2) {
        struct buf fresh;
        buf_init(&fresh, bytes->max);
        (void)buf_add_str(&fresh, rest);
        buf_done(bytes);
        *bytes = fresh;
    } else {
        memmove(bytes->p, rest.p, rest.n);
        bytes->n = rest.n;
    }
    mbox->base += (int64_t)n;
    mbox->scan -= n;
}

/* Nothing of it is needed but what stands before the next line. */
static void drop_large(struct mbox *mbox)
{
    mbox->is_large = true;
    if (mbox->scan > BEFORE_BYTES)
        drop(mbox, mbox->scan - BEFORE_BYTES);
}

/* YES: a mail begins at *at_out. WAIT: not in what is here. */
static enum answer find_boundary(struct mbox *mbox, bool is_end, size_t *at_out)
{
    const size_t mark_bytes = MBOX_FROM_BYTES + 1;
    for (size_t at = find_from(mbox); at < mbox->bytes.n; at = find_from(mbox)) {
        mbox->scan = at;
        enum answer answer = is_boundary(mbox, at, is_end);
        enum answer within = answer == YES ? is_within_length(mbox, at, is_end) : NO;
        if (answer == WAIT || within == WAIT)
            return WAIT;
        *at_out = at;
        if (answer == YES && within == NO)
            return YES;
        mbox->scan = within == YES ? mbox->length_end : at + 1;
    }
    if (mbox->bytes.n > mark_bytes && mbox->scan < mbox->bytes.n - mark_bytes)
        mbox->scan = mbox->bytes.n - mark_bytes;
    return WAIT;
}

static enum rc take_mails(struct mbox *mbox, bool is_end, struct err *err)
{
    size_t at;
    while (find_boundary(mbox, is_end, &at) == YES) {
        enum rc rc = give(mbox, at, err);
        if (rc != RC_OK)
            return rc;
        drop(mbox, at);
        begin_mail(mbox, mbox->base);
        mbox->scan = 1; /* its own From_ line is done with */
    }
    if (mbox->is_large || mbox->scan > mbox->mail_most)
        drop_large(mbox);
    return RC_OK;
}

enum rc mbox_feed(struct mbox *mbox, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = RC_OK;
    while (n > 0 && rc == RC_OK) {
        size_t piece = n < PIECE_BYTES ? n : PIECE_BYTES;
        if (!buf_add(&mbox->bytes, bytes, piece))
            return err_set(err, RC_FATAL, "a mail of the file outgrows its buffer");
        rc = take_mails(mbox, false, err);
        bytes += piece;
        n -= piece;
    }
    return rc;
}

enum rc mbox_end(struct mbox *mbox, struct err *err)
{
    enum rc rc = take_mails(mbox, true, err);
    return rc == RC_OK ? give(mbox, mbox->bytes.n, err) : rc;
}
