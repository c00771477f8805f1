#include "transform/email/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/email/thread.h"

static struct arena *arena;

static int begin(void **state)
{
    (void)state;
    arena = arena_new("test", 64 * MIB);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

struct address_case {
    const char *text;
    const char *expected; /* "name|address;..." */
};

static const struct address_case addresses[] = {
    {"", ""},
    {"ana@example.net", "|ana@example.net;"},
    {"Ana G\xC3\xB3mez <Ana@Example.NET>", "Ana G\xC3\xB3mez|ana@example.net;"},
    {"\"G\xC3\xB3mez, Ana\" <ana@example.net>, luis@example.net",
     "G\xC3\xB3mez, Ana|ana@example.net;|luis@example.net;"},
    {"=?utf-8?Q?Ana_G=C3=B3mez?= <ana@example.net>", "Ana G\xC3\xB3mez|ana@example.net;"},
    {"Equipo: ana@example.net, Luis <luis@example.net>;",
     "|ana@example.net;Luis|luis@example.net;"},
    {"undisclosed-recipients:;", ""},
    {"n@ma\xC3\xB1"
     "ana.example",
     "|n@xn--maana-pta.example;"},
    {"MAILER-DAEMON (Mail Delivery System)", "|mailer-daemon;"},
    {"<>", ""},
    /* what RFC 5322 does not know */
    {"\"Ana\" ana@example.net", "Ana|ana@example.net;"},
    {"=?utf-8?Q?Ana_G=C3=B3mez?= Ana@Example.net", "Ana G\xC3\xB3mez|ana@example.net;"},
    {"Ana [ana@example.net]", "Ana|ana@example.net;"},
    {"Ana <ana..x@example.net>", "Ana|ana..x@example.net;"},
    {"<ana.@example.net>, <luis..@example.net>", "|ana.@example.net;|luis..@example.net;"},
    {"'ana@example.net'", "|ana@example.net;"},
    {"\"ana@example.net\"", "|ana@example.net;"},
    {"@", ""},
};

static void reads_addresses_of_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct mail_addresses list;
        assert_true(mail_addresses_parse(arena, str_of(addresses[i].text), &list));
        struct str found = STR_LIT("");
        for (size_t k = 0; k < list.n; k++)
            found = arena_printf(arena, "%.*s%.*s|%.*s;", STR_ARGS(found), STR_ARGS(list.v[k].name),
                                 STR_ARGS(list.v[k].address));
        if (!str_is(found, addresses[i].expected))
            fail_msg("case %zu: \"%.*s\"", i, STR_ARGS(found));
    }
}

/* Groups that never close, words that are none: GMime would never end. */
static void endless_lists_name_nobody(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a:", "a,"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct buf text;
        buf_init(&text, MIB);
        for (int k = 0; k < 200000; k++)
            assert_true(buf_add_text(&text, pieces[i]));
        struct mail_addresses list;
        assert_true(mail_addresses_parse(arena, buf_peek(&text), &list));
        assert_int_equal(list.n, 0);
        buf_done(&text);
    }
}

static void an_address_beyond_998_bytes_names_nobody(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'a', sizeof text);
    struct mail_addresses list;
    memcpy(text + 998 - 4, "@b.c", 4);
    assert_true(mail_addresses_parse(arena, (struct str){text, 998}, &list));
    assert_int_equal(list.n, 1);
    memcpy(text + 998 - 4, "a@b.c", 5);
    assert_true(mail_addresses_parse(arena, (struct str){text, 999}, &list));
    assert_int_equal(list.n, 0);
}

struct id_case {
    const char *header, *id; /* NULL: none */
};

static const struct id_case ids[] = {
    {"<a.b@example.net>", "a.b@example.net"},
    {" <A.b@Example.NET> (x)", "A.b@Example.NET"}, /* case stays */
    {"<a@example\r\n .net>", "a@example.net"},     /* folded */
    {"a@example.net more", "a@example.net"},
    {"<a@example.net", "a@example.net"},
    {"", NULL},
    {"<>", NULL},
    {"<@>", NULL},
    {"<1234567>", NULL},
    {"<12345678>", "12345678"},
    {"<=?utf-8?Q?a?=@example.net>", "=?utf-8?Q?a?=@example.net"}, /* no MIME decoding */
};

static void reads_message_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct str id = mail_message_id(arena, str_of(ids[i].header));
        if (!(ids[i].id == NULL ? str_is_null(id) : str_is(id, ids[i].id)))
            fail_msg("case %zu: \"%.*s\"", i, STR_ARGS(id));
    }
}

static void hashes_a_message_id_beyond_998_bytes(void **state)
{
    (void)state;
    char header[1002];
    memset(header, 'a', sizeof header);
    header[0] = '<';
    header[999] = '>';
    assert_int_equal(mail_message_id(arena, (struct str){header, 1000}).n, 998);
    header[999] = 'a';
    header[1000] = '>';
    struct str id = mail_message_id(arena, (struct str){header, 1001});
    assert_true(str_starts_with(id, "sha256:"));
    assert_int_equal(id.n, strlen("sha256:") + 64);
}

struct scan_case {
    const char *text, *expected; /* separated by blanks */
};

static const struct scan_case scans[] = {
    {"<a@x> <b@x>", "a@x b@x"},
    {"<a@x>,<b@x>, <c@x>", "a@x b@x c@x"}, /* commas */
    {"<a@x><b@x>", "a@x b@x"},
    {"<a@x>\r\n\t<b@x>", "a@x b@x"},
    {"word <a@x> (comment) <b@x>", "a@x b@x"},
    {"a@x, b@x c", "a@x b@x"}, /* no brackets */
    {"<a@x> <b@x> <a@x>", "a@x b@x"},
    {"<a@x> <unclosed@x", "a@x"},
    {"<> <@> <a@x>", "a@x"},
    {"nothing here", ""},
    {"", ""},
};

static struct str joined(const struct str *v, size_t n)
{
    struct str text = STR_LIT("");
    for (size_t i = 0; i < n; i++)
        text = arena_printf(arena, "%.*s%s%.*s", STR_ARGS(text), i > 0 ? " " : "", STR_ARGS(v[i]));
    return text;
}

static void scans_references_whatever_divides_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scans / sizeof scans[0]; i++) {
        struct str v[MAIL_LINKS_MOST];
        size_t n = 0;
        assert_true(mail_references_scan(arena, str_of(scans[i].text), v, &n));
        if (!str_is(joined(v, n), scans[i].expected))
            fail_msg("case %zu: \"%.*s\"", i, STR_ARGS(joined(v, n)));
    }
}

static struct str many(size_t count)
{
    struct buf text;
    buf_init(&text, 64 * MIB);
    for (size_t i = 0; i < count; i++)
        (void)buf_printf(&text, "<%zu@x> ", i);
    struct str kept = arena_str(arena, buf_peek(&text));
    buf_done(&text);
    return kept;
}

static void keeps_the_first_and_the_last_99_of_very_many(void **state)
{
    (void)state;
    static const size_t counts[] = {100, 101, 250, 999, 1000, 1001, 1002, 1999, 2000, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct str v[MAIL_LINKS_MOST];
        size_t n = 0;
        assert_true(mail_references_scan(arena, many(counts[i]), v, &n));
        assert_int_equal(n, 100);
        assert_true(str_is(v[0], "0@x"));
        for (size_t k = 1; k < n; k++)
            assert_true(str_equal(v[k], arena_printf(arena, "%zu@x", counts[i] - 100 + k)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_addresses_of_headers, begin, end),
        cmocka_unit_test_setup_teardown(endless_lists_name_nobody, begin, end),
        cmocka_unit_test_setup_teardown(an_address_beyond_998_bytes_names_nobody, begin, end),
        cmocka_unit_test_setup_teardown(reads_message_ids, begin, end),
        cmocka_unit_test_setup_teardown(hashes_a_message_id_beyond_998_bytes, begin, end),
        cmocka_unit_test_setup_teardown(scans_references_whatever_divides_them, begin, end),
        cmocka_unit_test_setup_teardown(keeps_the_first_and_the_last_99_of_very_many, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
