#include "transform/b2chat/values.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/b2chat/times.h"
#include "transform/b2chat/words.h"

#define NO INT64_MIN

/* reference/b2chat.md 6 */
static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {{"00:00:50:10", 3010},
                 {"01:02:03:04", 93784},
                 {"19:23:59:59", 1727999},
                 {"123:00:00:00", 10627200},
                 {"02:03:04", 7384},
                 {"23:59:59", 86399},
                 {"03:04", 184},
                 {"59:59", 3599},
                 {"3010", 3010},
                 {"3010.9", 3010},
                 {"0", 0},
                 {" 00:00:00:01 ", 1},
                 {"24:00:00", NO},
                 {"00:24:00:00", NO},
                 {"00:00:60:00", NO},
                 {"00:00:00:60", NO},
                 {"60:00", NO},
                 {"1:2:3:4:5", NO},
                 {"00::10", NO},
                 {":10", NO},
                 {"10:", NO},
                 {"-1", NO},
                 {"1e3", NO},
                 {"10:00.5", NO},
                 {"99999999999", NO},
                 {"9999999999:00:00:00", NO},
                 {"un rato", NO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t seconds = -1;
        bool is_readable = b2_duration(str_of(cases[i].text), &seconds);
        if (is_readable != (cases[i].seconds != NO) || (is_readable && seconds != cases[i].seconds))
            fail_msg("case %zu: %s", i, cases[i].text);
    }
}

static void check_time(const char *zone, const char *text, const char *expected, const char *local)
{
    struct b2_times *times = b2_times_open(str_of(zone));
    int64_t at = 0;
    char found[CLOCK_TEXT_BYTES] = "none";
    char shown[B2_LOCAL_BYTES];
    assert_non_null(times);
    if (!b2_time_read_local(times, str_of(text), &at, shown))
        memcpy(found, "bad", sizeof "bad");
    else if (at != TIME_NONE)
        clock_format(at, found);
    if (strcmp(found, expected) != 0 || (local != NULL && strcmp(shown, local) != 0))
        fail_msg("%s in %s: %s, %s", text, zone, found, shown);
    b2_times_close(&times);
}

static void test_times_of_the_api(void **state)
{
    (void)state;
    check_time("America/Bogota", "2025-03-04 09:12:07", "2025-03-04T14:12:07.000000Z",
               "2025-03-04 09:12:07");
    check_time("America/Bogota", "2025-03-04T09:12:07.25", "2025-03-04T14:12:07.250000Z",
               "2025-03-04 09:12:07");
    check_time("America/Bogota", "2025-03-04T14:12:07Z", "2025-03-04T14:12:07.000000Z",
               "2025-03-04 09:12:07");
    check_time("America/Bogota", "2025-03-05T01:12:07+0200", "2025-03-04T23:12:07.000000Z",
               "2025-03-04 18:12:07");
    check_time("America/Bogota", "2025-03-04 22:00:00-11", "2025-03-05T09:00:00.000000Z",
               "2025-03-05 04:00:00");
    check_time("America/Bogota", "", "none", "");
    check_time("America/Bogota", "0000-00-00 00:00:00", "none", "");
}

static void test_times_of_the_console(void **state)
{
    (void)state;
    check_time("America/Bogota", "2025-03-04 12:00:00 AM", "2025-03-04T05:00:00.000000Z",
               "2025-03-04 00:00:00");
    check_time("America/Bogota", "2025-03-04 12:00:00 PM", "2025-03-04T17:00:00.000000Z",
               "2025-03-04 12:00:00");
    check_time("America/Bogota", "2025-03-04 11:59:59 pm", "2025-03-05T04:59:59.000000Z", NULL);
    check_time("America/Bogota", "2025-03-04 9:05:00 AM", "2025-03-04T14:05:00.000000Z", NULL);
    check_time("America/Bogota", "2025-03-04 13:00:00 PM", "bad", NULL);
    check_time("America/Bogota", "2025-03-04 00:00:00 AM", "bad", NULL);
}

/* The rule of PostgreSQL: reference/b2chat.md 6 gives both vectors. */
static void test_times_that_clocks_show_twice_or_never(void **state)
{
    (void)state;
    check_time("America/New_York", "2018-11-04 01:30:00", "2018-11-04T06:30:00.000000Z",
               "2018-11-04 01:30:00");
    check_time("America/New_York", "2018-03-11 02:30:00", "2018-03-11T07:30:00.000000Z",
               "2018-03-11 02:30:00");
    check_time("America/New_York", "2018-11-04T06:30:00Z", "2018-11-04T06:30:00.000000Z",
               "2018-11-04 01:30:00");
    check_time("America/New_York", "2018-07-01T12:00:00Z", "2018-07-01T12:00:00.000000Z",
               "2018-07-01 08:00:00");
}

static void test_what_is_no_time(void **state)
{
    (void)state;
    static const char *const texts[] = {"2025-02-30 09:12:07",       "2025-03-04",
                                        "2025-03-04 24:00:00",       "2025-03-04 09:60:00",
                                        "04/03/2025 09:12:07",       "1741097550",
                                        "2025-03-04 09:12:07 X",     "2025-03-04T09:12:07.",
                                        "2025-03-04T09:12:07+25:00", "1999-12-31 23:59:59",
                                        "2100-01-01 00:00:00",       "2025-03-04 09:12:07 +05:0",
                                        "2025-03-04 09:12:07+0560",  "ayer"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_time("America/Bogota", texts[i], "bad", NULL);
    assert_null(b2_times_open(STR_LIT("America/Macondo")));
    assert_null(b2_times_open(STR_NULL));
}

static void test_phones(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", MIB);
    assert_true(str_is(b2_phone_digits(arena, STR_LIT("+57 (300) 555-0101")), "573005550101"));
    assert_true(str_is(b2_phone_digits(arena, STR_LIT("12345678")), "12345678"));
    assert_true(str_is(b2_phone_digits(arena, STR_LIT("123456789012345")), "123456789012345"));
    assert_true(str_is_null(b2_phone_digits(arena, STR_LIT("1234567"))));
    assert_true(str_is_null(b2_phone_digits(arena, STR_LIT("1234567890123456"))));
    assert_true(str_is_null(b2_phone_digits(arena, STR_NULL)));
    arena_free(&arena);
}

static void test_coordinates(void **state)
{
    (void)state;
    double value;
    assert_true(b2_coordinate(STR_LIT("-90"), 90, &value) && value == -90);
    assert_true(b2_coordinate(STR_LIT(" 6.25 "), 90, &value) && value == 6.25);
    assert_false(b2_coordinate(STR_LIT("90.0001"), 90, &value));
    assert_false(b2_coordinate(STR_LIT("1e400"), 90, &value));
    assert_false(b2_coordinate(STR_LIT("6,25"), 90, &value));
    assert_false(b2_coordinate(STR_LIT("nan"), 90, &value));
    assert_false(b2_coordinate(STR_NULL, 90, &value));
}

static void test_providers_by_prefix(void **state)
{
    (void)state;
    assert_string_equal(b2_medium(STR_LIT("WhatsAppB2CHAT")), "whatsapp");
    assert_string_equal(b2_medium(STR_LIT("WHATSAPPnew")), "whatsapp");
    assert_string_equal(b2_medium(STR_LIT("b2cbotapi")), "bot_api");
    assert_string_equal(b2_medium(STR_LIT("XWHATSAPP")), "other");
    assert_string_equal(b2_medium(STR_LIT("WHATS")), "other");
    assert_string_equal(b2_medium(STR_NULL), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_times_of_the_api),
        cmocka_unit_test(test_times_of_the_console),
        cmocka_unit_test(test_times_that_clocks_show_twice_or_never),
        cmocka_unit_test(test_what_is_no_time),
        cmocka_unit_test(test_phones),
        cmocka_unit_test(test_coordinates),
        cmocka_unit_test(test_providers_by_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
