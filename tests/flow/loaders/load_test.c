/* The loader's promises: convergence, replays that write nothing, one dead letter per bad record,
 * tenants apart. */
#include "bus/deadletter.h"
#include "tests/flow/loaders/random_records.h"

enum { RECORDS = 2000, ORDERS = 6 };

/* Everything stored, without the columns that canonical-model 6 leaves out of comparisons. */
static char *stored(struct loading *loading)
{
    static const char sql[] =
        "SELECT 'messages', (to_jsonb(t) - 'first_seen_at' - 'last_seen_at')::text AS r"
        " FROM etl.messages t UNION ALL"
        " SELECT 'attachments', (to_jsonb(t) - 'first_seen_at')::text FROM etl.message_attachments "
        "t"
        " UNION ALL SELECT 'statuses', to_jsonb(t)::text FROM etl.message_status_events t"
        " UNION ALL SELECT 'events', to_jsonb(t)::text FROM etl.conversation_events t"
        " UNION ALL SELECT 'conversations', (to_jsonb(t) - 'first_seen_at' - 'last_seen_at'"
        " - 'sync_version')::text FROM etl.conversations t"
        " UNION ALL SELECT 'contacts', (to_jsonb(t) - 'first_seen_at' - 'last_seen_at')::text"
        " FROM etl.contacts t"
        " UNION ALL SELECT 'identities', (to_jsonb(t) - 'first_seen_at' - 'last_seen_at')::text"
        " FROM etl.contact_identities t"
        " UNION ALL SELECT 'agents', (to_jsonb(t) - 'first_seen_at' - 'last_seen_at')::text"
        " FROM etl.agents t"
        " UNION ALL SELECT 'departments', (to_jsonb(t) - 'first_seen_at' - 'last_seen_at')::text"
        " FROM etl.departments t"
        " UNION ALL SELECT 'csat', (to_jsonb(t) - 'first_seen_at')::text FROM etl.csat_responses t"
        " UNION ALL SELECT 'escalations', (to_jsonb(t) - 'first_seen_at')::text"
        " FROM etl.escalations t"
        " UNION ALL SELECT 'aliases', (to_jsonb(t) - 'first_seen_at')::text"
        " FROM etl.conversation_aliases t ORDER BY 1, 2";
    return test_database_rows(loading->database->connection, sql);
}

static void forget_everything(struct loading *loading)
{
    test_database_run(
        loading->database->connection,
        "TRUNCATE etl.messages, etl.message_attachments, etl.message_status_events,"
        " etl.conversation_events, etl.conversations, etl.contacts, etl.contact_identities,"
        " etl.agents, etl.departments, etl.csat_responses, etl.escalations,"
        " etl.conversation_aliases, etl.rollup_dirty_days, etl.rollup_dirty_conversations,"
        " etl.dead_letters");
}

static void shuffle(struct random_records *set, size_t *order, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = random_below(set, (uint32_t)(i + 1));
        size_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static void fail_at_first_difference(const char *a, const char *b, size_t variant)
{
    size_t i = 0;
    while (a[i] != '\0' && a[i] == b[i])
        i++;
    while (i > 0 && a[i - 1] != '\n')
        i--;
    fail_msg("order %zu differs:\n%.*s\n%.*s", variant, (int)strcspn(a + i, "\n"), a + i,
             (int)strcspn(b + i, "\n"), b + i);
}

static void any_order_batching_and_repetition_gives_equal_tables(void **state)
{
    static const size_t batches[ORDERS] = {2000, 5, 17, 100, 333, 5000};
    struct loading *loading = *state;
    struct random_records set;
    size_t *order = calloc(2 * RECORDS, sizeof *order);
    assert_non_null(order);
    random_records_init(&set, RECORDS, 20260302);
    loading_put_many(loading, set.records, NULL, RECORDS);
    loading_run(loading);
    assert_int_equal(loading->counts.dead_letters, 0);
    char *expected = stored(loading);
    assert_true(strlen(expected) > 100000);
    for (size_t variant = 0; variant < ORDERS; variant++) {
        size_t count = RECORDS;
        for (size_t i = 0; i < RECORDS; i++)
            order[i] = i;
        for (; variant % 2 == 1 && count < 2 * RECORDS; count++)
            order[count] = random_below(&set, RECORDS);
        shuffle(&set, order, count);
        forget_everything(loading);
        loading->conf.batch_records = batches[variant];
        loading_put_many(loading, set.records, order, count);
        loading_run(loading);
        char *found = stored(loading);
        if (strcmp(expected, found) != 0)
            fail_at_first_difference(expected, found, variant);
        free(found);
    }
    free(expected);
    free(order);
    random_records_done(&set);
}

static char *versions(struct loading *loading)
{
    return test_database_rows(
        loading->database->connection,
        "SELECT 'm', count(*), md5(string_agg(ctid::text || xmin::text || xmax::text, ' ' ORDER BY"
        " ctid)) FROM etl.messages"
        " UNION ALL SELECT 'a', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.message_attachments"
        " UNION ALL SELECT 's', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.message_status_events"
        " UNION ALL SELECT 'e', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.conversation_events"
        " UNION ALL SELECT 'c', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.conversations"
        " UNION ALL SELECT 'p', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.contacts"
        " UNION ALL SELECT 'i', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.contact_identities"
        " UNION ALL SELECT 'g', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.agents"
        " UNION ALL SELECT 'd', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.departments"
        " UNION ALL SELECT 'v', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.csat_responses"
        " UNION ALL SELECT 'x', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.escalations"
        " UNION ALL SELECT 'l', count(*), md5(string_agg(ctid::text || xmin || xmax, ' ' ORDER BY"
        " ctid)) FROM etl.conversation_aliases");
}

/* Not one row version and not one row lock: xmax shows a lock, too. */
static void a_replay_writes_nothing(void **state)
{
    struct loading *loading = *state;
    struct random_records set;
    random_records_init(&set, RECORDS, 7);
    loading_put_many(loading, set.records, NULL, RECORDS);
    loading_run(loading);
    assert_true(loading->counts.rows_changed > 0);
    test_database_run(loading->database->connection, "DELETE FROM etl.rollup_dirty_days;"
                                                     "DELETE FROM etl.rollup_dirty_conversations");
    char *before = versions(loading);
    loading_put_many(loading, set.records, NULL, RECORDS);
    loading->conf.batch_records = 300;
    loading_run(loading);
    char *after = versions(loading);
    assert_string_equal(before, after);
    assert_int_equal(loading->counts.records, RECORDS);
    assert_int_equal(loading->counts.rows_changed, 0);
    loading_expect(loading,
                   "SELECT (SELECT count(*) FROM etl.rollup_dirty_days),"
                   " (SELECT count(*) FROM etl.rollup_dirty_conversations)",
                   "0|0");
    free(before);
    free(after);
    random_records_done(&set);
}

static void put_good(struct loading *loading, int from, int to)
{
    char text[32];
    for (int i = from; i < to; i++) {
        (void)snprintf(text, sizeof text, "wamid.good-%d", i);
        struct record good = loading_message(text, LOADING_T0 + MINUTES(i), "good");
        loading_put(loading, &good);
    }
}

/* Answered more than 68 years after it began: each time is fine, but the seconds in between do not
 * fit the column that PostgreSQL computes from them. */
static void put_bad(struct loading *loading, const char *name)
{
    struct record bad = loading_record(RECORD_ESCALATION, "escalation", name, "acme");
    bad.escalation.conversation_external_id = STR_LIT("573001112233");
    bad.escalation.conversation_id = loading_id(&bad, "conversation", "573001112233");
    bad.escalation.escalation_as_of = LOADING_T0;
    bad.escalation.trigger_type = STR_LIT("manual");
    bad.escalation.status = STR_LIT("assigned");
    bad.escalation.escalated_at = LOADING_T0 - 70 * 366 * MINUTES(24 * 60);
    bad.escalation.first_response_at = LOADING_T0;
    loading_put(loading, &bad);
}

static void each_refused_record_is_one_dead_letter(void **state)
{
    struct loading *loading = *state;
    put_good(loading, 0, 20);
    put_bad(loading, "bad-1");
    put_good(loading, 20, 40);
    put_bad(loading, "bad-2");
    put_bad(loading, "bad-3");
    put_good(loading, 40, 60);
    loading_run(loading);
    loading_expect(loading, "SELECT count(*) FROM etl.messages", "60");
    loading_expect(loading, "SELECT count(*) FROM etl.escalations", "0");
    loading_expect(loading,
                   "SELECT stage, entity_type, external_id, error_code, attempts,"
                   " position('bad-' in convert_from(payload, 'UTF8')) > 0,"
                   " payload_sha256 = sha256(payload), kafka_topic"
                   " FROM etl.dead_letters ORDER BY external_id",
                   "load|escalation|bad-1|22003|1|t|t|sluice.records\n"
                   "load|escalation|bad-2|22003|1|t|t|sluice.records\n"
                   "load|escalation|bad-3|22003|1|t|t|sluice.records");
    assert_int_equal(loading->counts.records, 63);
    assert_int_equal(loading->counts.dead_letters, 3);
    loading_expect(loading,
                   "SELECT sum(next_offset) FROM etl.bus_offsets WHERE topic = 'sluice.records'"
                   " AND consumer_group = 'sluice-loader'",
                   "63");
}

static void the_same_refusal_again_raises_attempts(void **state)
{
    struct loading *loading = *state;
    put_bad(loading, "bad-1");
    loading_run(loading);
    put_bad(loading, "bad-1");
    loading_run(loading);
    loading_expect(loading, "SELECT count(*), sum(attempts) FROM etl.dead_letters", "1|2");
}

static void what_cannot_be_decoded_is_kept_as_it_was(void **state)
{
    struct loading *loading = *state;
    static const char bytes[] = "{\"schema\":\"sluice.record/1\", \xff";
    put_good(loading, 0, 3);
    loading_put_bytes(loading, BUS_RECORDS, STR_LIT("k"), (struct str){bytes, sizeof bytes});
    loading_run(loading);
    loading_expect(loading, "SELECT count(*) FROM etl.messages", "3");
    loading_expect(loading,
                   "SELECT t.slug, d.stage, d.entity_type, d.error_code, octet_length(d.payload),"
                   " get_byte(d.payload, octet_length(d.payload) - 2)"
                   " FROM etl.dead_letters d JOIN etl.tenants t ON t.id = d.tenant_id",
                   "acme|load|message|record_invalid|31|255");
}

static void a_record_of_an_unknown_channel_is_a_dead_letter(void **state)
{
    struct loading *loading = *state;
    struct record stranger =
        loading_message_of("nobody", "wamid.1", "573001112233", LOADING_T0, "hi");
    put_good(loading, 0, 3);
    loading_put_run(loading, &stranger);
    loading_expect(loading, "SELECT count(*) FROM etl.messages", "3");
    loading_expect(loading, "SELECT error_code, external_id FROM etl.dead_letters",
                   "unknown_channel|wamid.1");
}

static void dead_letters_of_the_bus_become_rows(void **state)
{
    struct loading *loading = *state;
    char tenant[UUID_TEXT_BYTES];
    uuid_format(&loading->tenants[1].id, tenant);
    const struct deadletter letter = {
        .tenant = STR_LIT("globex"),
        .tenant_id = str_of(tenant),
        .connector = STR_LIT("wa-main"),
        .stage = STR_LIT("parse"),
        .reason = STR_LIT("json_syntax"),
        .detail = STR_LIT("unexpected end"),
        .first_seen_us = LOADING_T0,
        .payload = STR_LIT("{\"entry\":["),
    };
    struct deadletter_scratch scratch;
    struct bus_message message;
    struct err err;
    deadletter_to_message(&letter, &scratch, &message);
    if (bus_produce_wait(loading->producer, &message, 1, &err) != RC_OK)
        fail_msg("%s", err.msg);
    loading_run(loading);
    loading_expect(loading,
                   "SELECT t.slug, d.stage, d.error_code, d.error_message,"
                   " convert_from(d.payload, 'UTF8'), d.first_failed_at, d.status"
                   " FROM etl.dead_letters d JOIN etl.tenants t ON t.id = d.tenant_id",
                   "globex|parse|json_syntax|unexpected end|{\"entry\":[|"
                   "2026-03-02 15:00:00+00|open");
}

/* The reason is part of a key: one too long for an index must not stop the loader. */
static void a_dead_letter_with_an_endless_reason_is_kept(void **state)
{
    struct loading *loading = *state;
    static char reason[9000];
    for (size_t i = 0; i < sizeof reason; i++) /* nothing that the server could compress */
        reason[i] = (char)('a' + (i * i * 2654435761u >> 13) % 26);
    const struct deadletter letter = {
        .tenant = STR_LIT("acme"),
        .stage = STR_LIT("parse"),
        .reason = {reason, sizeof reason},
        .first_seen_us = LOADING_T0,
        .payload = STR_LIT("{"),
    };
    struct deadletter_scratch scratch;
    struct bus_message message;
    struct err err;
    deadletter_to_message(&letter, &scratch, &message);
    if (bus_produce_wait(loading->producer, &message, 1, &err) != RC_OK)
        fail_msg("%s", err.msg);
    loading_run(loading);
    loading_expect(loading, "SELECT error_code FROM etl.dead_letters", "reason_too_long");
}

/* Of two snapshots of one instant that differ in nothing but metadata, one wins in any order. */
static void metadata_decides_between_equal_labels(void **state)
{
    struct loading *loading = *state;
    struct record records[2];
    char *stored_first = NULL;
    for (size_t i = 0; i < 2; i++) {
        records[i] = loading_record(RECORD_CONVERSATION, "conversation", "573001112233", "acme");
        records[i].conversation.channel = STR_LIT("whatsapp");
        records[i].conversation.conversation_kind = STR_LIT("direct");
        records[i].conversation.started_at = LOADING_T0;
        records[i].conversation.labels_as_of = LOADING_T0;
        records[i].conversation.metadata = i == 0 ? STR_LIT("{\"a\":1}") : STR_LIT("{\"a\":2}");
    }
    for (size_t i = 0; i < 2; i++) {
        loading_put_run(loading, &records[i]);
        loading_put_run(loading, &records[1 - i]);
        char *found = stored(loading);
        if (stored_first != NULL)
            assert_string_equal(found, stored_first);
        free(stored_first);
        stored_first = found;
        forget_everything(loading);
    }
    free(stored_first);
}

/* The metrics know no delivery status: nothing is to be recomputed. */
static void a_status_marks_nothing_dirty(void **state)
{
    struct loading *loading = *state;
    char text[256];
    struct record sent = loading_message("wamid.1", LOADING_T0, "hello");
    loading_make_outbound(&sent, "sent");
    struct record read = loading_status("wamid.1", "read", LOADING_T0 + MINUTES(1), text);
    loading_put_run(loading, &sent);
    test_database_run(loading->database->connection,
                      "TRUNCATE etl.rollup_dirty_days, etl.rollup_dirty_conversations");
    loading_put_run(loading, &read);
    loading_expect(loading, "SELECT status FROM etl.messages", "read");
    loading_expect(loading,
                   "SELECT (SELECT count(*) FROM etl.rollup_dirty_days),"
                   " (SELECT count(*) FROM etl.rollup_dirty_conversations)",
                   "0|0");
}

static void tenants_of_one_batch_stay_apart(void **state)
{
    struct loading *loading = *state;
    struct record one = loading_message_of("acme", "wamid.1", "573001112233", LOADING_T0, "one");
    struct record two = loading_message_of("globex", "wamid.1", "573001112233", LOADING_T0, "two");
    loading_put(loading, &one);
    loading_put(loading, &two);
    loading_run(loading);
    assert_int_equal(loading->counts.batches, 1);
    loading_expect(loading,
                   "SELECT t.slug, m.text, c.tenant_id = m.tenant_id, p.tenant_id = m.tenant_id"
                   " FROM etl.messages m JOIN etl.tenants t ON t.id = m.tenant_id"
                   " JOIN etl.conversations c ON c.id = m.conversation_id"
                   " JOIN etl.contacts p ON p.id = m.contact_id ORDER BY 1",
                   "acme|one|t|t\nglobex|two|t|t");
    loading_expect(loading,
                   "SELECT t.slug, count(DISTINCT d.conversation_id)"
                   " FROM etl.rollup_dirty_conversations d JOIN etl.tenants t ON t.id = d.tenant_id"
                   " GROUP BY 1 ORDER BY 1",
                   "acme|1\nglobex|1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_order_batching_and_repetition_gives_equal_tables),
        TEST(a_replay_writes_nothing),
        TEST(each_refused_record_is_one_dead_letter),
        TEST(the_same_refusal_again_raises_attempts),
        TEST(what_cannot_be_decoded_is_kept_as_it_was),
        TEST(a_record_of_an_unknown_channel_is_a_dead_letter),
        TEST(dead_letters_of_the_bus_become_rows),
        TEST(a_dead_letter_with_an_endless_reason_is_kept),
        TEST(metadata_decides_between_equal_labels),
        TEST(a_status_marks_nothing_dirty),
        TEST(tenants_of_one_batch_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
