/* Headers that say where a body ends, and those that say it twice. */
#include "connectors/receive_framing.h"

#include <cmocka.h>

#define HEADERS 4

struct header {
    const char *name;
    const char *value;
};

static struct framing read_headers(const struct header headers[static HEADERS])
{
    struct framing framing = {0};
    for (size_t i = 0; i < HEADERS && headers[i].name != NULL; i++)
        framing_add(&framing, str_of(headers[i].name), str_of(headers[i].value));
    return framing;
}

static void test_ends_that_are_plain(void **state)
{
    (void)state;
    static const struct {
        struct header headers[HEADERS];
        uint64_t length;
        bool is_chunked;
    } cases[] = {
        {{{"Host", "a"}}, 0, false},
        {{{"Content-Length", "0"}}, 0, false},
        {{{"content-length", "00012"}}, 12, false},
        {{{"Content-Length", "18446744073709551615"}}, UINT64_MAX, false},
        {{{"Content-Length", "18446744073709551616"}}, UINT64_MAX, false},
        {{{"Content-Length", "99999999999999999999999999"}}, UINT64_MAX, false},
        {{{"Transfer-Encoding", "Chunked"}}, 0, true},
        {{{"Transfer-Encoding", "chunked \t"}}, 0, true},
        {{{"X-Content-Length", "5"}, {"Content-Length", "7"}}, 7, false},
        {{{"X", ""}, {"!#$%&'*+-.^_`|~09azAZ", "\t caf\xc3\xa9 "}}, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct framing framing = read_headers(cases[i].headers);
        if (!framing_is_sound(&framing, false) || framing.length != cases[i].length ||
            framing.is_chunked != cases[i].is_chunked)
            fail_msg("case %zu", i);
    }
}

static void test_ends_that_can_be_seen_twice(void **state)
{
    (void)state;
    static const struct header cases[][HEADERS] = {
        {{"Content-Length", "5"}, {"Content-Length", "5"}},
        {{"Content-Length", "5"}, {"content-length", "6"}},
        {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
        {{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}},
        {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
        {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}},
        {{"Transfer-Encoding", "gzip, chunked"}},
        {{"Transfer-Encoding", "chunked, gzip"}},
        {{"Transfer-Encoding", "xchunked"}},
        {{"Transfer-Encoding", "identity"}},
        {{"Transfer-Encoding", ""}},
        {{"Transfer-Encoding", "\x0b"
                               "chunked"}},
        {{"Transfer-Encoding ", "chunked"}},
        {{"Transfer-Encoding\t", "chunked"}},
        {{" Transfer-Encoding", "chunked"}},
        {{"Content-Length ", "5"}},
        {{"Content-Length", ""}},
        {{"Content-Length", "+5"}},
        {{"Content-Length", "-5"}},
        {{"Content-Length", "5, 5"}},
        {{"Content-Length", "0x5"}},
        {{"Content-Length", "5 "}},
        {{"Content-Length", "5\x0b"}},
        {{"", "5"}},
        {{"na\xc3\xa9me", "5"}},
        {{"X(", "5"}},
        {{"X", "a\rContent-Length: 5"}},
        {{"X", "a\x7f"}},
        {{"Host", "a"}, {"Host", "a"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct framing framing = read_headers(cases[i]);
        if (framing_is_sound(&framing, false))
            fail_msg("case %zu", i);
    }
}

static void test_chunks_of_an_old_version(void **state)
{
    (void)state;
    struct framing framing = {0};
    assert_true(framing_is_sound(&framing, true));
    framing_add(&framing, STR_LIT("Transfer-Encoding"), STR_LIT("chunked"));
    assert_true(framing_is_sound(&framing, false));
    assert_false(framing_is_sound(&framing, true));
}

static void test_codings(void **state)
{
    (void)state;
    static const struct {
        struct header headers[HEADERS];
        enum framing_coding coding;
    } cases[] = {
        {{{"Accept-Encoding", "br"}}, FRAMING_PLAIN},
        {{{"Content-Encoding", ""}}, FRAMING_PLAIN},
        {{{"Content-Encoding", "Identity"}}, FRAMING_PLAIN},
        {{{"Content-Encoding", "gzip"}}, FRAMING_GZIP},
        {{{"content-encoding", "X-GZip "}}, FRAMING_GZIP},
        {{{"Content-Encoding", "deflate"}}, FRAMING_UNKNOWN},
        {{{"Content-Encoding", "gzip, gzip"}}, FRAMING_UNKNOWN},
        {{{"Content-Encoding", "gzip"}, {"Content-Encoding", "gzip"}}, FRAMING_UNKNOWN},
        {{{"Content-Encoding", "identity"}, {"Content-Encoding", "gzip"}}, FRAMING_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct framing framing = read_headers(cases[i].headers);
        if (!framing_is_sound(&framing, false) || framing.coding != cases[i].coding)
            fail_msg("case %zu", i);
    }
}

static void test_a_sender_that_waits(void **state)
{
    (void)state;
    struct framing framing = {0};
    framing_add(&framing, STR_LIT("Accept"), STR_LIT("100-continue"));
    assert_false(framing.waits_to_send);
    framing_add(&framing, STR_LIT("expect"), STR_LIT("100-Continue"));
    assert_true(framing.waits_to_send);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_that_are_plain),
        cmocka_unit_test(test_ends_that_can_be_seen_twice),
        cmocka_unit_test(test_chunks_of_an_old_version),
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_a_sender_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
