#include "connectors/postmark_auth.h"

#include "tests/unit/connectors/auth_fixture.h"

/* base64: "old:one" b2xkOm9uZQ==, "new:two:2" bmV3OnR3bzoy */
static const char *const basic[] = {"old:one", "new:two:2"};
static const char *const bearers[] = {"key-of-a-header"};

static enum auth_result present(const struct receive_connector *connector,
                                const struct given *headers)
{
    struct door door = door_open(&postmark_auth, *connector);
    enum auth_result result = door_present(&door, headers, NULL, STR_LIT("{}"), 0);
    door_close(&door);
    return result;
}

static void takes_every_pair(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool accepted;
    } cases[] = {
        {"Basic b2xkOm9uZQ==", true},
        {"Basic b2xkOm9uZQ", true},
        {"basic bmV3OnR3bzoy", true},
        {"Bearer key-of-a-header", true},
        {"Basic b2xkOm9uZg==", false},
        {"Basic", false},
        {"Basic ", false},
        {"Basic !", false},
        {"Basic b2xkOm9uZQ== b2xkOm9uZQ==", false},
        {"Basic a2V5LW9mLWEtaGVhZGVy", false}, /* the key, but not as a key */
        {"Bearer old:one", false},             /* the pair, but not as a pair */
        {"old:one", false},
        {"", false},
    };
    const struct receive_connector connector = {.basic = {basic, 2}, .bearers = {bearers, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct given headers[] = {{"authorization", cases[i].value}, END_OF_HEADERS};
        if ((present(&connector, headers) == AUTH_OK) != cases[i].accepted)
            fail_msg("case %zu: \"%s\"", i, cases[i].value);
    }
    char copy[32];
    FOR_EACH_FLIP("Basic bmV3OnR3bzoy", copy)
    {
        const struct given headers[] = {{"Authorization", copy}, END_OF_HEADERS};
        if (strncasecmp(copy, "Basic ", 6) == 0 && present(&connector, headers) == AUTH_OK)
            fail_msg("accepted: %s", copy);
    }
}

static void oversized_and_repeated_headers(void **state)
{
    (void)state;
    static char large[8192] = "Basic ";
    memset(large + 6, 'A', sizeof large - 7);
    const struct receive_connector connector = {.basic = {basic, 2}};
    const struct given too_large[] = {{"Authorization", large}, END_OF_HEADERS};
    const struct given twice[] = {{"Authorization", "Basic b2xkOm9uZQ=="},
                                  {"Authorization", "Basic b2xkOm9uZQ=="},
                                  END_OF_HEADERS};
    assert_int_equal(present(&connector, too_large), AUTH_REFUSED);
    assert_int_equal(present(&connector, twice), AUTH_REFUSED);
}

static void asks_only_where_there_is_a_pair(void **state)
{
    (void)state;
    static const char *const empty[] = {""};
    const struct given none[] = {END_OF_HEADERS};
    const struct given nothing[] = {{"Authorization", "Basic "}, END_OF_HEADERS};
    const struct receive_connector with_pair = {.basic = {basic, 2}};
    const struct receive_connector with_key = {.bearers = {bearers, 1}};
    const struct receive_connector with_nothing = {.basic = {empty, 1}};
    assert_int_equal(present(&with_pair, none), AUTH_ASK);
    assert_int_equal(present(&with_key, none), AUTH_REFUSED);
    assert_int_equal(present(&with_nothing, nothing), AUTH_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_pair),
        cmocka_unit_test(oversized_and_repeated_headers),
        cmocka_unit_test(asks_only_where_there_is_a_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
