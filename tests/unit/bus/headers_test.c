#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/headers.h"

#define ENCODED_BYTES 128

static size_t encode(char bytes[static ENCODED_BYTES])
{
    const struct bus_header headers[] = {{STR_LIT("schema"), STR_LIT("sluice.record/1")},
                                         {STR_LIT("none"), STR_NULL},
                                         {STR_LIT(""), STR_LIT("")},
                                         {STR_LIT("bytes"), {"\0\xff\n", 3}}};
    size_t n = headers_encoded_bytes(headers, 4);
    assert_true(n <= ENCODED_BYTES);
    assert_ptr_equal(headers_encode(headers, 4, bytes), bytes + n);
    return n;
}

static void headers_come_back(void **state)
{
    (void)state;
    char bytes[ENCODED_BYTES];
    struct bus_header back[4];
    size_t count = 0;
    size_t n = encode(bytes);
    assert_true(headers_decode((struct str){bytes, n}, back, 4, &count));
    assert_int_equal(count, 4);
    assert_true(str_is(back[0].name, "schema"));
    assert_true(str_is(back[0].value, "sluice.record/1"));
    assert_true(str_is_null(back[1].value));
    assert_false(str_is_null(back[2].value));
    assert_int_equal(back[2].value.n, 0);
    assert_true(str_equal(back[3].value, (struct str){"\0\xff\n", 3}));
}

/* A cut anywhere but between two headers is refused, and never read beyond. */
static void cut_bytes_are_refused(void **state)
{
    (void)state;
    char bytes[ENCODED_BYTES];
    size_t n = encode(bytes);
    size_t accepted = 0;
    for (size_t cut = 0; cut <= n; cut++) {
        struct bus_header back[4];
        size_t count = 0;
        accepted += headers_decode((struct str){bytes, cut}, back, 4, &count);
    }
    assert_int_equal(accepted, 5);
}

static void too_many_are_refused(void **state)
{
    (void)state;
    char bytes[ENCODED_BYTES];
    struct bus_header back[3];
    size_t count = 0;
    size_t n = encode(bytes);
    assert_false(headers_decode((struct str){bytes, n}, back, 3, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_come_back),
        cmocka_unit_test(cut_bytes_are_refused),
        cmocka_unit_test(too_many_are_refused),
    };
    return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
