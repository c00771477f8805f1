/* The signed text is that of reference/email.md 1.9; other cases by hand from 1.6. */
#include "connectors/sns_message.h"

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/limits.h"

#define ARN "arn:aws:sns:us-east-1:123456789012:mail-in"
#define CERTIFICATE "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c64.pem"
#define SUBSCRIBE                                                                                  \
    "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" ARN "&Token=2336"

static struct sns_message notification(void)
{
    return (struct sns_message){.type = STR_LIT("Notification"),
                                .id = STR_LIT("m-1"),
                                .topic = STR_LIT(ARN),
                                .message = STR_LIT("hola\nmundo"),
                                .timestamp = STR_LIT("2025-03-04T14:12:46.250Z"),
                                .certificate_url = STR_LIT(CERTIFICATE)};
}

static struct sns_message confirmation(const char *type)
{
    struct sns_message message = notification();
    message.type = str_of(type);
    message.token = STR_LIT("2336");
    message.subscribe_url = STR_LIT(SUBSCRIBE);
    return message;
}

static void assert_signed(const struct sns_message *message, const char *expected)
{
    struct buf text;
    struct str parts[SNS_PARTS_MOST];
    buf_init(&text, MIB);
    size_t count = sns_message_signed(message, parts);
    for (size_t i = 0; i < count; i++)
        assert_true(buf_add_str(&text, parts[i]));
    assert_true(buf_add(&text, "", 1));
    assert_string_equal(text.p, expected);
    buf_done(&text);
}

static void signed_members_stand_in_the_order_of_their_names(void **state)
{
    (void)state;
    struct sns_message message = notification();
    assert_signed(&message, "Message\nhola\nmundo\nMessageId\nm-1\nTimestamp\n"
                            "2025-03-04T14:12:46.250Z\nTopicArn\n" ARN "\nType\nNotification\n");
    message.subject = STR_LIT("Aviso");
    message.token = STR_LIT("not signed here");
    assert_signed(&message, "Message\nhola\nmundo\nMessageId\nm-1\nSubject\nAviso\nTimestamp\n"
                            "2025-03-04T14:12:46.250Z\nTopicArn\n" ARN "\nType\nNotification\n");
    message = confirmation("UnsubscribeConfirmation");
    message.subject = STR_LIT("not signed here");
    assert_signed(&message, "Message\nhola\nmundo\nMessageId\nm-1\nSubscribeURL\n" SUBSCRIBE
                            "\nTimestamp\n2025-03-04T14:12:46.250Z\nToken\n2336\nTopicArn\n" ARN
                            "\nType\nUnsubscribeConfirmation\n");
}

static void a_message_has_all_that_its_type_needs(void **state)
{
    (void)state;
    struct sns_message whole[] = {notification(), confirmation("SubscriptionConfirmation"),
                                  confirmation("UnsubscribeConfirmation")};
    for (size_t i = 0; i < 3; i++)
        assert_true(sns_message_is_whole(&whole[i]));
    assert_true(sizeof whole[0] % sizeof(struct str) == 0);
    /* of each member: absent, empty, of two lines */
    const size_t needed[] = {
        offsetof(struct sns_message, type),         offsetof(struct sns_message, id),
        offsetof(struct sns_message, topic),        offsetof(struct sns_message, timestamp),
        offsetof(struct sns_message, message),      offsetof(struct sns_message, token),
        offsetof(struct sns_message, subscribe_url)};
    const struct str wrong[] = {STR_NULL, STR_LIT(""), STR_LIT("m\n1"), STR_LIT("m\0"),
                                STR_LIT("\x7f")};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            struct sns_message message = confirmation("SubscriptionConfirmation");
            *(struct str *)(void *)((char *)&message + needed[i]) = wrong[k];
            bool may_hold_it = needed[i] == offsetof(struct sns_message, message) && k >= 2;
            if (sns_message_is_whole(&message) != may_hold_it)
                fail_msg("member %zu, value %zu", i, k);
        }
    struct sns_message message = notification();
    message.subject = STR_LIT("a\nTimestamp\nb");
    assert_false(sns_message_is_whole(&message));
    message.subject = STR_LIT("a\xC3\xB1o");
    assert_true(sns_message_is_whole(&message));
    message.type = STR_LIT("notification");
    assert_false(sns_message_is_whole(&message));
}

static void links_lead_to_sns_alone(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_certificate, subscribes;
    } cases[] = {
        {CERTIFICATE, true, false},
        {SUBSCRIBE, false, true},
        {"https://sns.cn-north-1.amazonaws.com.cn/a.pem", true, false},
        {"https://sns.US-EAST-1.amazonaws.com/a/b.pem", true, false},
        {"https://sns.us-east-1.amazonaws.com/?Action=x.pem", false, true},
        {"https://sns.us-east-1.amazonaws.com/.pem", true, false},
        {"https://sns.us-east-1.amazonaws.com/pem", false, false},
        {"https://sns.us-east-1.amazonaws.com", false, false},
        {"https://sns.us.amazonaws.com/a.pem", false, false},
        {"https://sns..amazonaws.com/a.pem", false, false},
        {"https://sns.amazonaws.com/a.pem", false, false},
        {"https://sns.a.b.amazonaws.com/a.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com.evil.example/a.pem", false, false},
        {"https://sns.us-east-1.amazonaws.comx/a.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com.cnx/a.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com:443/a.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com@evil.example/a.pem", false, false},
        {"https://a@sns.us-east-1.amazonaws.com/a.pem", false, false},
        {"https://s3.us-east-1.amazonaws.com/a.pem", false, false},
        {"http://sns.us-east-1.amazonaws.com/a.pem", false, false},
        {"HTTPS://sns.us-east-1.amazonaws.com/a.pem", false, false},
        {" https://sns.us-east-1.amazonaws.com/a.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com/a.pem ", false, false},
        {"https://sns.us-east-1.amazonaws.com/a\\b.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com/%2e.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com/?a#.pem", false, false},
        {"https://sns.us-east-1.amazonaws.com/?a b", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (sns_is_certificate_url(str_of(cases[i].url)) != cases[i].is_certificate ||
            sns_is_subscribe_url(str_of(cases[i].url)) != cases[i].subscribes)
            fail_msg("case %zu: %s", i, cases[i].url);
    assert_false(sns_is_certificate_url(STR_NULL));
    assert_false(sns_is_certificate_url(STR_LIT("https://sns.us-east-1.amazonaws.com/a\0.pem")));
    char longest[2100] = SUBSCRIBE;
    memset(longest + strlen(SUBSCRIBE), 'a', sizeof longest - 1 - strlen(SUBSCRIBE));
    assert_false(sns_is_subscribe_url(str_of(longest)));
    longest[2000] = '\0';
    assert_true(sns_is_subscribe_url(str_of(longest)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_members_stand_in_the_order_of_their_names),
        cmocka_unit_test(a_message_has_all_that_its_type_needs),
        cmocka_unit_test(links_lead_to_sns_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
