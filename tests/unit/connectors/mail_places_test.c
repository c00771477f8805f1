/* What pullers of mail remember between runs. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/imap_cursor.h"
#include "connectors/pop3_seen.h"
#include "lib/limits.h"

static void a_folder_s_place_comes_back(void **state)
{
    (void)state;
    static const struct imap_cursor places[] = {
        {1795240011, 30211, 0, 0}, {4294967295, 4294967294, 4294967295, 2}, {7, 0, 3, 1}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct buf json;
        buf_init(&json, 64 * KIB);
        imap_cursor_write(&json, &places[i], STR_LIT("Búsqueda \"1\""));
        struct imap_cursor back = imap_cursor_read(buf_peek(&json));
        assert_memory_equal(&back, &places[i], sizeof back);
        buf_done(&json);
    }
}

static void what_is_no_place_has_read_nothing(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}",
        "",
        "[]",
        "{\"last_uid\":5}",
        "{\"uidvalidity\":-1,\"last_uid\":5}",
        "{\"uidvalidity\":4294967296,\"last_uid\":5}",
        "{\"uidvalidity\":1",
    };
    const struct imap_cursor nothing = {0, 0, 0, 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct imap_cursor place = imap_cursor_read(str_of(cases[i]));
        assert_memory_equal(&place, &nothing, sizeof place);
    }
}

static void ids_that_were_read_come_back(void **state)
{
    (void)state;
    struct pop3_seen seen = {.ids = NULL}, back = {.ids = NULL};
    struct buf json;
    char uidl[32];
    buf_init(&json, POP3_SEEN_BYTES);
    for (int i = 0; i < POP3_MAILS_MOST; i++) {
        (void)snprintf(uidl, sizeof uidl, "uidl-%d", i);
        pop3_seen_add(&seen, pop3_seen_id(str_of(uidl)));
    }
    for (unsigned i = 0; i < POP3_SUSPECTS_MOST + 5; i++) {
        (void)snprintf(uidl, sizeof uidl, "bad-%u", i);
        pop3_seen_set_failures(&seen, pop3_seen_id(str_of(uidl)), i == 1 ? 300 : 2);
    }
    pop3_seen_set_failures(&seen, pop3_seen_id(STR_LIT("bad-0")), 0);
    pop3_seen_write(&json, &seen);
    assert_false(buf_is_full(&json));
    pop3_seen_read(&back, buf_peek(&json));
    assert_int_equal(back.n, POP3_MAILS_MOST);
    assert_true(pop3_seen_has(&back, pop3_seen_id(STR_LIT("uidl-0"))));
    assert_true(pop3_seen_has(&back, pop3_seen_id(STR_LIT("uidl-199999"))));
    assert_false(pop3_seen_has(&back, pop3_seen_id(STR_LIT("uidl-200000"))));
    assert_int_equal(back.suspect_count, POP3_SUSPECTS_MOST - 1);
    assert_int_equal(pop3_seen_failures(&back, pop3_seen_id(STR_LIT("bad-0"))), 0);
    assert_int_equal(pop3_seen_failures(&back, pop3_seen_id(STR_LIT("bad-1"))), 255);
    assert_int_equal(pop3_seen_failures(&back, pop3_seen_id(STR_LIT("bad-2"))), 2);
    pop3_seen_done(&seen);
    pop3_seen_done(&back);
    buf_done(&json);
}

static void what_is_no_list_of_ids_is_nothing(void **state)
{
    (void)state;
    static const char *const cases[] = {"{}", "", "{\"seen\":5}", "{\"seen\":\"0011\"}",
                                        "{\"seen\":\"zzzzzzzzzzzzzzzz\",\"suspects\":\"00\"}"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pop3_seen seen = {.ids = NULL};
        pop3_seen_read(&seen, str_of(cases[i]));
        assert_int_equal(seen.n + seen.suspect_count, 0);
        assert_false(pop3_seen_has(&seen, 0));
        pop3_seen_done(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_s_place_comes_back),
        cmocka_unit_test(what_is_no_place_has_read_nothing),
        cmocka_unit_test(ids_that_were_read_come_back),
        cmocka_unit_test(what_is_no_list_of_ids_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
