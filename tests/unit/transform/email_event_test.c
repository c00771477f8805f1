/* Ids, times and codes of what providers report. */
#include <cmocka.h>

#include "lib/clock.h"
#include "transform/email/address.h"
#include "transform/email/event.h"

static int set_up(void **state)
{
    email_init();
    *state = arena_new("test", 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static void assert_text(struct str found, const char *expected)
{
    if (!str_equal(found, str_of(expected)))
        fail_msg("found %.*s, expected %s", STR_ARGS(found), expected != NULL ? expected : "none");
}

static void sendgrid_ids_meet_whatever_names_them(void **state)
{
    static const struct {
        const char *sg_message_id, *smtp_id, *id;
    } cases[] = {
        {"14c.dfd.64b.filter0001.16648.5515E0B88.0", NULL, "14c.dfd.64b@ismtpd"},
        {"14c.dfd.64b.recvd-5c8d-1-60", "<own@example.org>", "14c.dfd.64b@ismtpd"},
        {"14c.dfd.64b.stABC", NULL, "14c.dfd.64b@ismtpd"},
        {"14c.dfd.64b", NULL, "14c.dfd.64b@ismtpd"},
        {NULL, "<14c.dfd.64b@ismtpd-555>", "14c.dfd.64b@ismtpd"},
        {NULL, "<14c.dfd.64b@ismtpd0001p1lon1.sendgrid.net>", "14c.dfd.64b@ismtpd"},
        {NULL, "<14c.dfd.64b@geopod-ismtpd-5>", "14c.dfd.64b@ismtpd"},
        {NULL, "<ismtpd@example.org>", "ismtpd@example.org"},
        {NULL, "<own@example.org>", "own@example.org"},
        {"", "", NULL},
        {NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_text(
            event_id_sendgrid(*state, str_of(cases[i].sg_message_id), str_of(cases[i].smtp_id)),
            cases[i].id);
}

static void ses_ids_are_those_on_the_wire(void **state)
{
    assert_text(event_id_ses(*state, STR_LIT("0102-x"), STR_LIT("eu-west-1")),
                "0102-x@eu-west-1.amazonses.com");
    assert_text(event_id_ses(*state, STR_LIT("0100-x"), STR_LIT("us-east-1")),
                "0100-x@email.amazonses.com");
    assert_text(event_id_ses(*state, STR_NULL, STR_LIT("us-east-1")), NULL);
    assert_text(event_id_ses(*state, STR_LIT("0100-x"), STR_NULL), NULL);
}

static void region_of_an_arn(void **state)
{
    (void)state;
    assert_text(event_arn_region(STR_LIT("arn:aws:ses:eu-west-1:123456789012:identity/x")),
                "eu-west-1");
    assert_text(event_arn_region(STR_LIT("arn:aws:iam::123456789012:role/x")), NULL);
    assert_text(event_arn_region(STR_LIT("arn:aws:ses")), NULL);
    assert_text(event_arn_region(STR_NULL), NULL);
}

static void postmark_ids_are_those_of_its_mails(void **state)
{
    assert_text(event_id_postmark(*state, STR_LIT("8839-53f4")), "8839-53f4@mtasv.net");
    assert_text(event_id_postmark(*state, STR_LIT("")), NULL);
}

static void unix_times_keep_microseconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at;
    } cases[] = {
        {"1741097470", INT64_C(1741097470000000)},
        {"1741097470.899652", INT64_C(1741097470899652)},
        {"1741097470.8996529", INT64_C(1741097470899652)},
        {"1741097470.5", INT64_C(1741097470500000)},
        {"1741097470.", INT64_C(1741097470000000)},
        {"0", 0},
        {"-5", TIME_NONE},
        {"1.7e9", TIME_NONE},
        {"1741097470000000000", TIME_NONE},
        {"253402300800", TIME_NONE},
        {"ayer", TIME_NONE},
        {"", TIME_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (event_unix_time(str_of(cases[i].text)) != cases[i].at)
            fail_msg("%s gives %lld", cases[i].text,
                     (long long)event_unix_time(str_of(cases[i].text)));
}

static void times_that_no_record_takes(void **state)
{
    (void)state;
    assert_int_equal(event_time(STR_LIT("2025-03-04T14:20:11.3312541Z")),
                     INT64_C(1741098011331254));
    assert_int_equal(event_time(STR_LIT("1970-01-01T00:00:00Z")), 0);
    assert_int_equal(event_time(STR_LIT("1026-02-28T14:20:09Z")), TIME_NONE);
    assert_int_equal(event_time(STR_LIT("ayer")), TIME_NONE);
    assert_int_equal(event_time(STR_NULL), TIME_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sendgrid_ids_meet_whatever_names_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ses_ids_are_those_on_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(region_of_an_arn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(postmark_ids_are_those_of_its_mails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unix_times_keep_microseconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_that_no_record_takes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
