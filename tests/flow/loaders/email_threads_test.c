/* Mails that came in any order, cut into batches anyhow and with ancestors missing are the same
 * threads, sessions and days (reference/email.md 5, canonical-model 11.1 and 11.2). */
#include "loaders/rollup.h"
#include "tests/flow/loaders/loading.h"
#include "transform/normalizer.h"

#define MAILBOX "soporte@example.org"
#define MAIL_BYTES 4096
#define THREAD_COUNT                                                                               \
    "SELECT (SELECT count(*) FROM etl.messages), count(DISTINCT coalesce(a.to_conversation_id,"    \
    " v.id)) FROM etl.conversations v LEFT JOIN etl.conversation_aliases a"                        \
    " ON a.from_conversation_id = v.id"
#define JUDGED_AT_US INT64_C(1786200000000000)

enum { THREADS = 12, MAILS = 8, ANSWERS = 1000, TABLES_SEEN = 7 };

struct post { /* the records of mails, as they go to the bus */
    struct loading *loading;
    struct channel_account account;
    struct normalizer_conf conf;
    struct normalizer *normalizer;
    struct bus_message *messages;
    struct buf *texts;
    char (*keys)[UUID_TEXT_BYTES];
    size_t count, room;
};

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    struct post *post = context;
    const struct uuid id = record_bus_key(record);
    assert_true(post->count < post->room);
    struct buf *text = &post->texts[post->count];
    uuid_format(&id, post->keys[post->count]);
    buf_init(text, LIMIT_RECORD_BYTES);
    enum rc rc = record_encode(record, text, err);
    post->messages[post->count] = (struct bus_message){
        .topic = BUS_RECORDS, .key = str_of(post->keys[post->count]), .value = buf_peek(text)};
    post->count++;
    return rc;
}

static enum rc refuse(void *context, const struct reject *reject, struct err *err)
{
    (void)context;
    (void)err;
    fail_msg("rejected: %.*s", STR_ARGS(reject->detail));
    return RC_FATAL;
}

static void post_new(struct post *post, struct loading *loading, size_t room)
{
    const struct catalog_channel *channel = &loading->channels[0];
    const struct normalizer_sink sink = {keep_record, refuse, post};
    struct err err;
    *post = (struct post){.loading = loading, .room = room};
    post->account = (struct channel_account){str_of(channel->account), str_of(channel->provider),
                                             channel->id, NULL};
    post->conf = (struct normalizer_conf){.channel = STR_LIT("email"),
                                          .tenant = STR_LIT("acme"),
                                          .tenant_id = loading->tenants[0].id,
                                          .accounts = &post->account,
                                          .account_count = 1};
    post->messages = calloc(room, sizeof *post->messages);
    post->texts = calloc(room, sizeof *post->texts);
    post->keys = calloc(room, sizeof *post->keys);
    assert_true(post->messages != NULL && post->texts != NULL && post->keys != NULL);
    assert_int_equal(normalizer_new(&post->conf, &sink, &post->normalizer, &err), RC_OK);
}

static void post_free(struct post *post)
{
    normalizer_free(&post->normalizer);
    free(post->messages);
    free(post->texts);
    free(post->keys);
}

static void post_mail(struct post *post, const char *mail)
{
    struct err err;
    const struct document document = document_at(LOADING_T0, SOURCE_POLL);
    normalizer_begin(post->normalizer, &document);
    assert_int_equal(normalizer_feed(post->normalizer, mail, strlen(mail), &err), RC_OK);
    assert_int_equal(normalizer_end(post->normalizer, &err), RC_OK);
}

/* One batch. */
static void post_load(struct post *post)
{
    struct err err;
    if (post->count > 0 &&
        bus_produce_wait(post->loading->producer, post->messages, post->count, &err) != RC_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < post->count; i++)
        buf_done(&post->texts[i]);
    post->count = 0;
    loading_run(post->loading);
    assert_int_equal(post->loading->counts.dead_letters, 0);
}

/* ---- mails ---- */

static void add_references(char mail[static MAIL_BYTES], size_t thread, size_t number)
{
    size_t first = number % 3 == 2 ? number - 1 : 0; /* every third program names the parent only */
    for (size_t i = first; i < number; i++) {
        size_t n = strlen(mail);
        (void)snprintf(mail + n, MAIL_BYTES - n, "%s<m%zu.%zu@example.net>%s",
                       i == first ? "References: " : " ", i, thread, i + 1 == number ? "\r\n" : "");
    }
}

/* Each answers the one before. The second and the fifth of every third thread are never seen. */
static void write_mail(char mail[static MAIL_BYTES], size_t thread, size_t number)
{
    bool is_ours = number % 2 == 1;
    (void)snprintf(mail, MAIL_BYTES,
                   "From: %s\r\nTo: %s\r\nSubject: Pedido %zu\r\n"
                   "Date: Mon, 2 Mar 2026 %02zu:%02zu:00 +0000\r\n"
                   "Message-ID: <m%zu.%zu@example.net>\r\n",
                   is_ours ? MAILBOX : "ana.gomez@example.net",
                   is_ours ? "ana.gomez@example.net" : MAILBOX, thread, 8 + number, thread, number,
                   thread);
    if (number > 0)
        add_references(mail, thread, number);
    size_t n = strlen(mail);
    (void)snprintf(mail + n, MAIL_BYTES - n, "\r\nmail %zu\r\n", number);
}

static bool is_missing(size_t thread, size_t number)
{
    return thread % 3 == 0 && (number == 1 || number == 4);
}

/* The campaign is ours; each answer comes from a person of its own. */
static void write_answer(char mail[static MAIL_BYTES], size_t number)
{
    if (number == 0)
        (void)snprintf(mail, MAIL_BYTES,
                       "From: " MAILBOX "\r\nTo: todos@example.net\r\nSubject: Oferta\r\n"
                       "Date: Mon, 2 Mar 2026 08:00:00 +0000\r\n"
                       "Message-ID: <campaign@example.org>\r\n\r\nhola\r\n");
    else
        (void)snprintf(mail, MAIL_BYTES,
                       "From: p%zu@example.net\r\nTo: " MAILBOX "\r\nSubject: Re: Oferta\r\n"
                       "Date: Mon, 2 Mar 2026 09:%02zu:%02zu +0000\r\n"
                       "Message-ID: <a%zu@example.net>\r\nIn-Reply-To: <campaign@example.org>\r\n"
                       "\r\nsi\r\n",
                       number, number / 60, number % 60, number);
}

/* ---- what is stored ---- */

static const char *const seen[TABLES_SEEN] = {
    "etl.messages",           "etl.conversations",        "etl.contacts",
    "etl.contact_identities", "etl.conversation_aliases", "etl.conversation_sessions",
    "etl.daily_analytics"};

struct tables {
    char *rows[TABLES_SEEN];
};

static void rollup(struct loading *loading)
{
    const struct rollup_conf conf = {.as_of_us = JUDGED_AT_US};
    struct rollup_counts counts;
    struct err err;
    PGconn *connection = NULL;
    assert_int_equal(
        database_open(loading->database->url, "test", "sluice_loader", &connection, &err), RC_OK);
    if (rollup_run(connection, &conf, &counts, &err) != RC_OK)
        fail_msg("%s", err.msg);
    database_close(&connection);
}

/* Takes the rows away for the next order. */
static void take_tables(struct loading *loading, struct tables *out)
{
    rollup(loading);
    for (size_t i = 0; i < TABLES_SEEN; i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql,
                       "SELECT to_jsonb(t) - 'first_seen_at' - 'sync_version' - 'computed_at' FROM "
                       "%s t ORDER BY 1",
                       seen[i]);
        out->rows[i] = test_database_rows(loading->database->connection, sql);
    }
    test_database_run(loading->database->connection,
                      "TRUNCATE etl.messages, etl.conversations, etl.contacts,"
                      " etl.contact_identities, etl.conversation_aliases,"
                      " etl.conversation_sessions, etl.daily_analytics CASCADE");
}

static void expect_same(struct tables *first, struct tables *later)
{
    for (size_t i = 0; i < TABLES_SEEN; i++) {
        if (strcmp(first->rows[i], later->rows[i]) != 0)
            fail_msg("%s differs:\n%.3000s\nis now\n%.3000s", seen[i], first->rows[i],
                     later->rows[i]);
        free(later->rows[i]);
    }
}

static void tables_free(struct tables *tables)
{
    for (size_t i = 0; i < TABLES_SEEN; i++)
        free(tables->rows[i]);
}

static size_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(*state >> 33);
}

static void shuffle(size_t *order, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; seed != 0 && i > 1; i--) {
        size_t j = next_random(&seed) % i;
        size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* seed 0: as they were written. */
static void load_threads(struct post *post, uint64_t seed, size_t batch)
{
    size_t order[THREADS * MAILS];
    char mail[MAIL_BYTES];
    shuffle(order, THREADS * MAILS, seed);
    for (size_t i = 0; i < THREADS * MAILS; i++) {
        size_t thread = order[i] % THREADS;
        size_t number = order[i] / THREADS;
        if (!is_missing(thread, number)) {
            write_mail(mail, thread, number);
            post_mail(post, mail);
        }
        if ((i + 1) % batch == 0)
            post_load(post);
    }
    post_load(post);
}

static void threads_are_the_same_in_any_order(void **state)
{
    static const size_t batches[] = {THREADS * MAILS, 40, 15};
    struct loading *loading = *state;
    struct post post;
    struct tables first, later;
    post_new(&post, loading, (size_t)THREADS * MAILS * 8);
    load_threads(&post, 0, 48);
    loading_expect(loading, THREAD_COUNT, "88|12");
    take_tables(loading, &first);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        load_threads(&post, seed, batches[seed % 3]);
        take_tables(loading, &later);
        expect_same(&first, &later);
    }
    tables_free(&first);
    post_free(&post);
}

static void load_campaign(struct post *post, uint64_t seed, size_t batch)
{
    size_t order[ANSWERS + 1];
    char mail[MAIL_BYTES];
    shuffle(order, ANSWERS + 1, seed);
    for (size_t i = 0; i <= ANSWERS; i++) {
        write_answer(mail, order[i]);
        post_mail(post, mail);
        if ((i + 1) % batch == 0)
            post_load(post);
    }
    post_load(post);
}

static void a_campaign_and_its_answers_are_one_thread(void **state)
{
    struct loading *loading = *state;
    struct post post;
    struct tables first, later;
    post_new(&post, loading, (size_t)(ANSWERS + 1) * 8);
    load_campaign(&post, 0, ANSWERS + 1);
    loading_expect(loading, THREAD_COUNT, "1001|1");
    take_tables(loading, &first);
    load_campaign(&post, 1, 150);
    take_tables(loading, &later);
    expect_same(&first, &later);
    tables_free(&first);
    post_free(&post);
}

static int setup(void **state)
{
    (void)loading_setup(state);
    loading_use_channel(*state, "email_imap", "email", MAILBOX);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_are_the_same_in_any_order, setup, loading_teardown),
        cmocka_unit_test_setup_teardown(a_campaign_and_its_answers_are_one_thread, setup,
                                        loading_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
