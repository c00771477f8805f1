#include "transform/email/mbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "transform/email/mbox_line.h"

#define FROM "From ana@example.net Tue Feb 24 10:00:00 2026\n"
#define MOST 2000 /* bytes of a mail, in these tests */

struct found {
    struct buf text; /* "<offset>:<raw>|", "<offset>:large|" */
    size_t mails;
    size_t largest_raw;
    size_t stop_after; /* 0: never */
};

static enum rc take(void *context, const struct mbox_mail *mail, struct err *err)
{
    struct found *found = context;
    assert_int_equal(mail->ordinal, found->mails);
    found->mails++;
    if (mail->raw.n > found->largest_raw)
        found->largest_raw = mail->raw.n;
    (void)buf_printf(&found->text, "%lld:", (long long)mail->offset);
    (void)buf_add_str(&found->text, mail->raw.p != NULL ? mail->raw : STR_LIT("large"));
    (void)buf_add_text(&found->text, "|");
    return found->stop_after == found->mails ? err_set(err, RC_RETRY, "full") : RC_OK;
}

static void read_in_pieces(struct str file, size_t piece, struct found *found)
{
    struct err err;
    struct mbox *mbox = mbox_new(MOST, take, found);
    buf_reset(&found->text);
    found->mails = 0;
    mbox_begin(mbox);
    for (size_t at = 0; at < file.n; at += piece) {
        size_t n = file.n - at < piece ? file.n - at : piece;
        char *copy = malloc(n);
        memcpy(copy, file.p + at, n);
        assert_int_equal(mbox_feed(mbox, copy, n, &err), RC_OK);
        free(copy);
    }
    assert_int_equal(mbox_end(mbox, &err), RC_OK);
    mbox_free(&mbox);
}

/* Whole, and in pieces of every size up to 70. */
static void check(const char *what, struct str file, struct str expected)
{
    struct found found = {.mails = 0};
    buf_init(&found.text, 16 * MIB);
    for (size_t piece = 1; piece <= 71; piece++) {
        read_in_pieces(file, piece <= 70 ? piece : file.n + 1, &found);
        if (!str_equal(buf_peek(&found.text), expected))
            fail_msg("%s, pieces of %zu: \"%.*s\", expected \"%.*s\"", what, piece,
                     STR_ARGS(buf_peek(&found.text)), STR_ARGS(expected));
    }
    buf_done(&found.text);
}

static void splits_mails(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"\n\r\n", ""},
        {FROM "A: 1\n\nx\n\n" FROM "B: 2\n\ny\n", "0:A: 1\n\nx\n|55:B: 2\n\ny\n|"},
        {FROM "A: 1\n\nx\n" FROM "B: 2\n\ny\n", "0:A: 1\n\nx\n|54:B: 2\n\ny\n|"},
        {"From \nA: 1\n\nx\n\nFrom \nB: 2\n\ny", "0:A: 1\n\nx\n|15:B: 2\n\ny|"},
        {FROM "A: 1\n\nx\nFrom \nB: 2\n\ny", "0:A: 1\n\nx\nFrom \nB: 2\n\ny|"},
        {FROM "A: 1\n\nx\n\nFrom now on\nB: 2\n", "0:A: 1\n\nx\n\nFrom now on\nB: 2\n|"},
        {FROM "A: 1\n\nx\n\n" FROM "no header\n", "0:A: 1\n\nx\n\n" FROM "no header\n|"},
        {FROM "A: 1\n\nx\n\n" FROM, "0:A: 1\n\nx\n\n" FROM "|"},
        {FROM "A: 1\n\nx\n\n" FROM ">From y\nB: 2\n\ny", "0:A: 1\n\nx\n|55:B: 2\n\ny|"},
        {FROM "A: 1\n\n>From x\n>>From y\n>>>From z\n>Fro",
         "0:A: 1\n\nFrom x\n>From y\n>>From z\n>Fro|"},
        {FROM "A: 1\n>From x\n>From y\nB: 2\n\n>From z", "0:A: 1\nB: 2\n\nFrom z|"},
        {"A: 1\n\nx\n\n" FROM "B: 2\n\ny\n", "0:A: 1\n\nx\n|9:B: 2\n\ny\n|"},
        {"From x\n\nFrom ", "0:\nFrom |"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(cases[i][0], str_of(cases[i][0]), str_of(cases[i][1]));
}

static void believes_a_content_length_that_leads_somewhere(void **state)
{
    (void)state;
#define INNER "x\n\n" FROM "B: 2\n\ny\n" /* 57 bytes */
    static const char *const cases[][2] = {
        {FROM "Content-Length: 57\n\n" INNER "\n" FROM "C: 3\n\nz\n",
         "0:Content-Length: 57\n\n" INNER "|124:C: 3\n\nz\n|"},
        {FROM "content-length:57\n\n" INNER, "0:content-length:57\n\n" INNER "|"},
        {FROM "Content-Length: 56\n\n" INNER "\n" FROM "C: 3\n\nz\n",
         "0:Content-Length: 56\n\n" INNER "|124:C: 3\n\nz\n|"}, /* the line end is not counted */
        {FROM "Content-Length: 40\n\n" INNER, "0:Content-Length: 40\n\nx\n|69:B: 2\n\ny\n|"},
        {FROM "Content-Length: 58\n\n" INNER, "0:Content-Length: 58\n\nx\n|69:B: 2\n\ny\n|"},
        {FROM "Content-Length: 1999999\n\n" INNER,
         "0:Content-Length: 1999999\n\nx\n|74:B: 2\n\ny\n|"},
        {FROM "Content-Length: 99999999999999999999999\n\n" INNER,
         "0:Content-Length: 99999999999999999999999\n\nx\n|90:B: 2\n\ny\n|"},
        {FROM "Content-Length: x\n\n" INNER, "0:Content-Length: x\n\nx\n|68:B: 2\n\ny\n|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(cases[i][0], str_of(cases[i][0]), str_of(cases[i][1]));
}

static void gives_up_only_the_mail_that_is_too_large(void **state)
{
    (void)state;
    struct buf file;
    struct buf expected;
    buf_init(&file, 1 * MIB);
    buf_init(&expected, 1 * MIB);
    for (size_t size = MOST - 3; size <= MOST + 3; size++) { /* of the mail in the middle */
        buf_reset(&file);
        buf_reset(&expected);
        (void)buf_add_text(&file, FROM "A: 1\n\nx\n\n" FROM "B: 2\n\n");
        size_t fill = size - strlen(FROM "B: 2\n\n") - 1;
        for (size_t i = 0; i < fill; i++)
            (void)buf_add_text(&file, i % 50 == 49 ? "\n" : "b");
        (void)buf_add_text(&file, "\n" FROM "C: 3\n\nz\n");
        (void)buf_printf(&expected, "0:A: 1\n\nx\n|55:");
        const char *body = file.p + 55 + strlen(FROM);
        if (size <= MOST)
            (void)buf_add(&expected, body, size - strlen(FROM));
        else
            (void)buf_add_text(&expected, "large");
        (void)buf_printf(&expected, "|%zu:C: 3\n\nz\n|", 55 + size);
        check("too large", buf_peek(&file), buf_peek(&expected));
    }
    buf_done(&file);
    buf_done(&expected);
}

/* Many times the size that is kept, without a line end. */
static void an_endless_mail_needs_no_memory(void **state)
{
    (void)state;
    struct err err;
    struct found found = {.mails = 0};
    char piece[64 * KIB];
    buf_init(&found.text, 1 * MIB);
    struct mbox *mbox = mbox_new(MOST, take, &found);
    memset(piece, 'x', sizeof piece);
    mbox_begin(mbox);
    assert_int_equal(mbox_feed(mbox, FROM "A: 1\n\n", strlen(FROM "A: 1\n\n"), &err), RC_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(mbox_feed(mbox, piece, sizeof piece, &err), RC_OK);
    assert_int_equal(mbox_feed(mbox, "\n" FROM "B: 2\n", strlen("\n" FROM "B: 2\n"), &err), RC_OK);
    assert_int_equal(mbox_end(mbox, &err), RC_OK);
    assert_int_equal(found.mails, 2);
    assert_memory_equal(found.text.p, "0:large|", 8);
    mbox_free(&mbox);
    buf_done(&found.text);
}

static void what_the_sink_says_ends_the_file(void **state)
{
    (void)state;
    struct err err;
    struct found found = {.stop_after = 1};
    static const char file[] = FROM "A: 1\n\nx\n\n" FROM "B: 2\n\ny\n\n" FROM "C: 3\n\nz\n";
    buf_init(&found.text, 1 * MIB);
    struct mbox *mbox = mbox_new(MOST, take, &found);
    mbox_begin(mbox);
    assert_int_equal(mbox_feed(mbox, file, sizeof file - 1, &err), RC_RETRY);
    assert_int_equal(found.mails, 1);
    mbox_begin(mbox); /* and the next file begins anew */
    found.mails = found.stop_after = 0;
    assert_int_equal(mbox_feed(mbox, file, sizeof file - 1, &err), RC_OK);
    assert_int_equal(mbox_end(mbox, &err), RC_OK);
    assert_int_equal(found.mails, 3);
    mbox_free(&mbox);
    buf_done(&found.text);
}

static void knows_from_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum mbox_from expected;
        const char *at; /* NULL: none */
    } cases[] = {
        {"From MAILER-DAEMON Mon Jan  1 00:00:00 2024", MBOX_DATED, "2024-01-01T00:00:00.000000Z"},
        {"From ana@example.net Mon Jan 1 10:00 EST 2024", MBOX_DATED,
         "2024-01-01T15:00:00.000000Z"},
        {"From ana@example.net Mon Jan  1 10:00:00 2024 +0100", MBOX_DATED,
         "2024-01-01T09:00:00.000000Z"},
        {"From - Thu Feb 05 22:34:43 2009", MBOX_DATED, "2009-02-05T22:34:43.000000Z"},
        {"From 179@xxx Tue Mar 17 13:32:08 +0000 2026", MBOX_DATED, "2026-03-17T13:32:08.000000Z"},
        {"From a b c d e Jan 1 10:00 2024", MBOX_DATED, "2024-01-01T10:00:00.000000Z"},
        {"From x Mon Jan 32 10:00:00 2024", MBOX_DATED, NULL}, /* the shape counts */
        {"From ", MBOX_BARE, NULL},
        {"From  \t ", MBOX_BARE, NULL},
        {"From now on you can", MBOX_NO_FROM, NULL},
        {"From x Mon Jan 1 10:00:00 2024 and on", MBOX_NO_FROM, NULL},
        {"From x Mon Jan 1 2024", MBOX_NO_FROM, NULL},
        {"From x Jan 1 10:00:00 24", MBOX_NO_FROM, NULL},
        {"From x Ene 1 10:00:00 2024", MBOX_NO_FROM, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t at;
        char text[CLOCK_TEXT_BYTES] = "none";
        assert_int_equal(mbox_from_line(str_of(cases[i].line), &at), cases[i].expected);
        if (at != TIME_NONE)
            clock_format(at, text);
        assert_string_equal(text, cases[i].at != NULL ? cases[i].at : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_mails),
        cmocka_unit_test(believes_a_content_length_that_leads_somewhere),
        cmocka_unit_test(gives_up_only_the_mail_that_is_too_large),
        cmocka_unit_test(an_endless_mail_needs_no_memory),
        cmocka_unit_test(what_the_sink_says_ends_the_file),
        cmocka_unit_test(knows_from_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
