#include "transform/surrogate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"

static int collect(void *context, const char *bytes, size_t n)
{
    return buf_add(context, bytes, n) ? 0 : 1;
}

static const struct {
    const char *in;
    const char *out;
    uint64_t replaced;
} cases[] = {
    {"", "", 0},
    {"{\"a\":\"b\"}", "{\"a\":\"b\"}", 0},
    {"\"\\u00e4 \\n \\\" \\/\"", "\"\\u00e4 \\n \\\" \\/\"", 0},
    {"\"\\ud83d\\ude42\"", "\"\\ud83d\\ude42\"", 0},
    {"\"\\uD83D\\uDE42\"", "\"\\uD83D\\uDE42\"", 0},
    {"\"\\ud83d\"", "\"\\ufffd\"", 1},
    {"\"\\ude42\"", "\"\\ufffd\"", 1},
    {"\"\\ud83d\\u0041\"", "\"\\ufffd\\u0041\"", 1},
    {"\"\\ud83d\\ud83d\\ude42\"", "\"\\ufffd\\ud83d\\ude42\"", 1},
    {"\"\\ud83d\\ud83d\"", "\"\\ufffd\\ufffd\"", 2},
    {"\"\\ude42\\ud83d\"", "\"\\ufffd\\ufffd\"", 2},
    {"\"\\ud83d\\n\"", "\"\\ufffd\\n\"", 1},
    {"\"\\ud83dx\\ude42\"", "\"\\ufffdx\\ufffd\"", 2},
    {"\"\\\\ud83d\"", "\"\\\\ud83d\"", 0},     /* an escaped backslash, then plain text */
    {"\"\\\\\\ud83d\"", "\"\\\\\\ufffd\"", 1}, /* an escaped backslash, then an escape */
    {"\"\\ud83", "\"\\ud83", 0},               /* cut short: the parser will say so */
    {"\"\\ud83d", "\"\\ufffd", 1},
    {"\"\\ud83d\\u", "\"\\ufffd\\u", 1},
    {"\"\\ud83d\\ude4", "\"\\ufffd\\ude4", 1},
    {"\\", "\\", 0},
    {"\"\\udzzz\\ud83d\"", "\"\\udzzz\\ufffd\"", 1}, /* no hex digits: the parser will say so */
};

static void filter_in_pieces(const char *in, size_t piece, struct buf *out,
                             struct surrogate_filter *filter)
{
    surrogate_init(filter);
    size_t n = strlen(in);
    for (size_t at = 0; at < n; at += piece) {
        size_t take = n - at < piece ? n - at : piece;
        char *copy = malloc(take); /* so that an overrun is seen */
        assert_non_null(copy);
        memcpy(copy, in + at, take);
        assert_int_equal(surrogate_feed(filter, copy, take, collect, out), 0);
        free(copy);
    }
    assert_int_equal(surrogate_end(filter, collect, out), 0);
}

static void lone_escapes_are_replaced_however_the_bytes_are_cut(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t piece = 1; piece <= 32; piece++) {
            struct surrogate_filter filter;
            buf_reset(&out);
            filter_in_pieces(cases[i].in, piece, &out, &filter);
            struct str got = buf_peek(&out);
            if (got.n != strlen(cases[i].out) || memcmp(got.p, cases[i].out, got.n) != 0)
                fail_msg("case %zu in pieces of %zu: %.*s", i, piece, (int)got.n, got.p);
            assert_int_equal(filter.replaced, cases[i].replaced);
        }
    }
    buf_done(&out);
}

static int refuse(void *context, const char *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    ++*(int *)context;
    return 7;
}

static void the_readers_refusal_is_returned_and_nothing_more_is_let_out(void **state)
{
    (void)state;
    struct surrogate_filter filter;
    surrogate_init(&filter);
    int calls = 0;
    assert_int_equal(surrogate_feed(&filter, "a\\ud83db\\ud83dc", 15, refuse, &calls), 7);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lone_escapes_are_replaced_however_the_bytes_are_cut),
        cmocka_unit_test(the_readers_refusal_is_returned_and_nothing_more_is_let_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
