#include "connectors/file_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *text, *channel, *format;
} cases[] = {
    {"21/03/24, 18:05 - Ana: hi\n", "whatsapp", "export"},
    {"notes\n[21.03.24, 18:05:09] Jan: Hallo\n", "whatsapp", "export"},
    {"{\"object\" : \"whatsapp_business_account\"}", "whatsapp", "webhook"},
    {"{\"name\":\"Ana\",\"type\":\"personal_chat\",\"id\":1}", "telegram", "export"},
    {"{\n \"about\": \"Here is the data you requested. Remember", "telegram", "export"},
    {"{\"ok\":true,\"result\":[{\"update_id\":1}]}", "telegram", "poll"},
    {" {\"update_id\":1}", "telegram", "webhook"},
    {"\xef\xbb\xbf"
     "From ana@example.net Mon Jan  1 00:00:00 2024\n",
     "email", "mbox"},
    {"Subject: x\r\nfrom: a@example.com\r\n\r\nhi", "email", "message"},
    {"From: only one header\n\n", NULL, NULL},
    {"{\"chats\": [", "b2chat", "export"},
    {"chat id,Provider\n", "b2chat", "csv"},
    {"{\"event\":\"CHAT_CLOSED\",\"event_id\":\"1\"}", "b2chat", "webhook"},
    {"{\"messages\":[{\"visitor\":{}}]}", "webchat", "webhook"},
    {"{\"kind\":\"agent\"}\n", "canonical", "lines"},
    {"{\"chat_id\":\"x\"}", NULL, NULL},
    {"{\"x\":\"\\\"kind\\\"\"}", NULL, NULL},
    {"", NULL, NULL},
    {"{", NULL, NULL},
    {"\"", NULL, NULL},
};

static void a_document_is_known_by_its_first_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct file_shape *shape = file_shape_guess(str_of(cases[i].text));
        if (cases[i].channel == NULL
                ? shape != NULL
                : shape == NULL || strcmp(shape->channel, cases[i].channel) != 0 ||
                      strcmp(shape->format, cases[i].format) != 0)
            fail_msg("case %zu: %s", i, shape != NULL ? shape->what : "nothing");
    }
}

static void what_no_channel_reads_comes_with_advice(void **state)
{
    (void)state;
    static const char *const texts[] = {"<!DOCTYPE html>\n<html>", "%PDF-1.7", "PK\x03\x04xl"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct file_shape *shape = file_shape_guess(str_of(texts[i]));
        assert_non_null(shape);
        assert_null(shape->channel);
        assert_non_null(shape->advice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_known_by_its_first_bytes),
        cmocka_unit_test(what_no_channel_reads_comes_with_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
