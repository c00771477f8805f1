/* Exported chats: what the samples do not show, in that it needs large, cut or hostile input. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/whatsapp/export_chat.h"
#include "transform/whatsapp/export_repeat.h"
#include "transform/whatsapp/export_scan.h"

#define KEPT 48

struct run {
    struct normalizer_conf conf;
    struct channel_account account;
    struct channel_settings settings;
    struct str own[2];
    struct document document;
    struct normalizer *normalizer;
    struct buf ids; /* external ids of the messages, a line each */
    uint64_t messages, rejects, digest;
    int64_t reject_offset;
    char reject_path[KEPT], reject_detail[128];
    char last_text[KEPT], last_sent[CLOCK_TEXT_BYTES];
};

static void keep(char *to, size_t room, struct str text)
{
    (void)snprintf(to, room, "%.*s", STR_ARGS(text));
}

static enum rc on_record(void *context, const struct record *record, struct err *err)
{
    (void)err;
    struct run *run = context;
    for (size_t i = 0; i < record->external_id.n; i++)
        run->digest = (run->digest ^ (unsigned char)record->external_id.p[i]) * 1099511628211U;
    if (record->kind != RECORD_MESSAGE)
        return RC_OK;
    run->messages++;
    if (run->ids.n < MIB) {
        (void)buf_add_str(&run->ids, record->external_id);
        (void)buf_add_text(&run->ids, "\n");
    }
    keep(run->last_text, sizeof run->last_text, record->message.text);
    clock_format(record->message.sent_at, run->last_sent);
    return RC_OK;
}

static enum rc on_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct run *run = context;
    run->rejects++;
    run->reject_offset = reject->offset;
    keep(run->reject_path, sizeof run->reject_path, reject->path);
    keep(run->reject_detail, sizeof run->reject_detail, reject->detail);
    return RC_OK;
}

static struct run *open_run(void)
{
    static const struct uuid channel = {{1}};
    struct run *run = calloc(1, sizeof *run);
    assert_non_null(run);
    run->own[0] = STR_LIT("Tienda Sol");
    run->settings =
        (struct channel_settings){.timezone = STR_LIT("UTC"), .own = run->own, .own_count = 1};
    run->account =
        (struct channel_account){STR_LIT("1"), STR_LIT("whatsapp_cloud"), channel, &run->settings};
    run->conf = (struct normalizer_conf){.channel = STR_LIT("whatsapp"),
                                         .format = STR_LIT("export"),
                                         .tenant = STR_LIT("acme"),
                                         .tenant_id = ids_tenant(STR_LIT("acme")),
                                         .accounts = &run->account,
                                         .account_count = 1,
                                         .any_account = true};
    run->document = document_at(1, SOURCE_FILE);
    run->document.name = STR_LIT("WhatsApp Chat with Ana.txt");
    buf_init(&run->ids, 2 * MIB);
    struct err err;
    const struct normalizer_sink sink = {on_record, on_reject, run};
    assert_int_equal(normalizer_new(&run->conf, &sink, &run->normalizer, &err), RC_OK);
    return run;
}

static void close_run(struct run *run)
{
    normalizer_free(&run->normalizer);
    buf_done(&run->ids);
    free(run);
}

static void begin(struct run *run)
{
    buf_reset(&run->ids);
    run->messages = run->rejects = run->digest = 0;
    normalizer_begin(run->normalizer, &run->document);
}

static void feed(struct run *run, const char *bytes, size_t n)
{
    struct err err;
    assert_int_equal(normalizer_feed(run->normalizer, bytes, n, &err), RC_OK);
}

static void end(struct run *run)
{
    struct err err;
    assert_int_equal(normalizer_end(run->normalizer, &err), RC_OK);
}

static void read_text(struct run *run, const char *text)
{
    begin(run);
    feed(run, text, strlen(text));
    end(run);
}

/* Messages a minute apart until so many bytes are there; returns the bytes. */
static size_t feed_messages(struct run *run, size_t bytes)
{
    char line[128];
    size_t fed = 0;
    for (int i = 0; fed < bytes; i++) {
        int minute = i % 60;
        int hour = i / 60 % 24;
        int day = i / 1440 % 28 + 1;
        int month = i / (1440 * 28) % 12 + 1;
        int n = snprintf(line, sizeof line, "%02d/%02d/%d, %02d:%02d - %s: message number %d\n",
                         day, month, 2015 + i / (1440 * 28 * 12), hour, minute,
                         i % 2 == 0 ? "Ana" : "Tienda Sol", i);
        feed(run, line, (size_t)n);
        fed += (size_t)n;
    }
    return fed;
}

/* ---- the header ---- */

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum wa_scan scan;
        int hour, minute, second;
    } cases[] = {
        {"21/03/24, 18:05 - A: x", WA_SCAN_HEADER, 18, 5, -1},
        {"[21/03/24, 12:00:00 AM] A: x", WA_SCAN_HEADER, 0, 0, 0},
        {"[21/03/24, 12:00:00 PM] A: x", WA_SCAN_HEADER, 12, 0, 0},
        {"21/03/24, 13:05 pm - A: x", WA_SCAN_HEADER, 13, 5, -1},
        {"21/03/24, 11:59 PM -", WA_SCAN_HEADER, 23, 59, -1},
        {"21/03/24, 18:05", WA_SCAN_CUT, 0, 0, 0},
        {"21/03/24, 1", WA_SCAN_CUT, 0, 0, 0},
        {"21/03/24, ", WA_SCAN_TEXT, 0, 0, 0},
        {"21/03/24", WA_SCAN_TEXT, 0, 0, 0},
        {"[21/03/24, 18:05", WA_SCAN_CUT, 0, 0, 0},
        {"21/03/24, 24:00 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"21/03/24, 18:60 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"21/03/24, 18:05:60 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"21/03-24, 18:05 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"21/03/024, 18:05 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"00/00/24, 18:05 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"13/13/24, 18:05 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"21/03/24, 18:05 A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"21/03/24 morning 18:05 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"2/11/19: Arrival", WA_SCAN_TEXT, 0, 0, 0},
        {"99999999999999999999/1/1, 1:00 - A: x", WA_SCAN_TEXT, 0, 0, 0},
        {"", WA_SCAN_TEXT, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wa_header header;
        enum wa_scan scan = wa_header_scan(str_of(cases[i].line), &header);
        if (scan != cases[i].scan)
            fail_msg("case %zu, \"%s\": %d", i, cases[i].line, scan);
        if (scan == WA_SCAN_HEADER &&
            (header.hour != cases[i].hour || header.minute != cases[i].minute ||
             header.second != cases[i].second))
            fail_msg("case %zu, \"%s\": %d:%d:%d", i, cases[i].line, header.hour, header.minute,
                     header.second);
    }
}

/* A line of many blanks or marks takes time in proportion to its length. */
static void test_long_lines_are_linear(void **state)
{
    (void)state;
    struct buf line;
    buf_init(&line, 4 * MIB);
    (void)buf_add_text(&line, "21/03/24,");
    while (line.n < 2 * MIB)
        (void)buf_add_text(&line, " \xe2\x80\x8e");
    struct wa_header header;
    int64_t began = clock_monotonic_us();
    for (int i = 0; i < 4; i++)
        assert_int_equal(wa_header_scan(buf_peek(&line), &header), WA_SCAN_TEXT);
    assert_true(clock_monotonic_us() - began < 10 * US_PER_SECOND);
    buf_done(&line);
}

/* ---- names ---- */

static void test_titles(void **state)
{
    (void)state;
    static const struct {
        const char *name, *title;
        bool is_certain;
    } cases[] = {
        {"WhatsApp Chat with Ana Ruiz.txt", "Ana Ruiz", true},
        {"WhatsApp Chat with Ana Ruiz.zip", "Ana Ruiz", true},
        {"WhatsApp Chat - Ana.zip", "Ana", true},
        {"WhatsApp Chat mit X.txt", "X", true},
        {"Chat de WhatsApp con X.txt", "X", true},
        {"Conversa do WhatsApp com X.txt", "X", true},
        {"Conversa no WhatsApp com X.txt", "X", true},
        {"Discussion WhatsApp avec X.txt", "X", true},
        {"Chat WhatsApp con X.txt", "X", true},
        {"Чат WhatsApp с X.txt", "X", true},
        {"与X的 WhatsApp 聊天.txt", "X", true},
        {"與X的 WhatsApp 對話.txt", "X", true},
        {"WhatsApp_Chat_with_Ana_Ruiz.txt", "Ana Ruiz", true},
        {"WhatsApp Chat with Ana (2).txt", "Ana", true},
        {"WhatsApp Chat with Ana (mum).txt", "Ana (mum)", true},
        {"WhatsApp Chat with Ana.txt.gz", "Ana", true},
        {"WhatsApp Chat with Jose\xcc\x81.txt", "Jos\xc3\xa9", true},
        {"my_backup.txt", "my_backup", false},
        {"Ana", "Ana", false},
        {"_chat.txt", NULL, false},
        {"chat.txt", NULL, false},
        {".txt", ".txt", false},
        {"", NULL, false},
        {"\xff\xfe", NULL, false},
    };
    struct arena *arena = arena_new("titles", MIB);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_certain;
        struct str title = wa_chat_title_of(arena, str_of(cases[i].name), &is_certain);
        bool is_same = cases[i].title == NULL ? str_is_null(title) : str_is(title, cases[i].title);
        if (!is_same || is_certain != cases[i].is_certain)
            fail_msg("case %zu, \"%s\": \"%.*s\", %d", i, cases[i].name, STR_ARGS(title),
                     is_certain);
    }
    arena_free(&arena);
}

static void test_sender_that_holds_a_colon(void **state)
{
    (void)state;
    struct run *run = open_run();
    run->own[1] = STR_LIT("Sol: Ventas");
    run->settings.own_count = 2;
    read_text(run, "21/03/24, 18:05 - Ana: hola\n21/03/24, 18:06 - Sol: Ventas: buenas: tardes\n");
    assert_int_equal(run->messages, 2);
    assert_int_equal(run->rejects, 0);
    assert_string_equal(run->last_text, "buenas: tardes");
    close_run(run);
}

/* A line of WhatsApp's in words that nobody knows does not make a group of a chat of two. */
static void test_name_whose_colon_the_file_name_lost(void **state)
{
    (void)state;
    struct run *run = open_run();
    run->document.name = STR_LIT("WhatsApp Chat with Dr_ Ana.txt");
    read_text(run, "21/03/24, 18:05 - Tienda Sol: hola\n21/03/24, 18:06 - Dr: Ana: re: hola\n");
    assert_int_equal(run->messages, 2);
    assert_int_equal(run->rejects, 0);
    assert_string_equal(run->last_text, "re: hola");
    close_run(run);
}

/* A wrong clock once puts everything after it far back in time. */
static void test_lines_after_a_wrong_clock_are_not_pasted(void **state)
{
    (void)state;
    struct run *run = open_run();
    run->document.name = STR_LIT("_chat.txt");
    read_text(run, "21/03/30, 18:05 - Tienda Sol: hola\n21/03/24, 18:06 - Ana: hola\n"
                   "21/03/24, 18:07 - Ana: gracias\n");
    assert_int_equal(run->messages, 3);
    assert_int_equal(run->rejects, 0);
    assert_string_equal(run->last_text, "gracias");
    close_run(run);
}

static void test_unknown_system_line_with_a_colon(void **state)
{
    (void)state;
    struct run *run = open_run();
    run->settings.own_count = 0;
    read_text(run, "21/03/24, 18:05 - Ana: hola\n21/03/24, 18:06 - Ana: hola\n"
                   "21/03/24, 18:06 - Marta: buenas\n"
                   "21/03/24, 18:07 - Ana hizo algo nuevo: nadie sabe\n");
    assert_int_equal(run->rejects, 0);
    assert_int_equal(run->messages, 4);
    assert_string_equal(run->last_text, "Ana hizo algo nuevo: nadie sabe");
    close_run(run);
}

/* ---- ids ---- */

static void test_overlapping_exports_give_the_same_ids(void **state)
{
    (void)state;
    struct run *run = open_run();
    read_text(run, "21/03/24, 18:05 - Ana: first\n21/03/24, 18:07 - Ana: ok\n"
                   "21/03/24, 18:07 - Ana: ok\n21/03/24, 18:08 - Ana: last\n\n");
    assert_int_equal(run->messages, 4);
    struct buf ids;
    buf_init(&ids, MIB);
    (void)buf_add_str(&ids, buf_peek(&run->ids));
    run->document.name = STR_LIT("WhatsApp Chat - Ana.zip"); /* from the other kind of phone */
    read_text(run, "21/03/24, 18:07 - Ana: ok\n21/03/24, 18:07 - Ana: ok\n"
                   "21/03/24, 18:08 - Ana: last\n21/03/24, 18:09 - Ana: later\n");
    assert_int_equal(run->messages, 4);
    size_t line = strlen("wax:") + 32 + 1;
    assert_int_equal(run->ids.n, 4 * line);
    assert_memory_equal(ids.p + line, run->ids.p, 3 * line);
    assert_memory_not_equal(ids.p + line, ids.p + 2 * line, line);
    buf_done(&ids);
    close_run(run);
}

static void test_repeats_are_counted_over_generations(void **state)
{
    (void)state;
    struct wa_repeat *repeat = wa_repeat_new();
    unsigned char digest[DIGEST_SHA256_BYTES] = {0};
    const unsigned char again[DIGEST_SHA256_BYTES] = {[5] = 0xff};
    assert_int_equal(wa_repeat_count(repeat, again), 0);
    for (unsigned i = 0; i < 32767; i++) {
        memcpy(digest, &i, sizeof i);
        assert_int_equal(wa_repeat_count(repeat, digest), 0);
    }
    assert_int_equal(wa_repeat_count(repeat, again), 1);
    assert_int_equal(wa_repeat_count(repeat, again), 2);
    wa_repeat_reset(repeat);
    assert_int_equal(wa_repeat_count(repeat, again), 0);
    wa_repeat_free(&repeat);
}

/* ---- beyond what is read ahead ---- */

static void test_contradicting_date_ends_the_reading(void **state)
{
    (void)state;
    struct run *run = open_run();
    static const char other[] = "12/30/24, 18:05 - Ana: month first\n01/01/25, 18:05 - Ana: lost\n";
    begin(run);
    size_t fed = feed_messages(run, LIMIT_CHAT_AHEAD_BYTES + 100 * KIB);
    uint64_t before = run->messages;
    assert_true(before > 1000);
    feed(run, other, sizeof other - 1);
    end(run);
    assert_int_equal(run->rejects, 1);
    assert_int_equal(run->reject_offset, (int64_t)fed);
    assert_non_null(strstr(run->reject_detail, "contradicts"));
    assert_int_equal(run->messages, before + 1); /* the one before it was still open */
    close_run(run);
}

static void test_forced_order_rejects_only_the_message(void **state)
{
    (void)state;
    struct run *run = open_run();
    run->settings.date_order = STR_LIT("dmy");
    static const char other[] = "12/30/24, 18:05 - Ana: month first\n01/01/25, 18:05 - Ana: read\n";
    begin(run);
    (void)feed_messages(run, LIMIT_CHAT_AHEAD_BYTES + 100 * KIB);
    feed(run, other, sizeof other - 1);
    end(run);
    assert_int_equal(run->rejects, 1);
    assert_string_equal(run->last_text, "read");
    close_run(run);
}

static void test_third_person_ends_a_chat_of_two(void **state)
{
    (void)state;
    struct run *run = open_run();
    static const char third[] = "01/01/25, 18:05 - Luis: hola\n01/01/25, 18:06 - Ana: hola\n";
    begin(run);
    size_t fed = feed_messages(run, LIMIT_CHAT_AHEAD_BYTES + 100 * KIB);
    feed(run, third, sizeof third - 1);
    end(run);
    assert_int_equal(run->rejects, 1);
    assert_int_equal(run->reject_offset, (int64_t)fed);
    assert_non_null(strstr(run->reject_detail, "third person"));
    close_run(run);
}

static void test_more_people_than_any_group_has(void **state)
{
    (void)state;
    struct run *run = open_run();
    char line[64];
    begin(run);
    for (int i = 0; i <= LIMIT_CHAT_SENDERS; i++) {
        (void)snprintf(line, sizeof line, "21/03/24, 18:05 - P%d: x\n", i);
        feed(run, line, strlen(line));
    }
    end(run);
    assert_int_equal(run->messages, LIMIT_CHAT_SENDERS);
    assert_int_equal(run->rejects, 1);
    assert_string_equal(run->reject_detail,
                        "more people write than any group has; it is read no further");
    close_run(run);
}

static void test_result_does_not_depend_on_cuts_beyond(void **state)
{
    (void)state;
    struct run *run = open_run();
    struct buf text;
    buf_init(&text, 16 * MIB);
    for (int i = 0; text.n < LIMIT_CHAT_AHEAD_BYTES + 300 * KIB; i++)
        (void)buf_printf(&text, "%02d/03/24, %02d:%02d - %s: text %d\n%s", i % 28 + 1, i / 60 % 24,
                         i % 60, i % 2 ? "Ana" : "Tienda Sol", i, i % 7 ? "" : "more\n\n");
    static const size_t pieces[] = {SIZE_MAX, 4093, 65536, 100003};
    uint64_t first = 0;
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        begin(run);
        for (size_t at = 0; at < text.n;) {
            size_t n = text.n - at < pieces[p] ? text.n - at : pieces[p];
            feed(run, text.p + at, n);
            at += n;
        }
        end(run);
        assert_true(run->messages > 1000);
        assert_int_equal(run->rejects, 0);
        if (p == 0)
            first = run->digest;
        assert_true(run->digest == first);
    }
    buf_done(&text);
    close_run(run);
}

/* ---- sizes ---- */

static void test_message_over_the_limit(void **state)
{
    (void)state;
    static const size_t lines[] = {LIMIT_CHAT_MESSAGE_BYTES + 1, 3 * LIMIT_CHAT_MESSAGE_BYTES, 100};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct run *run = open_run();
        char *line = malloc(lines[i]);
        assert_non_null(line);
        memset(line, 'a', lines[i]);
        line[lines[i] - 1] = '\n';
        begin(run);
        feed(run, "21/03/24, 18:05 - Ana: before\n", 30);
        feed(run, "21/03/24, 18:06 - Ana: ", 23);
        for (size_t fed = 0; fed < LIMIT_CHAT_MESSAGE_BYTES + 2; fed += lines[i])
            feed(run, line, lines[i]);
        feed(run, "21/03/24, 18:07 - Ana: after\n", 29);
        end(run);
        assert_int_equal(run->messages, 2);
        assert_int_equal(run->rejects, 1);
        assert_int_equal(run->reject_offset, 30);
        assert_string_equal(run->reject_path, "line 2");
        assert_string_equal(run->last_text, "after");
        free(line);
        close_run(run);
    }
}

#ifndef __SANITIZE_ADDRESS__
static long peak_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}
#endif

/* The reference asks for 200 MB; bench and report show that, here 40 MiB after 10 must not be
 * seen. */
static void test_memory_is_flat(void **state)
{
    (void)state;
#ifndef __SANITIZE_ADDRESS__ /* keeps what was freed */
    struct run *run = open_run();
    begin(run);
    (void)feed_messages(run, 10 * MIB);
    end(run);
    long before = peak_kib();
    begin(run);
    (void)feed_messages(run, 40 * MIB);
    end(run);
    assert_int_equal(run->rejects, 0);
    assert_true(peak_kib() - before < 2048);
    close_run(run);
#endif
}

/* ---- hostile input ---- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void test_mutated_chats_never_break_it(void **state)
{
    (void)state;
    static const char chat[] =
        "\xe2\x80\x8e[21/3/24, 6:05:09\xe2\x80\xafp.\xc2\xa0m.] Ana: \xe2\x80\x8eimagen omitida\n"
        "[21/3/24, 6:06:00 p. m.] ~\xc2\xa0Tienda Sol: <attached: 00000042-PHOTO-2024-03-21.jpg>\n"
        "[21/3/24, 6:07:00 p. m.] Ana: \xe2\x80\x8ePOLL:\nq?\n\xe2\x80\x8eOPTION: a (3 votes)\n"
        "[21/3/24, 6:08:00 p. m.] Ana: Location: https://maps.google.com/?q=4.7,-74\n"
        "[21/3/24, 6:09:00 p. m.] Ana: a.pdf (archivo adjunto)\nb <This message was edited>\n";
    static const char odd[] = "\0\xff\xe2\x80:<>()[]/.-, 9\n\r";
    struct run *run = open_run();
    uint64_t seed = 88172645463325252U;
    char *copy = malloc(sizeof chat);
    assert_non_null(copy);
    for (int round = 0; round < 3000; round++) {
        memcpy(copy, chat, sizeof chat);
        size_t n = sizeof chat - 1;
        for (int i = 0; i < 4; i++)
            copy[next_random(&seed) % n] = odd[next_random(&seed) % (sizeof odd - 1)];
        n -= next_random(&seed) % 40;
        begin(run);
        feed(run, copy, n);
        end(run);
        assert_true(run->messages + run->rejects > 0);
    }
    free(copy);
    close_run(run);
}

static void test_one_document_after_another(void **state)
{
    (void)state;
    struct run *run = open_run();
    read_text(run, "");
    assert_int_equal(run->rejects, 1);
    read_text(run, "21/03/24, 18:05 - Ana: hola\n");
    assert_int_equal(run->messages, 1);
    assert_int_equal(run->rejects, 0);
    read_text(run, "21/03/24, 18:05 - Luis: hola\n"); /* nobody of the chat before is known */
    assert_int_equal(run->messages, 1);
    close_run(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_long_lines_are_linear),
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_sender_that_holds_a_colon),
        cmocka_unit_test(test_name_whose_colon_the_file_name_lost),
        cmocka_unit_test(test_lines_after_a_wrong_clock_are_not_pasted),
        cmocka_unit_test(test_unknown_system_line_with_a_colon),
        cmocka_unit_test(test_overlapping_exports_give_the_same_ids),
        cmocka_unit_test(test_repeats_are_counted_over_generations),
        cmocka_unit_test(test_contradicting_date_ends_the_reading),
        cmocka_unit_test(test_forced_order_rejects_only_the_message),
        cmocka_unit_test(test_third_person_ends_a_chat_of_two),
        cmocka_unit_test(test_more_people_than_any_group_has),
        cmocka_unit_test(test_result_does_not_depend_on_cuts_beyond),
        cmocka_unit_test(test_message_over_the_limit),
        cmocka_unit_test(test_memory_is_flat),
        cmocka_unit_test(test_mutated_chats_never_break_it),
        cmocka_unit_test(test_one_document_after_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
