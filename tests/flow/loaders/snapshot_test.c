/* What two snapshots of a provider's chat tell beside what each states (reference/b2chat.md 11). */
#include "tests/flow/loaders/loading.h"

#define CHAT "7b1f6a52-0c7d-4a5e-9a63-3f0f0a0d9c11"
#define EVENTS                                                                                     \
    "SELECT e.external_id, e.event_type, a.external_id, b.external_id, f.external_id,"             \
    " t.external_id, e.tag, e.is_inferred FROM etl.conversation_events e"                          \
    " LEFT JOIN etl.agents a ON a.id = e.from_agent_id"                                            \
    " LEFT JOIN etl.agents b ON b.id = e.to_agent_id"                                              \
    " LEFT JOIN etl.departments f ON f.id = e.from_department_id"                                  \
    " LEFT JOIN etl.departments t ON t.id = e.to_department_id ORDER BY 1"

static int setup(void **state)
{
    struct loading *loading = loading_new();
    loading->channels[0].provider_sessioned = true;
    *state = loading;
    return 0;
}

static void put_agent(struct loading *loading, const char *username)
{
    struct record record = loading_record(RECORD_AGENT, "agent", username, "acme");
    record.agent.profile_as_of = LOADING_T0;
    record.agent.name = str_of(username);
    record.agent.agent_kind = STR_LIT("human");
    loading_put(loading, &record);
}

static void put_department(struct loading *loading, const char *name)
{
    struct record record = loading_record(RECORD_DEPARTMENT, "department", name, "acme");
    record.department.profile_as_of = LOADING_T0;
    record.department.name = str_of(name);
    record.department.level = 0;
    loading_put(loading, &record);
}

static struct record snapshot(int minute, const char *status, const char *agent,
                              const char *department, const struct str *tags, size_t tag_count)
{
    struct record record = loading_record(RECORD_CONVERSATION, "conversation", CHAT, "acme");
    struct record_conversation *chat = &record.conversation;
    chat->channel = STR_LIT("whatsapp");
    chat->conversation_kind = STR_LIT("direct");
    chat->started_at = chat->source_created_at = chat->opened_at = LOADING_T0;
    chat->lifecycle_as_of = chat->labels_as_of = LOADING_T0 + MINUTES(minute);
    chat->status = str_of(status);
    chat->assigned_agent_external_id = str_of(agent);
    if (agent != NULL)
        chat->assigned_agent_id = loading_id(&record, "agent", agent);
    if (agent != NULL)
        chat->picked_up_at = LOADING_T0 + MINUTES(1);
    chat->department_external_id = str_of(department);
    if (department != NULL)
        chat->department_id = loading_id(&record, "department", department);
    chat->tags = tags;
    chat->tag_count = tag_count;
    return record;
}

static const struct str first_tags[] = {{"vip", 3}, {"demora", 6}};
static const struct str later_tags[] = {{"vip", 3}, {"resuelto", 8}};

static void put_all(struct loading *loading)
{
    put_agent(loading, "lrojas");
    put_agent(loading, "mdiaz");
    put_department(loading, "Ventas");
    put_department(loading, "Soporte");
    loading_run(loading);
}

static void another_agent_department_and_tags_are_events(void **state)
{
    struct loading *loading = *state;
    struct record first = snapshot(5, "open", "lrojas", "Ventas", first_tags, 2);
    struct record later = snapshot(9, "open", "mdiaz", "Soporte", later_tags, 2);
    put_all(loading);
    loading_put_run(loading, &first);
    loading_expect(loading, EVENTS, "");
    loading_put_run(loading, &later);
    loading_expect(loading, EVENTS,
                   CHAT ":tag+:resuelto:1772464140|tag_added|-|-|-|-|resuelto|t\n" CHAT
                        ":tag-:demora:1772464140|tag_removed|-|-|-|-|demora|t\n" CHAT
                        ":transfer:lrojas:mdiaz:1772464140|transferred|lrojas|mdiaz|Ventas|Soporte|"
                        "-|t");
    loading_put_run(loading, &later); /* again: nothing new */
    loading_put_run(loading, &first); /* late: the past tells nothing */
    loading_expect(loading, "SELECT count(*) FROM etl.conversation_events", "3");
}

/* Only differences between two known snapshots: an agent who takes an unassigned chat is no
 * transfer. */
static void the_first_agent_is_no_transfer(void **state)
{
    struct loading *loading = *state;
    struct record first = snapshot(5, "queued", NULL, NULL, NULL, 0);
    struct record later = snapshot(9, "open", "mdiaz", "Soporte", NULL, 0);
    struct record moved = snapshot(12, "open", "mdiaz", "Ventas", NULL, 0);
    put_all(loading);
    loading_put_run(loading, &first);
    loading_put_run(loading, &later);
    loading_expect(loading, EVENTS, "");
    loading_put_run(loading, &moved);
    loading_expect(loading, EVENTS,
                   CHAT ":transfer:Soporte:Ventas:1772464320|transferred|-|-|Soporte|Ventas|-|t");
}

static void a_chat_taken_from_a_bot_is_an_escalation(void **state)
{
    struct loading *loading = *state;
    struct record first = snapshot(5, "bot_active", NULL, NULL, NULL, 0);
    struct record later = snapshot(9, "open", "mdiaz", NULL, NULL, 0);
    put_all(loading);
    loading_put_run(loading, &first);
    loading_put_run(loading, &later);
    loading_put_run(loading, &later);
    loading_expect(loading,
                   "SELECT e.external_id, e.trigger_type, e.status, a.external_id, e.is_inferred,"
                   " e.escalated_at = c.opened_at FROM etl.escalations e"
                   " JOIN etl.conversations c ON c.id = e.conversation_id"
                   " JOIN etl.agents a ON a.id = e.assigned_agent_id",
                   CHAT ":bot|bot_handoff|assigned|mdiaz|t|t");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, loading_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_agent_department_and_tags_are_events),
        TEST(the_first_agent_is_no_transfer),
        TEST(a_chat_taken_from_a_bot_is_an_escalation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
