/* random_records.h: a set of records of every kind about few conversations, so that they meet
 * often: edits, stubs, statuses, snapshots, surveys, aliases, with equal times and repeated ids. */
#ifndef SLUICE_TESTS_FLOW_LOADERS_RANDOM_RECORDS_H
#define SLUICE_TESTS_FLOW_LOADERS_RANDOM_RECORDS_H

#include "tests/flow/loaders/loading.h"

enum { RANDOM_NAMES = 12, RANDOM_TEXT = 96 };

struct random_records {
    struct record *records;
    char (*texts)[RANDOM_TEXT]; /* external ids, one per record */
    size_t count;
    uint32_t seed;
};

static const char *const random_tenants[] = {"acme", "globex"};
static const char *const random_threads[RANDOM_NAMES] = {
    "573001110001", "573001110002", "573001110003", "573001110004", "573001110005", "573001110006",
    "573001110007", "573001110008", "573001110009", "573001110010", "573001110011", "573001110012"};
static const char *const random_words[] = {"alpha", "beta", "gamma", NULL};
static const struct record_attachment random_attachments[] = {{.ordinal = 0,
                                                               .type = {"image", 5},
                                                               .provider_media_id = {"m-0", 3},
                                                               .size_bytes = 10,
                                                               .width = RECORD_INT_NONE,
                                                               .height = RECORD_INT_NONE},
                                                              {.ordinal = 1,
                                                               .type = {"video", 5},
                                                               .provider_media_id = {"m-1", 3},
                                                               .size_bytes = RECORD_INT_NONE,
                                                               .width = 4,
                                                               .height = RECORD_INT_NONE}};
static const struct record_identity random_identities[] = {
    {{"wa_id", 5}, {"573001110001", 12}, {NULL, 0}, false},
    {{"wa_id", 5}, {"573001110001", 12}, {"+573001110001", 13}, true},
    {{"phone", 5}, {"+573001110001", 13}, {"+57 300", 7}, false}};

static inline uint32_t random_below(struct random_records *set, uint32_t limit)
{
    set->seed = set->seed * 1664525u + 1013904223u;
    return (set->seed >> 10) % limit;
}

static inline int64_t random_time(struct random_records *set)
{
    return LOADING_T0 + MINUTES(random_below(set, 4000));
}

static inline struct str random_word(struct random_records *set)
{
    return str_of(random_words[random_below(set, 4)]);
}

static inline void random_message(struct random_records *set, struct record *record, char *text)
{
    uint32_t number = random_below(set, 150);
    (void)snprintf(text, RANDOM_TEXT, "wamid.%u", number);
    *record = loading_message_of(random_tenants[number % 2], text,
                                 random_threads[number % RANDOM_NAMES], random_time(set), NULL);
    struct record_message *message = &record->message;
    if (number % 3 != 0)
        loading_make_outbound(
            record, (const char *[]){"sent", "delivered", "failed", "read"}[random_below(set, 4)]);
    message->content_as_of = random_below(set, 4) == 0 ? 0 : LOADING_T0 + random_below(set, 5);
    message->text = random_word(set);
    message->attachments = random_attachments;
    message->attachment_count = random_below(set, 3);
    message->is_broadcast = random_below(set, 10) == 0;
    if (str_is(message->status, "failed")) {
        message->failed_at = LOADING_T0 + random_below(set, 3);
        message->error_code = random_word(set);
    }
    if (random_below(set, 10) == 0) {
        message->deleted_at = LOADING_T0 + random_below(set, 3);
        message->deletion_reason = random_word(set);
    }
}

static inline void random_status(struct random_records *set, struct record *record, char *text)
{
    static const char *const statuses[] = {"sent", "delivered", "read", "failed", "played"};
    uint32_t number = random_below(set, 150);
    const char *status = statuses[random_below(set, 5)];
    char message[32];
    char long_text[256];
    int64_t at = LOADING_T0 + MINUTES(random_below(set, 6));
    (void)snprintf(message, sizeof message, "wamid.%u", number);
    *record = loading_record(RECORD_MESSAGE_STATUS, "message", message, random_tenants[number % 2]);
    struct record_message_status *event = &record->message_status;
    (void)snprintf(long_text, sizeof long_text, "%s\x1f%s\x1f\x1f%lld", message, status,
                   (long long)(at / US_PER_MS));
    (void)snprintf(text, RANDOM_TEXT, "%.95s", long_text);
    event->message_id = record->id;
    event->message_external_id = (struct str){text, strlen(message)};
    event->status = str_of(status);
    event->occurred_at = at;
    if (random_below(set, 4) > 0) {
        event->conversation_external_id = str_of(random_threads[number % RANDOM_NAMES]);
        event->conversation_id =
            loading_id(record, "conversation", random_threads[number % RANDOM_NAMES]);
    }
    if (str_is(event->status, "failed"))
        event->error_code = random_word(set);
    record->id = ids_status(&record->tenant_id, &record->channel_id, event->message_external_id,
                            event->status, STR_LIT(""), at);
    record->external_id = str_of(text);
}

static inline void random_conversation(struct random_records *set, struct record *record)
{
    static const char *const statuses[] = {"open", "pending", "resolved"};
    static const char *const aliases[] = {"a1", "a2", "a3", "573001110003", "573001110007"};
    static struct str alias[5];
    *record = loading_record(RECORD_CONVERSATION, "conversation",
                             random_threads[random_below(set, RANDOM_NAMES)],
                             random_tenants[random_below(set, 2)]);
    struct record_conversation *conversation = &record->conversation;
    conversation->channel = STR_LIT("whatsapp");
    conversation->conversation_kind = STR_LIT("direct");
    conversation->started_at = random_time(set);
    if (random_below(set, 3) > 0) {
        conversation->lifecycle_as_of = LOADING_T0 + random_below(set, 5);
        conversation->status = str_of(statuses[random_below(set, 3)]);
        conversation->resolution_note = random_word(set);
    }
    if (random_below(set, 3) > 0) {
        conversation->labels_as_of = LOADING_T0 + random_below(set, 5);
        conversation->subject = random_word(set);
    }
    if (random_below(set, 12) == 0) {
        uint32_t i = random_below(set, 5);
        alias[i] = str_of(aliases[i]);
        conversation->aliases = &alias[i];
        conversation->alias_count = 1;
    }
}

static inline void random_contact(struct random_records *set, struct record *record)
{
    *record =
        loading_record(RECORD_CONTACT, "contact", random_threads[random_below(set, RANDOM_NAMES)],
                       random_tenants[random_below(set, 2)]);
    record->contact.is_stub = random_below(set, 2) == 0;
    if (random_below(set, 2) == 0) {
        record->contact.profile_as_of = LOADING_T0 + random_below(set, 4);
        record->contact.display_name = random_word(set);
        record->contact.username = random_word(set);
    }
    if (random_below(set, 2) == 0) {
        record->contact.crm_as_of = LOADING_T0 + random_below(set, 4);
        record->contact.city = random_word(set);
    }
    record->contact.identities = random_identities;
    record->contact.identity_count = random_below(set, 4);
}

static inline void random_staff(struct random_records *set, struct record *record, bool agent)
{
    static const char *const names[] = {"one", "two", "three"};
    *record =
        loading_record(agent ? RECORD_AGENT : RECORD_DEPARTMENT, agent ? "agent" : "department",
                       names[random_below(set, 3)], random_tenants[random_below(set, 2)]);
    if (agent) {
        record->agent.profile_as_of = LOADING_T0 + random_below(set, 3);
        record->agent.agent_kind = STR_LIT("human");
        record->agent.name = str_of(names[random_below(set, 3)]);
        record->agent.is_active = random_below(set, 2) == 0;
    } else {
        record->department.profile_as_of = LOADING_T0 + random_below(set, 3);
        record->department.name = str_of(names[random_below(set, 3)]);
        record->department.path = random_word(set);
    }
}

static inline void random_event(struct random_records *set, struct record *record, char *text)
{
    uint32_t number = random_below(set, 60);
    const char *thread = random_threads[number % RANDOM_NAMES];
    (void)snprintf(text, RANDOM_TEXT, "event-%u", number);
    *record = loading_record(RECORD_EVENT, "event", text, random_tenants[number % 2]);
    record->event.conversation_external_id = str_of(thread);
    record->event.conversation_id = loading_id(record, "conversation", thread);
    record->event.event_type = STR_LIT("note_added");
    record->event.occurred_at = LOADING_T0 + MINUTES(number);
    record->event.reason = random_word(set);
}

static inline void random_survey(struct random_records *set, struct record *record, char *text)
{
    uint32_t number = random_below(set, 40);
    const char *thread = random_threads[number % RANDOM_NAMES];
    (void)snprintf(text, RANDOM_TEXT, "survey-%u", number);
    *record = loading_record(RECORD_CSAT, "csat", text, random_tenants[number % 2]);
    record->csat.conversation_external_id = str_of(thread);
    record->csat.conversation_id = loading_id(record, "conversation", thread);
    record->csat.csat_as_of = LOADING_T0 + random_below(set, 4);
    record->csat.state = STR_LIT("completed");
    record->csat.rating = str_of((const char *[]){"1", "3", "5"}[random_below(set, 3)]);
    record->csat.responded_at = LOADING_T0 + random_below(set, 4);
}

static inline void random_escalation(struct random_records *set, struct record *record, char *text)
{
    uint32_t number = random_below(set, 40);
    const char *thread = random_threads[number % RANDOM_NAMES];
    (void)snprintf(text, RANDOM_TEXT, "escalation-%u", number);
    *record = loading_record(RECORD_ESCALATION, "escalation", text, random_tenants[number % 2]);
    record->escalation.conversation_external_id = str_of(thread);
    record->escalation.conversation_id = loading_id(record, "conversation", thread);
    record->escalation.escalation_as_of = LOADING_T0 + random_below(set, 4);
    record->escalation.trigger_type = STR_LIT("manual");
    record->escalation.status = STR_LIT("pending");
    record->escalation.reason = random_word(set);
    record->escalation.escalated_at = random_time(set);
}

static inline void random_record(struct random_records *set, struct record *record, char *text)
{
    uint32_t kind = random_below(set, 20);
    if (kind < 8)
        random_message(set, record, text);
    else if (kind < 12)
        random_status(set, record, text);
    else if (kind < 14)
        random_conversation(set, record);
    else if (kind < 16)
        random_contact(set, record);
    else if (kind == 16)
        random_staff(set, record, random_below(set, 2) == 0);
    else if (kind == 17)
        random_event(set, record, text);
    else if (kind == 18)
        random_survey(set, record, text);
    else
        random_escalation(set, record, text);
    record->source_kind = (enum source_kind)random_below(set, SOURCE_KINDS);
    record->observed_at = LOADING_T0 + MINUTES(5000) + random_below(set, 1000);
}

static inline void random_records_init(struct random_records *set, size_t count, uint32_t seed)
{
    *set = (struct random_records){.count = count, .seed = seed};
    set->records = calloc(count, sizeof *set->records);
    set->texts = calloc(count, sizeof *set->texts);
    assert_true(set->records != NULL && set->texts != NULL);
    for (size_t i = 0; i < count; i++)
        random_record(set, &set->records[i], set->texts[i]);
}

static inline void random_records_done(struct random_records *set)
{
    free(set->records);
    free(set->texts);
}

#endif
