#include "connectors/pop3_reader.h"

#include <cmocka.h>

#include "lib/limits.h"

static const struct {
    const char *bytes;
    const char *text;
    const char *rest; /* NULL: it has not ended */
} cases[] = {
    {".\r\n+OK", "", "+OK"},
    {"a\r\n.\r\n", "a\r\n", ""},
    {"..\r\n...\r\n..a\r\n.\r\n", ".\r\n..\r\n.a\r\n", ""},
    {"a\r\n.b\r\n.\r\n", "a\r\nb\r\n", ""},
    {"a.\r\n.\r\n", "a.\r\n", ""},
    {"a\n.\nrest", "a\n", "rest"},
    {".\rx\r\n.\r\n", "\rx\r\n", ""},
    {"\r\n\r\n.\r\n", "\r\n\r\n", ""},
    {"a\r\n.", "a\r\n", NULL},
    {"a", "a", NULL},
};

static void dots_are_undone_whatever_the_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].bytes);
        for (size_t piece = 1; piece <= n; piece++) {
            struct pop3_reader reader;
            bool has_ended = false;
            size_t at = 0;
            pop3_reader_init(&reader, 1 * KIB);
            while (at < n && !has_ended) {
                size_t taken, most = n - at < piece ? n - at : piece;
                has_ended =
                    pop3_reader_feed(&reader, (struct str){cases[i].bytes + at, most}, &taken);
                at += taken;
            }
            if (has_ended != (cases[i].rest != NULL) ||
                !str_is(buf_peek(&reader.text), cases[i].text) ||
                (has_ended && strcmp(cases[i].bytes + at, cases[i].rest) != 0))
                fail_msg("case %zu, pieces of %zu: \"%.*s\"", i, piece,
                         STR_ARGS(buf_peek(&reader.text)));
            assert_int_equal(reader.bytes, reader.text.n);
            pop3_reader_done(&reader);
        }
    }
}

static void what_is_too_long_is_counted(void **state)
{
    (void)state;
    struct pop3_reader reader;
    size_t taken;
    pop3_reader_init(&reader, 4);
    assert_false(pop3_reader_feed(&reader, STR_LIT("abcdefgh\r\n"), &taken));
    assert_true(pop3_reader_feed(&reader, STR_LIT("ij\r\n.\r\n"), &taken));
    assert_true(str_is(buf_peek(&reader.text), "abcde"));
    assert_int_equal(reader.bytes, 14);
    pop3_reader_begin(&reader);
    assert_true(pop3_reader_feed(&reader, STR_LIT(".\r\n"), &taken));
    assert_int_equal(reader.text.n + reader.bytes, 0);
    pop3_reader_done(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_are_undone_whatever_the_cut),
        cmocka_unit_test(what_is_too_long_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
