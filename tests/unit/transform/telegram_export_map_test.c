#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/normalizer.h"
#include "transform/telegram/export_topics.h"

#define OWNER "5998877665"
#define RESIDENT_MOST_KIB (64L * 1024)

struct fixture {
    struct normalizer_conf conf;
    struct channel_settings settings;
    struct channel_account account;
    uint64_t messages, conversations, rejects, inbound;
    struct buf keys; /* of conversations of the messages, newest last */
    char last_reject[512];
};

static enum rc on_record(void *context, const struct record *record, struct err *err)
{
    (void)err;
    struct fixture *f = context;
    f->conversations += record->kind == RECORD_CONVERSATION;
    if (record->kind != RECORD_MESSAGE)
        return RC_OK;
    f->messages++;
    f->inbound += str_is(record->message.direction, "inbound");
    buf_reset(&f->keys);
    (void)buf_add_str(&f->keys, record->message.conversation_external_id);
    return RC_OK;
}

static enum rc on_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct fixture *f = context;
    f->rejects++;
    (void)snprintf(f->last_reject, sizeof f->last_reject, "%s %.*s %lld %.*s",
                   reject_code_name(reject->code), STR_ARGS(reject->path),
                   (long long)reject->offset, STR_ARGS(reject->detail));
    return RC_OK;
}

static struct normalizer *open_map(struct fixture *f)
{
    struct normalizer *normalizer = NULL;
    struct err err;
    const struct normalizer_sink sink = {on_record, on_reject, f};
    f->messages = f->conversations = f->rejects = f->inbound = 0;
    assert_int_equal(normalizer_new(&f->conf, &sink, &normalizer, &err), RC_OK);
    const struct document document = document_at(INT64_C(1772366400000000), SOURCE_FILE);
    normalizer_begin(normalizer, &document);
    return normalizer;
}

static void feed(struct normalizer *normalizer, struct str bytes)
{
    struct err err;
    assert_int_equal(normalizer_feed(normalizer, bytes.p, bytes.n, &err), RC_OK);
}

static void close_map(struct normalizer *normalizer)
{
    struct err err;
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_free(&normalizer);
}

static void read_text(struct fixture *f, const char *json)
{
    struct normalizer *normalizer = open_map(f);
    feed(normalizer, str_of(json));
    close_map(normalizer);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->conf = (struct normalizer_conf){.channel = STR_LIT("telegram"),
                                       .provider = STR_LIT("telegram_bot"),
                                       .format = STR_LIT("export"),
                                       .tenant = STR_LIT("acme"),
                                       .any_account = true};
    f->conf.tenant_id = ids_tenant(f->conf.tenant);
    f->account = (struct channel_account){
        STR_LIT(OWNER), STR_LIT("telegram_bot"),
        ids_channel(&f->conf.tenant_id, STR_LIT("telegram_bot"), STR_LIT(OWNER)), &f->settings};
    f->conf.accounts = &f->account;
    f->conf.account_count = 1;
    buf_init(&f->keys, 4096);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_done(&f->keys);
    free(f);
    return 0;
}

#define MESSAGE                                                                                    \
    "{\"id\":%zu,\"type\":\"message\",\"date\":\"2026-01-01T04:11:40\","                           \
    "\"date_unixtime\":\"1767262300\",\"from\":\"Ana\",\"from_id\":\"user6123456789\","            \
    "\"text\":\"hola %0*d\"}"

static void feed_messages(struct normalizer *normalizer, size_t count, int width)
{
    struct buf text;
    buf_init(&text, 64 * KIB);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&text);
        (void)buf_printf(&text, "%s" MESSAGE, i > 0 ? "," : "", i + 1, width, 7);
        feed(normalizer, buf_peek(&text));
    }
    buf_done(&text);
}

static long resident_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* More than the program may take, were anything of it kept. */
static void test_memory_is_flat(void **state)
{
    struct fixture *f = *state;
    struct normalizer *normalizer = open_map(f);
    long before = resident_kib();
    feed(normalizer, STR_LIT("{\"name\":\"Ana\",\"type\":\"personal_chat\",\"id\":6123456789,"
                             "\"messages\":["));
    feed_messages(normalizer, 100000, 1000);
    feed(normalizer, STR_LIT("]}"));
    close_map(normalizer);
    assert_int_equal(f->messages, 100000);
    assert_int_equal(f->conversations, 1);
    assert_int_equal(f->rejects, 0);
#if !defined(__SANITIZE_ADDRESS__) /* which keeps what is freed for a while */
    assert_in_range(resident_kib() - before, 0, RESIDENT_MOST_KIB);
#else
    (void)before;
    (void)resident_kib;
#endif
}

static void test_messages_before_their_chat_are_held(void **state)
{
    struct fixture *f = *state;
    struct normalizer *normalizer = open_map(f);
    feed(normalizer, STR_LIT("{\"messages\":["));
    feed_messages(normalizer, 1000, 10);
    assert_int_equal(f->messages, 0);
    feed(normalizer, STR_LIT("],\"id\":6123456789,\"type\":\"personal_chat\",\"name\":\"Ana\"}"));
    close_map(normalizer);
    assert_int_equal(f->messages, 1000);
    assert_int_equal(f->inbound, 1000);
    assert_int_equal(f->rejects, 0);
}

static void test_too_many_to_hold_is_one_reject(void **state)
{
    struct fixture *f = *state;
    struct normalizer *normalizer = open_map(f);
    feed(normalizer, STR_LIT("{\"messages\":["));
    feed_messages(normalizer, 20000, 2000);
    feed(normalizer, STR_LIT("],\"id\":6123456789,\"type\":\"personal_chat\"}"));
    close_map(normalizer);
    assert_int_equal(f->messages, 0);
    assert_int_equal(f->rejects, 1);
    assert_non_null(strstr(f->last_reject, "too many to hold"));
}

static void test_owner_too_late_is_one_reject(void **state)
{
    struct fixture *f = *state;
    struct normalizer *normalizer = open_map(f);
    feed(normalizer, STR_LIT("{\"chats\":{\"list\":[{\"name\":\"Ana\",\"type\":\"personal_chat\","
                             "\"id\":6123456789,\"messages\":["));
    feed_messages(normalizer, 20000, 2000);
    feed(normalizer, STR_LIT("]}]},\"personal_information\":{\"user_id\":" OWNER "}}"));
    close_map(normalizer);
    assert_int_equal(f->messages, 20000);
    assert_int_equal(f->rejects, 1);
    assert_non_null(strstr(f->last_reject, "personal_information"));
}

static void test_local_times_need_a_zone(void **state)
{
    struct fixture *f = *state;
    read_text(f, "{\"name\":\"Ana\",\"type\":\"personal_chat\",\"id\":5,\"messages\":["
                 "{\"id\":1,\"type\":\"message\",\"date\":\"2020-01-01T10:00:00\",\"from_id\":5,"
                 "\"text\":\"a\"},{\"id\":2,\"type\":\"message\",\"date\":\"2020-01-01T10:00:01\","
                 "\"from_id\":5,\"text\":\"b\"}]}");
    assert_int_equal(f->messages, 0);
    assert_int_equal(f->rejects, 1);
    assert_non_null(strstr(f->last_reject, "timezone"));
}

static void test_nobody_s_export_needs_an_account(void **state)
{
    struct fixture *f = *state;
    static const char json[] =
        "{\"name\":\"Ana\",\"type\":\"personal_chat\",\"id\":5,\"messages\":[{\"id\":1,"
        "\"type\":\"message\",\"date_unixtime\":\"1767262300\",\"from_id\":\"user5\","
        "\"text\":\"a\"}]}";
    f->conf.account_count = 0;
    read_text(f, json);
    assert_int_equal(f->messages, 0);
    assert_int_equal(f->rejects, 1);
    assert_non_null(strstr(f->last_reject, "unknown_account"));
    f->conf.account_count = 1;
    f->account.account = STR_LIT("archivo"); /* no user id: a label */
    read_text(f, json);
    assert_true(str_is(buf_peek(&f->keys), "tg:export:archivo:5"));
}

/* The file names its owner; the channel is the one of the bot that sees the same supergroups. */
static void test_given_account_keeps_the_channel(void **state)
{
    struct fixture *f = *state;
    f->account.account = STR_LIT("7000000001");
    read_text(f, "{\"personal_information\":{\"user_id\":" OWNER "},\"chats\":{\"list\":[{"
                 "\"name\":\"Ana\",\"type\":\"personal_chat\",\"id\":5,\"messages\":[{\"id\":1,"
                 "\"type\":\"message\",\"date_unixtime\":\"1767262300\",\"from_id\":\"user" OWNER
                 "\",\"text\":\"a\"}]}]}}");
    assert_int_equal(f->messages, 1);
    assert_int_equal(f->inbound, 0);
    assert_true(str_is(buf_peek(&f->keys), "tg:biz:" OWNER ":5"));
}

/* A file for the same map after one that was cut off. */
static void test_files_are_apart(void **state)
{
    struct fixture *f = *state;
    struct normalizer *normalizer = open_map(f);
    struct err err;
    feed(normalizer, STR_LIT("{\"messages\":["));
    feed_messages(normalizer, 10, 10);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    assert_int_equal(f->rejects, 2); /* the chat without an id, and the end */
    const struct document document = document_at(INT64_C(1772366400000000), SOURCE_FILE);
    normalizer_begin(normalizer, &document);
    feed(normalizer, STR_LIT("{\"type\":\"personal_chat\",\"id\":6123456789,\"messages\":["));
    feed_messages(normalizer, 3, 10);
    feed(normalizer, STR_LIT("]}"));
    close_map(normalizer);
    assert_int_equal(f->messages, 3);
    assert_int_equal(f->rejects, 2);
}

static void test_topics_of_a_large_forum(void **state)
{
    (void)state;
    struct tgx_topics *topics = tgx_topics_new();
    bool is_broken;
    assert_true(tgx_topics_add(topics, 10));
    assert_int_equal(tgx_topics_place(topics, 10, 0, &is_broken), 10);
    int64_t most = 4 * TGX_TOPICS_REMEMBERED;
    for (int64_t id = 11; id < most; id++) {
        assert_int_equal(tgx_topics_place(topics, id, id - 1, &is_broken), 10);
        assert_false(is_broken);
    }
    assert_int_equal(tgx_topics_place(topics, most, most - 1000, &is_broken), 10);
    assert_int_equal(tgx_topics_place(topics, most + 1, 11, &is_broken), TGX_GENERAL);
    assert_true(is_broken); /* forgotten */
    assert_int_equal(tgx_topics_place(topics, most + 2, 5, &is_broken), TGX_GENERAL);
    assert_false(is_broken); /* older than any topic */
    assert_int_equal(tgx_topics_place(topics, most + 3, 0, &is_broken), TGX_GENERAL);
    tgx_topics_free(&topics);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_memory_is_flat),
        TEST(test_messages_before_their_chat_are_held),
        TEST(test_too_many_to_hold_is_one_reject),
        TEST(test_owner_too_late_is_one_reject),
        TEST(test_local_times_need_a_zone),
        TEST(test_nobody_s_export_needs_an_account),
        TEST(test_given_account_keeps_the_channel),
        TEST(test_files_are_apart),
        TEST(test_topics_of_a_large_forum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
