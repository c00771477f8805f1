#include "connectors/secret_auth.h"

#include <stdlib.h>

#include <cmocka.h>
#include <strings.h>

struct given {
    const char *name, *value;
    size_t count;
};

static struct auth_value header(void *context, const char *name)
{
    const struct given *given = context;
    if (given->name == NULL || strcasecmp(given->name, name) != 0)
        return (struct auth_value){STR_NULL, 0};
    return (struct auth_value){str_of(given->value), given->count};
}

static bool accepts(const struct auth_channel *auth, const char *const *secrets, size_t count,
                    struct given given)
{
    const struct receive_connector connector = {
        .secrets = secrets, .secret_count = count, .sent_keys = {secrets, count}};
    const struct auth_source source = {.header = header, .parameter = header, .context = &given};
    struct auth_claim claim = {0};
    struct auth_keys *keys = auth->keys_new(&connector, NULL);
    bool accepted = auth->claim(&connector, &source, &claim) == AUTH_OK &&
                    auth->check(keys, &claim, STR_LIT("{}")) == AUTH_OK;
    auth->keys_free(&keys);
    assert_null(keys);
    return accepted;
}

static const char *const secrets[] = {"old-key", "new-key"};

static void test_bearer(void **state)
{
    (void)state;
    static const struct given good[] = {{"Authorization", "Bearer old-key", 1},
                                        {"authorization", "bearer new-key", 1}};
    static const struct given bad[] = {
        {NULL, NULL, 0},
        {"Authorization", "Bearer old-ke", 1},
        {"Authorization", "Bearer old-key ", 1},
        {"Authorization", "Bearer ", 1},
        {"Authorization", "old-key", 1},
        {"Authorization", "Bearer  old-key", 1},
        {"Authorization", "Bearerold-key", 1},
        {"Authorization", "Basic old-key", 1},
        {"Authorization", "Bearer old-key", 2}, /* which of them is meant? */
        {"X-Telegram-Bot-Api-Secret-Token", "old-key", 1},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(accepts(&webchat_auth, secrets, 2, good[i]));
        assert_true(accepts(&canonical_auth, secrets, 2, good[i]));
        assert_true(accepts(&sent_auth, secrets, 2, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(accepts(&webchat_auth, secrets, 2, bad[i]));
        assert_false(accepts(&sent_auth, secrets, 2, bad[i]));
    }
}

static void test_telegram(void **state)
{
    (void)state;
    const struct given good = {"x-telegram-bot-api-secret-token", "new-key", 1};
    const struct given bad = {"X-Telegram-Bot-Api-Secret-Token", "New-Key", 1};
    assert_true(accepts(&telegram_auth, secrets, 2, good));
    assert_false(accepts(&telegram_auth, secrets, 2, bad));
}

/* An empty secret would let everybody in, and so would none. */
static void test_empty_secrets(void **state)
{
    (void)state;
    static const char *const empty[] = {""};
    const struct given given = {"Authorization", "Bearer ", 1};
    assert_false(accepts(&webchat_auth, empty, 1, given));
    assert_false(accepts(&webchat_auth, NULL, 0, given));
    assert_false(accepts(&sent_auth, empty, 1, given));
}

static void test_table(void **state)
{
    (void)state;
    static const char *const channels[] = {"telegram", "webchat", "canonical"};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        assert_string_equal(auth_channel_find(channels[i], NULL)->channel, channels[i]);
    static const char *const providers[] = {"postmark", "sendgrid", "mailgun", "resend"};
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++)
        assert_string_equal(auth_channel_find("email", providers[i])->provider, providers[i]);
    assert_null(auth_channel_find("email", NULL));
    assert_null(auth_channel_find("email", "mime"));
    assert_null(auth_channel_find("pigeon", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bearer), cmocka_unit_test(test_telegram),
        cmocka_unit_test(test_empty_secrets), cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
