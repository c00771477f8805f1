#include "connectors/imap_words.h"

#include <cmocka.h>

#include "connectors/imap_name.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"

static int make_arena(void **state)
{
    *state = arena_new("test", 8 * MIB);
    return 0;
}

static int free_arena(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

/* ---- which response ---- */

static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum imap_kind kind;
        int64_t number;
        const char *rest;
    } cases[] = {
        {"s000007 OK done", IMAP_TAGGED, -1, "OK done"},
        {"s000008 OK done", IMAP_OTHER, -1, "OK done"},
        {"* 3 FETCH (UID 4)", IMAP_FETCH, 3, "(UID 4)"},
        {"* 3 fetch (UID 4)", IMAP_FETCH, 3, "(UID 4)"},
        {"* FETCH (UID 4)", IMAP_OTHER, -1, NULL},
        {"* 12 EXISTS", IMAP_EXISTS, 12, ""},
        {"* 12 EXPUNGE", IMAP_OTHER, 12, NULL},
        {"* OK [UIDNEXT 5] text", IMAP_STATUS, -1, "OK [UIDNEXT 5] text"},
        {"* SEARCH 4 5", IMAP_SEARCH, -1, "4 5"},
        {"* SEARCH", IMAP_SEARCH, -1, ""},
        {"* CAPABILITY IMAP4rev1 ID", IMAP_CAPABILITY, -1, "IMAP4rev1 ID"},
        {"+ idling", IMAP_OTHER, -1, NULL},
        {"", IMAP_OTHER, -1, NULL},
        {"*", IMAP_OTHER, -1, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number;
        struct str rest;
        enum imap_kind kind =
            imap_words_kind(str_of(cases[i].text), STR_LIT("s000007"), &number, &rest);
        if (kind != cases[i].kind || number != cases[i].number ||
            (cases[i].rest != NULL && !str_is(rest, cases[i].rest)))
            fail_msg("case %zu: kind %d, number %lld, rest \"%.*s\"", i, kind, (long long)number,
                     STR_ARGS(rest));
    }
}

static void statuses(void **state)
{
    (void)state;
    struct imap_status status;
    int64_t number;
    assert_true(imap_words_status(STR_LIT("OK [UIDVALIDITY 4294967295] ok"), &status));
    assert_true(imap_words_code(status.code, "UIDVALIDITY", &number));
    assert_int_equal(number, 4294967295);
    assert_true(str_is(status.text, "ok"));
    assert_false(imap_words_code(status.code, "UIDNEXT", &number));
    assert_true(imap_words_status(STR_LIT("NO no code"), &status));
    assert_true(str_is_null(status.code) && str_is(status.text, "no code"));
    assert_true(imap_words_status(STR_LIT("BAD"), &status));
    assert_true(imap_words_status(STR_LIT("NO [INUSE"), &status));
    assert_true(str_is_null(status.code));
    assert_false(imap_words_status(STR_LIT("WHAT [X] y"), &status));
}

/* ---- FETCH ---- */

/* Through the reader, as the words of a response come. */
static bool fetch(struct arena *arena, struct imap_reader *reader, const char *bytes,
                  struct imap_fetched *out)
{
    struct imap_response response;
    struct str rest;
    struct err err;
    size_t taken;
    int64_t number;
    if (imap_reader_feed(reader, str_of(bytes), &taken, &response, &err) != RC_OK)
        return false;
    return imap_words_kind(response.text, STR_LIT("s1"), &number, &rest) == IMAP_FETCH &&
           imap_words_fetch(arena, &response, rest, out);
}

static void items_come_in_any_order(void **state)
{
    static const struct {
        const char *bytes;
        int64_t uid, size;
        const char *mail; /* NULL: none */
        size_t labels;
        const char *first_label;
    } cases[] = {
        {"* 1 FETCH (UID 7 BODY[] {2}\r\nhi)\r\n", 7, -1, "hi", 0, NULL},
        {"* 1 FETCH (BODY[] {2}\r\nhi FLAGS (\\Seen vip $Junk) UID 7)\r\n", 7, -1, "hi", 1, "vip"},
        {"* 1 FETCH (BODY[] \"h\\\"i\" UID 7)\r\n", 7, -1, "h\"i", 0, NULL},
        {"* 1 FETCH (BODY[] NIL UID 7 RFC822.SIZE 99)\r\n", 7, 99, "", 0, NULL},
        {"* 1 FETCH (BODY[]<0> {1}\r\nx UID 7)\r\n", 7, -1, "x", 0, NULL},
        {"* 1 FETCH (FLAGS (\\Recent))\r\n", 0, -1, NULL, 0, NULL},
        {"* 1 FETCH (UID 7 X-GM-LABELS (\"\\\\Sent\" {3}\r\na)b Sent) MODSEQ (12))\r\n", 7, -1,
         NULL, 3, "\\Sent"},
        {"* 1 FETCH (UID 7 ENVELOPE (\"a\" ((NIL \"x)\") ()) NIL) RFC822.SIZE 3)\r\n", 7, 3, NULL,
         0, NULL},
        {"* 1 FETCH (BODY[HEADER.FIELDS (DATE TO)] {3}\r\nabc UID 7)\r\n", 7, -1, NULL, 0, NULL},
        {"* 1 FETCH ()\r\n", 0, -1, NULL, 0, NULL},
    };
    struct imap_reader *reader = imap_reader_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct imap_fetched got;
        arena_reset(*state);
        bool ok = fetch(*state, reader, cases[i].bytes, &got);
        if (!ok || got.uid != cases[i].uid || got.size != cases[i].size ||
            got.has_mail != (cases[i].mail != NULL) || got.label_count != cases[i].labels ||
            (cases[i].mail != NULL && !str_is(got.mail, cases[i].mail)) ||
            (cases[i].first_label != NULL && !str_is(got.labels[0], cases[i].first_label)))
            fail_msg("case %zu: %d, uid %lld, size %lld, mail \"%.*s\", %zu labels", i, ok,
                     (long long)got.uid, (long long)got.size, STR_ARGS(got.mail), got.label_count);
    }
    imap_reader_free(&reader);
}

static void what_is_no_fetch_is_refused(void **state)
{
    static const char *const cases[] = {
        "* 1 FETCH UID 7\r\n",
        "* 1 FETCH (UID x)\r\n",
        "* 1 FETCH (UID 7\r\n",
        "* 1 FETCH (UID 7 FLAGS (\r\n",
        "* 1 FETCH (BODY[] )\r\n",
        "* 1 FETCH (UID \"7\r\n",
        "* 1 FETCH (UID 7 X \"a\\\r\n",
        "* 1 FETCH (UID -7)\r\n",
        "* 1 FETCH (X ((((((((((((((((((((((((((((((((((((((((((((((((((\r\n",
    };
    struct imap_reader *reader = imap_reader_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct imap_fetched got;
        if (fetch(*state, reader, cases[i], &got))
            fail_msg("case %zu was taken: %s", i, cases[i]);
    }
    imap_reader_free(&reader);
}

static void dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *utc; /* NULL: refused */
    } cases[] = {
        {"21-Nov-2026 05:44:45 +0000", "2026-11-21T05:44:45.000000Z"},
        {" 1-Mar-2026 00:30:00 -0500", "2026-03-01T05:30:00.000000Z"},
        {"01-mar-2026 00:30:00 +0530", "2026-02-28T19:00:00.000000Z"},
        {"31-Feb-2026 00:30:00 +0000", NULL},
        {"01-Foo-2026 00:30:00 +0000", NULL},
        {"01-Mar-2026 00:30:00 +00:0", NULL},
        {"01-Mar-2026", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = TIME_NONE;
        char text[CLOCK_TEXT_BYTES] = "";
        bool ok = imap_words_date(str_of(cases[i].text), &us);
        if (ok)
            clock_format(us, text);
        if (ok != (cases[i].utc != NULL) || (ok && strcmp(text, cases[i].utc) != 0))
            fail_msg("case %zu: %d %s", i, ok, text);
    }
}

/* ---- folders ---- */

static void folders(void **state)
{
    static const struct {
        const char *rest;
        const char *name;
        enum imap_role role;
        bool can_be_read;
        char separator;
    } cases[] = {
        {"(\\HasNoChildren) \"/\" INBOX", "INBOX", IMAP_ROLE_NONE, true, '/'},
        {"(\\HasNoChildren \\Sent) \"/\" \"Sent Items\"", "Sent Items", IMAP_ROLE_SENT, true, '/'},
        {"(\\All) \"/\" \"[Gmail]/All Mail\"", "[Gmail]/All Mail", IMAP_ROLE_ALL, true, '/'},
        {"(\\Noselect \\HasChildren) \".\" Kunden", "Kunden", IMAP_ROLE_NONE, false, '.'},
        {"(\\NonExistent) NIL x", "x", IMAP_ROLE_NONE, false, '\0'},
        {"(\\Junk) \"/\" {4}\na\"b(", "a\"b(", IMAP_ROLE_LEFT_OUT, true, '/'},
        {"() \"\\\\\" \"a\\\\b\"", "a\\b", IMAP_ROLE_NONE, true, '\\'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct imap_folder got;
        bool ok = imap_words_list(*state, str_of(cases[i].rest), &got);
        if (!ok || !str_is(got.name, cases[i].name) || got.role != cases[i].role ||
            got.can_be_read != cases[i].can_be_read || got.separator != cases[i].separator)
            fail_msg("case %zu: %d \"%.*s\" role %d", i, ok, STR_ARGS(got.name), got.role);
    }
    struct imap_folder got;
    assert_false(imap_words_list(*state, STR_LIT("() \"/\""), &got));
    assert_false(imap_words_list(*state, STR_LIT("\"/\" x"), &got));
}

static void names(void **state)
{
    static const struct {
        const char *utf8, *imap;
    } cases[] = {{"INBOX", "INBOX"},
                 {"Búsqueda", "B&APo-squeda"},
                 {"R&D", "R&-D"},
                 {"日本/ä", "&ZeVnLA-/&AOQ-"},
                 {"😀", "&2D3eAA-"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(str_is(imap_name_encode(*state, str_of(cases[i].utf8)), cases[i].imap));
        assert_true(str_is(imap_name_decode(*state, str_of(cases[i].imap)), cases[i].utf8));
    }
    assert_true(str_is_null(imap_name_encode(*state, STR_LIT("\xff"))));
    assert_true(str_is(imap_name_decode(*state, STR_LIT("a&b")), "a&b"));
}

static void patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        {"inbox", "INBOX", true},
        {"INBOX", "Inbox", true},
        {"sent", "Sent", false},
        {"*", "a/b", true},
        {"*", "", true},
        {"Clientes/*", "Clientes/2026/a", true},
        {"Clientes/*", "Clientes", false},
        {"*/2026", "a/2025/2026", true},
        {"*/2026", "a/2026/x", false},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-c-b", false},
        {"[Gmail]/*", "[Gmail]/All Mail", true},
        {"", "x", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (imap_name_matches(str_of(cases[i].pattern), str_of(cases[i].name)) != cases[i].matches)
            fail_msg("case %zu: \"%s\" and \"%s\"", i, cases[i].pattern, cases[i].name);
    assert_true(imap_name_is_sent(STR_LIT("INBOX.Sent Items"), '.'));
    assert_true(imap_name_is_sent(STR_LIT("enviados"), '/'));
    assert_true(imap_name_is_sent(STR_LIT("Envoy&AOk-s"), '\0'));
    assert_false(imap_name_is_sent(STR_LIT("Sent/2020"), '/'));
}

static void quoting(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    assert_true(imap_words_quote(&out, STR_LIT("a \"b\\c\" [d]")));
    assert_true(str_is(buf_peek(&out), "\"a \\\"b\\\\c\\\" [d]\""));
    assert_false(imap_words_quote(&out, STR_LIT("a\r\nb")));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(statuses),
        cmocka_unit_test(items_come_in_any_order),
        cmocka_unit_test(what_is_no_fetch_is_refused),
        cmocka_unit_test(dates),
        cmocka_unit_test(folders),
        cmocka_unit_test(names),
        cmocka_unit_test(patterns),
        cmocka_unit_test(quoting),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
