#include "transform/telegram/export_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/limits.h"

static int take(void *context, const char *bytes, size_t n)
{
    return buf_add(context, bytes, n) ? 0 : 1;
}

static void run(struct export_filter *filter, struct str in, size_t piece, struct buf *out)
{
    buf_reset(out);
    export_filter_begin(filter);
    for (size_t at = 0; at < in.n; at += piece) {
        size_t n = in.n - at < piece ? in.n - at : piece;
        char *copy = xmalloc(n); /* its own block, so that reading beyond a piece is seen */
        memcpy(copy, in.p + at, n);
        assert_int_equal(export_filter_feed(filter, copy, n, take, out), 0);
        free(copy);
    }
    assert_int_equal(export_filter_end(filter, take, out), 0);
}

static void check(const char *in, const char *expected)
{
    struct export_filter filter;
    struct buf out;
    export_filter_init(&filter);
    buf_init(&out, 1 * MIB);
    for (size_t piece = 1; piece <= strlen(in) + 1; piece++) {
        run(&filter, str_of(in), piece, &out);
        if (!str_is(buf_peek(&out), expected))
            fail_msg("pieces of %zu: found %.*s, expected %s", piece, STR_ARGS(buf_peek(&out)),
                     expected);
    }
    buf_done(&out);
    export_filter_done(&filter);
}

static void test_escapes(void **state)
{
    (void)state;
    check("{\"a\": \"1=4\\x012=9\\x1F\"}", "{\"a\": \"1=4\\u00012=9\\u001F\"}");
    check("\"\\\\x41\"", "\"\\\\x41\"");
    check("\"\\\\\\x41\"", "\"\\\\\\u0041\"");
    check("\"\\\"\\x07\\\"\"", "\"\\\"\\u0007\\\"\"");
    check("\"\\xZZ \\x1\"", "\"\\xZZ \\x1\"");
    check("\"\\x0", "\"\\x0");
    check("\"\\", "\"\\");
}

static void test_unquoted_document_id(void **state)
{
    (void)state;
    check("{\n \"document_id\": video_files/sticker (2).webm\n}",
          "{\n \"document_id\": \"\"                          \n}");
    check("{\"document_id\": (File, \"x\": 1).webm,\n\"b\": 1}",
          "{\"document_id\": \"\"                 ,\n\"b\": 1}");
    check("{\"document_id\": a/b.webm,\r\n\"b\": 1}", "{\"document_id\": \"\"      , \n\"b\": 1}");
    check("{\"document_id\": \"5368\"}", "{\"document_id\": \"5368\"}");
    check("{\"document_id\": 5368}", "{\"document_id\": 5368}");
    check("{\"document_id\": null}", "{\"document_id\": null}");
}

static void test_words_without_quotes(void **state)
{
    (void)state;
    check("{\"lat\": NaN,\"lon\":-inf}", "{\"lat\": \"\" ,\"lon\":\"\"  }");
    check("{\"a\": Infinity}", "{\"a\": \"\"      }");
    check("{\"a\": nullable, \"b\": None}", "{\"a\": \"\"      , \"b\": \"\"  }");
    check("{\"a\": true,\"b\":false,\"c\": null,\"d\": -1,\"e\":-2.5e+3}",
          "{\"a\": true,\"b\":false,\"c\": null,\"d\": -1,\"e\":-2.5e+3}");
}

/* What looks like one inside a text is none. */
static void test_texts_stay(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"t\": \": NaN\"}",
        "{\"t\": \"he said \\\"x\\\": NaN, ok\"}",
        "{\"t\": \"document_id: video (2).webm\"}",
        "{\"t\": \"\\\"document_id\\\": video (2).webm\\n\"}",
        "[\": a\", \":b\", \"c\"]",
        "{\"t\":\":D jajaja\",\"u\":\" : x\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check(texts[i], texts[i]);
}

static void test_offsets_lead_back(void **state)
{
    (void)state;
    static const char in[] = "ab\\x01cd\\x02ef\\x03";
    for (size_t piece = 1; piece < sizeof in; piece++) {
        struct export_filter filter;
        struct buf out;
        export_filter_init(&filter);
        buf_init(&out, 1024);
        run(&filter, (struct str){in, sizeof in - 1}, piece, &out);
        assert_int_equal(out.n, sizeof in - 1 + 6);
        assert_int_equal(export_filter_offset(&filter, 2), 2);
        assert_int_equal(export_filter_offset(&filter, 8), 6);
        assert_int_equal(export_filter_offset(&filter, 10), 8);
        assert_int_equal(export_filter_offset(&filter, 24), 18);
        export_filter_forget(&filter, 10);
        assert_int_equal(export_filter_offset(&filter, 10), 8);
        assert_int_equal(export_filter_offset(&filter, 18), 14);
        assert_int_equal(export_filter_offset(&filter, 24), 18);
        buf_done(&out);
        export_filter_done(&filter);
    }
}

/* Far from the ends of a piece, where blocks are looked at, as near to them. */
static void test_long_input(void **state)
{
    (void)state;
    struct export_filter filter;
    struct buf in, out, expected;
    export_filter_init(&filter);
    buf_init(&in, 1 * MIB);
    buf_init(&out, 1 * MIB);
    buf_init(&expected, 1 * MIB);
    for (int i = 0; i < 300; i++) {
        (void)buf_printf(&in, "{\"k%*s\": \"text\", \"n\": NaN, \"s\": \"\\x07\"}\n", i % 97, "x");
        (void)buf_printf(&expected, "{\"k%*s\": \"text\", \"n\": \"\" , \"s\": \"\\u0007\"}\n",
                         i % 97, "x");
    }
    for (size_t piece = 1; piece < 3000; piece += 61) {
        run(&filter, buf_peek(&in), piece, &out);
        assert_true(str_equal(buf_peek(&out), buf_peek(&expected)));
        assert_int_equal(filter.repaired, 600);
    }
    buf_done(&in);
    buf_done(&out);
    buf_done(&expected);
    export_filter_done(&filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_unquoted_document_id),
        cmocka_unit_test(test_words_without_quotes),
        cmocka_unit_test(test_texts_stay),
        cmocka_unit_test(test_offsets_lead_back),
        cmocka_unit_test(test_long_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
