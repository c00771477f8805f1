#include <cmocka.h>

#include "connectors/b2chat_page.h"

struct fixture {
    struct b2chat_page_reader *reader;
    struct b2chat_page page;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.reader = b2chat_page_reader_new();
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    b2chat_page_reader_free(&fixture->reader);
    return 0;
}

static bool is_page(struct fixture *fixture, const char *name, const char *body)
{
    return b2chat_page_read(fixture->reader, name, str_of(body), &fixture->page);
}

static void pages_are_read(void **state)
{
    struct fixture *fixture = *state;
    assert_true(
        is_page(fixture, "chats",
                "{\"total\": 7, \"chats\": [{\"chat_id\": \"a\", \"contact\": {\"chat_id\": 9}}, "
                "{\"chat_id\": 12}, {}, 5, null], \"exported\": 5}"));
    assert_int_equal(fixture->page.count, 4); /* null is nothing */
    assert_int_equal(fixture->page.total, 7);
    assert_true(str_is(fixture->page.ids[0], "a"));
    assert_true(str_is(fixture->page.ids[1], "12"));
    assert_true(str_is(fixture->page.ids[2], ""));
    assert_true(is_page(fixture, "contacts", "{\"contacts\": [{\"contact_id\": 48210377}]}"));
    assert_int_equal(fixture->page.count, 1);
    assert_int_equal(fixture->page.total, -1);
    assert_true(str_is(fixture->page.ids[0], "48210377"));
}

static void a_page_may_be_empty(void **state)
{
    struct fixture *fixture = *state;
    assert_true(
        is_page(fixture, "chats",
                "{\"chats\": [], \"exported\": 0, \"message\": \"0 chats\", \"total\": 0}"));
    assert_int_equal(fixture->page.count, 0);
    assert_int_equal(fixture->page.total, 0);
}

static void what_is_no_page(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "null",
        "<html></html>",
        "{\"message\": \"oops\", \"trace_id\": \"1\"}",
        "{\"chats\": [{\"chat_id\": \"a\"}",
        "{\"chats\": [{\"chat_id\": \"a\"}], \"total\": 1",
        "{\"chats\": null}",
        "{\"contacts\": [{\"contact_id\": 1}], \"exported\": 1}",
        "{\"chats\": [], \"exported\": 3}",
        "{\"chats\": [{\"chat_id\": \"a\"}]} trailing",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_false(is_page(fixture, "chats", bodies[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_may_be_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_page, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
