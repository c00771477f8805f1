#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/email/charset.h"
#include "transform/email/mime.h"
#include "transform/email/mime_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define R "\xEF\xBF\xBD"

static int set_up(void **state)
{
    *state = arena_new("test", 16 * MIB);
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static void check(const char *what, struct str found, struct str expected)
{
    if (!str_equal(found, expected))
        fail_msg("%s: \"%.*s\", expected \"%.*s\"", what, STR_ARGS(found), STR_ARGS(expected));
}

/* ---- bodies ---- */

static const struct {
    struct str bytes;
    const char *charset, *expected;
} texts[] = {
    {STR_LIT("ma\xC3\xB1"
             "ana"),
     "iso-8859-1", "mañana"},
    {STR_LIT("caf\xE9 fin"), NULL, "café fin"},
    {STR_LIT("caf\xE9 fin"), "us-ascii", "café fin"},
    {STR_LIT("caf\xE9 fin"), "utf-8", "café fin"},
    {STR_LIT("caf\xE9 fin"), "x-nobody", "café fin"},
    {STR_LIT("caf\xE9 fin"), "unknown-8bit", "café fin"},
    {STR_LIT("caf\xE9 fin"), "\"ISO-8859-1\"", "café fin"},
    {STR_LIT("caf\xE9 fin"), "iso-8859-1*es", "café fin"},
    {STR_LIT("caf\xE9 fin"), "../../../tmp/evil//TRANSLIT", "café fin"},
    {STR_LIT("\x93x\x94\x81"), "iso-8859-1", "“x”" R},
    {STR_LIT("ma\xC3\xB1 \xC3"), "utf-8", "mañ " R}, /* damaged UTF-8, no other charset */
    {STR_LIT("\x1b$BF|K\\\x1b(B"), "iso-2022-jp", "日本"},
    {STR_LIT("+AOk-"), "utf-7", "é"},
    {STR_LIT("H\0o\0l\0a\0"), "utf-16le", "Hola"},
    {STR_LIT("a\0b"), "utf-8", "a" R "b"},
    {STR_LIT("a\r\nb\rc\n\r\n"), "utf-8", "a\nb\nc\n\n"},
    {STR_LIT("\xEF\xBB\xBFhola"), "utf-8", "hola"},
    {STR_LIT("\xE9t\xE9\r\n"), "windows-1252", "été\n"},
    {STR_LIT("\xF1"), "koi8-r", "Я"},
    {STR_LIT(""), "utf-8", ""},
};

static void decodes_bodies(void **state)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *copy = malloc(texts[i].bytes.n + 1);
        memcpy(copy, texts[i].bytes.p, texts[i].bytes.n);
        struct str charset = texts[i].charset != NULL ? str_of(texts[i].charset) : STR_NULL;
        struct str found = email_text(*state, (struct str){copy, texts[i].bytes.n}, charset);
        check(texts[i].expected, found, str_of(texts[i].expected));
        free(copy);
    }
}

/* Every charset that the C library knows, fed every byte: nothing may be lost or unstorable. */
static void survives_every_byte_in_many_charsets(void **state)
{
    static const char *const names[] = {
        "utf-7",       "utf-8",        "utf-16",       "utf-16be",    "utf-32",
        "ucs-2",       "iso-2022-jp",  "iso-2022-kr",  "iso-2022-cn", "iso-2022-cn-ext",
        "big5",        "big5-hkscs",   "euc-jp",       "euc-kr",      "gb18030",
        "hz-gb-2312",  "shift_jis",    "koi8-r",       "cp850",       "ibm037",
        "iso-8859-15", "windows-1255", "iso-8859-8-i", "tscii"};
    char bytes[1024];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        arena_reset(*state);
        struct str text = email_text(*state, (struct str){bytes, sizeof bytes}, str_of(names[i]));
        assert_non_null(text.p);
        assert_true(charset_is_utf8(text));
        assert_null(memchr(text.p, '\0', text.n));
    }
}

static void reports_a_full_arena(void **state)
{
    (void)state;
    struct arena *small = arena_new("small", 64);
    char bytes[200];
    memset(bytes, 'x', sizeof bytes);
    assert_null(email_text(small, (struct str){bytes, sizeof bytes}, STR_NULL).p);
    arena_free(&small);
}

static void unflows(void **state)
{
    static const struct {
        const char *text, *expected;
        bool delsp;
    } cases[] = {
        {"uno \ndos\ntres", "uno dos\ntres", false},
        {"pala \nbra", "palabra", true},
        {" From x\n", "From x\n", false},
        {"> a \n> b\n>> c \n> d", "> a b\n>> c \n> d", false},
        {"fin \n-- \nAna \nB", "fin \n-- \nAna B", false},
        {"", "", false},
        {" \n", "\n", false}, /* a stuffed empty line */
        {">\n>\n", "> \n> \n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(cases[i].text, charset_unflow(*state, str_of(cases[i].text), cases[i].delsp),
              str_of(cases[i].expected));
}

/* ---- headers ---- */

static const struct {
    const char *raw, *expected;
} headers[] = {
    {" simple\r\n", "simple"},
    {" dos\r\n\tlineas\n", "dos lineas"},
    {"=?utf-8?B?w6k?=", "é"},
    {"=?UTF-8?b?w6k=?= =?utf-8?Q?=C3=A9_x?=", "éé x"},
    {"=?utf-8?Q?ma=C3?= =?utf-8?Q?=B1ana?=", "mañana"},
    {"=?utf-8?Q?ma=C3?=\r\n =?UTF-8?Q?=B1ana?=", "mañana"},
    {"=?utf-8?Q?a?= =?iso-8859-1?Q?=F1?= b", "añ b"},
    {"=?x-unknown?Q?abc=FF?=", "abcÿ"},
    {"=?iso-8859-1?Q?=93x=94?=", "“x”"},
    {"=?utf-8*es?Q?ma=C3=B1ana?=", "mañana"},
    {"(=?utf-8?Q?a?=)", "(a)"},
    {"x=?utf-8?Q?a?=y", "xay"},
    {"=?utf-8?Q?sin fin", "=?utf-8?Q?sin fin"},
    {"=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
    {"=?utf-8?Q?"
     "?=",
     ""},
    {"=?utf-8?B?====?=", "=?utf-8?B?====?="},
    {"=?utf-8?Q?a=0D=0Ab?=", "a  b"},
    {"=?utf-8?Q?a=00b?=", "a" R "b"},
    {"=?utf-8?Q?100=_=Z?=", "100= =Z"},
    {"Se\xF1"
     "al",
     "Señal"},
    {"=?", "=?"},
    {"=?"
     "?=",
     "=?"
     "?="},
    {"=?=?=?=?", "=?=?=?=?"},
    {"", ""},
    {" \r\n ", ""},
};

static void decodes_headers(void **state)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        check(headers[i].raw, email_header_value(*state, str_of(headers[i].raw)),
              str_of(headers[i].expected));
}

static void mends_words_for_others(void **state)
{
    check("word", mime_header_mended(*state, STR_LIT("=?utf-8?B?w6k?= <a@example.net>")),
          STR_LIT("=?utf-8?B?w6k=?= <a@example.net>"));
    check("raw", mime_header_mended(*state, STR_LIT("G\xF3mez <a@example.net>")),
          STR_LIT("Gómez <a@example.net>"));
}

/* Were it quadratic, it would take minutes. */
static void stays_linear_in_hostile_headers(void **state)
{
    static const char *const units[] = {"=?a?Q?x", "=?", "=?a?b?", "=?a?Q?x?= ", "?="};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct buf raw;
        buf_init(&raw, 2 * MIB);
        while (raw.n < 1 * MIB)
            (void)buf_add_text(&raw, units[i]);
        arena_reset(*state);
        assert_non_null(email_header_value(*state, buf_peek(&raw)).p);
        buf_done(&raw);
    }
}

/* ---- names ---- */

static void cleans_file_names(void **state)
{
    static const char *const names[][2] = {
        {"factura.pdf", "factura.pdf"},
        {"C:\\Users\\ana\\foto.png", "foto.png"},
        {"../../etc/passwd", "passwd"},
        {"a\tb\x7f\x01.png", "ab.png"},
        {"  x.pdf  ", "x.pdf"},
        {"gu\xC3\xAD"
         "a.pdf",
         "guía.pdf"},
        {"fotos/", NULL},
        {"..", NULL},
        {".", NULL},
        {"", NULL},
        {"\x01\x02", NULL},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check(names[i][0], email_filename(*state, str_of(names[i][0])), str_of(names[i][1]));
}

static void cuts_long_file_names_between_characters(void **state)
{
    char name[400];
    for (size_t i = 0; i < sizeof name; i += 2)
        memcpy(name + i, "\xC3\xB1", 2);
    assert_int_equal(email_filename(*state, (struct str){name, sizeof name}).n, 254);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decodes_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_every_byte_in_many_charsets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reports_a_full_arena, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unflows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decodes_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mends_words_for_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stays_linear_in_hostile_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cleans_file_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cuts_long_file_names_between_characters, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
