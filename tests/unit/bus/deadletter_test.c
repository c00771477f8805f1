#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/deadletter.h"

static struct str header_of(const struct bus_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (str_is(message->headers[i].name, name))
            return message->headers[i].value;
    return STR_NULL;
}

static void every_member_comes_back(void **state)
{
    (void)state;
    const struct deadletter letter = {
        .tenant = STR_LIT("acme"),
        .tenant_id = STR_LIT("6f1d9a52-6f0f-5d0c-9a35-2f6f6e0e6b11"),
        .channel_id = STR_LIT("0c0f9a52-6f0f-5d0c-9a35-2f6f6e0e6b22"),
        .connector = STR_LIT("wa-main"),
        .stage = STR_LIT("parse"),
        .entity_type = STR_LIT("message"),
        .external_id = STR_LIT("wamid.1"),
        .reason = STR_LIT("json_syntax"),
        .detail = STR_LIT("unexpected end at byte 5"),
        .path = STR_LIT("entry[0].changes"),
        .origin = STR_LIT("webhook"),
        .first_seen_us = INT64_C(1772366400000001),
        .payload = {"{\0\xff", 3},
    };
    struct deadletter_scratch scratch;
    struct bus_message message;
    deadletter_to_message(&letter, &scratch, &message);
    assert_int_equal(message.topic, BUS_DEADLETTER);
    assert_int_equal(message.header_count, 12);
    assert_true(str_is(header_of(&message, "dlq.first-seen"), "2026-03-01T12:00:00.000001Z"));
    assert_true(str_is(header_of(&message, "dlq.reason"), "json_syntax"));
    assert_true(str_equal(message.value, letter.payload));

    struct deadletter back;
    deadletter_from_message(&message, &back);
    assert_true(str_equal(back.tenant, letter.tenant));
    assert_true(str_equal(back.tenant_id, letter.tenant_id));
    assert_true(str_equal(back.channel_id, letter.channel_id));
    assert_true(str_equal(back.connector, letter.connector));
    assert_true(str_equal(back.stage, letter.stage));
    assert_true(str_equal(back.entity_type, letter.entity_type));
    assert_true(str_equal(back.external_id, letter.external_id));
    assert_true(str_equal(back.reason, letter.reason));
    assert_true(str_equal(back.detail, letter.detail));
    assert_true(str_equal(back.path, letter.path));
    assert_true(str_equal(back.origin, letter.origin));
    assert_true(str_equal(back.payload, letter.payload));
    assert_int_equal(back.first_seen_us, letter.first_seen_us);
}

static void unknown_members_are_left_out(void **state)
{
    (void)state;
    const struct deadletter letter = {
        .stage = STR_LIT("receive"), .first_seen_us = TIME_NONE, .payload = STR_LIT("")};
    struct deadletter_scratch scratch;
    struct bus_message message;
    deadletter_to_message(&letter, &scratch, &message);
    assert_int_equal(message.header_count, 1);
    assert_true(str_is_null(message.key));

    struct deadletter back;
    deadletter_from_message(&message, &back);
    assert_true(str_is(back.stage, "receive"));
    assert_true(str_is_null(back.reason));
    assert_int_equal(back.first_seen_us, TIME_NONE);
}

static void foreign_headers_do_no_harm(void **state)
{
    (void)state;
    const struct bus_header headers[] = {{STR_LIT("traceparent"), STR_LIT("00-1")},
                                         {STR_LIT("dlq.first-seen"), STR_LIT("yesterday")},
                                         {STR_LIT("dlq.reason"), {NULL, 0}}};
    const struct bus_message message = {
        .topic = BUS_DEADLETTER, .value = STR_NULL, .headers = headers, .header_count = 3};
    struct deadletter back;
    deadletter_from_message(&message, &back);
    assert_int_equal(back.first_seen_us, TIME_NONE);
    assert_true(str_is_null(back.reason));
    assert_true(str_is_null(back.payload));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_comes_back),
        cmocka_unit_test(unknown_members_are_left_out),
        cmocka_unit_test(foreign_headers_do_no_harm),
    };
    return cmocka_run_group_tests_name("deadletter", tests, NULL, NULL);
}
