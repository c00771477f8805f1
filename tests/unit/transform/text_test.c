#include "transform/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define R "\xEF\xBF\xBD"

struct text_case {
    struct str given;
    struct str expected;
    uint64_t replaced;
};

static const struct text_case cases[] = {
    {{"", 0}, {"", 0}, 0},
    {{"plain", 5}, {"plain", 5}, 0},
    {{"sixteen letters!", 16}, {"sixteen letters!", 16}, 0},
    {{"\x01\x7f\n\t", 4}, {"\x01\x7f\n\t", 4}, 0},
    {{"Soporte T\xC3\xA9"
      "cnico",
      16},
     {"Soporte T\xC3\xA9"
      "cnico",
      16},
     0},
    {{"\xE2\x82\xAC\xF0\x9F\x98\x80", 7}, {"\xE2\x82\xAC\xF0\x9F\x98\x80", 7}, 0},
    {{"\xF4\x8F\xBF\xBF", 4}, {"\xF4\x8F\xBF\xBF", 4}, 0}, /* U+10FFFF */
    {{"\xEF\xBF\xBF", 3}, {"\xEF\xBF\xBF", 3}, 0},         /* U+FFFF: no character, but storable */
    {{"a\0b", 3}, {"a" R "b", 5}, 1},
    {{"\0\0", 2}, {R R, 6}, 2},
    {{"12345678\0", 9}, {"12345678" R, 11}, 1},
    {{"1234567\0"
      "9",
      9},
     {"1234567" R "9", 11},
     1},
    {{"\xED\xB0\x80", 3}, {R, 3}, 1}, /* lone low surrogate, as yajl leaves it */
    {{"\xED\xA0\x80x", 4}, {R "x", 4}, 1},
    {{"\xC0\x80", 2}, {R, 3}, 1}, /* overlong NUL */
    {{"\xC1\xBFz", 3}, {R "z", 4}, 1},
    {{"\xE0\x80\xAF", 3}, {R, 3}, 1},     /* overlong '/' */
    {{"\xF0\x80\x80\xAF", 4}, {R, 3}, 1}, /* the same in four bytes */
    {{"\xF4\x90\x80\x80", 4}, {R, 3}, 1}, /* U+110000 */
    {{"\xFF\xFE", 2}, {R R, 6}, 2},
    {{"\x80", 1}, {R, 3}, 1},
    {{"\xC3", 1}, {R, 3}, 1}, /* cut short */
    {{"\xE2\x82", 2}, {R, 3}, 1},
    {{"\xE2\x82"
      "a",
      3},
     {R "a", 4},
     1},
    {{"ok \xC3\xA9 \xC3 \0 end", 13}, {"ok \xC3\xA9 " R " " R " end", 17}, 2},
};

static void makes_text_storable(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t replaced = 0;
        struct str clean = text_clean(arena, cases[i].given, &replaced);
        if (!str_equal(clean, cases[i].expected) || replaced != cases[i].replaced)
            fail_msg("case %zu: \"%.*s\", %lu replaced", i, STR_ARGS(clean), replaced);
        assert_int_equal(clean.p[clean.n], '\0');
        assert_int_equal(text_is_clean(cases[i].given), cases[i].replaced == 0);
        assert_true(text_is_clean(clean));
    }
    arena_free(&arena);
}

static void every_place_of_a_nul_is_found(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 1 << 16);
    for (size_t at = 0; at < 33; at++) {
        char bytes[33];
        memset(bytes, 'x', sizeof bytes);
        bytes[at] = '\0';
        uint64_t replaced = 0;
        struct str clean = text_clean(arena, (struct str){bytes, sizeof bytes}, &replaced);
        assert_int_equal(replaced, 1);
        assert_int_equal(clean.n, sizeof bytes + 2);
        assert_memory_equal(clean.p + at, R, 3);
    }
    arena_free(&arena);
}

static void a_full_arena_is_told(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 4);
    uint64_t replaced = 0;
    assert_true(str_is_null(text_clean(arena, STR_LIT("12345"), &replaced)));
    assert_true(str_is_null(text_clean(arena, (struct str){"\0\0", 2}, &replaced)));
    assert_int_equal(replaced, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_text_storable),
        cmocka_unit_test(every_place_of_a_nul_is_found),
        cmocka_unit_test(a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
