#include "transform/telegram/export_filter.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/hex.h"
#include "lib/str.h"

#define ESCAPE_BYTES 4 /* of "\x01" */
#define GROWTH 2       /* of "\u0001" over "\x01" */
#define GROWN_MOST (1024 * 1024)
#define BLOCK_BYTES 64
#define AHEAD_BYTES 4  /* of "\": -" */
#define LITERAL_MOST 5 /* of "false" */
#define UNQUOTED_KEY "\"document_id"
#define VALUE_LEAST 2 /* room for two quotes */

enum verdict { NEED_MORE, PASS, ESCAPE, VALUE };

struct judged {
    enum verdict verdict;
    size_t bytes; /* to pass; VALUE: those before the value */
    enum export_filter_value value;
};

struct run { /* one pass over contiguous bytes */
    struct export_filter *filter;
    export_filter_out_fn *out;
    void *context;
    bool last; /* no more will come */
    int result;
    const char *p;
    size_t n;
    size_t backslash, name; /* the next ones; n: none */
};

void export_filter_init(struct export_filter *filter)
{
    *filter = (struct export_filter){.held_count = 0};
}

void export_filter_begin(struct export_filter *filter)
{
    int64_t *grown = filter->grown;
    size_t room = filter->grown_room;
    *filter = (struct export_filter){.grown = grown, .grown_room = room};
}

void export_filter_done(struct export_filter *filter)
{
    free(filter->grown);
    filter->grown = NULL;
}

/* ---- offsets ---- */

/* Escapes that ended at or before the offset. */
static size_t grown_until(const struct export_filter *filter, int64_t offset)
{
    size_t low = 0, high = filter->grown_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (filter->grown[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t export_filter_offset(const struct export_filter *filter, int64_t offset)
{
    return offset - GROWTH * (filter->grown_before + (int64_t)grown_until(filter, offset));
}

static void drop_grown(struct export_filter *filter, size_t count)
{
    filter->grown_before += (int64_t)count;
    filter->grown_count -= count;
    if (count > 0)
        memmove(filter->grown, filter->grown + count, filter->grown_count * sizeof *filter->grown);
}

void export_filter_forget(struct export_filter *filter, int64_t offset)
{
    if (filter->grown_count > 0)
        drop_grown(filter, grown_until(filter, offset));
}

/* Only what lies in one message is kept: that there are too many to remember happens outside of
 * messages, where nobody asks. */
static void add_grown(struct export_filter *filter)
{
    if (filter->grown_count == GROWN_MOST)
        drop_grown(filter, GROWN_MOST / 2);
    if (filter->grown_count == filter->grown_room) {
        filter->grown_room = filter->grown_room > 0 ? 2 * filter->grown_room : 64;
        filter->grown = xrealloc(filter->grown, filter->grown_room * sizeof *filter->grown);
    }
    filter->grown[filter->grown_count++] = filter->passed;
}

static void let_out(struct run *run, const char *bytes, size_t n)
{
    if (run->result != 0 || n == 0)
        return;
    run->filter->passed += (int64_t)n;
    run->result = run->out(run->context, bytes, n);
}

/* ---- values without quotes ---- */

static bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Of which the names of members and words are made. */
static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '_' || c == '+' || c == '-' || c == '.';
}

/* What "true", "NaN", "-inf" and paths begin with; a digit or minus may begin a number. */
static bool may_begin(char c)
{
    return is_letter(c) || c == '(' || c == '-';
}

/* The byte so many before the one at the place. */
static char byte_before(const struct run *run, size_t at, size_t back)
{
    return back <= at ? run->p[at - back]
                      : run->filter->before[EXPORT_FILTER_CONTEXT_BYTES - (back - at)];
}

static bool is_unquoted_key(const struct run *run, size_t quote)
{
    static const char key[] = UNQUOTED_KEY;
    for (size_t i = 0; i < sizeof key - 1; i++)
        if (byte_before(run, quote, sizeof key - 1 - i) != key[i])
            return false;
    return true;
}

static bool is_literal(struct str word)
{
    return str_is(word, "true") || str_is(word, "false") || str_is(word, "null");
}

/* p: where the value begins; "before" bytes stand between it and the quote before it. */
static struct judged judge_value(const struct run *run, size_t quote, size_t before)
{
    static const struct judged more = {NEED_MORE, 0, EXPORT_FILTER_NONE};
    const struct judged pass = {PASS, before, EXPORT_FILTER_NONE};
    const char *p = run->p + quote + before;
    size_t n = run->n - quote - before;
    size_t word = 0;
    while (word < n && word <= LITERAL_MOST && is_word(p[word]))
        word++;
    if ((word == n || n < VALUE_LEAST) && word <= LITERAL_MOST && !run->last)
        return more;
    if (is_literal((struct str){p, word}) || (p[0] == '-' && word > 1 && is_digit(p[1])))
        return pass;
    if (is_unquoted_key(run, quote)) {
        bool has_room = n >= VALUE_LEAST && memchr(",\r\n", p[1], 3) == NULL;
        return has_room ? (struct judged){VALUE, before, EXPORT_FILTER_LINE} : pass;
    }
    return word >= VALUE_LEAST ? (struct judged){VALUE, before, EXPORT_FILTER_WORD} : pass;
}

/* At a quote: whether it ends a member's name and a value without quotes follows. */
static struct judged judge_quote(const struct run *run, size_t quote)
{
    const char *p = run->p + quote;
    size_t n = run->n - quote;
    const struct judged pass = {PASS, 1, EXPORT_FILTER_NONE};
    const struct judged more = {run->last ? PASS : NEED_MORE, n, EXPORT_FILTER_NONE};
    if (!is_word(byte_before(run, quote, 1)))
        return pass;
    if (n < 2)
        return more;
    if (p[1] != ':')
        return pass;
    size_t before = n > 2 && p[2] == ' ' ? 3 : 2;
    if (n <= before)
        return more;
    return may_begin(p[before]) ? judge_value(run, quote, before) : pass;
}

static struct judged judge_backslash(const struct run *run, size_t at)
{
    const char *p = run->p + at;
    size_t n = run->n - at;
    unsigned char byte;
    if (n < 2 || (p[1] == 'x' && n < ESCAPE_BYTES))
        return (struct judged){run->last ? PASS : NEED_MORE, n, EXPORT_FILTER_NONE};
    if (p[1] == 'x' && hex_take(p + 2, &byte))
        return (struct judged){ESCAPE, ESCAPE_BYTES, EXPORT_FILTER_NONE};
    return (struct judged){PASS, 2, EXPORT_FILTER_NONE};
}

/* Instead of a byte of the value: two quotes, then blanks. */
static void put_blank(struct run *run)
{
    bool is_quote = run->filter->quotes > 0;
    run->filter->quotes -= is_quote;
    let_out(run, is_quote ? "\"" : " ", 1);
}

static bool ends_value(const struct export_filter *filter, char c)
{
    return filter->value == EXPORT_FILTER_LINE ? c == '\n' : !is_word(c);
}

/* Blanks the value that is begun; a comma at the end of its line stands behind it. Returns how many
 * bytes that took. */
static size_t blank(struct run *run, const char *p, size_t n)
{
    struct export_filter *filter = run->filter;
    for (size_t at = 0; at < n; at++) {
        bool is_end = ends_value(filter, p[at]);
        if (filter->has_comma)
            let_out(run, is_end || p[at] == '\r' ? "," : " ", 1);
        filter->has_comma = false;
        if (is_end) {
            filter->value = EXPORT_FILTER_NONE;
            return at;
        }
        filter->has_comma = p[at] == ',';
        if (!filter->has_comma)
            put_blank(run);
    }
    return n;
}

/* ---- the search ---- */

/* At least what may_begin takes, without branches: letters, and "(" to "-". */
static unsigned char begins_value(char c)
{
    unsigned char letter = (unsigned char)((unsigned char)(c | 0x20) - 'a');
    unsigned char sign = (unsigned char)((unsigned char)c - '(');
    return (letter < 26) | (sign < 6);
}

/* Whether a name of a member may end in the block with a value behind it that may have no quotes:
 * a loop that compilers turn into a few instructions for 16 bytes. Telegram writes a blank between;
 * where there is none, every name is looked at. */
static bool has_suspect(const char *p)
{
    unsigned char found = 0;
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        unsigned char is_end = (p[i] == '"') & (p[i + 1] == ':');
        unsigned char is_odd = (p[i + 2] != ' ') | begins_value(p[i + 3]);
        found |= is_end & is_odd;
    }
    return found != 0;
}

/* The next quote that is worth judging. */
static size_t find_name(const struct run *run, size_t at)
{
    while (at < run->n) {
        if (run->n - at >= BLOCK_BYTES + AHEAD_BYTES && !has_suspect(run->p + at)) {
            at += BLOCK_BYTES;
            continue;
        }
        const char *quote = memchr(run->p + at, '"', run->n - at);
        if (quote == NULL)
            break;
        at = (size_t)(quote - run->p);
        bool is_near_end = run->n - at < AHEAD_BYTES;
        if (is_near_end || (quote[1] == ':' && may_begin(quote[2] == ' ' ? quote[3] : quote[2])))
            return at;
        at++;
    }
    return run->n;
}

static size_t find_backslash(const struct run *run, size_t at)
{
    const char *found = at < run->n ? memchr(run->p + at, '\\', run->n - at) : NULL;
    return found != NULL ? (size_t)(found - run->p) : run->n;
}

static size_t next_suspect(struct run *run, size_t at)
{
    if (run->backslash < at)
        run->backslash = find_backslash(run, at);
    if (run->name < at)
        run->name = find_name(run, at);
    return run->backslash < run->name ? run->backslash : run->name;
}

static void keep_context(struct run *run, size_t n)
{
    char before[EXPORT_FILTER_CONTEXT_BYTES];
    for (size_t i = 0; i < sizeof before; i++)
        before[i] = byte_before(run, n, sizeof before - i);
    memcpy(run->filter->before, before, sizeof before);
}

static void repair_escape(struct run *run, const char *p)
{
    if (run->result != 0)
        return; /* what follows the fault must not move its offset */
    let_out(run, "\\u00", strlen("\\u00"));
    let_out(run, p + 2, 2);
    add_grown(run->filter);
    run->filter->repaired++;
}

static void begin_value(struct run *run, enum export_filter_value value)
{
    run->filter->value = value;
    run->filter->quotes = VALUE_LEAST;
    run->filter->repaired++;
}

/* Lets out what can be judged; returns how much that was. */
static size_t scan(struct run *run, const char *p, size_t n)
{
    run->p = p;
    run->n = n;
    size_t at = run->filter->value != EXPORT_FILTER_NONE ? blank(run, p, n) : 0;
    size_t done = at;
    run->backslash = find_backslash(run, at);
    run->name = find_name(run, at);
    size_t suspect;
    while ((suspect = next_suspect(run, at)) < n) {
        bool is_backslash = suspect == run->backslash;
        struct judged judged =
            is_backslash ? judge_backslash(run, suspect) : judge_quote(run, suspect);
        if (judged.verdict == NEED_MORE) {
            n = suspect;
            break;
        }
        at = suspect + judged.bytes;
        if (judged.verdict == PASS)
            continue;
        let_out(run, p + done, judged.verdict == ESCAPE ? suspect - done : at - done);
        if (judged.verdict == ESCAPE) {
            repair_escape(run, p + suspect);
        } else {
            begin_value(run, judged.value);
            at += blank(run, p + at, n - at);
        }
        done = at;
    }
    let_out(run, p + done, n - done);
    keep_context(run, n);
    return n;
}

/* Fills up what is held from the new bytes until all that was held is judged; returns how many of
 * the new ones are. */
static size_t scan_held(struct run *run, const char *bytes, size_t n)
{
    struct export_filter *filter = run->filter;
    size_t used = 0;
    while (filter->held_count > 0 && used < n) {
        size_t before = filter->held_count;
        size_t room = sizeof filter->held - before;
        size_t taken = n - used < room ? n - used : room;
        memcpy(filter->held + before, bytes + used, taken);
        size_t judged = scan(run, filter->held, before + taken);
        if (judged >= before) {
            filter->held_count = 0;
            return used + judged - before;
        }
        used += taken;
        filter->held_count = before + taken - judged;
        memmove(filter->held, filter->held + judged, filter->held_count);
    }
    return used;
}

int export_filter_feed(struct export_filter *filter, const char *bytes, size_t n,
                       export_filter_out_fn *out, void *context)
{
    struct run run = {.filter = filter, .out = out, .context = context};
    size_t used = scan_held(&run, bytes, n);
    if (filter->held_count > 0 || used == n)
        return run.result;
    used += scan(&run, bytes + used, n - used);
    filter->held_count = n - used;
    memcpy(filter->held, bytes + used, filter->held_count);
    return run.result;
}

int export_filter_end(struct export_filter *filter, export_filter_out_fn *out, void *context)
{
    struct run run = {.filter = filter, .out = out, .context = context, .last = true};
    (void)scan(&run, filter->held, filter->held_count);
    filter->held_count = 0;
    return run.result;
}
