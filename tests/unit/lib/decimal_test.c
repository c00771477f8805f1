#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/decimal.h"

static void numbers_are_written_as_printf_writes_them(void **state)
{
    (void)state;
    static const int64_t cases[] = {0,  1,   -1,     9,         10,         -10,       99,
                                    -9, 100, 123456, INT32_MIN, 1772366400, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[32], text[DECIMAL_TEXT_BYTES];
        int n = snprintf(expected, sizeof expected, "%" PRId64, cases[i]);
        assert_int_equal(decimal_format(cases[i], text), n);
        assert_string_equal(text, expected);
        int64_t again;
        assert_true(decimal_parse(str_of(text), &again));
        assert_true(again == cases[i]);
    }
}

static void what_is_no_int64_is_not_read(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.",
                                        "1e3",
                                        "9223372036854775808",
                                        "0x10",
                                        "--1",
                                        "-9223372036854775809",
                                        "١"};
    int64_t value;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(decimal_parse(str_of(cases[i]), &value));
    assert_false(decimal_parse(STR_NULL, &value));
    assert_true(decimal_parse(STR_LIT("007"), &value));
    assert_true(value == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_printf_writes_them),
        cmocka_unit_test(what_is_no_int64_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
