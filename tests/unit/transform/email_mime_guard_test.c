/* Mails that GMime would take hours or gigabytes for. */
#include "transform/email/mime_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/limits.h"

#define MOST_BYTES (16 * MIB)

/* The beginning, the piece as often as it is said, the end. */
static void make(struct buf *mail, const char *begin, const char *piece, size_t times,
                 const char *end)
{
    buf_init(mail, MOST_BYTES);
    assert_true(buf_add_text(mail, begin));
    for (size_t i = 0; i < times; i++)
        assert_true(buf_add_text(mail, piece));
    assert_true(buf_add_text(mail, end));
}

struct shape {
    const char *begin, *piece;
    size_t times;
    bool is_cut, is_endless;
};

static void lets_through_what_is_ordinary(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        /* what is cut */
        {"", "a:b\n", 1000000, true, false},
        {"A: b\n\n", "--q\n\n", 400000, true, false},
        {"A: b\n\n--q\n", "a:b\n", 500000, true, false},
        {"Content-Type: text/plain", ";a=b", 500000, true, false},
        {"Content-Type: text/plain", " a", 1100000, true, false},
        {"Cc: ", "a@b,", 500000, true, false},
        {"Cc: ", "a>", 1100000, true, false},
        {"A: b\nContent-Type: message/rfc822\n\n", "a:b\n", 500000, true, false},
        {"Content-Type: multipart/digest\n\n--q\n\n", "a:b\n", 500000, true, false},
        /* what never ends */
        {"Cc: ", "a:", 100000, false, true},
        {"cc : ", "a:\n\t", 100000, false, true},
        {"Cc: ", "a,", 100000, false, true},
        {"Cc: ", "a,\n ", 100000, false, true},
        {"Cc: ", "a,\"<\",", 50000, false, true},
        {"A: b\n\nCc: ", "a,", 100000, false, true}, /* of a mail within, for all we know */
        {"", "Cc: a,a,a,a\n", 10000, false, false},
        /* what is as long and harmless */
        {"A: b\n\n", "a:b\n", 1000000, false, false},
        {"A: b\n\n", "a,b;c:d@e <f>\n", 400000, false, false},
        {"A: b\n\n", "\n", 1000000, false, false},
        {"X-A: ", "a,", 100000, false, false},
        {"Cc: ", "N <a@b>,\n ", 100000, false, false},
        {"Cc: ", "a:b@c;,", 30000, false, false},
        {"Cc: ", "\"a:\" <a@b>,", 30000, false, false},
        {"A: b\n\n--q\n\n", "SGVsbG8gd29ybGQsIGhlbGxvIHdvcmxkLCBoZWxsbyB3b3JsZA==\n", 100000, false,
         false},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct buf mail;
        make(&mail, shapes[i].begin, shapes[i].piece, shapes[i].times, "\n\nx\n");
        struct str raw = buf_peek(&mail);
        bool is_cut = mime_guard_cut(raw).n < raw.n;
        if (mime_guard_is_endless(raw) != shapes[i].is_endless || is_cut != shapes[i].is_cut)
            print_message("case %zu: \"%s\"\n", i, shapes[i].piece);
        assert_int_equal(mime_guard_is_endless(raw), shapes[i].is_endless);
        assert_int_equal(is_cut, shapes[i].is_cut);
        buf_done(&mail);
    }
}

static void cuts_at_a_line_end(void **state)
{
    (void)state;
    struct buf mail;
    make(&mail, "A: b\n", "To: a@b, c@d\n", 200000, "\nx\n");
    struct str kept = mime_guard_cut(buf_peek(&mail));
    assert_true(kept.n > MIB / 2);
    assert_int_equal(kept.p[kept.n - 1], '\n');
    buf_done(&mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_through_what_is_ordinary),
        cmocka_unit_test(cuts_at_a_line_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
