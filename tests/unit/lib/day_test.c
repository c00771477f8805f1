#include <cmocka.h>

#include "lib/day.h"

static void days_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t day;
    } cases[] = {{"1970-01-01", 0},     {"1969-12-31", -1},      {"2000-02-29", 11016},
                 {"2025-03-04", 20151}, {"0001-01-01", -719162}, {"9999-12-31", 2932896}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t day;
        char text[DAY_TEXT_BYTES];
        assert_true(day_parse(str_of(cases[i].text), &day));
        assert_int_equal(day, cases[i].day);
        day_format(day, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void what_is_no_day_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",           "2025-02-29", "2025-3-04",  "2025-03-04 ",
                                        "2025-13-01", "20250304",   "2025-03-0x", "yesterday!"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int32_t day;
        assert_false(day_parse(str_of(wrong[i]), &day));
    }
    int32_t day;
    assert_false(day_parse(STR_NULL, &day));
}

static void a_day_lasts_until_midnight(void **state)
{
    (void)state;
    assert_int_equal(day_of(0), 0);
    assert_int_equal(day_of(DAY_US - 1), 0);
    assert_int_equal(day_of(DAY_US), 1);
    assert_int_equal(day_of(-1), -1);
    assert_int_equal(day_of(-DAY_US), -1);
    assert_int_equal(day_of(-DAY_US - 1), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_read_and_written),
        cmocka_unit_test(what_is_no_day_is_refused),
        cmocka_unit_test(a_day_lasts_until_midnight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
