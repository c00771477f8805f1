#include "lib/base64.h"

#include <cmocka.h>

static void reads_what_rfc_4648_gives(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
    } cases[] = {{"", ""},
                 {"Zg==", "f"},
                 {"Zm8=", "fo"},
                 {"Zm9v", "foo"},
                 {"Zm9vYg==", "foob"},
                 {"Zm9vYmE=", "fooba"},
                 {"Zm9vYmE", "fooba"},
                 {"Zg", "f"},
                 {"+/+/", "\xfb\xff\xbf"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[16];
        size_t n;
        if (!base64_read(str_of(cases[i].text), bytes, sizeof bytes, &n))
            fail_msg("case %zu", i);
        assert_int_equal(n, strlen(cases[i].bytes));
        assert_memory_equal(bytes, cases[i].bytes, n);
    }
}

static void refuses_everything_else(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "Z",    "Zg=",   "Zg===", "Zm9v=", "Zm9vY", "Zm9v ", " Zm9v", "Zm-v",
        "Zm_v", "Zm\nv", "====",  "Zh==",  "Zm9=",  "=",     "Zm=v",  "Zm9vYg==Zg=="};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[16];
        size_t n;
        if (base64_read(str_of(cases[i]), bytes, sizeof bytes, &n))
            fail_msg("case %zu: %s", i, cases[i]);
    }
    unsigned char bytes[3];
    size_t n;
    assert_false(base64_read(STR_NULL, bytes, sizeof bytes, &n));
    assert_true(base64_read(STR_LIT("Zm9v"), bytes, sizeof bytes, &n));
    assert_false(base64_read(STR_LIT("Zm9vYg=="), bytes, sizeof bytes, &n));
    assert_false(base64_read((struct str){"Zm\0v", 4}, bytes, sizeof bytes, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_rfc_4648_gives),
                                       cmocka_unit_test(refuses_everything_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
