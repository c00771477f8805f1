#include "connectors/imap_reader.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/limits.h"

/* Every response of the bytes as "text|mail", one a line; NUL-free input only. */
static void read_all(const char *bytes, size_t n, size_t piece, struct buf *out)
{
    struct imap_reader *reader = imap_reader_new();
    for (size_t at = 0; at < n;) {
        struct imap_response response;
        struct err err = {.msg = ""};
        size_t taken = 0;
        size_t most = n - at < piece ? n - at : piece;
        enum rc rc =
            imap_reader_feed(reader, (struct str){bytes + at, most}, &taken, &response, &err);
        at += taken;
        if (rc == RC_OK)
            (void)buf_printf(out, "%.*s|%.*s\n", STR_ARGS(response.text), STR_ARGS(response.mail));
        else if (rc != RC_AGAIN) {
            (void)buf_printf(out, "error: %s\n", err.msg);
            break;
        }
    }
    imap_reader_free(&reader);
}

/* A sender may write whatever a server may say: within a mail it is text. */
#define HOSTILE                                                                                    \
    "Subject: x\r\n\r\ns000004 OK pwned\r\n* SEARCH 666 667\r\n* 9 FETCH (UID 9 BODY[] {3}\r\n"

static const struct {
    const char *bytes;
    const char *expected;
} cases[] = {
    {"* OK [UIDVALIDITY 7] fine\r\ns1 OK done\r\n", "* OK [UIDVALIDITY 7] fine|\ns1 OK done|\n"},
    {"* 1 FETCH (UID 7 BODY[] {5}\r\na\r\nb\n)\r\n", "* 1 FETCH (UID 7 BODY[] {5}\n)|a\r\nb\n\n"},
    {"* 1 FETCH (BODY[] {0}\r\n UID 7)\r\n", "* 1 FETCH (BODY[] {0}\n UID 7)|\n"},
    {"* 1 fetch (body[]<0> {2}\r\nhi UID 7)\r\n", "* 1 fetch (body[]<0> {2}\n UID 7)|hi\n"},
    {"* LIST () \"/\" {6}\r\na {1}b\r\n", "* LIST () \"/\" {6}\na {1}b|\n"},
    {"* LIST () \"/\" {3}\r\na\nb\r\n* OK x\r\n", "* LIST () \"/\" {3}\na\nb|\n* OK x|\n"},
    {"* OK a brace {12}\r\ns1 NO {3}\r\n", "* OK a brace {12}|\ns1 NO {3}|\n"},
    {"* 1 FETCH (UID 7 X {-1}\r\n", "* 1 FETCH (UID 7 X {-1}|\n"},
    {"* 1 FETCH (UID 7 X {1x}\r\n", "* 1 FETCH (UID 7 X {1x}|\n"},
    {"* 1 FETCH (A BODY[] {1}\r\na B BODY[] {1}\r\nb)\r\n",
     "error: the mail server sent two mails in one response\n"},
    {"* 1 FETCH (A {9999999}\r\n",
     "error: the mail server sent a text of 9999999 bytes, 1048576 are allowed\n"},
};

static void responses_do_not_depend_on_the_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= strlen(cases[i].bytes); piece++) {
            struct buf out;
            buf_init(&out, 1 * MIB);
            read_all(cases[i].bytes, strlen(cases[i].bytes), piece, &out);
            if (!str_is(buf_peek(&out), cases[i].expected))
                fail_msg("case %zu, pieces of %zu: %.*s", i, piece, STR_ARGS(buf_peek(&out)));
            buf_done(&out);
        }
}

static void a_mail_cannot_answer_for_the_server(void **state)
{
    (void)state;
    char bytes[512], expected[512];
    int n = snprintf(bytes, sizeof bytes,
                     "* 6 FETCH (UID 6 BODY[] {%zu}\r\n" HOSTILE ")\r\n"
                     "s000004 OK Fetch completed.\r\n",
                     strlen(HOSTILE));
    (void)snprintf(expected, sizeof expected,
                   "* 6 FETCH (UID 6 BODY[] {%zu}\n)|" HOSTILE "\ns000004 OK Fetch completed.|\n",
                   strlen(HOSTILE));
    for (size_t piece = 1; piece <= (size_t)n; piece++) {
        struct buf out;
        buf_init(&out, 1 * MIB);
        read_all(bytes, (size_t)n, piece, &out);
        assert_true(str_is(buf_peek(&out), expected));
        buf_done(&out);
    }
}

static void long_lines_end_the_connection(void **state)
{
    (void)state;
    struct imap_reader *reader = imap_reader_new();
    struct imap_response response;
    struct err err;
    size_t taken;
    enum rc rc = RC_AGAIN;
    char *piece = calloc(1, 64 * KIB);
    memset(piece, 'a', 64 * KIB);
    for (int i = 0; i < 32 && rc == RC_AGAIN; i++)
        rc = imap_reader_feed(reader, (struct str){piece, 64 * KIB}, &taken, &response, &err);
    assert_int_equal(rc, RC_RETRY);
    free(piece);
    imap_reader_free(&reader);
}

/* Of a mail that is too large the beginning is kept, and the next response is read. */
static void large_mails_are_cut(void **state)
{
    (void)state;
    struct imap_reader *reader = imap_reader_new();
    struct imap_response response;
    struct err err;
    char head[64];
    uint64_t all = LIMIT_MAIL_BYTES + 3 * MIB, left = all;
    size_t taken;
    (void)snprintf(head, sizeof head, "* 1 FETCH (BODY[] {%llu}\r\n", (unsigned long long)all);
    char *piece = calloc(1, 1 * MIB);
    assert_int_equal(imap_reader_feed(reader, str_of(head), &taken, &response, &err), RC_AGAIN);
    while (left > 0) {
        assert_int_equal(
            imap_reader_feed(reader, (struct str){piece, 1 * MIB}, &taken, &response, &err),
            RC_AGAIN);
        left -= taken;
    }
    assert_int_equal(imap_reader_feed(reader, STR_LIT(" UID 3)\r\n"), &taken, &response, &err),
                     RC_OK);
    assert_int_equal(response.mail.n, LIMIT_MAIL_BYTES + 1);
    assert_int_equal(response.mail_bytes, all);
    assert_int_equal(imap_reader_feed(reader, STR_LIT("* OK x\r\n"), &taken, &response, &err),
                     RC_OK);
    assert_true(str_is(response.text, "* OK x"));
    assert_true(str_is_null(response.mail));
    free(piece);
    imap_reader_free(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_do_not_depend_on_the_cut),
        cmocka_unit_test(a_mail_cannot_answer_for_the_server),
        cmocka_unit_test(long_lines_end_the_connection),
        cmocka_unit_test(large_mails_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
