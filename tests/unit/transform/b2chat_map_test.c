#include "transform/b2chat/maps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "lib/limits.h"
#include "transform/channels.h"
#include "transform/ids.h"

#define OBSERVED_AT INT64_C(1772366400000000)
#define OUTPUT_BYTES (128 * MIB)
#define INPUT_BYTES (256 * MIB)
#define LONG_CHAT 5000       /* messages (reference/b2chat.md 12) */
#define CHAT_ROWS_MOST 10000 /* of a CSV (9) */
#define PATIENCE_S 10        /* of the processor: far above, also with sanitizers */
#define FLAT_ROWS 100000

/* Encoded records and the words of rejects of a document. */
struct output {
    struct buf text;
    struct normalizer_counts counts;
    size_t kinds[RECORD_KINDS];
    bool only_counts;
};

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    struct output *output = context;
    output->kinds[record->kind]++;
    if (output->only_counts)
        return RC_OK;
    enum rc rc = record_encode(record, &output->text, err);
    (void)buf_add_text(&output->text, "\n");
    return rc;
}

static enum rc keep_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct output *output = context;
    (void)buf_printf(&output->text, "%s %.*s %lld %.*s\n", reject_code_name(reject->code),
                     STR_ARGS(reject->path), (long long)reject->offset, STR_ARGS(reject->detail));
    return RC_OK;
}

struct account { /* a conf and what it borrows */
    struct channel_settings settings;
    struct channel_account account;
    struct normalizer_conf conf;
};

static void configure(struct account *account, const char *format, const char *timezone)
{
    *account = (struct account){.settings = {.timezone = str_of(timezone)}};
    struct normalizer_conf *conf = &account->conf;
    conf->channel = STR_LIT("b2chat");
    conf->format = str_of(format);
    conf->tenant = STR_LIT("acme");
    conf->tenant_id = ids_tenant(conf->tenant);
    account->account = (struct channel_account){
        STR_LIT("acme-main"), STR_LIT("b2chat"),
        ids_channel(&conf->tenant_id, STR_LIT("b2chat"), STR_LIT("acme-main")), &account->settings};
    conf->accounts = &account->account;
    conf->account_count = 1;
}

static void normalize_with(const struct normalizer_conf *conf, struct str input, size_t piece,
                           struct output *output)
{
    const struct normalizer_sink sink = {keep_record, keep_reject, output};
    struct normalizer *normalizer = NULL;
    struct err err;
    bool only_counts = output->only_counts;
    *output = (struct output){.only_counts = only_counts};
    buf_init(&output->text, OUTPUT_BYTES);
    assert_int_equal(normalizer_new(conf, &sink, &normalizer, &err), RC_OK);
    const struct document document = document_at(OBSERVED_AT, SOURCE_POLL);
    normalizer_begin(normalizer, &document);
    for (size_t at = 0; at < input.n;) {
        size_t n = piece == 0 || input.n - at < piece ? input.n - at : piece;
        assert_int_equal(normalizer_feed(normalizer, input.p + at, n, &err), RC_OK);
        at += n;
    }
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_counts(normalizer, &output->counts);
    normalizer_free(&normalizer);
    (void)buf_add(&output->text, "", 1);
    output->text.n--;
}

static void normalize(const char *format, struct str input, struct output *output)
{
    struct account account;
    configure(&account, format, "America/Bogota");
    normalize_with(&account.conf, input, 0, output);
}

/* ---- settings ---- */

/* canonical-model 3.1 */
static void test_channel_is_sessioned_and_of_no_medium(void **state)
{
    (void)state;
    const struct channel *channel = channel_find(STR_LIT("b2chat"));
    assert_non_null(channel);
    assert_true(channel->is_sessioned);
    assert_string_equal(channel->medium, "other");
    assert_ptr_equal(channel_map(channel, STR_NULL, STR_NULL), &b2chat_export_map);
    assert_ptr_equal(channel_map(channel, STR_NULL, STR_LIT("webhook")), &b2chat_webhook_map);
    assert_ptr_equal(channel_map(channel, STR_NULL, STR_LIT("csv")), &b2chat_csv_map);
}

#define ONE_CHAT                                                                                   \
    "{\"chats\":[{\"chat_id\":\"C1\",\"created_at\":\"2025-03-04 09:12:30\"}],\"exported\":1}"

static void check_refused(const struct normalizer_conf *conf, const char *word)
{
    struct output output = {.only_counts = false};
    normalize_with(conf, STR_LIT(ONE_CHAT), 0, &output);
    assert_int_equal(output.counts.rejects, 1);
    assert_int_equal(output.counts.records, 0);
    if (strstr(output.text.p, word) == NULL)
        fail_msg("no \"%s\" in %s", word, output.text.p);
    buf_done(&output.text);
}

static void test_missing_timezone_is_one_reject(void **state)
{
    (void)state;
    static const char *const formats[] = {"export", "webhook", "csv"};
    for (size_t i = 0; i < 3; i++) {
        struct account account;
        configure(&account, formats[i], NULL);
        check_refused(&account.conf, "\"timezone\"");
        configure(&account, formats[i], "America/Macondo");
        check_refused(&account.conf, "\"timezone\"");
    }
}

static void test_an_account_must_be_given(void **state)
{
    (void)state;
    struct account account;
    configure(&account, "export", "America/Bogota");
    account.conf.account_count = 0;
    account.conf.any_account = true;
    check_refused(&account.conf, "unknown_account");
}

/* Pages name no account: of several, the first is the connector's own. */
static void test_the_first_account_is_meant(void **state)
{
    (void)state;
    struct account account;
    struct output output = {.only_counts = false};
    configure(&account, "export", "America/Bogota");
    struct channel_account both[2] = {account.account, account.account};
    both[1].channel_id = UUID_NULL;
    account.conf.accounts = both;
    account.conf.account_count = 2;
    account.conf.any_account = false;
    normalize_with(&account.conf, STR_LIT(ONE_CHAT), 0, &output);
    assert_int_equal(output.counts.rejects, 0);
    char id[UUID_TEXT_BYTES];
    uuid_format(&both[0].channel_id, id);
    assert_non_null(strstr(output.text.p, id));
    buf_done(&output.text);
}

static void test_zone_of_the_account_counts_not_the_machines(void **state)
{
    (void)state;
    struct account account;
    struct output output = {.only_counts = false};
    assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
    tzset();
    configure(&account, "export", "Europe/Madrid");
    normalize_with(&account.conf, STR_LIT(ONE_CHAT), 0, &output);
    assert_non_null(strstr(output.text.p, "\"started_at\":\"2025-03-04T08:12:30.000000Z\""));
    buf_done(&output.text);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void test_ignored_is_counted(void **state)
{
    (void)state;
    struct output output = {.only_counts = false};
    normalize("webhook", STR_LIT("{\"event\":\"AGENT_TRANSFER\"}"), &output);
    assert_int_equal(output.counts.ignored, 1);
    assert_int_equal(output.counts.rejects, 0);
    buf_done(&output.text);
}

/* ---- order of members ---- */

#define MEMBERS 6

static void test_order_of_members(void **state)
{
    (void)state;
    static const char *const members[MEMBERS] = {
        "\"chat_id\":\"C1\"",
        "\"created_at\":\"2025-03-04 09:12:30\",\"picked_up_at\":\"2025-03-04 09:15:00\"",
        "\"agent\":{\"username\":\"lrojas\"}",
        "\"provider\":\"WHATSAPPB2CHAT\"",
        "\"contact\":{\"mobile_number\":\"+573005550101\",\"id\":48210377}",
        "\"messages\":[{\"type\":\"TEXT\",\"body\":\"a\",\"incoming\":false,\"created_at\":"
        "\"2025-03-04 09:12:31\"}]"};
    struct output first = {.only_counts = false};
    for (size_t turn = 0; turn < (size_t)2 * MEMBERS; turn++) {
        char body[1024];
        size_t n = (size_t)snprintf(body, sizeof body, "{\"chats\":[{");
        for (size_t i = 0; i < MEMBERS; i++) {
            size_t which =
                turn < MEMBERS ? (i + turn) % MEMBERS : (2 * MEMBERS + turn - i) % MEMBERS;
            n += (size_t)snprintf(body + n, sizeof body - n, "%s%s", i > 0 ? "," : "",
                                  members[which]);
        }
        (void)snprintf(body + n, sizeof body - n, "}]}");
        struct output output = {.only_counts = false};
        normalize("export", str_of(body), turn == 0 ? &first : &output);
        if (turn == 0) {
            assert_non_null(strstr(first.text.p, "\"sender_type\":\"bot\""));
            assert_non_null(strstr(first.text.p, "\"wa_id\""));
            continue;
        }
        assert_int_equal(output.text.n, first.text.n);
        assert_memory_equal(output.text.p, first.text.p, first.text.n);
        buf_done(&output.text);
    }
    buf_done(&first.text);
}

/* ---- large input ---- */

static void add_chat(struct buf *page, const char *chat_id, size_t messages, const char *body)
{
    (void)buf_printf(
        page, "{\"chat_id\":\"%s\",\"created_at\":\"2025-03-04 09:12:30\",\"messages\":[", chat_id);
    for (size_t i = 0; i < messages; i++)
        (void)buf_printf(page,
                         "%s{\"type\":\"TEXT\",\"incoming\":true,\"created_at\":\"2025-03-04 "
                         "%02zu:%02zu:%02zu\",\"body\":\"%s\"}",
                         i > 0 ? "," : "", i / 3600, i / 60 % 60, i % 60, body);
    (void)buf_add_text(page, "]}");
}

static void test_chat_of_5000_messages(void **state)
{
    (void)state;
    struct buf page;
    struct output output = {.only_counts = false};
    buf_init(&page, INPUT_BYTES);
    (void)buf_add_text(&page, "{\"chats\":[");
    add_chat(&page, "c1", LONG_CHAT, "hola");
    (void)buf_add_text(&page, "]}");
    normalize("export", buf_peek(&page), &output);
    assert_int_equal(output.kinds[RECORD_MESSAGE], LONG_CHAT);
    assert_int_equal(output.counts.rejects, 0);
    buf_done(&output.text);
    buf_done(&page);
}

/* As many as fit: comparing all with all would take minutes. */
static void test_many_identical_messages_take_no_square(void **state)
{
    (void)state;
    struct buf page;
    struct output output = {.only_counts = true};
    buf_init(&page, INPUT_BYTES);
    (void)buf_add_text(&page,
                       "{\"chats\":[{\"chat_id\":\"c1\",\"created_at\":\"2025-03-04 09:12:30\","
                       "\"messages\":[");
    for (size_t i = 0; i < FLAT_ROWS / 2; i++)
        (void)buf_printf(&page,
                         "%s{\"type\":\"TEXT\",\"incoming\":true,\"created_at\":\"2025-03-04 "
                         "09:00:00\",\"body\":\"a\"}",
                         i > 0 ? "," : "");
    (void)buf_add_text(&page, "]}]}");
    clock_t start = clock();
    normalize("export", buf_peek(&page), &output);
    assert_true((clock() - start) / CLOCKS_PER_SEC < PATIENCE_S);
    assert_int_equal(output.kinds[RECORD_MESSAGE], FLAT_ROWS / 2);
    buf_done(&output.text);
    buf_done(&page);
}

static void fill_text(struct buf *text, size_t n)
{
    buf_init(text, n + 1);
    memset(buf_reserve(text, n + 1), 'x', n);
    text->p[n] = '\0';
    text->n = n;
}

static void test_body_of_1_mib(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct buf page;
        struct buf body;
        struct output output = {.only_counts = false};
        buf_init(&page, INPUT_BYTES);
        fill_text(&body, LIMIT_JSON_STRING_BYTES + over);
        (void)buf_add_text(&page, "{\"chats\":[");
        add_chat(&page, "c1", 1, "antes");
        (void)buf_add_text(&page, ",");
        add_chat(&page, "c2", 1, body.p);
        (void)buf_add_text(&page, "]}");
        normalize("export", buf_peek(&page), &output);
        assert_int_equal(output.kinds[RECORD_MESSAGE], 2 - over);
        assert_int_equal(output.counts.rejects, over);
        assert_true((strstr(output.text.p, "too_large chats[1].messages[0].body") != NULL) ==
                    (over == 1));
        buf_done(&output.text);
        buf_done(&body);
        buf_done(&page);
    }
}

/* Rows that together are larger than what one scope may take: none of it is kept. */
static void test_page_larger_than_the_memory_of_a_scope(void **state)
{
    (void)state;
    struct buf page;
    struct buf body;
    struct output output = {.only_counts = true};
    const size_t chats = 2 * LIMIT_SCOPE_ARENA_BYTES / (512 * KIB);
    buf_init(&page, INPUT_BYTES);
    fill_text(&body, 512 * KIB);
    (void)buf_add_text(&page, "{\"chats\":[");
    for (size_t i = 0; i < chats; i++) {
        char chat_id[32];
        (void)snprintf(chat_id, sizeof chat_id, "c%zu", i);
        (void)buf_add_text(&page, i > 0 ? "," : "");
        add_chat(&page, chat_id, 1, body.p);
    }
    (void)buf_add_text(&page, "]}");
    normalize("export", buf_peek(&page), &output);
    assert_int_equal(output.kinds[RECORD_MESSAGE], chats);
    assert_int_equal(output.counts.rejects, 0);
    buf_done(&output.text);
    buf_done(&body);
    buf_done(&page);
}

static void test_chat_larger_than_the_memory_of_a_scope_is_one_reject(void **state)
{
    (void)state;
    struct buf page;
    struct buf body;
    struct output output = {.only_counts = true};
    buf_init(&page, INPUT_BYTES);
    fill_text(&body, 512 * KIB);
    (void)buf_add_text(&page, "{\"chats\":[");
    add_chat(&page, "c1", 1, "antes");
    (void)buf_add_text(&page, ",");
    add_chat(&page, "c2", 2 * LIMIT_SCOPE_ARENA_BYTES / (512 * KIB), body.p);
    (void)buf_add_text(&page, "]}");
    normalize("export", buf_peek(&page), &output);
    assert_int_equal(output.kinds[RECORD_MESSAGE], 1);
    assert_int_equal(output.counts.rejects, 1);
    assert_true(str_starts_with(buf_peek(&output.text), "too_large chats[1]"));
    buf_done(&output.text);
    buf_done(&body);
    buf_done(&page);
}

/* ---- CSV ---- */

#define HEADER                                                                                     \
    "Chat ID,Provider,Chat Created At,Message Created At,Contact ID,Message Incoming,Message "     \
    "Type,Status,Message Contact\r\n"

static void add_row(struct buf *file, const char *chat_id, size_t second, const char *text)
{
    (void)buf_printf(file,
                     "%s,WHATSAPPB2CHAT,2025-03-04 09:00:00 AM,2025-03-04 %02zu:%02zu:%02zu,"
                     "48210377,YES,TEXT,CLOSED,%s\r\n",
                     chat_id, second / 3600 % 24, second / 60 % 60, second % 60, text);
}

static void test_csv_chat_of_more_rows_than_the_bound(void **state)
{
    (void)state;
    struct buf file;
    struct output output = {.only_counts = false};
    buf_init(&file, INPUT_BYTES);
    (void)buf_add_text(&file, HEADER);
    for (size_t i = 0; i <= CHAT_ROWS_MOST; i++)
        add_row(&file, "c1", i, "hola");
    add_row(&file, "c2", 0, "hola");
    normalize("csv", buf_peek(&file), &output);
    assert_int_equal(output.kinds[RECORD_CONVERSATION], 3); /* the second snapshot of c1, and c2 */
    assert_int_equal(output.kinds[RECORD_MESSAGE], CHAT_ROWS_MOST + 2);
    assert_non_null(strstr(output.text.p, "\"ordinal\":10000,"));
    buf_done(&output.text);
    buf_done(&file);
}

static void test_csv_larger_than_the_memory_of_a_scope(void **state)
{
    (void)state;
    struct buf file;
    struct buf body;
    struct output output = {.only_counts = true};
    const size_t rows = 2 * LIMIT_SCOPE_ARENA_BYTES / (512 * KIB);
    buf_init(&file, INPUT_BYTES);
    fill_text(&body, 512 * KIB);
    (void)buf_add_text(&file, HEADER);
    for (size_t i = 0; i < rows; i++)
        add_row(&file, "c1", i, body.p);
    normalize("csv", buf_peek(&file), &output);
    assert_int_equal(output.kinds[RECORD_MESSAGE], rows);
    assert_true(output.kinds[RECORD_CONVERSATION] > 1);
    assert_int_equal(output.counts.rejects, 0);
    buf_done(&output.text);
    buf_done(&body);
    buf_done(&file);
}

static void test_csv_cut_anywhere(void **state)
{
    (void)state;
    struct account account;
    struct buf file;
    struct output whole = {.only_counts = false};
    configure(&account, "csv", "America/Bogota");
    buf_init(&file, INPUT_BYTES);
    (void)buf_add_text(&file, "\xef\xbb\xbf" HEADER);
    for (size_t i = 0; i < 300; i++)
        add_row(&file, i % 7 < 3 ? "c1" : "c2", i,
                i % 2 == 0 ? "\"uno, \"\"dos\"\"\r\n\ntres\"" : "");
    normalize_with(&account.conf, buf_peek(&file), 0, &whole);
    assert_int_equal(whole.kinds[RECORD_MESSAGE], 300);
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1000, 65536};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct output cut = {.only_counts = false};
        normalize_with(&account.conf, buf_peek(&file), pieces[i], &cut);
        assert_int_equal(cut.text.n, whole.text.n);
        assert_memory_equal(cut.text.p, whole.text.p, whole.text.n);
        buf_done(&cut.text);
    }
    buf_done(&whole.text);
    buf_done(&file);
}

/* A quote that is never closed would take the rest of the file for one field. */
static void test_csv_endless_field_ends_the_file_wherever_it_is_cut(void **state)
{
    (void)state;
    struct account account;
    struct buf file;
    struct buf body;
    struct output whole = {.only_counts = false};
    configure(&account, "csv", "America/Bogota");
    buf_init(&file, INPUT_BYTES);
    fill_text(&body, LIMIT_JSON_STRING_BYTES / 3);
    (void)buf_add_text(&file, HEADER);
    add_row(&file, "c1", 0, "antes");
    add_row(&file, "c1", 1, "\"abierta");
    for (size_t i = 0; i < 9; i++)
        add_row(&file, "c1", i, body.p);
    normalize_with(&account.conf, buf_peek(&file), 0, &whole);
    assert_int_equal(whole.kinds[RECORD_MESSAGE], 1);
    assert_int_equal(whole.counts.rejects, 1);
    assert_non_null(strstr(whole.text.p, "too_large  "));
    static const size_t pieces[] = {1009, 65536, LIMIT_JSON_STRING_BYTES + 7};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct output cut = {.only_counts = false};
        normalize_with(&account.conf, buf_peek(&file), pieces[i], &cut);
        assert_string_equal(cut.text.p, whole.text.p);
        buf_done(&cut.text);
    }
    buf_done(&whole.text);
    buf_done(&body);
    buf_done(&file);
}

static void test_csv_row_of_too_many_fields_is_one_reject(void **state)
{
    (void)state;
    struct buf file;
    struct output output = {.only_counts = false};
    buf_init(&file, INPUT_BYTES);
    (void)buf_add_text(&file, HEADER);
    for (size_t i = 0; i < 5000; i++)
        (void)buf_add_text(&file, "a,");
    (void)buf_add_text(&file, "\r\n");
    add_row(&file, "c1", 0, "hola");
    normalize("csv", buf_peek(&file), &output);
    assert_int_equal(output.kinds[RECORD_MESSAGE], 1);
    assert_int_equal(output.counts.rejects, 1);
    assert_non_null(strstr(output.text.p, "too_large row[2]"));
    buf_done(&output.text);
    buf_done(&file);
}

/* The same file gives the same chat as the API: ids and keys meet (reference/b2chat.md 7). */
static void test_csv_and_api_give_the_same_key(void **state)
{
    (void)state;
    struct buf file;
    struct output output = {.only_counts = false};
    buf_init(&file, MIB);
    (void)buf_add_text(&file, HEADER);
    (void)buf_add_text(&file, "7B1F6A52-0c7d-4a5e-9a63-3f0f0a0d9c11,WHATSAPPB2CHAT,2025-03-04 "
                              "09:12:30 AM,2025-03-04 09:12:07 AM,48210377,YES,text,CLOSED,\"Hola, "
                              "mi pedido no llegó \"\r\n");
    normalize("csv", buf_peek(&file), &output);
    assert_non_null(strstr(output.text.p, "\"id\":\"7890b39a-f2ae-535b-a6f3-506df768f54d\""));
    buf_done(&output.text);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_is_sessioned_and_of_no_medium),
        cmocka_unit_test(test_missing_timezone_is_one_reject),
        cmocka_unit_test(test_an_account_must_be_given),
        cmocka_unit_test(test_the_first_account_is_meant),
        cmocka_unit_test(test_zone_of_the_account_counts_not_the_machines),
        cmocka_unit_test(test_ignored_is_counted),
        cmocka_unit_test(test_order_of_members),
        cmocka_unit_test(test_chat_of_5000_messages),
        cmocka_unit_test(test_many_identical_messages_take_no_square),
        cmocka_unit_test(test_body_of_1_mib),
        cmocka_unit_test(test_page_larger_than_the_memory_of_a_scope),
        cmocka_unit_test(test_chat_larger_than_the_memory_of_a_scope_is_one_reject),
        cmocka_unit_test(test_csv_chat_of_more_rows_than_the_bound),
        cmocka_unit_test(test_csv_larger_than_the_memory_of_a_scope),
        cmocka_unit_test(test_csv_cut_anywhere),
        cmocka_unit_test(test_csv_endless_field_ends_the_file_wherever_it_is_cut),
        cmocka_unit_test(test_csv_row_of_too_many_fields_is_one_reject),
        cmocka_unit_test(test_csv_and_api_give_the_same_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
