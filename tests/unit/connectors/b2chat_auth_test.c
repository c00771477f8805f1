#include "connectors/b2chat_auth.h"

#include "tests/unit/connectors/auth_fixture.h"

#define TOKEN "7f3d9a1c5e2b4f6081a3c5d7e9f0b2d4"
#define BODY "{\"event\":\"CHAT_CLOSED\"}"
#define BEARER                                                                                     \
    {                                                                                              \
        "Authorization", "Bearer " TOKEN                                                           \
    }
/* printf BODY | openssl dgst -sha256 -hmac agreed */
#define HEX "0022ef600c64da85ca81528c3798becd31b5f974291f0519988a1e31df71026a"

static const char *const tokens[] = {"00000000000000000000000000000000", TOKEN};
static const char *const agreed[] = {"previous", "agreed"};

static enum auth_result present(bool is_signed, const struct given *headers, const char *path_token)
{
    struct receive_connector connector = {
        .tokens = {tokens, 2}, .secrets = agreed, .secret_count = is_signed ? 2 : 0};
    struct door door = door_open(&b2chat_auth, connector);
    enum auth_result result = door_present(&door, headers, path_token, STR_LIT(BODY), 0);
    door_close(&door);
    return result;
}

static void a_token_in_either_place(void **state)
{
    (void)state;
    static const struct given none[] = {END_OF_HEADERS};
    static const struct given bearer[] = {BEARER, END_OF_HEADERS};
    static const struct given twice[] = {BEARER, BEARER, END_OF_HEADERS};
    static const struct given wrong[] = {{"Authorization", "Bearer x"}, END_OF_HEADERS};
    assert_int_equal(present(false, bearer, NULL), AUTH_OK);
    assert_int_equal(present(false, none, TOKEN), AUTH_OK);
    assert_int_equal(present(false, wrong, TOKEN), AUTH_OK);
    assert_int_equal(present(false, none, NULL), AUTH_UNKNOWN);
    assert_int_equal(present(false, wrong, NULL), AUTH_UNKNOWN);
    assert_int_equal(present(false, twice, NULL), AUTH_UNKNOWN);
    assert_int_equal(present(false, bearer, "x"), AUTH_UNKNOWN);
    char copy[64];
    FOR_EACH_FLIP(TOKEN, copy)
    {
        if (present(false, none, copy) != AUTH_UNKNOWN)
            fail_msg("accepted: %s", copy);
    }
}

static void a_signature_where_one_is_agreed_upon(void **state)
{
    (void)state;
    static const struct given without[] = {BEARER, END_OF_HEADERS};
    static const struct given good[] = {
        BEARER, {"x-b2chat-signature", "sha256=" HEX}, END_OF_HEADERS};
    static const struct given stranger[] = {{"X-B2Chat-Signature", "sha256=" HEX}, END_OF_HEADERS};
    static const struct given twice[] = {BEARER,
                                         {"X-B2Chat-Signature", "sha256=" HEX},
                                         {"X-B2Chat-Signature", "sha256=" HEX},
                                         END_OF_HEADERS};
    assert_int_equal(present(true, good, NULL), AUTH_OK);
    assert_int_equal(present(true, good, TOKEN), AUTH_OK);
    assert_int_equal(present(true, without, NULL), AUTH_REFUSED);
    assert_int_equal(present(true, twice, NULL), AUTH_REFUSED);
    assert_int_equal(present(true, stranger, NULL), AUTH_UNKNOWN);
    assert_int_equal(present(false, without, NULL), AUTH_OK);
    char copy[128];
    FOR_EACH_FLIP("sha256=" HEX, copy)
    {
        const struct given headers[] = {BEARER, {"X-B2Chat-Signature", copy}, END_OF_HEADERS};
        if (present(true, headers, NULL) != AUTH_REFUSED)
            fail_msg("accepted: %s", copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_in_either_place),
        cmocka_unit_test(a_signature_where_one_is_agreed_upon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
