#include "lib/zone.h"

#include <cmocka.h>
#include <stdio.h>

#include "lib/clock.h"

static int64_t local(const char *text)
{
    int64_t us = 0;
    char with_zone[64];
    (void)snprintf(with_zone, sizeof with_zone, "%sZ", text);
    assert_true(clock_parse(str_of(with_zone), &us));
    return us;
}

static void check(const char *name, const char *wall, const char *expected)
{
    struct zone *zone = zone_open(str_of(name));
    assert_non_null(zone);
    char found[CLOCK_TEXT_BYTES];
    clock_format(zone_to_utc(zone, local(wall)), found);
    assert_string_equal(found, expected);
    zone_close(&zone);
    assert_null(zone);
}

/* The two vectors of reference/b2chat.md 6, and the hours around them. */
static void test_clock_changes(void **state)
{
    (void)state;
    check("America/New_York", "2018-11-04T01:30:00", "2018-11-04T06:30:00.000000Z");
    check("America/New_York", "2018-11-04T00:59:59", "2018-11-04T04:59:59.000000Z");
    check("America/New_York", "2018-11-04T02:00:00", "2018-11-04T07:00:00.000000Z");
    check("America/New_York", "2018-03-11T02:30:00", "2018-03-11T07:30:00.000000Z");
    check("America/New_York", "2018-03-11T01:59:59", "2018-03-11T06:59:59.000000Z");
    check("America/New_York", "2018-03-11T03:00:00", "2018-03-11T07:00:00.000000Z");
    check("Europe/Dublin", "2025-10-26T01:30:00", "2025-10-26T01:30:00.000000Z"); /* negative DST */
    check("Australia/Lord_Howe", "2025-04-06T01:45:00", "2025-04-05T15:15:00.000000Z");
    check("America/Bogota", "2025-03-04T09:12:07", "2025-03-04T14:12:07.000000Z");
    check("UTC", "1969-12-31T23:59:59.500000", "1969-12-31T23:59:59.500000Z");
}

/* Answers in any order are those of a fresh zone. */
static void test_order_does_not_matter(void **state)
{
    (void)state;
    struct zone *kept = zone_open(STR_LIT("America/New_York"));
    int64_t start = local("2018-01-01T00:00:00");
    for (int64_t i = 0; i < 3000; i++) {
        int64_t at = start + (i * 7919 % 3000) * 3 * 3600 * US_PER_SECOND;
        struct zone *fresh = zone_open(STR_LIT("America/New_York"));
        assert_true(zone_to_utc(kept, at) == zone_to_utc(fresh, at));
        zone_close(&fresh);
    }
    zone_close(&kept);
}

static void test_back(void **state)
{
    (void)state;
    struct zone *zone = zone_open(STR_LIT("America/New_York"));
    static const struct {
        const char *utc, *local;
    } cases[] = {
        {"2018-03-11T06:59:59Z", "2018-03-11T01:59:59"}, /* clocks forward at 2 */
        {"2018-03-11T07:00:00Z", "2018-03-11T03:00:00"},
        {"2018-11-04T05:30:00Z", "2018-11-04T01:30:00"}, /* twice half past one */
        {"2018-11-04T06:30:00Z", "2018-11-04T01:30:00"},
        {"1969-12-31T23:59:59.5Z", "1969-12-31T18:59:59.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t us;
        assert_true(clock_parse(str_of(cases[i].utc), &us));
        assert_int_equal(zone_to_local(zone, us), local(cases[i].local));
    }
    zone_close(&zone);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "Mars/Olympus", "/etc/passwd", "../../etc/passwd"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(zone_open(str_of(wrong[i])));
    assert_null(zone_open(STR_NULL));
}

static void test_local(void **state)
{
    (void)state;
    int64_t us;
    assert_true(zone_local(2024, 2, 29, 23, 59, 60, &us));
    assert_true(us == local("2024-02-29T23:59:59"));
    assert_false(zone_local(2023, 2, 29, 0, 0, 0, &us));
    assert_false(zone_local(2024, 13, 1, 0, 0, 0, &us));
    assert_false(zone_local(2024, 1, 1, 24, 0, 0, &us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_changes), cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_back), cmocka_unit_test(test_names), cmocka_unit_test(test_local)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
