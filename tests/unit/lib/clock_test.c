#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/clock.h"

static void instants_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *written;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z", 0},
        {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z", -1},
        {"2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000000Z", 1772366400000000},
        {"2026-03-01 12:00:00.5z", "2026-03-01T12:00:00.500000Z", 1772366400500000},
        {"2026-03-01t07:00:00.1234567-05:00", "2026-03-01T12:00:00.123456Z", 1772366400123456},
        {"2026-03-01T17:30:00+05:30", "2026-03-01T12:00:00.000000Z", 1772366400000000},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z", 1709164800000000},
        {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z", 951782400000000},
        {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000Z", 1483228799000000},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z", TIME_MIN},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", TIME_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = 7;
        char text[CLOCK_TEXT_BYTES];
        if (!clock_parse(str_of(cases[i].text), &us) || us != cases[i].us)
            fail_msg("case %zu: %s read as %lld", i, cases[i].text, (long long)us);
        clock_format(us, text);
        assert_string_equal(text, cases[i].written);
    }
}

static void what_is_no_instant_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01T12:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00+0500",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00Z ",
        " 2026-03-01T12:00:00Z",
        "26-03-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-03-01X12:00:00Z",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = 7;
        if (clock_parse(str_of(cases[i]), &us) || us != 7)
            fail_msg("case %zu: \"%s\" was taken", i, cases[i]);
    }
    int64_t us;
    assert_false(clock_parse(STR_NULL, &us));
}

/* Every day of four centuries and a bit: the two directions are inverse, and days follow days. */
static void every_day_survives_the_round_trip(void **state)
{
    (void)state;
    const int64_t day = 86400 * US_PER_SECOND;
    for (int64_t n = -150000; n < 150000; n++) {
        char text[CLOCK_TEXT_BYTES];
        int64_t us;
        clock_format(n * day + 1, text);
        assert_true(clock_parse(str_of(text), &us));
        assert_int_equal(us, n * day + 1);
    }
}

static void clocks_advance(void **state)
{
    (void)state;
    int64_t earlier = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= earlier);
    assert_true(clock_now_us() > 1700000000 * US_PER_SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_read_and_written),
        cmocka_unit_test(what_is_no_instant_is_refused),
        cmocka_unit_test(every_day_survives_the_round_trip),
        cmocka_unit_test(clocks_advance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
