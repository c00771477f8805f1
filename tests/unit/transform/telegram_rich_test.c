#include "transform/telegram/rich.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/limits.h"

struct rich_case {
    const char *json, *text; /* text NULL: none */
};

static const struct rich_case cases[] = {
    {"{\"blocks\":[{\"type\":\"paragraph\",\"text\":\"a\"}]}", "a"},
    {"{\"blocks\":[{\"text\":[\"a\",{\"text\":[\"b\",{\"text\":\"c\"}]},\"d\"]}]}", "abcd"},
    {"{\"blocks\":[{\"text\":\"a\"},{\"type\":\"divider\"},{\"text\":\"b\"}]}", "a\nb"},
    /* whatever the order of members */
    {"{\"blocks\":[{\"items\":[{\"blocks\":[{\"text\":\"x\"}],\"label\":\"1.\"}]}]}", "1. x"},
    {"{\"blocks\":[{\"credit\":\"c\",\"text\":\"t\"}]}", "t\nc"},
    {"{\"blocks\":[{\"cells\":[[{\"text\":\"a\"},{}],[{\"text\":\"b\"},{\"text\":\"c\"}]]}]}",
     "a\nb\tc"},
    {"{\"blocks\":[{\"text\":{\"alternative_text\":\":)\"}}]}", ":)"},
    /* what is not text is not read as text */
    {"{\"blocks\":[{\"text\":5},{\"text\":null},{\"language\":\"c\"},{\"photo\":{\"text\":\"x\"}}]"
     "}",
     NULL},
    {"{\"blocks\":[]}", NULL},
    {"{}", NULL},
    {"[\"a\"]", "a"},
    {"\"a\"", NULL},
    {"7", NULL},
};

static void text_of_blocks_in_the_order_of_reading(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", MIB);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str text = tg_rich_text(arena, str_of(cases[i].json));
        if (!str_equal(text, str_of(cases[i].text)))
            fail_msg("case %zu: \"%.*s\"", i, STR_ARGS(text));
    }
    assert_true(str_is_null(tg_rich_text(arena, STR_NULL)));
    arena_free(&arena);
}

/* As deep as a document may be, and deeper than the walk goes. */
static void nesting_ends_where_the_walk_does(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", MIB);
    for (size_t depth = LIMIT_JSON_DEPTH - 1; depth <= LIMIT_JSON_DEPTH + 9; depth++) {
        struct buf json;
        buf_init(&json, MIB);
        for (size_t i = 0; i < depth; i++)
            (void)buf_add_text(&json, "{\"text\":");
        (void)buf_add_text(&json, "\"deep\"");
        for (size_t i = 0; i < depth; i++)
            (void)buf_add_text(&json, "}");
        struct str text = tg_rich_text(arena, buf_peek(&json));
        assert_true(depth <= LIMIT_JSON_DEPTH ? str_is(text, "deep") : str_is_null(text));
        buf_done(&json);
    }
    arena_free(&arena);
}

static void a_full_arena_gives_no_text(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 100);
    assert_true(str_is_null(tg_rich_text(arena, STR_LIT("{\"blocks\":[{\"text\":\"a\"}]}"))));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_blocks_in_the_order_of_reading),
        cmocka_unit_test(nesting_ends_where_the_walk_does),
        cmocka_unit_test(a_full_arena_gives_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
