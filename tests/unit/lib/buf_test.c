#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"

static void appends_in_order(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10000);
    assert_int_equal(buf_peek(&buf).n, 0);
    assert_non_null(buf_peek(&buf).p);
    assert_true(buf_add(&buf, NULL, 0));
    assert_true(buf_add(&buf, "ab", 2));
    assert_true(buf_add_str(&buf, STR_LIT("cd")));
    assert_true(buf_add_text(&buf, "ef"));
    assert_true(buf_printf(&buf, "%d%s", 7, "g"));
    assert_true(str_is(buf_peek(&buf), "abcdef7g"));
    for (int i = 0; i < 900; i++)
        assert_true(buf_add_text(&buf, "0123456789"));
    assert_int_equal(buf.n, 9008);
    assert_memory_equal(buf.p, "abcdef7g0123", 12);
    buf_done(&buf);
}

static void the_maximum_refuses_without_a_trace(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    assert_true(buf_add_text(&buf, "abcd"));
    assert_false(buf_is_full(&buf));
    assert_false(buf_add_text(&buf, "e"));
    assert_true(buf_is_full(&buf));
    assert_true(str_is(buf_peek(&buf), "abcd"));
    assert_null(buf_reserve(&buf, SIZE_MAX));
    buf_reset(&buf);
    assert_false(buf_is_full(&buf));
    char *to = buf_reserve(&buf, 4);
    assert_non_null(to);
    memcpy(to, "wxyz", 4);
    buf.n += 4;
    assert_true(str_is(buf_peek(&buf), "wxyz"));
    assert_false(buf_printf(&buf, "%s", "!"));
    buf_done(&buf);
    assert_int_equal(buf.max, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_in_order),
        cmocka_unit_test(the_maximum_refuses_without_a_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
