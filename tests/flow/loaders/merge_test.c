/* The merge rules by name, over the whole way from the bus to rows (canonical-model 6). */
#include "tests/flow/loaders/loading.h"

#define MESSAGE                                                                                    \
    "SELECT text, to_char(sent_at AT TIME ZONE 'UTC', 'HH24:MI'), status,"                         \
    " to_char(deleted_at AT TIME ZONE 'UTC', 'HH24:MI') FROM etl.messages ORDER BY external_id"

static struct record edit_of(const char *external_id)
{
    struct record edit = loading_message(external_id, LOADING_T0 + MINUTES(5), "corrected");
    edit.message.edited_at = edit.message.sent_at;
    return edit;
}

static struct record deletion_of(const char *external_id)
{
    struct record deletion = loading_message(external_id, LOADING_T0 + MINUTES(7), NULL);
    deletion.message.content_as_of = 0;
    deletion.message.type = STR_LIT("unsupported");
    deletion.message.deleted_at = LOADING_T0 + MINUTES(7);
    deletion.message.deletion_reason = STR_LIT("revoked");
    return deletion;
}

static void an_edit_may_come_before_its_original(void **state)
{
    struct record original = loading_message("wamid.1", LOADING_T0, "wrong");
    struct record edit = edit_of("wamid.1");
    loading_put_run(*state, &edit);
    loading_expect(*state, MESSAGE, "corrected|15:05|received|-");
    loading_put_run(*state, &original);
    loading_expect(*state, MESSAGE, "corrected|15:00|received|-");
    loading_expect(*state,
                   "SELECT to_char(last_message_at AT TIME ZONE 'UTC', 'HH24:MI'),"
                   " to_char(started_at AT TIME ZONE 'UTC', 'HH24:MI') FROM etl.conversations",
                   "15:00|15:00");
}

static void a_deletion_may_come_before_its_original(void **state)
{
    struct record original = loading_message("wamid.1", LOADING_T0, "secret");
    struct record deletion = deletion_of("wamid.1");
    loading_put_run(*state, &deletion);
    loading_put_run(*state, &original);
    loading_expect(*state, MESSAGE, "secret|15:00|received|15:07");
    loading_expect(*state, "SELECT type, deletion_reason FROM etl.messages", "text|revoked");
}

/* Telegram: nobody says whose message was deleted. */
static struct record sideless_deletion_of(const char *external_id)
{
    struct record deletion = deletion_of(external_id);
    deletion.message.direction = STR_LIT("outbound");
    deletion.message.sender_type = STR_LIT("system");
    deletion.message.status = STR_LIT("pending");
    return deletion;
}

static void a_deletion_of_an_unknown_side_takes_that_of_its_message(void **state)
{
    const char *const ids[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        struct record deletion = sideless_deletion_of(ids[i]);
        struct record original = loading_message(ids[i], LOADING_T0, ids[i]);
        if (i % 2 == 1)
            loading_make_outbound(&original, "sent");
        loading_put_run(*state, i < 2 ? &deletion : &original);
        loading_put_run(*state, i < 2 ? &original : &deletion);
    }
    loading_expect(*state,
                   "SELECT external_id, direction, sender_type, status, text, deletion_reason"
                   " FROM etl.messages ORDER BY external_id",
                   "a|inbound|contact|received|a|revoked\n"
                   "b|outbound|agent|sent|b|revoked\n"
                   "c|inbound|contact|received|c|revoked\n"
                   "d|outbound|agent|sent|d|revoked");
    loading_expect(*state,
                   "SELECT last_inbound_at = last_message_at, last_outbound_at = last_message_at"
                   " FROM etl.conversations",
                   "t|t");
}

static void a_status_may_come_before_its_message(void **state)
{
    char text[256];
    struct record status = loading_status("wamid.1", "read", LOADING_T0 + MINUTES(9), text);
    struct record echo = loading_message("wamid.1", LOADING_T0, "on its way");
    loading_make_outbound(&echo, "sent");
    loading_put_run(*state, &status);
    loading_expect(*state, "SELECT count(*) FROM etl.messages", "0");
    loading_put_run(*state, &echo);
    loading_expect(*state, MESSAGE, "on its way|15:00|read|-");
    loading_expect(
        *state, "SELECT to_char(read_at AT TIME ZONE 'UTC', 'HH24:MI') FROM etl.messages", "15:09");
}

static void a_status_that_names_no_conversation_finds_its_message(void **state)
{
    char text[256];
    struct record echo = loading_message("wamid.1", LOADING_T0, "on its way");
    struct record status = loading_status("wamid.1", "delivered", LOADING_T0 + MINUTES(1), text);
    loading_make_outbound(&echo, "sent");
    status.message_status.conversation_id = UUID_NULL;
    status.message_status.conversation_external_id = STR_NULL;
    loading_put_run(*state, &echo);
    loading_put_run(*state, &status);
    loading_expect(*state, MESSAGE, "on its way|15:00|delivered|-");
}

/* Two names of one thread. */
static void join(struct loading *loading, const char *thread, const char *alias)
{
    struct record record = loading_record(RECORD_CONVERSATION, "conversation", thread, "acme");
    const struct str aliases[] = {str_of(alias)};
    record.conversation.channel = STR_LIT("whatsapp");
    record.conversation.conversation_kind = STR_LIT("direct");
    record.conversation.started_at = LOADING_T0;
    record.conversation.aliases = aliases;
    record.conversation.alias_count = 1;
    loading_put_run(loading, &record);
}

/* A mail's id is a name of its thread, joined or not, and so finds the mail without a search. */
static void a_report_about_a_mail_finds_it_by_its_thread(void **state)
{
    struct loading *loading = *state;
    char first[256], second[256];
    struct record sent = loading_message("a1@acme.example", LOADING_T0, "as promised");
    struct record root = loading_message_of("acme", "b2@acme.example", "b2@acme.example",
                                            LOADING_T0, "begins the thread");
    struct record delivered =
        loading_status("a1@acme.example", "delivered", LOADING_T0 + MINUTES(1), first);
    struct record failed =
        loading_status("b2@acme.example", "failed", LOADING_T0 + MINUTES(1), second);
    loading->channels[0].medium = "email";
    loading_make_outbound(&sent, "sent");
    loading_make_outbound(&root, "sent");
    delivered.message_status.conversation_id = failed.message_status.conversation_id = UUID_NULL;
    delivered.message_status.conversation_external_id = STR_NULL;
    failed.message_status.conversation_external_id = STR_NULL;
    join(loading, "573001112233", "a1@acme.example");
    loading_put_run(loading, &sent);
    loading_put_run(loading, &root);
    loading_put(loading, &delivered);
    loading_put_run(loading, &failed);
    loading_expect(loading, "SELECT external_id, status FROM etl.messages ORDER BY 1",
                   "a1@acme.example|delivered\nb2@acme.example|failed");
}

static void an_echo_completes_a_stub(void **state)
{
    struct record stub = loading_stub("wamid.1", "delivered", LOADING_T0 + MINUTES(3));
    struct record echo = loading_message("wamid.1", LOADING_T0, "your order has shipped");
    loading_make_outbound(&echo, "sent");
    loading_put_run(*state, &stub);
    loading_expect(*state, "SELECT type, subtype, status FROM etl.messages",
                   "unsupported|stub|delivered");
    loading_put_run(*state, &echo);
    loading_expect(*state, "SELECT type, subtype, text, status FROM etl.messages",
                   "text|-|your order has shipped|delivered");
    loading_expect(*state, MESSAGE, "your order has shipped|15:00|delivered|-");
    loading_expect(*state,
                   "SELECT to_char(last_outbound_at AT TIME ZONE 'UTC', 'HH24:MI'),"
                   " last_inbound_at FROM etl.conversations",
                   "15:00|-");
}

static void a_stub_after_its_echo_changes_nothing(void **state)
{
    struct record echo = loading_message("wamid.1", LOADING_T0, "your order has shipped");
    struct record stub = loading_stub("wamid.1", "sent", LOADING_T0 + MINUTES(3));
    loading_make_outbound(&echo, "sent");
    loading_put_run(*state, &echo);
    loading_put_run(*state, &stub);
    loading_expect(*state, MESSAGE, "your order has shipped|15:00|sent|-");
    loading_expect(
        *state,
        "SELECT to_char(last_message_at AT TIME ZONE 'UTC', 'HH24:MI') FROM etl.conversations",
        "15:00");
}

static void a_status_never_goes_backward(void **state)
{
    char text[3][256];
    struct record echo = loading_message("wamid.1", LOADING_T0, "hi");
    loading_make_outbound(&echo, "sent");
    struct record events[] = {
        loading_status("wamid.1", "read", LOADING_T0 + MINUTES(9), text[0]),
        loading_status("wamid.1", "delivered", LOADING_T0 + MINUTES(2), text[1]),
        loading_status("wamid.1", "sent", LOADING_T0 + MINUTES(1), text[2])};
    loading_put_run(*state, &echo);
    for (size_t i = 0; i < 3; i++) {
        loading_put_run(*state, &events[i]);
        loading_expect(*state, "SELECT status, status_rank FROM etl.messages", "read|30");
    }
    loading_expect(*state,
                   "SELECT count(*), (SELECT to_char(delivered_at AT TIME ZONE 'UTC', 'HH24:MI')"
                   " FROM etl.messages) FROM etl.message_status_events",
                   "3|15:02");
}

static void delivery_outranks_failure_which_keeps_its_error(void **state)
{
    char text[2][256];
    struct record echo = loading_message("wamid.1", LOADING_T0, "hi");
    loading_make_outbound(&echo, "sent");
    struct record failed = loading_status("wamid.1", "failed", LOADING_T0 + MINUTES(1), text[0]);
    failed.message_status.error_code = STR_LIT("131026");
    failed.message_status.error_message = STR_LIT("undeliverable");
    struct record delivered =
        loading_status("wamid.1", "delivered", LOADING_T0 + MINUTES(2), text[1]);
    loading_put_run(*state, &echo);
    loading_put_run(*state, &failed);
    loading_expect(*state, "SELECT status, error_code FROM etl.messages", "failed|131026");
    loading_put_run(*state, &delivered);
    loading_expect(*state,
                   "SELECT status, error_code, error_message, to_char(failed_at AT TIME ZONE 'UTC',"
                   " 'HH24:MI') FROM etl.messages",
                   "delivered|131026|undeliverable|15:01");
}

static void duplicates_fold_within_a_batch_and_across_batches(void **state)
{
    struct record message = loading_message("wamid.1", LOADING_T0, "once");
    for (int i = 0; i < 3; i++)
        loading_put(*state, &message);
    loading_run(*state);
    loading_put_run(*state, &message);
    loading_expect(*state, "SELECT count(*), min(text) FROM etl.messages", "1|once");
    loading_expect(*state, "SELECT count(*) FROM etl.conversations", "1");
    loading_expect(*state, "SELECT count(*) FROM etl.contacts", "1");
}

static struct record snapshot(int minute, const char *status, enum source_kind source)
{
    struct record record =
        loading_record(RECORD_CONVERSATION, "conversation", "573001112233", "acme");
    struct record_conversation *conversation = &record.conversation;
    record.source_kind = source;
    conversation->channel = STR_LIT("whatsapp");
    conversation->conversation_kind = STR_LIT("direct");
    conversation->started_at = LOADING_T0;
    conversation->lifecycle_as_of = LOADING_T0 + MINUTES(minute);
    conversation->status = str_of(status);
    return record;
}

static void an_older_snapshot_loses_as_a_whole(void **state)
{
    struct record newer = snapshot(10, "resolved", SOURCE_POLL);
    struct record older = snapshot(5, "open", SOURCE_POLL);
    older.conversation.priority = STR_LIT("urgent");
    loading_put_run(*state, &newer);
    loading_put_run(*state, &older);
    loading_expect(*state, "SELECT status, priority FROM etl.conversations", "resolved|normal");
}

static void equal_times_are_decided_by_rank(void **state)
{
    struct record live = snapshot(5, "resolved", SOURCE_WEBHOOK);
    struct record file = snapshot(5, "open", SOURCE_FILE);
    loading_put_run(*state, &live);
    loading_put_run(*state, &file);
    loading_expect(*state, "SELECT status FROM etl.conversations", "resolved");
}

static void a_minimal_conversation_is_completed_later(void **state)
{
    struct record message = loading_message("wamid.1", LOADING_T0 - MINUTES(3), "hi");
    struct record conversation = snapshot(5, "open", SOURCE_POLL);
    loading_put_run(*state, &message);
    loading_expect(*state,
                   "SELECT c.status, c.channel, c.external_id, p.external_id, p.is_stub"
                   " FROM etl.conversations c JOIN etl.contacts p ON p.id = c.contact_id",
                   "new|whatsapp|573001112233|573001112233|t");
    loading_put_run(*state, &conversation);
    loading_expect(*state,
                   "SELECT status, to_char(started_at AT TIME ZONE 'UTC', 'HH24:MI')"
                   " FROM etl.conversations",
                   "open|14:57");
}

static struct record photo(const char *caption, int minute, const struct record_attachment *list,
                           size_t count)
{
    struct record record = loading_message("wamid.1", LOADING_T0, NULL);
    record.message.type = STR_LIT("image");
    record.message.caption = str_of(caption);
    record.message.content_as_of = LOADING_T0 + MINUTES(minute);
    record.message.attachments = list;
    record.message.attachment_count = count;
    return record;
}

static struct record_attachment attachment(int ordinal, const char *media)
{
    return (struct record_attachment){.ordinal = ordinal,
                                      .type = STR_LIT("image"),
                                      .provider_media_id = str_of(media),
                                      .size_bytes = RECORD_INT_NONE,
                                      .width = RECORD_INT_NONE,
                                      .height = RECORD_INT_NONE};
}

static void attachments_follow_the_content(void **state)
{
    const char *stored = "SELECT string_agg(ordinal || ':' || provider_media_id, ' ' ORDER BY"
                         " ordinal) FROM etl.message_attachments";
    const struct record_attachment two[] = {attachment(0, "m-a"), attachment(1, "m-b")};
    const struct record_attachment one[] = {attachment(0, "m-c")};
    struct record first = photo("two", 1, two, 2);
    struct record second = photo("one", 2, one, 1);
    loading_put_run(*state, &first);
    loading_expect(*state, stored, "0:m-a 1:m-b");
    loading_put_run(*state, &second);
    loading_expect(*state, stored, "0:m-c");
    loading_put_run(*state, &first);
    loading_expect(*state, stored, "0:m-c");
}

static void attachments_of_one_batch_follow_the_content(void **state)
{
    const struct record_attachment two[] = {attachment(0, "m-a"), attachment(1, "m-b")};
    const struct record_attachment one[] = {attachment(0, "m-c")};
    struct record first = photo("two", 1, two, 2);
    struct record second = photo("one", 2, one, 1);
    loading_put(*state, &second);
    loading_put(*state, &first);
    loading_run(*state);
    loading_expect(*state, "SELECT provider_media_id FROM etl.message_attachments", "m-c");
}

/* A mail that a provider's two answers put into two threads, of which one tells less. */
static void twins_have_the_attachments_of_the_winning_content(void **state)
{
    static const char *const orders[] = {"01", "10", "0+1", "1+0"}; /* +: in one batch */
    struct loading *loading = *state;
    const struct record_attachment two[] = {attachment(0, "m-a"), attachment(1, "m-b")};
    const struct record_attachment one[] = {attachment(0, "m-c")};
    struct record twins[] = {photo("two", 1, two, 2), photo("one", 2, one, 1)};
    twins[0].message.conversation_external_id = STR_LIT("CO.13491208655302741918");
    twins[0].message.conversation_id =
        loading_id(&twins[0], "conversation", "CO.13491208655302741918");
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        for (const char *step = orders[i]; *step != '\0'; step++) {
            if (*step == '+')
                continue;
            loading_put(loading, &twins[*step - '0']);
            if (step[1] != '+')
                loading_run(loading);
        }
        join(loading, "573001112233", "CO.13491208655302741918");
        loading_run(loading);
        loading_expect(loading,
                       "SELECT count(*), (SELECT string_agg(provider_media_id, ' ') FROM"
                       " etl.message_attachments) FROM etl.messages WHERE caption = 'one'",
                       "2|m-c");
        test_database_run(loading->database->connection,
                          "TRUNCATE etl.messages, etl.message_attachments,"
                          " etl.conversation_aliases");
    }
}

static void a_later_snapshot_revives_a_deleted_conversation(void **state)
{
    struct loading *loading = *state;
    struct record before = snapshot(5, "open", SOURCE_POLL);
    struct record older = snapshot(8, "pending", SOURCE_POLL);
    struct record later = snapshot(20, "open", SOURCE_POLL);
    loading_put_run(loading, &before);
    test_database_run(loading->database->connection,
                      "UPDATE etl.conversations SET deleted_at = '2026-03-02 15:10Z',"
                      " deletion_reason = 'absent'");
    loading_put_run(loading, &older);
    loading_expect(loading, "SELECT status, deletion_reason FROM etl.conversations",
                   "pending|absent");
    loading_put_run(loading, &later);
    loading_expect(loading, "SELECT status, deleted_at, deletion_reason FROM etl.conversations",
                   "open|-|-");
}

static void an_erased_conversation_stays_deleted(void **state)
{
    struct loading *loading = *state;
    struct record before = snapshot(5, "open", SOURCE_POLL);
    struct record later = snapshot(20, "resolved", SOURCE_POLL);
    loading_put_run(loading, &before);
    test_database_run(loading->database->connection,
                      "UPDATE etl.conversations SET deleted_at = '2026-03-02 15:10Z',"
                      " deletion_reason = 'erasure'");
    loading_put_run(loading, &later);
    loading_expect(loading, "SELECT deleted_at IS NOT NULL, deletion_reason FROM etl.conversations",
                   "t|erasure");
}

static void identities_accumulate(void **state)
{
    const struct record_identity first[] = {
        {STR_LIT("wa_id"), STR_LIT("573001112233"), STR_NULL, true}};
    const struct record_identity second[] = {
        {STR_LIT("wa_id"), STR_LIT("573001112233"), STR_NULL, false},
        {STR_LIT("phone"), STR_LIT("+573001112233"), STR_LIT("+57 300 111 2233"), false}};
    struct record contact = loading_record(RECORD_CONTACT, "contact", "573001112233", "acme");
    contact.contact.profile_as_of = LOADING_T0;
    contact.contact.display_name = STR_LIT("Ana Sample");
    contact.contact.is_stub = false;
    contact.contact.identities = first;
    contact.contact.identity_count = 1;
    loading_put_run(*state, &contact);
    contact.contact.identities = second;
    contact.contact.identity_count = 2;
    loading_put_run(*state, &contact);
    loading_expect(*state,
                   "SELECT kind, value, value_raw, is_primary FROM etl.contact_identities"
                   " ORDER BY kind",
                   "phone|+573001112233|+57 300 111 2233|f\n"
                   "wa_id|573001112233|573001112233|t");
    loading_expect(*state, "SELECT display_name, is_stub FROM etl.contacts", "Ana Sample|f");
}

static void a_stated_null_replaces_and_an_absent_group_does_not(void **state)
{
    struct record contact = loading_record(RECORD_CONTACT, "contact", "573001112233", "acme");
    contact.contact.profile_as_of = LOADING_T0;
    contact.contact.display_name = STR_LIT("Ana Sample");
    contact.contact.username = STR_LIT("ana");
    loading_put_run(*state, &contact);
    contact.contact.profile_as_of = LOADING_T0 + MINUTES(1);
    contact.contact.username = STR_NULL;
    loading_put_run(*state, &contact);
    struct record crm = loading_record(RECORD_CONTACT, "contact", "573001112233", "acme");
    crm.contact.crm_as_of = LOADING_T0 + MINUTES(2);
    crm.contact.email = STR_LIT("ana@example.com");
    loading_put_run(*state, &crm);
    loading_expect(*state, "SELECT display_name, username, email FROM etl.contacts",
                   "Ana Sample|-|ana@example.com");
}

static char *aliases_of(struct loading *loading)
{
    return test_database_rows(loading->database->connection,
                              "SELECT from_conversation_id, to_conversation_id"
                              " FROM etl.conversation_aliases ORDER BY 1");
}

/* Five threads, joined in two orders of pairs: the same table. */
static void aliases_end_the_same_in_any_order(void **state)
{
    struct loading *loading = *state;
    join(loading, "t1", "t2");
    join(loading, "t3", "t4");
    join(loading, "t4", "t5");
    test_database_run(loading->database->connection, "DELETE FROM etl.rollup_dirty_conversations");
    join(loading, "t2", "t3");
    char *forward = aliases_of(loading);
    loading_expect(loading,
                   "SELECT count(*), count(DISTINCT to_conversation_id),"
                   " min(from_conversation_id::text) > min(to_conversation_id::text)"
                   " FROM etl.conversation_aliases",
                   "4|1|t");
    /* t5 is only another name, under which nothing is known */
    loading_expect(
        loading, "SELECT count(DISTINCT conversation_id) FROM etl.rollup_dirty_conversations", "4");
    test_database_run(loading->database->connection, "TRUNCATE etl.conversation_aliases");
    join(loading, "t5", "t3");
    join(loading, "t3", "t4");
    join(loading, "t1", "t5");
    join(loading, "t4", "t2");
    char *backward = aliases_of(loading);
    assert_string_equal(forward, backward);
    free(forward);
    free(backward);
}

/* A message is known as sent in one thread, as failed in another: the platform named the contact by
 * other identities. Joined before, between or after, both rows end whole. */
static void put_twins(struct loading *loading, int step)
{
    struct record sent = loading_stub("wamid.twin", "sent", LOADING_T0 + MINUTES(1));
    struct record failed = loading_stub("wamid.twin", "failed", LOADING_T0 + MINUTES(2));
    failed.message.conversation_external_id = STR_LIT("CO.1");
    failed.message.conversation_id = loading_id(&failed, "conversation", "CO.1");
    failed.message.failed_at = LOADING_T0 + MINUTES(2);
    failed.message.error_code = STR_LIT("131026");
    if (step == 0)
        join(loading, "CO.1", "573001112233");
    else
        loading_put_run(loading, step == 1 ? &sent : &failed);
}

static void twins_in_joined_threads_are_both_whole(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}};
    struct loading *loading = *state;
    loading_run(loading); /* the tenants */
    test_database_run(loading->database->connection,
                      "SET app.user_role = 'master_admin';"
                      "INSERT INTO etl.reader_tenants SELECT session_user, id FROM etl.tenants");
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        test_database_run(loading->database->connection,
                          "TRUNCATE etl.messages, etl.conversation_aliases");
        for (size_t step = 0; step < 3; step++)
            put_twins(loading, orders[i][step]);
        loading_expect(
            loading,
            "SELECT count(*), count(DISTINCT conversation_id), min(sent_at) = max(sent_at),"
            " min(status), max(status), count(failed_at), min(error_code)"
            " FROM etl.messages",
            "2|2|t|failed|failed|2|131026");
        loading_expect(loading, "SELECT count(*) FROM bi.messages", "1");
        char *before = test_database_rows(loading->database->connection,
                                          "SELECT ctid, xmin, xmax FROM etl.messages ORDER BY 1");
        test_database_run(loading->database->connection, "DELETE FROM etl.rollup_dirty_days");
        for (int step = 1; step < 3; step++)
            put_twins(loading, step);
        char *after = test_database_rows(loading->database->connection,
                                         "SELECT ctid, xmin, xmax FROM etl.messages ORDER BY 1");
        assert_string_equal(before, after);
        loading_expect(loading, "SELECT count(*) FROM etl.rollup_dirty_days", "0");
        free(before);
        free(after);
    }
}

static void surveys_and_escalations_merge_by_version(void **state)
{
    struct record csat = loading_record(RECORD_CSAT, "csat", "s1", "acme");
    csat.csat.conversation_external_id = STR_LIT("573001112233");
    csat.csat.conversation_id = loading_id(&csat, "conversation", "573001112233");
    csat.csat.csat_as_of = LOADING_T0;
    csat.csat.state = STR_LIT("requested");
    csat.csat.requested_at = LOADING_T0;
    struct record answered = csat;
    answered.csat.csat_as_of = LOADING_T0 + MINUTES(5);
    answered.csat.state = STR_LIT("completed");
    answered.csat.rating = STR_LIT("4");
    answered.csat.responded_at = LOADING_T0 + MINUTES(5);
    loading_put_run(*state, &answered);
    loading_put_run(*state, &csat);
    loading_expect(*state, "SELECT state, rating, score_pct FROM etl.csat_responses",
                   "completed|4.00|75.00");
    struct record escalation = loading_record(RECORD_ESCALATION, "escalation", "e1", "acme");
    escalation.escalation.conversation_external_id = STR_LIT("573001112233");
    escalation.escalation.conversation_id = loading_id(&escalation, "conversation", "573001112233");
    escalation.escalation.escalation_as_of = LOADING_T0;
    escalation.escalation.trigger_type = STR_LIT("bot_handoff");
    escalation.escalation.status = STR_LIT("pending");
    escalation.escalation.escalated_at = LOADING_T0;
    loading_put_run(*state, &escalation);
    loading_expect(*state, "SELECT trigger_type, priority, status FROM etl.escalations",
                   "bot_handoff|normal|pending");
    loading_expect(*state, "SELECT DISTINCT day, reason FROM etl.rollup_dirty_days ORDER BY reason",
                   "2026-03-02|csat\n2026-03-02|escalation");
}

static void old_and_new_day_of_a_moved_message_are_dirty(void **state)
{
    struct loading *loading = *state;
    struct record later = edit_of("wamid.1");
    struct record original = loading_message("wamid.1", LOADING_T0 - MINUTES(11 * 60), "late");
    loading_put_run(loading, &later);
    test_database_run(loading->database->connection, "DELETE FROM etl.rollup_dirty_days");
    loading_put_run(loading, &original);
    loading_expect(loading, "SELECT DISTINCT day FROM etl.rollup_dirty_days ORDER BY day",
                   "2026-03-01\n2026-03-02");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loading_setup, loading_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_edit_may_come_before_its_original),
        TEST(a_deletion_may_come_before_its_original),
        TEST(a_deletion_of_an_unknown_side_takes_that_of_its_message),
        TEST(a_status_may_come_before_its_message),
        TEST(a_status_that_names_no_conversation_finds_its_message),
        TEST(a_report_about_a_mail_finds_it_by_its_thread),
        TEST(an_echo_completes_a_stub),
        TEST(a_stub_after_its_echo_changes_nothing),
        TEST(a_status_never_goes_backward),
        TEST(delivery_outranks_failure_which_keeps_its_error),
        TEST(duplicates_fold_within_a_batch_and_across_batches),
        TEST(an_older_snapshot_loses_as_a_whole),
        TEST(equal_times_are_decided_by_rank),
        TEST(a_minimal_conversation_is_completed_later),
        TEST(attachments_follow_the_content),
        TEST(attachments_of_one_batch_follow_the_content),
        TEST(twins_have_the_attachments_of_the_winning_content),
        TEST(a_later_snapshot_revives_a_deleted_conversation),
        TEST(an_erased_conversation_stays_deleted),
        TEST(identities_accumulate),
        TEST(a_stated_null_replaces_and_an_absent_group_does_not),
        TEST(aliases_end_the_same_in_any_order),
        TEST(twins_in_joined_threads_are_both_whole),
        TEST(surveys_and_escalations_merge_by_version),
        TEST(old_and_new_day_of_a_moved_message_are_dirty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
