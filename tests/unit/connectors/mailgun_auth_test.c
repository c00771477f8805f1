/* The vector is that of reference/email.md 1.9. */
#include "connectors/mailgun_auth.h"

#include <stdio.h>

#include "connectors/auth_seen.h"
#include "tests/unit/connectors/auth_fixture.h"

#define KEY "key-test-webhook-signing"
#define TIMESTAMP "1741097471"
#define NOW 1741097471
#define TOKEN "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
#define HEX "893ac974827980ea3b7d842021242bf44f9fb10641e21ecee4bfb4ab635d227b"

#define PAIRS "timestamp=" TIMESTAMP "&token=" TOKEN "&signature=" HEX
#define EVENT(hex)                                                                                 \
    "{\"event-data\":{\"event\":\"opened\"},\"signature\":{\"timestamp\":\"" TIMESTAMP             \
    "\",\"token\":\"" TOKEN "\",\"signature\":\"" hex "\"}}"
#define PART(boundary, name, value)                                                                \
    "--" boundary "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FORM(boundary, text)                                                                       \
    PART(boundary, "body-plain", text)                                                             \
    PART(boundary, "timestamp", TIMESTAMP)                                                         \
    PART(boundary, "token", TOKEN) PART(boundary, "signature", HEX) "--" boundary "--\r\n"

static const char *const keys[] = {"of-last-month", KEY};
static const struct given no_headers[] = {END_OF_HEADERS};

static struct door open_door(void)
{
    return door_open(&mailgun_auth, (struct receive_connector){.secrets = keys, .secret_count = 2});
}

static enum auth_result present_to(struct door *door, const char *body, int64_t now_s)
{
    return door_present(door, no_headers, NULL, str_of(body), now_s);
}

static enum auth_result present(const char *body, int64_t now_s)
{
    struct door door = open_door();
    enum auth_result result = present_to(&door, body, now_s);
    door_close(&door);
    return result;
}

static void finds_the_proof_in_every_kind_of_body(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool accepted;
    } cases[] = {
        {PAIRS, true},
        {"subject=a%26b&" PAIRS "&from=x", true},
        {" \r\n" PAIRS, true},
        {EVENT(HEX), true},
        {FORM("xYzZY", "hola"), true},
        {"\r\n" FORM("xYzZY", "hola"), true},
        /* the last of a name counts */
        {"timestamp=1&token=x&signature=y&" PAIRS, true},
        {PAIRS "&token=x", false},
        {PAIRS "&signature=", false},
        {PART("b", "token", "x") FORM("b", "hola"), true},
        {"{\"signature\":{\"timestamp\":\"1\",\"token\":\"x\",\"signature\":\"y\"}," /* repeated */
         "\"signature\":{\"timestamp\":" TIMESTAMP ",\"token\":\"" TOKEN "\",\"signature\":\"" HEX
         "\"}}",
         true},
        /* signed, and for the map to refuse */
        {PART("b", "timestamp", TIMESTAMP) PART("b", "token", TOKEN) PART("b", "signature", HEX)
             PART("b", "cut", "off"),
         true},
        {"{\"signature\":{\"timestamp\":\"" TIMESTAMP "\",\"token\":\"" TOKEN
         "\",\"signature\":\"" HEX "\"},",
         true},
        {"", false},
        {"{}", false},
        {"[" EVENT(HEX) "]", false},
        {"--\r\n", false},
        {"token=" TOKEN "&signature=" HEX, false},
        {"timestamp=" TIMESTAMP "&signature=" HEX, false},
        {"timestamp=" TIMESTAMP "&token=" TOKEN, false},
        /* the same text, cut elsewhere */
        {"timestamp=" TIMESTAMP "a&token=8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
         "&signature=" HEX,
         false},
        {"timestamp=174109747&token=1" TOKEN "&signature=" HEX, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if ((present(cases[i].body, NOW) == AUTH_OK) != cases[i].accepted)
            fail_msg("case %zu: %s", i, cases[i].body);
}

/* A file of that name is none of the three. */
static void a_file_is_no_proof(void **state)
{
    (void)state;
    static const char body[] = PART("b", "timestamp", TIMESTAMP)
        PART("b", "token", TOKEN) "--b\r\nContent-Disposition: form-data; "
                                  "name=\"signature\"; filename=\"signature\"\r\n\r\n" HEX
                                  "\r\n--b--\r\n";
    assert_int_equal(present(body, NOW), AUTH_REFUSED);
}

static void every_digit_of_the_signature_counts(void **state)
{
    (void)state;
    char copy[128];
    FOR_EACH_FLIP(HEX, copy)
    {
        char body[512];
        (void)snprintf(body, sizeof body, "timestamp=%s&token=%s&signature=%s", TIMESTAMP, TOKEN,
                       copy);
        if (present(body, NOW) == AUTH_OK)
            fail_msg("accepted: %s", copy);
    }
}

static void pairs_age_after_all_repeats(void **state)
{
    (void)state;
    assert_int_equal(present(PAIRS, NOW + 8 * 3600), AUTH_OK);
    assert_int_equal(present(PAIRS, NOW + 12 * 3600), AUTH_OK);
    assert_int_equal(present(PAIRS, NOW + 12 * 3600 + 1), AUTH_REFUSED);
    assert_int_equal(present(PAIRS, NOW - 12 * 3600 - 1), AUTH_REFUSED);
}

static void a_token_belongs_to_its_first_body(void **state)
{
    (void)state;
    struct door door = open_door();
    assert_int_equal(present_to(&door, FORM("first", "hola"), NOW), AUTH_OK);
    assert_int_equal(present_to(&door, FORM("first", "hola"), NOW + 60), AUTH_OK);
    assert_int_equal(present_to(&door, FORM("second", "hola"), NOW + 600), AUTH_OK);
    assert_int_equal(present_to(&door, FORM("first", "adios"), NOW + 60), AUTH_REFUSED);
    assert_int_equal(present_to(&door, FORM("second", "adios"), NOW + 60), AUTH_REFUSED);
    assert_int_equal(present_to(&door, FORM("first", "ho\r\n--second\r\nla"), NOW), AUTH_REFUSED);
    assert_int_equal(present_to(&door, EVENT(HEX), NOW + 60), AUTH_REFUSED);
    assert_int_equal(present_to(&door, FORM("first", "adios"), NOW + 11 * 3600), AUTH_REFUSED);
    /* another thread of the same route */
    struct auth_keys *own = door.keys;
    door.keys = mailgun_auth.keys_new(&door.connector, door.shared);
    assert_int_equal(present_to(&door, FORM("first", "adios"), NOW), AUTH_REFUSED);
    assert_int_equal(present_to(&door, FORM("first", "hola"), NOW), AUTH_OK);
    mailgun_auth.keys_free(&door.keys);
    door.keys = own;
    door_close(&door);
}

static bool put(struct auth_seen *seen, unsigned char token, unsigned char body, int64_t now_us)
{
    unsigned char of_token[DIGEST_SHA256_BYTES] = {token};
    unsigned char of_body[DIGEST_SHA256_BYTES] = {body};
    return auth_seen_put(seen, of_token, of_body, now_us);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    struct auth_seen *seen = auth_seen_new(3, 1000);
    assert_true(put(seen, 1, 1, 0));
    assert_false(put(seen, 1, 2, 0));
    assert_true(put(seen, 2, 2, 100));
    assert_true(put(seen, 3, 3, 100));
    assert_false(put(seen, 1, 2, 100));
    assert_true(put(seen, 4, 4, 100)); /* 1 is forgotten */
    assert_false(put(seen, 2, 9, 1100));
    assert_true(put(seen, 5, 5, 1101)); /* all others are too old */
    assert_true(put(seen, 2, 9, 1101));
    auth_seen_free(&seen);
    assert_null(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_proof_in_every_kind_of_body),
        cmocka_unit_test(a_file_is_no_proof),
        cmocka_unit_test(every_digit_of_the_signature_counts),
        cmocka_unit_test(pairs_age_after_all_repeats),
        cmocka_unit_test(a_token_belongs_to_its_first_body),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
