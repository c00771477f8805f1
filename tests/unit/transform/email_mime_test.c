#include "transform/email/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "transform/normalizer.h"

/* Under the address sanitizer every growing array is copied whenever it grows. */
#if defined(__SANITIZE_ADDRESS__)
#define LARGE(n) ((n) / 10)
#else
#define LARGE(n) (n)
#endif

#define HEADER "From: Ana <ana@example.net>\nMessage-ID: <a@example.net>\n"

static int set_up(void **state)
{
    *state = arena_new("test", LIMIT_SCOPE_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static void check(struct str found, const char *expected)
{
    if (!str_equal(found, str_of(expected)))
        fail_msg("\"%.*s\", expected \"%s\"", STR_ARGS(found), expected);
}

static struct mail read_mail(struct arena *arena, struct str raw)
{
    struct mail mail;
    struct err err = {.msg = ""};
    if (email_mime_read(raw, arena, &mail, &err) != RC_OK)
        fail_msg("refused: %s", err.msg);
    return mail;
}

static void reads_the_members_of_a_mail(void **state)
{
    struct mail mail = read_mail(
        *state,
        STR_LIT("Return-Path: <>\n" HEADER "Sender: s@example.net\nReply-To: r@example.net\n"
                "To: a@example.org, B <b@example.org>\nBcc: c@example.org\n"
                "Subject: =?utf-8?q?se=C3=B1al?=\nDate: Tue, 24 Feb 2026 10:00:00 +0000\n"
                "X-Twice: 1\nX-Twice: 2\n\nhola\n"));
    check(mail.envelope_from, "");
    check(mail.message_id, "a@example.net");
    check(mail.subject, "señal");
    check(mail.date, "Tue, 24 Feb 2026 10:00:00 +0000");
    check(mail.text, "hola");
    assert_null(mail.html.p);
    assert_int_equal(mail.to.n, 2);
    check(mail.to.v[1].address, "b@example.org");
    check(mail.bcc.v[0].address, "c@example.org");
    check(mail.sender.v[0].address, "s@example.net");
    check(mail.reply_to.v[0].address, "r@example.net");
    assert_int_equal(mail.received_at, TIME_NONE);
    assert_int_equal(mail.header_count, 11);
    const struct mail_header *twice = mail_header_find(&mail, "x-twice");
    check(mail_header_next(&mail, twice, "X-TWICE")->value, "2");
    const struct mail_header *subject = mail_header_find(&mail, "Subject");
    check(subject->raw, "=?utf-8?q?se=C3=B1al?=");
    check(subject->value, "señal");
}

static void reads_lines_that_end_in_cr(void **state)
{
    struct mail mail = read_mail(*state, STR_LIT("Subject: x\rFrom: ana@example.net\r\ra\rb\r"));
    check(mail.subject, "x");
    check(mail.from.v[0].address, "ana@example.net");
    check(mail.text, "a\nb");
}

/* The stream lies over the caller's bytes: they may be read-only, and nothing of them is kept. */
static void keeps_nothing_of_the_bytes(void **state)
{
    static const char raw[] = HEADER "Subject: x\n\nhola\n";
    char *copy = malloc(sizeof raw - 1);
    memcpy(copy, raw, sizeof raw - 1);
    struct mail mail = read_mail(*state, (struct str){copy, sizeof raw - 1});
    assert_memory_equal(copy, raw, sizeof raw - 1);
    free(copy);
    check(mail.text, "hola");
    check(mail.subject, "x");
    check(mail_header_text(&mail, "From"), "Ana <ana@example.net>");
}

static void refuses_what_is_no_mail(void **state)
{
    static const char *const cases[] = {"",          "\n\n",  "\xEF\xBB\xBF",  "From ",
                                        ">From x\n", "hola",  "hola\nmundo\n", ": x\n",
                                        " : x\n",    "From x"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mail mail;
        struct err err;
        assert_int_equal(email_mime_read(str_of(cases[i]), *state, &mail, &err), RC_REJECT);
        assert_int_equal(err.code, REJECT_BAD_VALUE);
    }
}

static void refuses_a_mail_that_the_arena_cannot_hold(void **state)
{
    (void)state;
    struct mail mail;
    struct err err;
    for (size_t cap = 1; cap < 1024; cap += 7) {
        struct arena *small = arena_new("small", cap);
        static const char raw[] =
            HEADER "To: a@example.org\nContent-Type: image/png; name=x.png\n\nx";
        enum rc rc = email_mime_read((struct str){raw, sizeof raw - 1}, small, &mail, &err);
        if (rc != RC_OK)
            assert_int_equal(err.code, REJECT_TOO_LARGE);
        arena_free(&small);
    }
}

static void fill(struct buf *raw, const char *line, size_t bytes)
{
    while (raw->n < bytes)
        (void)buf_add_text(raw, line);
}

static void cuts_texts_that_are_too_long(void **state)
{
    struct buf raw;
    buf_init(&raw, 16 * MIB);
    (void)buf_add_text(&raw, HEADER "Content-Type: text/plain; charset=utf-8\n\nx");
    fill(&raw, "ññññññññññ", 3 * MIB);
    struct mail mail = read_mail(*state, buf_peek(&raw));
    assert_true(mail.text.n <= LIMIT_MAIL_TEXT_BYTES);
    assert_true(mail.text.n > LIMIT_MAIL_TEXT_BYTES - 8);
    check(mail.provider_metadata, "\"truncated\":true");
    buf_done(&raw);
}

/* An attachment's bytes are never kept: 40 MB of base64 with an arena of 64 KiB. */
static void measures_attachments_without_keeping_them(void **state)
{
    (void)state;
    struct buf raw;
    struct arena *small = arena_new("small", 64 * KIB);
    buf_init(&raw, 64 * MIB);
    (void)buf_add_text(&raw, HEADER "Content-Type: application/pdf; name=a.pdf\n"
                                    "Content-Transfer-Encoding: base64\n\n");
    size_t header = raw.n;
    fill(&raw, "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\n",
         40 * MIB);
    struct mail mail = read_mail(small, buf_peek(&raw));
    assert_int_equal(mail.attachment_count, 1);
    assert_int_equal(mail.attachments[0].size_bytes, (raw.n - header) / 77 * 57);
    assert_int_equal(mail.attachments[0].sha256.n, 64);
    arena_free(&small);
    buf_done(&raw);
}

static void stops_at_a_thousand_parts(void **state)
{
    struct buf raw;
    buf_init(&raw, 1 * MIB);
    (void)buf_add_text(&raw, HEADER "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 1500; i++)
        (void)buf_add_text(&raw, "--b\nContent-Type: image/png\n\nx\n");
    struct mail mail = read_mail(*state, buf_peek(&raw));
    assert_int_equal(mail.attachment_count, LIMIT_MAIL_PARTS - 1); /* and the multipart itself */
    check(mail.provider_metadata, "\"truncated\":true");
    buf_done(&raw);
}

static void reads_thousands_of_nested_parts(void **state)
{
    struct buf raw;
    buf_init(&raw, 4 * MIB);
    (void)buf_add_text(&raw, HEADER);
    for (int i = 0; i < LARGE(20000); i++)
        (void)buf_printf(&raw, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    (void)buf_add_text(&raw, "\nhola\n");
    struct mail mail = read_mail(*state, buf_peek(&raw));
    check(mail.provider_metadata, "\"truncated\":true");
    assert_null(mail.text.p);
    buf_done(&raw);
}

static void reads_hostile_headers(void **state)
{
    struct buf raw;
    buf_init(&raw, 32 * MIB);
    (void)buf_add_text(&raw, HEADER "Subject: ");
    fill(&raw, "palabra ", LARGE(20 * MIB));
    (void)buf_add_text(&raw, "\nTo: ");
    for (int i = 0; i < LARGE(100000); i++)
        (void)buf_printf(&raw, "a%d@example.org,\n ", i);
    (void)buf_add_text(&raw, "\n\nhola\n");
    struct mail mail = read_mail(*state, buf_peek(&raw));
    check(mail.text, "hola");
    check(mail.provider_metadata, "\"truncated\":true");
    assert_true(mail.to.n > LARGE(10000));
    arena_reset(*state);
    buf_reset(&raw);
    (void)buf_add_text(&raw, HEADER);
    for (int i = 0; i < LARGE(100000); i++)
        (void)buf_printf(&raw, "X-%d: y\n", i);
    (void)buf_add_text(&raw, "\nhola\n");
    assert_int_equal(read_mail(*state, buf_peek(&raw)).header_count, LARGE(100000) + 2);
    buf_done(&raw);
}

static void refuses_a_header_of_endless_words(void **state)
{
    struct buf raw;
    struct mail mail;
    struct err err;
    buf_init(&raw, 32 * MIB);
    (void)buf_add_text(&raw, HEADER "Subject: ");
    fill(&raw, "=?utf-8?Q?x ", LARGE(20 * MIB));
    (void)buf_add_text(&raw, "\n\nhola\n");
    assert_int_equal(email_mime_read(buf_peek(&raw), *state, &mail, &err), RC_REJECT);
    assert_int_equal(err.code, REJECT_TOO_LARGE);
    buf_done(&raw);
}

/* Whatever is cut off, nothing is read beyond the end. */
static void reads_a_mail_cut_at_every_byte(void **state)
{
    static const char raw[] =
        HEADER "Subject: =?utf-8?B?w6k=?=\nContent-Type: multipart/report; boundary=b\n\n--b\n"
               "Content-Type: text/plain; format=flowed\n\nhola \nx\n--b\n"
               "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
               "QTogYgoKRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAYgpBY3Rpb246IGZhaWxlZAo=\n--b\n"
               "Content-Type: message/rfc822\n\nMessage-ID: <x@y>\n\nz\n--b--\n";
    for (size_t n = 1; n < sizeof raw; n++) {
        struct mail mail;
        struct err err;
        char *copy = malloc(n);
        memcpy(copy, raw, n);
        arena_reset(*state);
        enum rc rc = email_mime_read((struct str){copy, n}, *state, &mail, &err);
        assert_true(rc == RC_OK || rc == RC_REJECT);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_the_members_of_a_mail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_lines_that_end_in_cr, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_nothing_of_the_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_mail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_mail_that_the_arena_cannot_hold, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(cuts_texts_that_are_too_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(measures_attachments_without_keeping_them, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(stops_at_a_thousand_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_thousands_of_nested_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_hostile_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_header_of_endless_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_a_mail_cut_at_every_byte, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
