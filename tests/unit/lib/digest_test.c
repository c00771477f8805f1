#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/digest.h"
#include "lib/hex.h"

#define HEX_BYTES (2 * DIGEST_SHA256_BYTES + 1)

/* whatsapp.md 1.3: one line, escapes as they travel. */
static const char lucia[] =
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"318845207461093\",\"changes\":["
    "{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":"
    "\"576015550142\",\"phone_number_id\":\"402117396318254\"},\"contacts\":[{\"profile\":{"
    "\"name\":"
    "\"Luc\\u00eda\"},\"wa_id\":\"573005550178\"}],\"messages\":[{\"from\":\"573005550178\",\"id\":"
    "\"wamid.HBgMNTczMDA1NTUwMTc4FQIAEhgUM0FCMTJDRDM0RUY1Njc4OTBBQjEA\",\"timestamp\":"
    "\"1763650800\",\"text\":{\"body\":\"Hola \\ud83d\\ude42 24\\/7\"},\"type\":\"text\"}]},"
    "\"field\":\"messages\"}]}]}";

static void signatures_of_the_reference(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *body, *signature;
    } cases[] = {
        {"3f1c9a7e5b2d4c6f8a0b1c2d3e4f5a6b", lucia,
         "a9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b34"},
        {"secret", "{\"a\":\"\\u00e4\"}",
         "b78ab4033415318a0fa14a82d6f5ca348bb74e377eed416f314566864d116718"},
        {"secret", "{\"a\":\"\xc3\xa4\"}",
         "5498173a59916f0014781a59613c5545cce57e1e1658205e874fbd46a63ad638"},
    };
    assert_int_equal(sizeof lucia - 1, 492);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char digest[DIGEST_SHA256_BYTES];
        char text[HEX_BYTES];
        struct hmac *hmac = hmac_new(str_of(cases[i].secret));
        struct hmac *copy = hmac_dup(hmac);
        for (int again = 0; again < 2; again++) {
            hmac_sha256(hmac, str_of(cases[i].body), digest);
            hex_encode(digest, sizeof digest, text);
            assert_string_equal(text, cases[i].signature);
        }
        hmac_free(&hmac);
        assert_null(hmac);
        hmac_sha256(copy, str_of(cases[i].body), digest);
        hex_encode(digest, sizeof digest, text);
        assert_string_equal(text, cases[i].signature);
        hmac_free(&copy);
        hmac_free(&copy);
    }
}

/* FIPS 180-2 appendix B and RFC 4231 case 2, computed again by another tool. */
static void known_digests(void **state)
{
    (void)state;
    unsigned char digest[DIGEST_SHA256_BYTES];
    char text[HEX_BYTES];
    digest_sha256(STR_LIT("abc"), digest);
    hex_encode(digest, sizeof digest, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256(STR_LIT(""), digest);
    hex_encode(digest, sizeof digest, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct hmac *hmac = hmac_new(STR_LIT("Jefe"));
    hmac_sha256(hmac, STR_LIT("what do ya want for nothing?"), digest);
    hex_encode(digest, sizeof digest, text);
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hmac_free(&hmac);
}

static void an_empty_secret_is_a_key_too(void **state)
{
    (void)state;
    unsigned char digest[DIGEST_SHA256_BYTES];
    char text[HEX_BYTES];
    struct hmac *hmac = hmac_new(STR_NULL);
    hmac_sha256(hmac, STR_LIT(""), digest);
    hex_encode(digest, sizeof digest, text);
    assert_string_equal(text, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    hmac_free(&hmac);
}

static void comparisons(void **state)
{
    (void)state;
    assert_true(digest_equal((const unsigned char *)"abc", (const unsigned char *)"abc", 3));
    assert_false(digest_equal((const unsigned char *)"abc", (const unsigned char *)"abd", 3));
    assert_true(digest_text_equal(STR_LIT("token"), STR_LIT("token")));
    assert_false(digest_text_equal(STR_LIT("token"), STR_LIT("tokem")));
    assert_false(digest_text_equal(STR_LIT("token"), STR_LIT("toke")));
    assert_false(digest_text_equal(STR_LIT("token"), STR_LIT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_the_reference),
        cmocka_unit_test(known_digests),
        cmocka_unit_test(an_empty_secret_is_a_key_too),
        cmocka_unit_test(comparisons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
