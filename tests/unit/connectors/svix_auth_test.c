/* The vector is that of reference/email.md 1.9. */
#include "connectors/svix_auth.h"

#include "tests/unit/connectors/auth_fixture.h"

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define ID "msg_2W2D3qXLS5fOaPja1GDg7rF2CwB"
#define TIMESTAMP "1741097566"
#define NOW 1741097566
#define BODY "{\"type\":\"email.received\",\"data\":{\"email_id\":\"56761188\"}}"
#define MAC "EJlXS0twy/qVOB4akHaMyF11MiIEd77f4ydSjcb05dM="
#define OTHER_MAC "AJlXS0twy/qVOB4akHaMyF11MiIEd77f4ydSjcb05dM="

static const char *const secrets[] = {"whsec_c29tZSBvbGQga2V5", SECRET};

static enum auth_result present(const struct given *headers, const char *body, int64_t now_s)
{
    struct door door =
        door_open(&resend_auth, (struct receive_connector){.secrets = secrets, .secret_count = 2});
    enum auth_result result = door_present(&door, headers, NULL, str_of(body), now_s);
    door_close(&door);
    return result;
}

static enum auth_result present_signature(const char *signature)
{
    const struct given headers[] = {{"svix-id", ID},
                                    {"svix-timestamp", TIMESTAMP},
                                    {"svix-signature", signature},
                                    END_OF_HEADERS};
    return present(headers, BODY, NOW);
}

static void accepts_the_vector(void **state)
{
    (void)state;
    const struct given standard[] = {{"Webhook-Id", ID},
                                     {"Webhook-Timestamp", TIMESTAMP},
                                     {"Webhook-Signature", "v1," MAC},
                                     END_OF_HEADERS};
    assert_int_equal(present_signature("v1," MAC), AUTH_OK);
    assert_int_equal(present(standard, BODY, NOW), AUTH_OK);
}

static void reads_a_list_of_signatures(void **state)
{
    (void)state;
    static const struct {
        const char *signature;
        bool accepted;
    } cases[] = {
        {"v1," OTHER_MAC " v1," MAC, true},
        {"v1," MAC " v1," OTHER_MAC, true},
        {"v1a," MAC " v1," MAC, true},
        {"v2,x  v1," MAC, true},
        {"v1," OTHER_MAC " v1," OTHER_MAC, false},
        {"v1a," MAC, false},
        {"v2," MAC, false},
        {MAC, false},
        {"v1:" MAC, false},
        {"v1," MAC "A", false},
        {"v1,EJlXS0twy/qVOB4akHaMyF11MiIEd77f4ydSjcb05Q==", false},
        {"v1,", false},
        {" ", false},
        {"", false},
        {"x x x x x x x x x x x x x x x x v1," MAC, false}, /* bounded */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if ((present_signature(cases[i].signature) == AUTH_OK) != cases[i].accepted)
            fail_msg("case %zu: \"%s\"", i, cases[i].signature);
}

static void every_byte_of_the_signature_counts(void **state)
{
    (void)state;
    char copy[64];
    FOR_EACH_FLIP("v1," MAC, copy)
    {
        if (present_signature(copy) == AUTH_OK)
            fail_msg("accepted: %s", copy);
    }
}

static void what_is_signed_counts(void **state)
{
    (void)state;
    const struct given other_id[] = {{"svix-id", "msg_2W2D3qXLS5fOaPja1GDg7rF2CwC"},
                                     {"svix-timestamp", TIMESTAMP},
                                     {"svix-signature", "v1," MAC},
                                     END_OF_HEADERS};
    const struct given other_time[] = {{"svix-id", ID},
                                       {"svix-timestamp", "1741097567"},
                                       {"svix-signature", "v1," MAC},
                                       END_OF_HEADERS};
    const struct given good[] = {{"svix-id", ID},
                                 {"svix-timestamp", TIMESTAMP},
                                 {"svix-signature", "v1," MAC},
                                 END_OF_HEADERS};
    assert_int_equal(present(other_id, BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present(other_time, BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present(good, BODY " ", NOW), AUTH_REFUSED);
    assert_int_equal(present(good, "", NOW), AUTH_REFUSED);
    assert_int_equal(present(good, BODY, NOW + 300), AUTH_OK);
    assert_int_equal(present(good, BODY, NOW - 300), AUTH_OK);
    assert_int_equal(present(good, BODY, NOW + 301), AUTH_REFUSED);
    assert_int_equal(present(good, BODY, NOW - 301), AUTH_REFUSED);
}

static void headers_come_once_and_of_one_family(void **state)
{
    (void)state;
    const struct given repeated[] = {{"svix-id", ID},
                                     {"svix-timestamp", TIMESTAMP},
                                     {"svix-signature", "v1," MAC},
                                     {"svix-signature", "v1," MAC},
                                     END_OF_HEADERS};
    const struct given no_id[] = {
        {"svix-timestamp", TIMESTAMP}, {"svix-signature", "v1," MAC}, END_OF_HEADERS};
    const struct given mixed[] = {{"webhook-id", ID},
                                  {"svix-timestamp", TIMESTAMP},
                                  {"svix-signature", "v1," MAC},
                                  END_OF_HEADERS};
    const struct given long_time[] = {{"svix-id", ID},
                                      {"svix-timestamp", "0000000000000000000001741097566"},
                                      {"svix-signature", "v1," MAC},
                                      END_OF_HEADERS};
    const struct given none[] = {END_OF_HEADERS};
    assert_int_equal(present(repeated, BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present(no_id, BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present(mixed, BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present(long_time, BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present(none, BODY, NOW), AUTH_REFUSED);
}

static void reads_secrets(void **state)
{
    (void)state;
    unsigned char key[SVIX_KEY_MOST_BYTES];
    size_t n;
    assert_true(svix_auth_key(STR_LIT("whsec_AAEC"), key, &n));
    assert_int_equal(n, 3);
    assert_memory_equal(key, "\0\1\2", 3);
    assert_true(svix_auth_key(STR_LIT("AAE"), key, &n)); /* padding missing */
    assert_int_equal(n, 2);
    assert_false(svix_auth_key(STR_LIT("whsec_"), key, &n));
    assert_false(svix_auth_key(STR_LIT("whsec_!!!!"), key, &n));
    assert_false(svix_auth_key(STR_LIT(""), key, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_vector),
        cmocka_unit_test(reads_a_list_of_signatures),
        cmocka_unit_test(every_byte_of_the_signature_counts),
        cmocka_unit_test(what_is_signed_counts),
        cmocka_unit_test(headers_come_once_and_of_one_family),
        cmocka_unit_test(reads_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
