/* The vector is that of reference/email.md 1.9. */
#include "connectors/sendgrid_auth.h"

#include "tests/unit/connectors/auth_fixture.h"

#define KEY                                                                                        \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+eVZgB/bCuH8EDJbaBP1tdZlPg5ZzJoIqxHB3f/"                  \
    "0ZBKTlRrrPwRDp6Qv5lZI3G9GKSNfGWB0l1uFtrdyxvAoeA=="
/* the curve's base point: a key, but another one */
#define OTHER_KEY                                                                                  \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/"        \
    "hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
#define TIMESTAMP "1741097471"
#define NOW 1741097471
#define BODY "[{\"event\":\"delivered\"}]"
#define SIGNATURE                                                                                  \
    "MEUCIBmoEXm3U2lLd0FZsQQrlfdUEAUcs/8N7nzMzFpu3lMbAiEAgX/"                                      \
    "P6dxxIq456JTZNkMt00YaK6m/6Wdy0byPqz4FHSU="

static const char *const keys[] = {OTHER_KEY, KEY};
static const char *const bearers[] = {"oauth-token"};
static const char *const basic[] = {"parse:secret"};

static enum auth_result present_to(struct receive_connector connector, const struct given *headers,
                                   const char *body, int64_t now_s)
{
    struct door door = door_open(&sendgrid_auth, connector);
    enum auth_result result = door_present(&door, headers, NULL, str_of(body), now_s);
    assert_int_equal(door_present(&door, headers, NULL, str_of(body), now_s), result); /* again */
    door_close(&door);
    return result;
}

static enum auth_result present(const char *signature, const char *timestamp, const char *body,
                                int64_t now_s)
{
    const struct given headers[] = {{"x-twilio-email-event-webhook-signature", signature},
                                    {"x-twilio-email-event-webhook-timestamp", timestamp},
                                    {"Authorization", "Bearer oauth-token"},
                                    END_OF_HEADERS};
    struct receive_connector connector = {.secrets = keys, .secret_count = 2};
    return present_to(connector, headers, body, now_s);
}

static void accepts_the_vector_and_nothing_near_it(void **state)
{
    (void)state;
    char copy[128];
    assert_int_equal(present(SIGNATURE, TIMESTAMP, BODY, NOW), AUTH_OK);
    assert_int_equal(present(SIGNATURE, TIMESTAMP, BODY "\n", NOW), AUTH_REFUSED);
    assert_int_equal(present(SIGNATURE, "1741097472", BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present(SIGNATURE, "174109747", "1" BODY, NOW), AUTH_REFUSED);
    FOR_EACH_FLIP(SIGNATURE, copy)
    {
        if (present(copy, TIMESTAMP, BODY, NOW) == AUTH_OK)
            fail_msg("accepted: %s", copy);
    }
}

static void signatures_age(void **state)
{
    (void)state;
    assert_int_equal(present(SIGNATURE, TIMESTAMP, BODY, NOW + 300), AUTH_OK);
    assert_int_equal(present(SIGNATURE, TIMESTAMP, BODY, NOW + 301), AUTH_REFUSED);
    assert_int_equal(present(SIGNATURE, TIMESTAMP, BODY, NOW - 301), AUTH_REFUSED);
    struct receive_connector patient = {.secrets = keys, .secret_count = 2, .tolerance_s = 86400};
    const struct given headers[] = {{"X-Twilio-Email-Event-Webhook-Signature", SIGNATURE},
                                    {"X-Twilio-Email-Event-Webhook-Timestamp", TIMESTAMP},
                                    END_OF_HEADERS};
    assert_int_equal(present_to(patient, headers, BODY, NOW + 86400), AUTH_OK);
    assert_int_equal(present_to(patient, headers, BODY, NOW + 86401), AUTH_REFUSED);
}

static void headers_are_read_strictly(void **state)
{
    (void)state;
    static const struct given cases[][4] = {
        {END_OF_HEADERS},
        {{"X-Twilio-Email-Event-Webhook-Signature", SIGNATURE}, END_OF_HEADERS},
        {{"X-Twilio-Email-Event-Webhook-Timestamp", TIMESTAMP}, END_OF_HEADERS},
        {{"X-Twilio-Email-Event-Webhook-Signature", SIGNATURE},
         {"X-Twilio-Email-Event-Webhook-Signature", SIGNATURE},
         {"X-Twilio-Email-Event-Webhook-Timestamp", TIMESTAMP},
         END_OF_HEADERS},
        {{"X-Twilio-Email-Event-Webhook-Signature", SIGNATURE SIGNATURE SIGNATURE},
         {"X-Twilio-Email-Event-Webhook-Timestamp", TIMESTAMP},
         END_OF_HEADERS},
        {{"X-Twilio-Email-Event-Webhook-Signature", SIGNATURE},
         {"X-Twilio-Email-Event-Webhook-Timestamp", "x" TIMESTAMP},
         END_OF_HEADERS},
        {{"X-Twilio-Email-Event-Webhook-Signature", " " SIGNATURE},
         {"X-Twilio-Email-Event-Webhook-Timestamp", TIMESTAMP},
         END_OF_HEADERS},
        /* with a key there is no other way in */
        {{"Authorization", "Bearer oauth-token"}, END_OF_HEADERS},
    };
    struct receive_connector connector = {
        .secrets = keys, .secret_count = 2, .bearers = {bearers, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (present_to(connector, cases[i], BODY, NOW) != AUTH_REFUSED)
            fail_msg("case %zu", i);
}

static void without_a_key_it_logs_in(void **state)
{
    (void)state;
    struct receive_connector connector = {.basic = {basic, 1}, .bearers = {bearers, 1}};
    static const struct given bearer[] = {{"Authorization", "Bearer oauth-token"}, END_OF_HEADERS};
    static const struct given login[] = {{"Authorization", "Basic cGFyc2U6c2VjcmV0"},
                                         END_OF_HEADERS};
    static const struct given wrong[] = {{"Authorization", "Basic cGFyc2U6c2VjcmVU"},
                                         END_OF_HEADERS};
    static const struct given none[] = {END_OF_HEADERS};
    assert_int_equal(present_to(connector, bearer, BODY, NOW), AUTH_OK);
    assert_int_equal(present_to(connector, login, BODY, NOW), AUTH_OK);
    assert_int_equal(present_to(connector, wrong, BODY, NOW), AUTH_REFUSED);
    assert_int_equal(present_to(connector, none, BODY, NOW), AUTH_ASK);
    assert_int_equal(present_to((struct receive_connector){0}, login, BODY, NOW), AUTH_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_vector_and_nothing_near_it),
        cmocka_unit_test(signatures_age),
        cmocka_unit_test(headers_are_read_strictly),
        cmocka_unit_test(without_a_key_it_logs_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
