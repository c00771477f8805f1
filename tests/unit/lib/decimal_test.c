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
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_printf_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
