/* The vectors are those of reference/whatsapp.md 1.3. */
#include "connectors/meta_auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <strings.h>

#include <cmocka.h>

#define FIRST_SECRET "3f1c9a7e5b2d4c6f8a0b1c2d3e4f5a6b"
#define FIRST_BODY                                                                                 \
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"318845207461093\","            \
    "\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":"                    \
    "{\"display_phone_number\":\"576015550142\",\"phone_number_id\":\"402117396318254\"},"         \
    "\"contacts\":[{\"profile\":{\"name\":\"Luc\\u00eda\"},\"wa_id\":\"573005550178\"}],"          \
    "\"messages\":[{\"from\":\"573005550178\",\"id\":"                                             \
    "\"wamid.HBgMNTczMDA1NTUwMTc4FQIAEhgUM0FCMTJDRDM0RUY1Njc4OTBBQjEA\","                          \
    "\"timestamp\":\"1763650800\",\"text\":{\"body\":\"Hola \\ud83d\\ude42 24\\/7\"},"             \
    "\"type\":\"text\"}]},\"field\":\"messages\"}]}]}"
#define FIRST_HEX "a9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b34"
#define FIRST_HEX_UPPER "A9A42937CA822E8FA1AE6BE73FF48B9055F4FB7815F2332EF88EBE596DF34B34"
#define SECOND_SECRET "secret"
#define SECOND_BODY "{\"a\":\"\\u00e4\"}"
#define SECOND_HEX "b78ab4033415318a0fa14a82d6f5ca348bb74e377eed416f314566864d116718"
#define SECOND_HEX_OF_DECODED "5498173a59916f0014781a59613c5545cce57e1e1658205e874fbd46a63ad638"

struct given { /* one header or parameter; name NULL ends the list */
    const char *name;
    const char *value; /* NULL = given without a value */
};

static struct auth_value value_of(const struct given *given, const char *name, bool exact)
{
    struct auth_value found = {0};
    for (; given->name != NULL; given++)
        if ((exact ? strcmp(given->name, name) : strcasecmp(given->name, name)) == 0 &&
            found.count++ == 0)
            found.value = str_of(given->value);
    return found;
}

static struct auth_value header_of(void *context, const char *name)
{
    return value_of(context, name, false);
}

static struct auth_value parameter_of(void *context, const char *name)
{
    return value_of(context, name, true);
}

static struct auth_source source_of(const struct given *given)
{
    return (struct auth_source){
        .header = header_of, .parameter = parameter_of, .context = (void *)(uintptr_t)given};
}

static bool accepts(const char *const *secrets, size_t secret_count, const struct given *headers,
                    struct str body)
{
    struct receive_connector connector = {.secrets = secrets, .secret_count = secret_count};
    struct auth_source source = source_of(headers);
    struct auth_claim claim = {0};
    if (meta_auth.claim(&connector, &source, &claim) != AUTH_OK)
        return false;
    struct auth_keys *keys = meta_auth.keys_new(&connector, NULL);
    bool first = meta_auth.check(keys, &claim, body) == AUTH_OK;
    bool again = meta_auth.check(keys, &claim, body) == AUTH_OK; /* the key schedule survives */
    meta_auth.keys_free(&keys);
    assert_int_equal(first, again);
    return first;
}

static bool accepts_header(const char *secret, const char *header, struct str body)
{
    const struct given headers[] = {{"x-hub-signature-256", header}, {NULL, NULL}};
    return accepts(&secret, 1, headers, body);
}

static void accepts_both_vectors(void **state)
{
    (void)state;
    assert_int_equal(strlen(FIRST_BODY), 492);
    assert_true(accepts_header(FIRST_SECRET, "sha256=" FIRST_HEX, STR_LIT(FIRST_BODY)));
    assert_int_equal(strlen(SECOND_BODY), 14);
    assert_true(accepts_header(SECOND_SECRET, "sha256=" SECOND_HEX, STR_LIT(SECOND_BODY)));
}

static void refuses_the_decoded_form(void **state)
{
    (void)state;
    struct str decoded = STR_LIT("{\"a\":\"\xc3\xa4\"}");
    assert_false(accepts_header(SECOND_SECRET, "sha256=" SECOND_HEX, decoded));
    assert_false(
        accepts_header(SECOND_SECRET, "sha256=" SECOND_HEX_OF_DECODED, STR_LIT(SECOND_BODY)));
    /* the digest itself is that of the decoded form: the refusal is about the bytes */
    assert_true(accepts_header(SECOND_SECRET, "sha256=" SECOND_HEX_OF_DECODED, decoded));
}

static void reads_the_header_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool accepted;
    } cases[] = {
        {"sha256=" FIRST_HEX, true},
        {"sha256=" FIRST_HEX_UPPER, true},
        {FIRST_HEX, false},
        {"SHA256=" FIRST_HEX, false},
        {"sha1=" FIRST_HEX, false},
        {"sha256:" FIRST_HEX, false},
        {"sha256=", false},
        {"sha256", false},
        {"", false},
        {"sha256= " FIRST_HEX, false},
        {"sha256=" FIRST_HEX " ", false},
        {"sha256=" FIRST_HEX "00", false},
        {"sha256=" FIRST_HEX ",sha256=" FIRST_HEX, false},
        {"sha256=a9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b3", false},
        {"sha256=a9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b", false},
        {"sha256=a9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b3g", false},
        {"sha256=a9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b35", false},
        {"sha256=b9a42937ca822e8fa1ae6be73ff48b9055f4fb7815f2332ef88ebe596df34b34", false},
        {NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (accepts_header(FIRST_SECRET, cases[i].header, STR_LIT(FIRST_BODY)) != cases[i].accepted)
            fail_msg("case %zu: \"%s\"", i, cases[i].header != NULL ? cases[i].header : "(none)");
}

static void refuses_a_missing_or_repeated_header(void **state)
{
    (void)state;
    const char *secret = FIRST_SECRET;
    const struct given none[] = {{"X-Hub-Signature", "sha1=00"}, {NULL, NULL}};
    const struct given twice[] = {{"X-Hub-Signature-256", "sha256=" FIRST_HEX},
                                  {"x-hub-signature-256", "sha256=" FIRST_HEX},
                                  {NULL, NULL}};
    assert_false(accepts(&secret, 1, none, STR_LIT(FIRST_BODY)));
    assert_false(accepts(&secret, 1, twice, STR_LIT(FIRST_BODY)));
}

static void tries_every_secret(void **state)
{
    (void)state;
    const char *const both[] = {SECOND_SECRET, FIRST_SECRET};
    const char *const wrong[] = {"previous", "current"};
    const char *const empty[] = {""};
    const struct given headers[] = {{"X-Hub-Signature-256", "sha256=" FIRST_HEX}, {NULL, NULL}};
    assert_true(accepts(both, 2, headers, STR_LIT(FIRST_BODY)));
    assert_true(accepts(both + 1, 1, headers, STR_LIT(FIRST_BODY)));
    assert_false(accepts(wrong, 2, headers, STR_LIT(FIRST_BODY)));
    assert_false(accepts(NULL, 0, headers, STR_LIT(FIRST_BODY)));
    /* HMAC-SHA256 of nothing with an empty key: an empty secret must not let everybody in */
    const struct given of_nothing[] = {
        {"X-Hub-Signature-256",
         "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {NULL, NULL}};
    assert_false(accepts(empty, 1, of_nothing, STR_LIT("")));
}

static void every_byte_of_the_body_counts(void **state)
{
    (void)state;
    char body[] = FIRST_BODY;
    size_t n = sizeof body - 1;
    for (size_t i = 0; i < n; i++) {
        body[i] ^= 1;
        if (accepts_header(FIRST_SECRET, "sha256=" FIRST_HEX, (struct str){body, n}))
            fail_msg("byte %zu changed, still accepted", i);
        body[i] ^= 1;
    }
    assert_false(accepts_header(FIRST_SECRET, "sha256=" FIRST_HEX, (struct str){body, n - 1}));
    assert_false(accepts_header(FIRST_SECRET, "sha256=" FIRST_HEX, STR_LIT(FIRST_BODY "\n")));
}

#define MODE                                                                                       \
    {                                                                                              \
        "hub.mode", "subscribe"                                                                    \
    }
#define TOKEN                                                                                      \
    {                                                                                              \
        "hub.verify_token", "r4nd0m"                                                               \
    }
#define CHALLENGE                                                                                  \
    {                                                                                              \
        "hub.challenge", "1158201444"                                                              \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

static void verifies_get_requests(void **state)
{
    (void)state;
    static char long_challenge[258];
    memset(long_challenge, '7', 257);
    static const struct {
        struct given parameters[5];
        enum auth_handshake result;
    } cases[] = {
        {{MODE, CHALLENGE, TOKEN, END}, AUTH_HANDSHAKE_OK},
        {{TOKEN, CHALLENGE, MODE, END}, AUTH_HANDSHAKE_OK},
        {{CHALLENGE, TOKEN, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, CHALLENGE, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, TOKEN, END}, AUTH_HANDSHAKE_MALFORMED},
        {{END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{{"hub.mode", "unsubscribe"}, CHALLENGE, TOKEN, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, CHALLENGE, {"hub.verify_token", "r4nd0"}, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, CHALLENGE, {"hub.verify_token", "r4nd0mm"}, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, CHALLENGE, {"hub.verify_token", "R4nd0m"}, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, CHALLENGE, {"hub.verify_token", ""}, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, CHALLENGE, {"hub.verify_token", NULL}, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, CHALLENGE, TOKEN, TOKEN, END}, AUTH_HANDSHAKE_FORBIDDEN},
        {{MODE, TOKEN, CHALLENGE, CHALLENGE, END}, AUTH_HANDSHAKE_MALFORMED},
        {{MODE, TOKEN, {"hub.challenge", "<script>"}, END}, AUTH_HANDSHAKE_MALFORMED},
        {{MODE, TOKEN, {"hub.challenge", "a b"}, END}, AUTH_HANDSHAKE_MALFORMED},
        {{MODE, TOKEN, {"hub.challenge", ""}, END}, AUTH_HANDSHAKE_MALFORMED},
        {{MODE, TOKEN, {"hub.challenge", NULL}, END}, AUTH_HANDSHAKE_MALFORMED},
        {{MODE, TOKEN, {"hub.challenge", long_challenge}, END}, AUTH_HANDSHAKE_MALFORMED},
        {{MODE, TOKEN, {"hub.challenge", long_challenge + 1}, END}, AUTH_HANDSHAKE_OK},
        {{MODE, TOKEN, {"hub.challenge", "aZ0_.-"}, END}, AUTH_HANDSHAKE_OK},
    };
    static const struct receive_connector connector = {.verify_token = "r4nd0m"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct auth_source source = source_of(cases[i].parameters);
        struct str echo = STR_NULL;
        enum auth_handshake result = meta_auth.handshake(&connector, &source, &echo);
        if (result != cases[i].result)
            fail_msg("case %zu: %d, expected %d", i, (int)result, (int)cases[i].result);
        struct str challenge = parameter_of(source.context, "hub.challenge").value;
        assert_true(str_equal(echo, result == AUTH_HANDSHAKE_OK ? challenge : STR_NULL));
    }
}

static void verifies_nothing_without_a_token(void **state)
{
    (void)state;
    static const struct given parameters[] = {MODE, CHALLENGE, {"hub.verify_token", ""}, END};
    static const struct receive_connector connectors[] = {{.verify_token = NULL},
                                                          {.verify_token = ""}};
    struct auth_source source = source_of(parameters);
    struct str echo;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(meta_auth.handshake(&connectors[i], &source, &echo),
                         AUTH_HANDSHAKE_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_both_vectors),
        cmocka_unit_test(refuses_the_decoded_form),
        cmocka_unit_test(reads_the_header_strictly),
        cmocka_unit_test(refuses_a_missing_or_repeated_header),
        cmocka_unit_test(tries_every_secret),
        cmocka_unit_test(every_byte_of_the_body_counts),
        cmocka_unit_test(verifies_get_requests),
        cmocka_unit_test(verifies_nothing_without_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
