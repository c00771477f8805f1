#include "transform/surrogate.h"

#include <stdbool.h>
#include <string.h>

#include "lib/hex.h"

#define ESCAPE_BYTES 6 /* of "\ud83d" */

static const char replacement[] = "\\ufffd";

enum verdict { NEED_MORE, PASS, REPLACE };

struct escape { /* what stands at a backslash */
    enum verdict verdict;
    size_t bytes; /* to pass or to replace */
};

void surrogate_init(struct surrogate_filter *filter)
{
    *filter = (struct surrogate_filter){.held_count = 0};
}

/* Reads "\uXXXX" at p; false: it is no such escape. */
static bool read_unit(const char *p, unsigned *unit_out)
{
    unsigned char high, low;
    if (p[0] != '\\' || p[1] != 'u' || !hex_take(p + 2, &high) || !hex_take(p + 4, &low))
        return false;
    *unit_out = (unsigned)high << 8 | low;
    return true;
}

static bool is_high(unsigned unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(unsigned unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* p[0] is a backslash; n bytes are there, "last" says that no more will come. */
static struct escape judge(const char *p, size_t n, bool last)
{
    unsigned unit, next;
    if (n < 2)
        return (struct escape){last ? PASS : NEED_MORE, n};
    if (p[1] != 'u' || (n > 2 && p[2] != 'd' && p[2] != 'D')) /* nearly all */
        return (struct escape){PASS, 2};
    if (n < ESCAPE_BYTES)
        return (struct escape){last ? PASS : NEED_MORE, n};
    if (!read_unit(p, &unit) || (!is_high(unit) && !is_low(unit)))
        return (struct escape){PASS, 2};
    if (is_low(unit))
        return (struct escape){REPLACE, ESCAPE_BYTES};
    if (n < SURROGATE_PAIR_BYTES && !last && (n == ESCAPE_BYTES || p[ESCAPE_BYTES] == '\\'))
        return (struct escape){NEED_MORE, n};
    if (n >= SURROGATE_PAIR_BYTES && read_unit(p + ESCAPE_BYTES, &next) && is_low(next))
        return (struct escape){PASS, SURROGATE_PAIR_BYTES};
    return (struct escape){REPLACE, ESCAPE_BYTES};
}

struct run { /* one pass over contiguous bytes */
    struct surrogate_filter *filter;
    surrogate_out_fn *out;
    void *context;
    bool last;
    int result;
};

static void let_out(struct run *run, const char *bytes, size_t n)
{
    if (run->result == 0 && n > 0)
        run->result = run->out(run->context, bytes, n);
}

/* Lets out what can be judged; returns how much that was. */
static size_t scan(struct run *run, const char *bytes, size_t n)
{
    size_t done = 0;
    size_t at = 0;
    while (at < n) {
        const char *backslash = memchr(bytes + at, '\\', n - at);
        if (backslash == NULL)
            break;
        at = (size_t)(backslash - bytes);
        struct escape escape = judge(backslash, n - at, run->last);
        if (escape.verdict == NEED_MORE) {
            let_out(run, bytes + done, at - done);
            return at;
        }
        if (escape.verdict == REPLACE) {
            let_out(run, bytes + done, at - done);
            let_out(run, replacement, ESCAPE_BYTES);
            run->filter->replaced++;
            done = at + escape.bytes;
        }
        at += escape.bytes;
    }
    let_out(run, bytes + done, n - done);
    return n;
}

/* Fills up what is held from the new bytes until all that was held is judged; returns how many of
 * the new ones are. */
static size_t scan_held(struct run *run, const char *bytes, size_t n)
{
    struct surrogate_filter *filter = run->filter;
    size_t used = 0;
    while (filter->held_count > 0) {
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
        if (used == n)
            break;
    }
    return used;
}

int surrogate_feed(struct surrogate_filter *filter, const char *bytes, size_t n,
                   surrogate_out_fn *out, void *context)
{
    struct run run = {filter, out, context, false, 0};
    size_t used = scan_held(&run, bytes, n);
    if (filter->held_count > 0 || used == n)
        return run.result;
    used += scan(&run, bytes + used, n - used);
    filter->held_count = n - used;
    memcpy(filter->held, bytes + used, filter->held_count);
    return run.result;
}

int surrogate_end(struct surrogate_filter *filter, surrogate_out_fn *out, void *context)
{
    struct run run = {filter, out, context, true, 0};
    (void)scan(&run, filter->held, filter->held_count);
    filter->held_count = 0;
    return run.result;
}
