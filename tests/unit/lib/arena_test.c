#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/arena.h"

static void blocks_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 1 << 20);
    unsigned char *earlier = NULL;
    for (size_t size = 1; size < 3000; size += 37) {
        unsigned char *block = arena_alloc(arena, size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(block[i], 0);
        memset(block, 0xff, size);
        assert_true(earlier != block);
        earlier = block;
    }
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
    arena_free(NULL);
}

static void the_cap_refuses_and_a_reset_makes_room(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 100);
    assert_non_null(arena_alloc(arena, 60));
    assert_null(arena_alloc(arena, 41));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_int_equal(arena_used(arena), 60);
    assert_non_null(arena_alloc(arena, 40));
    assert_null(arena_alloc(arena, 1));
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    char *again = arena_alloc(arena, 100);
    assert_non_null(again);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
    arena_free(&arena);
}

static void texts_are_copied_and_terminated(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 64);
    char source[] = "abcdef";
    struct str copy = arena_str(arena, (struct str){source, 3});
    source[0] = 'x';
    assert_string_equal(copy.p, "abc");
    assert_int_equal(copy.n, 3);
    assert_true(str_is_null(arena_str(arena, STR_NULL)));
    struct str empty = arena_str(arena, STR_LIT(""));
    assert_false(str_is_null(empty));
    assert_string_equal(empty.p, "");
    struct str printed = arena_printf(arena, "%s-%d", "n", 42);
    assert_string_equal(printed.p, "n-42");
    assert_int_equal(printed.n, 4);
    assert_true(str_is_null(arena_printf(arena, "%64s", "")));
    arena_free(&arena);
}

static void xalloc_serves_zero_bytes(void **state)
{
    (void)state;
    char *block = xmalloc(0);
    assert_non_null(block);
    block = xrealloc(block, 8);
    free(block);
    int *zeroed = xcalloc(4, sizeof *zeroed);
    assert_int_equal(zeroed[3], 0);
    free(zeroed);
    char *copy = xstrdup("word");
    assert_string_equal(copy, "word");
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(the_cap_refuses_and_a_reset_makes_room),
        cmocka_unit_test(texts_are_copied_and_terminated),
        cmocka_unit_test(xalloc_serves_zero_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
