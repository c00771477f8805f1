/* Keys, certificates and signatures made by the openssl command line:
 *     openssl req -x509 -nodes -newkey rsa:2048 -subj /CN=sns.amazonaws.com -days 36500 ...
 *     openssl dgst -sha256 -sign key.pem | openssl base64 -A */
#include "lib/pubkey.h"

#include <cmocka.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clock.h"

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIDGzCCAgOgAwIBAgIUMNQDsVC1QU3EIMwVrU9tnb7dIBkwDQYJKoZIhvcNAQEL\n"
    "BQAwHDEaMBgGA1UEAwwRc25zLmFtYXpvbmF3cy5jb20wIBcNMjYxMTMwMTk1NjQ5\n"
    "WhgPMjEyNjExMDYxOTU2NDlaMBwxGjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29t\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkoshQXjWoOuiQWhMeLo6\n"
    "mF9e69CC0omeQ/lX1dESkT60HmyGY8g4Jfs12YsR4IWypqCitVRjjHdSS9GOmf8K\n"
    "IexcOtgo02tLQYGsP6JTITGtbagk3nnE1YwwAqmxxjmgD8/Ldw6jp026L/67AIPm\n"
    "j8zQ6VnhDD9X/HQzFQg0BGjBNJgH3fjMJYry+XosDL6hhWxFq8xSkjgIFZN9rVv0\n"
    "jCh8kKNgqhBA/GxImC/1YWJw3fhIpgL51ZSTgWyoY4svfBJ2ZnV2l8oELz5aSeO+\n"
    "yaFffrVZqxUv0vlBt5v38RB4LsobO56RQsYu8wNQ2il7jEPMVht6DC+aCmuuKl7f\n"
    "VQIDAQABo1MwUTAdBgNVHQ4EFgQUMuIUFDcDqAAbYuAdftmTRylNyqQwHwYDVR0j\n"
    "BBgwFoAUMuIUFDcDqAAbYuAdftmTRylNyqQwDwYDVR0TAQH/BAUwAwEB/zANBgkq\n"
    "hkiG9w0BAQsFAAOCAQEAP98oLzydMzm9TrYvnsZDwFcm3P7aZ6B/7Cz97EavMdfO\n"
    "W60uLpFK2NdJHiLSwriYzS8IIGylXPhBed4JwJSw7wP5LH/G58ae/1C9Oz9E3uTU\n"
    "5jLBCkjNAYxbGSO5bxbItrKf1VKk38kXQxttWmb6+RjofxOla1swh0KNZO9XCzoB\n"
    "JLIipUzhFRz/XqhAZfqSR1QvYi8phRVnD0kBQQL/pUDAEGYcgDUdel0WV8O9LsE9\n"
    "AaxhEeE03Gm1GtYKJiMhLG4ymJFdhLp+GUxlhheTZREJWVx5gDyUiLYpXLydv4Iw\n"
    "Wi+3vPfgTvwzrKZRkpqueY3L2MXvlasmgUX8883tZQ==\n"
    "-----END CERTIFICATE-----\n";
static const char small[] = /* RSA of 1024 bits */
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB9DCCAV2gAwIBAgIUR18XMNInktzffnJ06p9WoVhjzqwwDQYJKoZIhvcNAQEL\n"
    "BQAwDDEKMAgGA1UEAwwBeDAeFw0yNjExMzAxOTU2NDlaFw0zNjExMjcxOTU2NDla\n"
    "MAwxCjAIBgNVBAMMAXgwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAMvxoBgP\n"
    "CfJ4pejARj5L1BilUcKfjfkwiE2koxeNnB+YadisjdjZ+HBRRaEmQb/dHiRPIG5Z\n"
    "FZgVrEyOIAEQMXiOfdeDoiWmFZgEni03GbBBuGayDGWLCESA7JTRxyPnsA6PTeai\n"
    "dLA728/SheLvLYLs8Ugm387/aynOWdw1pFjfAgMBAAGjUzBRMB0GA1UdDgQWBBTm\n"
    "hVAsyiZFDiFv1fvH8svP6h3gyjAfBgNVHSMEGDAWgBTmhVAsyiZFDiFv1fvH8svP\n"
    "6h3gyjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAKt9f5S+qq2Y\n"
    "IyRE4MzdBfpnmISoJtYxVHLPmrZ57oLiZQmPCvQvB/HbcOKxwZXPXy5LXh4jpQlm\n"
    "WVM5nfJxcQkYDEb3nzArHn2uh2jhmCT4NzYI7IqL5urkn+RoiYGz1Bz5SiTL+v81\n"
    "GOnE6D3MB1M5boTskIPtPuwbG5g30MYY\n"
    "-----END CERTIFICATE-----\n";
static const char of_a_curve[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbjCCAROgAwIBAgIUe8pTMQHRjURhSzHSmP5RD8Dl8+8wCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBeDAeFw0yNjExMzAxOTU2NDlaFw0zNjExMjcxOTU2NDlaMAwx\n"
    "CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATllOT7cHKU1KKO\n"
    "ngtfHsK5Oeudg0eDo92D2v1fGNLgt8kw7+XbpNhZNneYc7Nu/qhCQO2bOoE8/AR/\n"
    "5Kq18y6uo1MwUTAdBgNVHQ4EFgQUH37c/T5W3uNVN3zR9TJm1D//WsAwHwYDVR0j\n"
    "BBgwFoAUH37c/T5W3uNVN3zR9TJm1D//WsAwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"
    "hkjOPQQDAgNJADBGAiEA8Xz0ZSs9rw88lcSWju8ZPKHFJ3nLdl6MT4htHJ9NEEgC\n"
    "IQCIQGLxALZ3ijIrp6Vv9hqYdN7FrDACK5EOVM75lXziDg==\n"
    "-----END CERTIFICATE-----\n";

/* Of the text "hola". */
static const char of_sha256[] =
    "BoWuYMe+I+9zEoTPAgseJX0WkOp7yu3LJWT9nAX4CnMiMudDv9bdngAANgm3hoFI+fEDmHXN+/eN"
    "+eFoNrjQDm17aYnaq1PuG8jhcfmczN+6w1NHR+BXpt/6/cPaIJkHuxf86yepEh38zM/IKa+6eH6g"
    "QpTfzEnWPglQnDwoVb16einTiU5PO5llGnX/Sf3Z//UfU59XdpT8I5VVByLMsqhgftd0U6Tq+XTz"
    "durhN9veVK/au9h7NmDrTzVewhctIGKK2JdmVYuOeN1fUaJ3PB3xRge8zl1CX4iM2gwxEfxW+W3E"
    "COaG7vbPNtJYw2hcDLlKCnl0VpbfXxu3caB4oA==";
static const char of_sha1[] =
    "N/eTs+UYO+x9sZdNh/Xxw4M6F0F24ugmePQ/iFKv5P4AohtHJB25wd95zWaOeW8B/6+d9M4b7SKG"
    "xRIcdz8BDpgH3qhvYDYSmueZsiA0keF1s4EjNwzvudDzLTwoVFbATnlU7GtT6WXLQQ9Hx9rmHQHv"
    "dOEAjeV5nRKp45KEvWAPY45QPEuvUJTvwoQ3uDsxY/QmageY2NkGu9N2fUuCJJMr/1BMLRwUxixz"
    "Yo0lxCXHfZAlCjHbFB7fVpYCfZQPpRjNkNMvUxlsym4+YW7QlylGlrEaP2KQYzxGeior18/qWytd"
    "2nNhHa2FanYyfUl4ReE6Md3awRsNIomt+UanGw==";

static bool verifies(const struct pubkey *key, enum pubkey_digest digest, const char *text,
                     const char *base64)
{
    unsigned char signature[512];
    size_t n;
    const struct str parts[] = {str_of(text), STR_LIT("la")};
    assert_true(base64_read(str_of(base64), signature, sizeof signature, &n));
    return pubkey_verify(key, digest, parts, 2, (struct str){(const char *)signature, n});
}

static void a_certificate_verifies_what_its_key_has_signed(void **state)
{
    (void)state;
    int64_t from_us, until_us;
    struct pubkey *key = pubkey_new_certificate(str_of(certificate), &from_us, &until_us);
    assert_non_null(key);
    assert_int_equal(from_us, INT64_C(1796068609) * US_PER_SECOND);
    assert_int_equal(until_us, INT64_C(4949668609) * US_PER_SECOND);
    struct pubkey *other = pubkey_dup(key);
    pubkey_free(&key);
    assert_null(key);
    assert_true(verifies(other, PUBKEY_SHA256, "ho", of_sha256));
    assert_true(verifies(other, PUBKEY_SHA1, "ho", of_sha1));
    assert_false(verifies(other, PUBKEY_SHA1, "ho", of_sha256));
    assert_false(verifies(other, PUBKEY_SHA256, "ho", of_sha1));
    assert_false(verifies(other, PUBKEY_SHA256, "Ho", of_sha256));
    assert_false(verifies(other, PUBKEY_SHA256, "ho", "AAAA"));
    pubkey_free(&other);
}

static void what_is_no_such_certificate_gives_none(void **state)
{
    (void)state;
    static const char encrypted[] = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                                    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                    "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n";
    const char *const texts[] = {small, of_a_curve, encrypted, "", "-----BEGIN CERTIFICATE-----\n"};
    int64_t from_us, until_us;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (pubkey_new_certificate(str_of(texts[i]), &from_us, &until_us) != NULL)
            fail_msg("case %zu", i);
    /* cut anywhere before its end */
    for (size_t n = 0; n + 2 < sizeof certificate; n++)
        if (pubkey_new_certificate((struct str){certificate, n}, &from_us, &until_us) != NULL)
            fail_msg("%zu bytes are enough", n);
}

static void p256_takes_that_curve_alone(void **state)
{
    (void)state;
    static const char key[] =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+eVZgB/bCuH8EDJbaBP1tdZlPg5ZzJoIq"
        "xHB3f/0ZBKTlRrrPwRDp6Qv5lZI3G9GKSNfGWB0l1uFtrdyxvAoeA==";
    struct pubkey *pubkey = pubkey_new_p256(str_of(key));
    assert_non_null(pubkey);
    pubkey_free(&pubkey);
    assert_null(pubkey_new_p256(STR_LIT("")));
    assert_null(pubkey_new_p256((struct str){key, sizeof key - 5}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_verifies_what_its_key_has_signed),
        cmocka_unit_test(what_is_no_such_certificate_gives_none),
        cmocka_unit_test(p256_takes_that_curve_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
