#include "transform/telegram/value.h"

#include "lib/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/clock.h"

struct int_case {
    const char *text;
    bool is_number;
    int64_t value;
};

static const struct int_case numbers[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"1099511627775", true, 1099511627775},
    {"-3999999999999", true, -3999999999999},
    {"9223372036854775807", true, INT64_MAX},
    {"-9223372036854775808", true, INT64_MIN},
    {"9223372036854775808", false, 0},
    {"-9223372036854775809", false, 0},
    {"99999999999999999999", false, 0},
    {"", false, 0},
    {"-", false, 0},
    {"+1", false, 0},
    {"1.0", false, 0},
    {"1e3", false, 0},
    {" 1", false, 0},
};

static void whole_numbers_of_64_bits_are_read_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t value = 0;
        bool is_number = decimal_parse(str_of(numbers[i].text), &value);
        if (is_number != numbers[i].is_number || value != numbers[i].value)
            fail_msg("case %zu", i);
    }
    int64_t value;
    assert_false(decimal_parse(STR_NULL, &value));
}

static void times_before_telegram_and_beyond_the_century_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_time;
    } times[] = {{"0", false},         {"1356998399", false},   {"1356998400", true},
                 {"4102444799", true}, {"4102444800", false},   {"-1", false},
                 {"1767261600", true}, {"1767261600000", false}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t us = 0;
        if (tg_time(str_of(times[i].text), &us) != times[i].is_time)
            fail_msg("case %zu", i);
    }
    int64_t us = 0;
    assert_true(tg_time(STR_LIT("1767261600"), &us));
    assert_int_equal(us, 1767261600 * US_PER_SECOND);
}

static void flags_are_true_or_1(void **state)
{
    (void)state;
    assert_true(tg_true(STR_LIT("true")));
    assert_true(tg_true(STR_LIT("1")));
    assert_false(tg_true(STR_LIT("false")));
    assert_false(tg_true(STR_LIT("0")));
    assert_false(tg_true(STR_NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_of_64_bits_are_read_nothing_else),
        cmocka_unit_test(times_before_telegram_and_beyond_the_century_are_refused),
        cmocka_unit_test(flags_are_true_or_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
