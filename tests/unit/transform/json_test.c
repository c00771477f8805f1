#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <yajl/yajl_gen.h>

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
    const unsigned char *p;
    size_t n;
    yajl_gen generator = yajl_gen_alloc(NULL);
    (void)yajl_gen_string(generator, (const unsigned char *)text.p, text.n);
    (void)yajl_gen_get_buf(generator, &p, &n);
    struct str expected = {(const char *)p, n};
    buf_reset(&added);
    json_add_text(&added, text);
    if (!str_equal(expected, buf_peek(&added)))
        fail_msg("%.*s\n%.*s", STR_ARGS(expected), STR_ARGS(buf_peek(&added)));
    yajl_gen_free(generator);
}

static void every_byte_is_escaped_as_yajl_does_at_every_place(void **state)
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

static void texts_of_all_lengths_are_escaped_as_yajl_does(void **state)
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

static void values_are_separated(void **state)
{
    (void)state;
    json_writer_reset(writer);
    json_writer_open(writer, false);
    json_member_text(writer, "a", STR_LIT("x"));
    json_member_text(writer, "absent", STR_NULL);
    json_writer_text(writer, STR_LIT("b"));
    json_writer_open(writer, true);
    json_writer_null(writer);
    json_writer_text(writer, STR_LIT("c"));
    json_writer_open(writer, false);
    json_writer_close(writer, false);
    json_writer_open(writer, true);
    json_writer_close(writer, true);
    json_writer_bool(writer, false);
    json_writer_close(writer, true);
    json_member_number(writer, "d", STR_LIT("1.50"));
    json_member_number(writer, "e", STR_LIT("1e9999"));
    json_member_json(writer, "f", STR_LIT("[1]"));
    json_member_true(writer, "g", true);
    json_writer_close(writer, false);
    struct str found = json_writer_peek(writer);
    if (!str_is(found, "{\"a\":\"x\",\"b\":[null,\"c\",{},[],false],\"d\":1.50,\"e\":\"1e9999\","
                       "\"f\":[1],\"g\":true}"))
        fail_msg("%.*s", STR_ARGS(found));
}

static void what_cannot_be_written_is_nothing(void **state)
{
    (void)state;
    char text[MOST_BYTES] = {0};
    json_writer_reset(writer);
    json_writer_text(writer, (struct str){text, sizeof text});
    assert_true(str_is_null(json_writer_peek(writer)));

    json_writer_reset(writer);
    for (int i = 0; i < 128; i++)
        json_writer_open(writer, true);
    assert_false(str_is_null(json_writer_peek(writer)));
    json_writer_open(writer, true);
    assert_true(str_is_null(json_writer_peek(writer)));
    json_writer_reset(writer);
    json_writer_text(writer, STR_LIT("x"));
    assert_true(str_is(json_writer_peek(writer), "\"x\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_escaped_as_yajl_does_at_every_place),
        cmocka_unit_test(texts_of_all_lengths_are_escaped_as_yajl_does),
        cmocka_unit_test(values_are_separated),
        cmocka_unit_test(what_cannot_be_written_is_nothing),
        cmocka_unit_test(a_text_over_the_maximum_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
