/* hex, uuid, str, err: small modules without state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/hex.h"
#include "lib/str.h"
#include "lib/uuid.h"

static void hex_both_ways(void **state)
{
    (void)state;
    unsigned char bytes[4];
    char text[9];
    assert_true(hex_decode(STR_LIT("00fFa10b"), bytes, 4));
    hex_encode(bytes, 4, text);
    assert_string_equal(text, "00ffa10b");
    static const char *const refused[] = {"",         "00ffa10",  "00ffa10b0", "00ffa1 b",
                                          "00ffa1gb", "0x00ffa1", "00ff-10b"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (hex_decode(str_of(refused[i]), bytes, 4))
            fail_msg("case %zu: \"%s\" was taken", i, refused[i]);
    assert_false(hex_decode(STR_NULL, bytes, 0));
}

static void uuids_both_ways(void **state)
{
    (void)state;
    struct uuid id, other;
    char text[UUID_TEXT_BYTES];
    assert_true(uuid_from_text(STR_LIT("6BA7B810-9dad-11d1-80b4-00c04fd430c8"), &id));
    uuid_format(&id, text);
    assert_string_equal(text, "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    assert_int_equal(id.b[0], 0x6b);
    assert_int_equal(id.b[15], 0xc8);
    assert_false(uuid_is_none(&id));
    other = UUID_NULL;
    assert_true(uuid_is_none(&other));
    assert_true(uuid_order(&other, &id) < 0);
    assert_int_equal(uuid_order(&id, &id), 0);
    static const char *const refused[] = {"",
                                          "6ba7b810-9dad-11d1-80b4-00c04fd430c",
                                          "6ba7b810-9dad-11d1-80b4-00c04fd430c88",
                                          "6ba7b8109dad-11d1-80b4-00c04fd430c8-",
                                          "{6ba7b810-9dad-11d1-80b4-00c04fd430c}",
                                          "6ba7b810-9dad-11d1-80b4-00c04fd430cg"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (uuid_from_text(str_of(refused[i]), &other))
            fail_msg("case %zu: \"%s\" was taken", i, refused[i]);
}

static void texts_compare(void **state)
{
    (void)state;
    assert_true(str_equal(STR_NULL, STR_NULL));
    assert_false(str_equal(STR_NULL, STR_LIT("")));
    assert_true(str_equal(STR_LIT("a\0b"), (struct str){"a\0b", 3}));
    assert_false(str_equal(STR_LIT("a\0b"), STR_LIT("a\0c")));
    assert_true(str_is(STR_LIT("word"), "word"));
    assert_false(str_is(STR_LIT("word"), "wor"));
    assert_false(str_is(STR_NULL, ""));
    assert_true(str_starts_with(STR_LIT("word"), ""));
    assert_true(str_starts_with(STR_LIT("word"), "wo"));
    assert_false(str_starts_with(STR_LIT("wo"), "word"));
    assert_false(str_starts_with(STR_NULL, ""));
    assert_true(str_is_null(str_of(NULL)));
    assert_int_equal(str_of("abc").n, 3);
}

static void errors_carry_and_are_cut(void **state)
{
    (void)state;
    struct err err = {.code = 500, .sqlstate = "23505"};
    assert_int_equal(err_set(&err, RC_RETRY, "%s is %d", "it", 3), RC_RETRY);
    assert_int_equal(err.rc, RC_RETRY);
    assert_int_equal(err.code, 0);
    assert_string_equal(err.sqlstate, "");
    assert_string_equal(err.msg, "it is 3");
    assert_int_equal(err_set(&err, RC_FATAL, "%2000d", 1), RC_FATAL);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    assert_int_equal(err_set(NULL, RC_REJECT, "nobody listens"), RC_REJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(uuids_both_ways),
        cmocka_unit_test(texts_compare),
        cmocka_unit_test(errors_carry_and_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
