/* Providers' payloads: ids that meet, repeats, large and hostile bodies. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/normalizer.h"

#define TENANT STR_LIT("acme")
#define LAST_IDS 8

struct seen {
    char ids[LAST_IDS][256]; /* external ids of messages */
    size_t messages, statuses, records, rejects;
    enum reject_code code;
    int64_t size_bytes; /* of the last attachment */
    struct buf lines;
    bool keeps_lines;
};

static enum rc see_record(void *context, const struct record *record, struct err *err)
{
    struct seen *seen = context;
    seen->records++;
    if (record->kind == RECORD_MESSAGE) {
        char *id = seen->ids[seen->messages++ % LAST_IDS];
        (void)snprintf(id, sizeof seen->ids[0], "%.*s", STR_ARGS(record->external_id));
        if (record->message.attachment_count > 0)
            seen->size_bytes =
                record->message.attachments[record->message.attachment_count - 1].size_bytes;
    }
    seen->statuses += record->kind == RECORD_MESSAGE_STATUS;
    return seen->keeps_lines ? record_encode(record, &seen->lines, err) : RC_OK;
}

static enum rc see_reject(void *context, const struct reject *reject, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    seen->rejects++;
    seen->code = reject->code;
    return RC_OK;
}

struct run {
    struct normalizer *normalizer;
    struct normalizer_conf conf;
    struct channel_account account;
    struct channel_settings settings;
    struct str own;
    struct seen seen;
};

static void begin(struct run *run, const char *provider, const char *format)
{
    *run = (struct run){.own = STR_LIT("soporte@example.org")};
    buf_init(&run->seen.lines, 4 * MIB);
    run->settings = (struct channel_settings){.own = &run->own, .own_count = 1};
    run->conf = (struct normalizer_conf){.channel = STR_LIT("email"),
                                         .provider = str_of(provider),
                                         .format = str_of(format),
                                         .tenant = TENANT,
                                         .tenant_id = ids_tenant(TENANT),
                                         .any_account = true};
    run->account = (struct channel_account){
        .account = run->own,
        .provider = STR_LIT("email_webhook"),
        .channel_id = ids_channel(&run->conf.tenant_id, STR_LIT("email_webhook"), run->own),
        .settings = &run->settings};
    run->conf.accounts = &run->account;
    run->conf.account_count = 1;
    const struct normalizer_sink sink = {see_record, see_reject, &run->seen};
    struct err err;
    assert_int_equal(normalizer_new(&run->conf, &sink, &run->normalizer, &err), RC_OK);
}

static void end(struct run *run)
{
    normalizer_free(&run->normalizer);
    buf_done(&run->seen.lines);
}

static void document_begin(struct run *run)
{
    struct document document = document_at(INT64_C(1772366400000000), SOURCE_WEBHOOK);
    normalizer_begin(run->normalizer, &document);
}

static void feed(struct run *run, struct str bytes)
{
    struct err err;
    assert_int_equal(normalizer_feed(run->normalizer, bytes.p, bytes.n, &err), RC_OK);
}

static void document_end(struct run *run)
{
    struct err err;
    assert_int_equal(normalizer_end(run->normalizer, &err), RC_OK);
}

static void read_whole(struct run *run, const char *text)
{
    document_begin(run);
    feed(run, str_of(text));
    document_end(run);
}

static void events_and_the_sent_side_meet(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *sent, *event;
    } cases[] = {
        {"postmark",
         "{\"request\":{\"From\":\"soporte@example.org\",\"To\":\"ana@example.net\"},"
         "\"response\":{\"MessageID\":\"8839\",\"ErrorCode\":0}}",
         "{\"RecordType\":\"Delivery\",\"MessageID\":\"8839\",\"Recipient\":\"ana@example.net\"}"},
        {"sendgrid",
         "{\"request\":{\"personalizations\":[{\"to\":[{\"email\":\"ana@example.net\"}]}],"
         "\"from\":{\"email\":\"soporte@example.org\"}},\"response\":{\"headers\":{"
         "\"X-Message-Id\":\"14c.dfd\"}}}",
         "[{\"event\":\"open\",\"email\":\"ana@example.net\",\"sg_message_id\":"
         "\"14c.dfd.filter0001.1\",\"timestamp\":1772288400}]"},
        {"mailgun",
         "{\"request\":{\"from\":\"soporte@example.org\",\"to\":\"ana@example.net\"},"
         "\"response\":{\"id\":\"<2026.1@mg.example.org>\"}}",
         "{\"event-data\":{\"event\":\"delivered\",\"recipient\":\"ana@example.net\",\"message\":{"
         "\"headers\":{\"message-id\":\"2026.1@mg.example.org\"}}}}"},
        {"resend",
         "{\"request\":{\"from\":\"soporte@example.org\",\"to\":\"ana@example.net\"},"
         "\"response\":{\"id\":\"0b5c\"}}",
         "{\"type\":\"email.delivered\",\"data\":{\"email_id\":\"0b5c\",\"to\":"
         "[\"ana@example.net\"]}}"},
        {"ses",
         "{\"region\":\"eu-west-1\",\"request\":{\"FromEmailAddress\":\"soporte@example.org\","
         "\"Destination\":{\"ToAddresses\":[\"ana@example.net\"]}},\"response\":{\"MessageId\":"
         "\"0102\"}}",
         "{\"eventType\":\"Send\",\"mail\":{\"messageId\":\"0102\",\"sourceArn\":"
         "\"arn:aws:ses:eu-west-1:1:identity/x\",\"destination\":[\"ana@example.net\"]}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run sent, events;
        begin(&sent, cases[i].provider, "sent");
        begin(&events, cases[i].provider, "webhook");
        read_whole(&sent, cases[i].sent);
        read_whole(&events, cases[i].event);
        assert_int_equal(sent.seen.messages, 1);
        assert_int_equal(events.seen.statuses, 1);
        assert_string_equal(sent.seen.ids[0], events.seen.ids[0]);
        end(&sent);
        end(&events);
    }
}

static void a_repeated_delivery_gives_equal_records(void **state)
{
    (void)state;
    static const char text[] =
        "{\"From\":\"ana@example.net\",\"To\":\"soporte@example.org\",\"Subject\":\"Hola\","
        "\"Date\":\"Sat, 28 Feb 2026 09:12:44 -0500\",\"TextBody\":\"Hola\",\"Headers\":[{"
        "\"Name\":\"Message-ID\",\"Value\":\"<1@example.net>\"}]}";
    struct run run;
    begin(&run, "postmark", "webhook");
    run.seen.keeps_lines = true;
    read_whole(&run, text);
    size_t n = run.seen.lines.n;
    assert_true(n > 0);
    read_whole(&run, text);
    assert_int_equal(run.seen.lines.n, 2 * n);
    assert_memory_equal(run.seen.lines.p, run.seen.lines.p + n, n);
    end(&run);
}

/* ---- large bodies ---- */

static void feed_filled(struct run *run, size_t n)
{
    static char filler[64 * 1024];
    memset(filler, 'A', sizeof filler);
    for (; n > 0; n -= n < sizeof filler ? n : sizeof filler)
        feed(run, (struct str){filler, n < sizeof filler ? n : sizeof filler});
}

static void feed_attachment(struct run *run, size_t base64_bytes)
{
    document_begin(run);
    feed(run, STR_LIT("{\"From\":\"ana@example.net\",\"To\":\"soporte@example.org\",\"Attachments"
                      "\":[{\"Name\":\"a.bin\",\"Content\":\""));
    feed_filled(run, base64_bytes);
    feed(run, STR_LIT("\"}]}"));
    document_end(run);
}

/* About as much as the receiver takes by default; the parser's time grows with the square. */
static void an_attachment_of_6_mb(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "postmark", "webhook");
    feed_attachment(&run, 8 * MIB);
    assert_int_equal(run.seen.rejects, 0);
    assert_int_equal(run.seen.size_bytes, 6 * MIB);
    end(&run);
}

static void a_json_body_over_64_mb_is_refused(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "postmark", "webhook");
    document_begin(&run);
    feed(&run, STR_LIT("{\"From\":\"ana@example.net\""));
    for (size_t i = 0; i < LIMIT_MAIL_DOCUMENT_BYTES / MIB; i++) {
        feed(&run, STR_LIT(",\"x\":\""));
        feed_filled(&run, MIB);
        feed(&run, STR_LIT("\""));
    }
    feed(&run, STR_LIT("}"));
    document_end(&run);
    assert_int_equal(run.seen.rejects, 1);
    assert_int_equal(run.seen.code, REJECT_TOO_LARGE);
    assert_int_equal(run.seen.records, 0);
    read_whole(&run, "{\"RecordType\":\"Delivery\",\"MessageID\":\"1\"}"); /* the next goes on */
    assert_int_equal(run.seen.statuses, 1);
    end(&run);
}

static void a_form_over_64_mb_is_refused(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "sendgrid", "webhook");
    document_begin(&run);
    feed(&run,
         STR_LIT("--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n"));
    feed_filled(&run, LIMIT_MAIL_DOCUMENT_BYTES);
    document_end(&run);
    assert_int_equal(run.seen.rejects, 1);
    assert_int_equal(run.seen.code, REJECT_TOO_LARGE);
    end(&run);
}

/* AddressSanitizer keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__)
#define MEASURES_MEMORY 0
#else
#define MEASURES_MEMORY 1
#endif

static long resident_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void feed_events(struct run *run, size_t count)
{
    document_begin(run);
    feed(run, STR_LIT("["));
    for (size_t i = 0; i < count; i++)
        feed(run, STR_LIT("{\"event\":\"delivered\",\"email\":\"ana@example.net\",\"timestamp\":"
                          "1772288400,\"sg_message_id\":\"14c.filter1\",\"category\":[\"a\"]},"));
    feed(run, STR_LIT("{\"event\":\"unsubscribe\"}]"));
    document_end(run);
}

static void memory_stays_flat_in_long_arrays(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "sendgrid", "webhook");
    feed_events(&run, 1000);
    long before = resident_kib();
    feed_events(&run, 100000);
    assert_int_equal(run.seen.statuses, 101000);
    assert_true(!MEASURES_MEMORY || resident_kib() - before < 8 * 1024);
    end(&run);
}

static void many_recipients_take_linear_memory(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "sendgrid", "sent");
    document_begin(&run);
    feed(&run, STR_LIT("{\"request\":{\"from\":{\"email\":\"soporte@example.org\"},"
                       "\"personalizations\":[{\"to\":["));
    for (size_t i = 0; i < 20000; i++)
        feed(&run, STR_LIT("{\"email\":\"ana@example.net\",\"name\":\"Ana\"},"));
    feed(&run,
         STR_LIT("{\"email\":\"luis@example.net\"}]}]},\"response\":{\"message_id\":\"1\"}}"));
    document_end(&run);
    assert_int_equal(run.seen.rejects, 0);
    assert_int_equal(run.seen.messages, 1);
    end(&run);
}

static void ids_in_any_member_order(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "postmark", "webhook");
    run.seen.keeps_lines = true;
    read_whole(&run,
               "{\"RecordType\":\"Bounce\",\"Type\":\"HardBounce\",\"MessageID\":\"1\",\"ID\":7,"
               "\"Email\":\"a@example.net\",\"BouncedAt\":\"2026-02-28T14:20:00Z\"}");
    size_t n = run.seen.lines.n;
    read_whole(&run,
               "{\"BouncedAt\":\"2026-02-28T14:20:00Z\",\"Email\":\"a@example.net\",\"ID\":\"7\","
               "\"MessageID\":\"1\",\"Other\":{\"MessageID\":\"2\"},\"Type\":\"HardBounce\","
               "\"RecordType\":\"Bounce\"}");
    assert_int_equal(run.seen.lines.n, 2 * n);
    assert_memory_equal(run.seen.lines.p, run.seen.lines.p + n, n);
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_stays_flat_in_long_arrays), /* first: it measures the peak */
        cmocka_unit_test(events_and_the_sent_side_meet),
        cmocka_unit_test(a_repeated_delivery_gives_equal_records),
        cmocka_unit_test(ids_in_any_member_order),
        cmocka_unit_test(many_recipients_take_linear_memory),
        cmocka_unit_test(an_attachment_of_6_mb),
        cmocka_unit_test(a_json_body_over_64_mb_is_refused),
        cmocka_unit_test(a_form_over_64_mb_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
