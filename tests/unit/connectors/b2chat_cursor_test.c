#include <cmocka.h>

#include "connectors/b2chat_cursor.h"
#include "lib/clock.h"

static int32_t day(const char *text)
{
    int32_t found;
    assert_true(day_parse(str_of(text), &found));
    return found;
}

static void write_and_read(const struct b2chat_cursor *from, struct b2chat_cursor *to)
{
    struct buf json;
    buf_init(&json, 16384);
    b2chat_cursor_write(from, &json);
    assert_false(buf_is_full(&json));
    b2chat_cursor_read(to, buf_peek(&json));
    buf_done(&json);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct b2chat_cursor cursor = {.full_next = day("2025-03-05"),
                                   .is_full_done = true,
                                   .fresh_day = day("2025-03-04"),
                                   .deep_day = day("2025-03-03"),
                                   .open_at = INT64_C(1741100400) * US_PER_SECOND,
                                   .contacts_at = TIME_NONE,
                                   .contacts_full_at = INT64_C(1741100401) * US_PER_SECOND,
                                   .pace = {day("2025-03-04"), 312, {100, 1000}}};
    struct b2chat_cursor read;
    for (int i = 0; i < B2CHAT_OPEN_DAYS; i++)
        b2chat_cursor_set_open(&cursor, day("2025-01-01") + i, true);
    write_and_read(&cursor, &read);
    assert_int_equal(read.full_next, cursor.full_next);
    assert_true(read.is_full_done);
    assert_int_equal(read.fresh_day, cursor.fresh_day);
    assert_int_equal(read.deep_day, cursor.deep_day);
    assert_int_equal(read.open_at, cursor.open_at);
    assert_true(read.contacts_at == TIME_NONE);
    assert_int_equal(read.contacts_full_at, cursor.contacts_full_at);
    assert_int_equal(read.pace.day, cursor.pace.day);
    assert_int_equal(read.pace.calls, 312);
    assert_int_equal(read.pace.limits[B2CHAT_CHATS], 100);
    assert_int_equal(read.pace.limits[B2CHAT_CONTACTS], 1000);
    assert_int_equal(read.open_count, B2CHAT_OPEN_DAYS);
    assert_memory_equal(read.open_days, cursor.open_days, sizeof cursor.open_days);
}

static void what_cannot_be_read_is_a_beginning(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}",
                                        "",
                                        "[]",
                                        "{\"full_next\": \"2025-03-05\"",
                                        "{\"full_next\": 5, \"open_days\": 7}",
                                        "{\"full_next\": \"soon\", \"open_days\": [\"x\", null, 3, "
                                        "{}], \"calls_today\": \"many\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct b2chat_cursor cursor;
        b2chat_cursor_read(&cursor, str_of(texts[i]));
        assert_int_equal(cursor.full_next, B2CHAT_NO_DAY);
        assert_false(cursor.is_full_done);
        assert_true(cursor.open_at == TIME_NONE && cursor.contacts_full_at == TIME_NONE);
        assert_int_equal(cursor.open_count, 0);
        assert_int_equal(cursor.pace.calls, 0);
    }
}

static void assert_days(const struct b2chat_cursor *cursor, const int32_t *days, size_t count)
{
    assert_int_equal(cursor->open_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(cursor->open_days[i], days[i]);
}

static void open_days_are_a_set(void **state)
{
    (void)state;
    struct b2chat_cursor cursor = {.open_count = 0};
    const int32_t adds[] = {5, 3, 9, 3, 5, 1};
    for (size_t i = 0; i < sizeof adds / sizeof *adds; i++)
        b2chat_cursor_set_open(&cursor, adds[i], true);
    assert_days(&cursor, (const int32_t[]){1, 3, 5, 9}, 4);
    b2chat_cursor_set_open(&cursor, 3, false);
    b2chat_cursor_set_open(&cursor, 4, false);
    b2chat_cursor_set_open(&cursor, 9, false);
    assert_days(&cursor, (const int32_t[]){1, 5}, 2);
}

static void the_oldest_open_day_makes_room(void **state)
{
    (void)state;
    struct b2chat_cursor cursor = {.open_count = 0};
    for (int32_t i = 0; i < B2CHAT_OPEN_DAYS; i++)
        b2chat_cursor_set_open(&cursor, 10 + 2 * i, true);
    b2chat_cursor_set_open(&cursor, 5, true); /* older than all: stays out */
    assert_int_equal(cursor.open_days[0], 10);
    b2chat_cursor_set_open(&cursor, 13, true);
    assert_int_equal(cursor.open_days[0], 12);
    assert_int_equal(cursor.open_days[1], 13);
    assert_int_equal(cursor.open_days[2], 14);
    b2chat_cursor_set_open(&cursor, 9999, true);
    assert_int_equal(cursor.open_count, B2CHAT_OPEN_DAYS);
    assert_int_equal(cursor.open_days[0], 13);
    assert_int_equal(cursor.open_days[B2CHAT_OPEN_DAYS - 1], 9999);
    for (size_t i = 1; i < cursor.open_count; i++)
        assert_true(cursor.open_days[i - 1] < cursor.open_days[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_cannot_be_read_is_a_beginning),
        cmocka_unit_test(open_days_are_a_set),
        cmocka_unit_test(the_oldest_open_day_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
