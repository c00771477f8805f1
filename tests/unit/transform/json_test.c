#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transform/json.h"

#define MOST_BYTES 4096

static struct json_writer *writer;
static struct buf added;

static int set_up(void **state)
{
    (void)state;
    writer = json_writer_new(MOST_BYTES);
    buf_init(&added, MOST_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_writer_free(&writer);
    buf_done(&added);
    return 0;
}

static void check_same(struct str text)
{
    json_writer_reset(writer);
    json_writer_text(writer, text);
    buf_reset(&added);
    json_add_text(&added, text);
    struct str expected = json_writer_peek(writer), found = buf_peek(&added);
    if (!str_equal(expected, found))
        fail_msg("%.*s\n%.*s", STR_ARGS(expected), STR_ARGS(found));
}

static void every_byte_is_written_alike_at_every_place(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 20; at++) {
            char text[20];
            memset(text, 'x', sizeof text);
            text[at] = (char)byte;
            check_same((struct str){text, sizeof text});
            check_same((struct str){text, at + 1});
        }
    }
}

static void texts_of_all_lengths_are_written_alike(void **state)
{
    (void)state;
    static const char text[] = "Hola \xC2\xBF\"qu\xC3\xA9\" tal?\n\t\\ / \x7f \xF0\x9F\x99\x82";
    for (size_t n = 0; n < sizeof text; n++)
        check_same((struct str){text, n});
}

static void a_text_over_the_maximum_is_told(void **state)
{
    (void)state;
    struct buf small;
    buf_init(&small, 6);
    json_add_text(&small, STR_LIT("1234"));
    assert_false(buf_is_full(&small));
    buf_reset(&small);
    json_add_text(&small, STR_LIT("12345"));
    assert_true(buf_is_full(&small));
    buf_reset(&small);
    json_add_text(&small, STR_LIT("\x01"));
    assert_true(buf_is_full(&small));
    buf_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_written_alike_at_every_place),
        cmocka_unit_test(texts_of_all_lengths_are_written_alike),
        cmocka_unit_test(a_text_over_the_maximum_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
