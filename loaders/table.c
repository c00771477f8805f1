/* table.c: the columns of every loaded table. See table.h. */
#include "loaders/table.h"

#include <assert.h>
#include <string.h>

#define AT(member) offsetof(struct record, member)
#define NOWHERE COLUMN_COMPUTED
#define END                                                                                        \
    {                                                                                              \
        NULL, CELL_TEXT, NULL, RULE_FIXED, 0, NULL, 0                                              \
    }

/* name, cell, sql type, rule, group, fallback, place in the record */
#define KEY(name, at)                                                                              \
    {                                                                                              \
        name, CELL_UUID, "uuid", RULE_KEY, 0, NULL, at                                             \
    }
#define FIXED(name, cell, sql, fallback, at)                                                       \
    {                                                                                              \
        name, cell, sql, RULE_FIXED, 0, fallback, at                                               \
    }
#define IN(group, name, cell, sql, fallback, at)                                                   \
    {                                                                                              \
        name, cell, sql, RULE_GROUP, group, fallback, at                                           \
    }
#define VERSION(group, name, fallback)                                                             \
    {                                                                                              \
        name, CELL_BYTES, "bytea", RULE_GROUP_KEY, group, fallback, NOWHERE                        \
    }
#define BY(rule, name, cell, sql, fallback, at)                                                    \
    {                                                                                              \
        name, cell, sql, rule, 0, fallback, at                                                     \
    }
#define OWNER                                                                                      \
    FIXED("tenant_id", CELL_UUID, "uuid", NULL, AT(tenant_id)),                                    \
        FIXED("channel_id", CELL_UUID, "uuid", NULL, AT(channel_id))
#define SEEN                                                                                       \
    BY(RULE_FIRST_SEEN, "first_seen_at", CELL_TIME, "timestamptz", NULL, AT(observed_at)),         \
        BY(RULE_LAST_SEEN, "last_seen_at", CELL_TIME, "timestamptz", NULL, AT(observed_at))
#define TOMBSTONE                                                                                  \
    BY(RULE_TOMBSTONE, "deleted_at", CELL_TIME, "timestamptz", NULL, NOWHERE),                     \
        BY(RULE_TOMBSTONE, "deletion_reason", CELL_TEXT, "text", NULL, NOWHERE)
/* Sixteen zero bytes: the version of a row known by name only. */
#define NO_VERSION "'\\x00000000000000000000000000000000'::bytea"

#define PROFILE(name, at) IN('p', name, CELL_TEXT, "text", NULL, AT(contact.at))
#define CRM(name, at) IN('c', name, CELL_TEXT, "text", NULL, AT(contact.at))
static const struct column contacts_columns[] = {
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    PROFILE("display_name", display_name),
    PROFILE("username", username),
    PROFILE("language", language),
    PROFILE("avatar_url", avatar_url),
    VERSION('p', "profile_ver", NULL),
    CRM("email", email),
    CRM("mobile", mobile),
    CRM("phone", phone),
    CRM("identification", identification),
    CRM("address", address),
    CRM("city", city),
    CRM("country", country),
    CRM("company", company),
    CRM("merchant_id", merchant_id),
    IN('c', "custom_attributes", CELL_JSON, "jsonb", NULL, AT(contact.custom_attributes)),
    IN('c', "tags", CELL_JSON, "jsonb", NULL, NOWHERE),
    IN('c', "source_created_at", CELL_TIME, "timestamptz", NULL, AT(contact.source_created_at)),
    IN('c', "source_updated_at", CELL_TIME, "timestamptz", NULL, AT(contact.source_updated_at)),
    VERSION('c', "crm_ver", NULL),
    BY(RULE_AND, "is_stub", CELL_BOOL, "boolean", "true", AT(contact.is_stub)),
    SEEN,
    BY(RULE_MAX, "last_sync_at", CELL_TIME, "timestamptz", NULL, NOWHERE),
    TOMBSTONE,
    END,
};
static const struct table_group contacts_groups[] = {{'p', 8, false, false},
                                                     {'c', 22, false, false}};

static const struct column identities_columns[] = {
    KEY("id", NOWHERE),
    FIXED("tenant_id", CELL_UUID, "uuid", NULL, AT(tenant_id)),
    FIXED("contact_id", CELL_UUID, "uuid", NULL, AT(id)),
    FIXED("kind", CELL_TEXT, "text", NULL, NOWHERE),
    FIXED("value", CELL_TEXT, "text", NULL, NOWHERE),
    BY(RULE_MIN, "value_raw", CELL_TEXT, "text", NULL, NOWHERE),
    BY(RULE_OR, "is_primary", CELL_BOOL, "boolean", "false", NOWHERE),
    SEEN,
    END,
};

static const struct column agents_columns[] = {
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    IN('p', "kind", CELL_TEXT, "text", "'human'", AT(agent.agent_kind)),
    IN('p', "name", CELL_TEXT, "text", "s.external_id", AT(agent.name)),
    IN('p', "email", CELL_TEXT, "text", NULL, AT(agent.email)),
    IN('p', "username", CELL_TEXT, "text", NULL, AT(agent.username)),
    IN('p', "department_id", CELL_UUID, "uuid", NULL, AT(agent.department_id)),
    IN('p', "is_active", CELL_BOOL, "boolean", "true", AT(agent.is_active)),
    IN('p', "attributes", CELL_JSON, "jsonb", "'{}'", AT(agent.attributes)),
    VERSION('p', "profile_ver", NO_VERSION),
    SEEN,
    END,
};
static const struct table_group agents_groups[] = {{'p', 11, false, false}};

static const struct column departments_columns[] = {
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    IN('p', "name", CELL_TEXT, "text", "s.external_id", AT(department.name)),
    IN('p', "parent_id", CELL_UUID, "uuid", NULL, AT(department.parent_id)),
    IN('p', "path", CELL_TEXT, "text", NULL, AT(department.path)),
    IN('p', "level", CELL_INT, "integer", "0", AT(department.level)),
    IN('p', "is_leaf", CELL_BOOL, "boolean", "true", AT(department.is_leaf)),
    IN('p', "is_active", CELL_BOOL, "boolean", "true", AT(department.is_active)),
    IN('p', "attributes", CELL_JSON, "jsonb", "'{}'", AT(department.attributes)),
    VERSION('p', "profile_ver", NO_VERSION),
    SEEN,
    END,
};
static const struct table_group departments_groups[] = {{'p', 11, false, false}};

#define LIFE(name, cell, sql, fallback, at) IN('l', name, cell, sql, fallback, AT(conversation.at))
#define LABEL(name, at) IN('b', name, CELL_TEXT, "text", NULL, AT(conversation.at))
static const struct column conversations_columns[] = {
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    FIXED("channel", CELL_TEXT, "text", NULL, AT(conversation.channel)),
    /* Constant but for a captured call into a channel, whose number looks like a group's: the
     * smallest word is "broadcast", whichever came first. */
    BY(RULE_MIN, "kind", CELL_TEXT, "text", "'direct'", AT(conversation.conversation_kind)),
    BY(RULE_MIN, "contact_id", CELL_UUID, "uuid", NULL, AT(conversation.contact_id)),
    LIFE("status", CELL_TEXT, "text", "'new'", status),
    LIFE("provider_status", CELL_TEXT, "text", NULL, provider_status),
    LIFE("survey_state", CELL_TEXT, "text", "'none'", survey_state),
    LIFE("assigned_agent_id", CELL_UUID, "uuid", NULL, assigned_agent_id),
    LIFE("department_id", CELL_UUID, "uuid", NULL, department_id),
    LIFE("is_agent_available", CELL_TRISTATE, "boolean", NULL, is_agent_available),
    LIFE("priority", CELL_TEXT, "text", "'normal'", priority),
    LIFE("opened_at", CELL_TIME, "timestamptz", NULL, opened_at),
    LIFE("picked_up_at", CELL_TIME, "timestamptz", NULL, picked_up_at),
    LIFE("provider_response_at", CELL_TIME, "timestamptz", NULL, provider_response_at),
    LIFE("closed_at", CELL_TIME, "timestamptz", NULL, closed_at),
    LIFE("provider_duration_s", CELL_INT, "integer", NULL, provider_duration_s),
    LIFE("resolution_note", CELL_TEXT, "text", NULL, resolution_note),
    VERSION('l', "lifecycle_ver", NULL),
    LABEL("subject", subject),
    LABEL("topic", topic),
    LABEL("account_alias", account_alias),
    LABEL("viewer_url", viewer_url),
    IN('b', "tags", CELL_TEXT_LIST, "text[]", "'{}'", NOWHERE),
    IN('b', "metadata", CELL_JSON, "jsonb", "'{}'", AT(conversation.metadata)),
    VERSION('b', "labels_ver", NULL),
    BY(RULE_MIN, "started_at", CELL_TIME, "timestamptz", NULL, AT(conversation.started_at)),
    BY(RULE_MIN, "source_created_at", CELL_TIME, "timestamptz", NULL,
       AT(conversation.source_created_at)),
    SEEN,
    BY(RULE_MAX, "last_sync_at", CELL_TIME, "timestamptz", NULL, NOWHERE),
    BY(RULE_CHANGES, "sync_version", CELL_INT, "integer", NULL, NOWHERE),
    TOMBSTONE,
    END,
};
static const struct table_group conversations_groups[] = {{'l', 20, false, false},
                                                          {'b', 27, false, false}};

#define CONTENT(name, cell, sql, fallback, at) IN('c', name, cell, sql, fallback, AT(message.at))
static const struct column messages_columns[] = {
    KEY("conversation_id", AT(message.conversation_id)),
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    /* With sender_type, which it must agree with: a deletion's stub knows neither. */
    CONTENT("direction", CELL_TEXT, "text", NULL, direction),
    CONTENT("sender_type", CELL_TEXT, "text", NULL, sender_type),
    CONTENT("sender_agent_id", CELL_UUID, "uuid", NULL, sender_agent_id),
    CONTENT("contact_id", CELL_UUID, "uuid", NULL, contact_id),
    CONTENT("type", CELL_TEXT, "text", NULL, type),
    CONTENT("subtype", CELL_TEXT, "text", NULL, subtype),
    CONTENT("text", CELL_TEXT, "text", NULL, text),
    CONTENT("caption", CELL_TEXT, "text", NULL, caption),
    CONTENT("location", CELL_JSON, "jsonb", NULL, location),
    CONTENT("reply_to_external_id", CELL_TEXT, "text", NULL, reply_to_external_id),
    CONTENT("template_name", CELL_TEXT, "text", NULL, template_name),
    CONTENT("metadata", CELL_JSON, "jsonb", "'{}'", metadata),
    CONTENT("edited_at", CELL_TIME, "timestamptz", NULL, edited_at),
    CONTENT("ordinal", CELL_INT, "integer", "0", ordinal),
    CONTENT("ai_confidence", CELL_DECIMAL, "numeric", NULL, ai_confidence),
    CONTENT("sentiment", CELL_DECIMAL, "numeric", NULL, sentiment),
    CONTENT("tokens_used", CELL_INT, "integer", NULL, tokens_used),
    VERSION('c', "content_ver", NO_VERSION),
    BY(RULE_OR, "is_broadcast", CELL_BOOL, "boolean", "false", AT(message.is_broadcast)),
    BY(RULE_MIN, "sent_at", CELL_TIME, "timestamptz", NULL, AT(message.sent_at)),
    IN('s', "status", CELL_TEXT, "text", NULL, AT(message.status)),
    {"status_rank", CELL_INT, "smallint", RULE_GROUP_KEY, 's', NULL, NOWHERE},
    BY(RULE_MIN, "delivered_at", CELL_TIME, "timestamptz", NULL, AT(message.delivered_at)),
    BY(RULE_MIN, "read_at", CELL_TIME, "timestamptz", NULL, AT(message.read_at)),
    {"failed_at", CELL_TIME, "timestamptz", RULE_GROUP_KEY, 'f', NULL, AT(message.failed_at)},
    IN('f', "error_code", CELL_TEXT, "text", NULL, AT(message.error_code)),
    IN('f', "error_message", CELL_TEXT, "text", NULL, AT(message.error_message)),
    {"deleted_at", CELL_TIME, "timestamptz", RULE_GROUP_KEY, 'd', NULL, AT(message.deleted_at)},
    IN('d', "deletion_reason", CELL_TEXT, "text", NULL, AT(message.deletion_reason)),
    SEEN,
    END,
};
static const struct table_group messages_groups[] = {
    {'c', 22, false, false}, {'s', 26, false, false}, {'f', 29, true, true}, {'d', 32, true, true}};

/* An attachment stands or falls with the content version that states it. */
static const struct column attachments_columns[] = {
    KEY("message_id", AT(id)),
    {"ordinal", CELL_INT, "integer", RULE_KEY, 0, NULL, NOWHERE},
    FIXED("id", CELL_UUID, "uuid", NULL, NOWHERE),
    FIXED("tenant_id", CELL_UUID, "uuid", NULL, AT(tenant_id)),
    /* One of those that the message stands in: where the content was stated. */
    IN('c', "conversation_id", CELL_UUID, "uuid", NULL, AT(message.conversation_id)),
    IN('c', "type", CELL_TEXT, "text", NULL, NOWHERE),
    IN('c', "provider_media_id", CELL_TEXT, "text", NULL, NOWHERE),
    IN('c', "source_url", CELL_TEXT, "text", NULL, NOWHERE),
    IN('c', "mime_type", CELL_TEXT, "text", NULL, NOWHERE),
    IN('c', "filename", CELL_TEXT, "text", NULL, NOWHERE),
    IN('c', "size_bytes", CELL_INT, "bigint", NULL, NOWHERE),
    IN('c', "sha256", CELL_BYTES, "bytea", NULL, NOWHERE),
    IN('c', "width", CELL_INT, "integer", NULL, NOWHERE),
    IN('c', "height", CELL_INT, "integer", NULL, NOWHERE),
    IN('c', "duration_s", CELL_DECIMAL, "numeric", NULL, NOWHERE),
    IN('c', "metadata", CELL_JSON, "jsonb", "'{}'", NOWHERE),
    VERSION('c', "content_ver", NO_VERSION),
    BY(RULE_FIRST_SEEN, "first_seen_at", CELL_TIME, "timestamptz", NULL, AT(observed_at)),
    END,
};
static const struct table_group attachments_groups[] = {{'c', 16, false, false}};

#define ARRIVAL                                                                                    \
    {                                                                                              \
        "received_at", CELL_TIME, "timestamptz", RULE_GROUP_KEY, 'a', NULL, AT(observed_at)        \
    }
#define STATUS(name, at) IN('a', name, CELL_TEXT, "text", NULL, AT(message_status.at))
static const struct column statuses_columns[] = {
    KEY("message_id", AT(message_status.message_id)),
    KEY("id", AT(id)),
    OWNER,
    BY(RULE_MIN, "conversation_id", CELL_UUID, "uuid", NULL, AT(message_status.conversation_id)),
    FIXED("message_external_id", CELL_TEXT, "text", NULL, AT(message_status.message_external_id)),
    FIXED("status", CELL_TEXT, "text", NULL, AT(message_status.status)),
    FIXED("recipient", CELL_TEXT, "text", "''", AT(message_status.recipient)),
    BY(RULE_MIN, "occurred_at", CELL_TIME, "timestamptz", NULL, AT(message_status.occurred_at)),
    STATUS("error_code", error_code),
    STATUS("error_message", error_message),
    IN('a', "metadata", CELL_JSON, "jsonb", "'{}'", AT(message_status.metadata)),
    ARRIVAL,
    END,
};
static const struct table_group statuses_groups[] = {{'a', 12, true, true}};

#define EVENT(name, cell, sql, fallback, at) IN('a', name, cell, sql, fallback, AT(event.at))
static const struct column events_columns[] = {
    KEY("conversation_id", AT(event.conversation_id)),
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    EVENT("event_type", CELL_TEXT, "text", NULL, event_type),
    EVENT("occurred_at", CELL_TIME, "timestamptz", NULL, occurred_at),
    EVENT("is_inferred", CELL_BOOL, "boolean", "false", is_inferred),
    EVENT("actor_type", CELL_TEXT, "text", "'system'", actor_type),
    EVENT("actor_agent_id", CELL_UUID, "uuid", NULL, actor_agent_id),
    EVENT("from_agent_id", CELL_UUID, "uuid", NULL, from_agent_id),
    EVENT("to_agent_id", CELL_UUID, "uuid", NULL, to_agent_id),
    EVENT("from_department_id", CELL_UUID, "uuid", NULL, from_department_id),
    EVENT("to_department_id", CELL_UUID, "uuid", NULL, to_department_id),
    EVENT("from_status", CELL_TEXT, "text", NULL, from_status),
    EVENT("to_status", CELL_TEXT, "text", NULL, to_status),
    EVENT("tag", CELL_TEXT, "text", NULL, tag),
    EVENT("assignment_type", CELL_TEXT, "text", NULL, assignment_type),
    EVENT("reason", CELL_TEXT, "text", NULL, reason),
    EVENT("data", CELL_JSON, "jsonb", "'{}'", data),
    ARRIVAL,
    END,
};
static const struct table_group events_groups[] = {{'a', 20, true, true}};

#define CSAT(name, cell, sql, fallback, at) IN('v', name, cell, sql, fallback, AT(csat.at))
static const struct column csat_columns[] = {
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    FIXED("conversation_id", CELL_UUID, "uuid", NULL, AT(csat.conversation_id)),
    CSAT("contact_id", CELL_UUID, "uuid", NULL, contact_id),
    CSAT("agent_id", CELL_UUID, "uuid", NULL, agent_id),
    CSAT("state", CELL_TEXT, "text", NULL, state),
    CSAT("rating", CELL_DECIMAL, "numeric", NULL, rating),
    CSAT("scale_min", CELL_DECIMAL, "numeric", "1", scale_min),
    CSAT("scale_max", CELL_DECIMAL, "numeric", "5", scale_max),
    CSAT("feedback", CELL_TEXT, "text", NULL, feedback),
    CSAT("requested_at", CELL_TIME, "timestamptz", NULL, requested_at),
    CSAT("responded_at", CELL_TIME, "timestamptz", NULL, responded_at),
    CSAT("abandoned_at", CELL_TIME, "timestamptz", NULL, abandoned_at),
    CSAT("raw", CELL_JSON, "jsonb", NULL, raw),
    VERSION('v', "csat_ver", NO_VERSION),
    BY(RULE_FIRST_SEEN, "first_seen_at", CELL_TIME, "timestamptz", NULL, AT(observed_at)),
    END,
};
static const struct table_group csat_groups[] = {{'v', 16, false, false}};

#define ESC(name, cell, sql, fallback, at) IN('v', name, cell, sql, fallback, AT(escalation.at))
static const struct column escalations_columns[] = {
    KEY("id", AT(id)),
    OWNER,
    FIXED("external_id", CELL_TEXT, "text", NULL, AT(external_id)),
    FIXED("conversation_id", CELL_UUID, "uuid", NULL, AT(escalation.conversation_id)),
    ESC("trigger_type", CELL_TEXT, "text", NULL, trigger_type),
    ESC("reason", CELL_TEXT, "text", NULL, reason),
    ESC("priority", CELL_TEXT, "text", "'normal'", priority),
    ESC("status", CELL_TEXT, "text", NULL, status),
    ESC("from_agent_id", CELL_UUID, "uuid", NULL, from_agent_id),
    ESC("assigned_agent_id", CELL_UUID, "uuid", NULL, assigned_agent_id),
    ESC("escalated_at", CELL_TIME, "timestamptz", NULL, escalated_at),
    ESC("first_response_at", CELL_TIME, "timestamptz", NULL, first_response_at),
    ESC("resolved_at", CELL_TIME, "timestamptz", NULL, resolved_at),
    ESC("resolution_note", CELL_TEXT, "text", NULL, resolution_note),
    ESC("data", CELL_JSON, "jsonb", "'{}'", data),
    ESC("is_inferred", CELL_BOOL, "boolean", "false", is_inferred),
    VERSION('v', "esc_ver", NO_VERSION),
    BY(RULE_FIRST_SEEN, "first_seen_at", CELL_TIME, "timestamptz", NULL, AT(observed_at)),
    END,
};
static const struct table_group escalations_groups[] = {{'v', 17, false, false}};

#define COLUMNS(prefix)                                                                            \
    .columns = prefix##_columns, .groups = prefix##_groups,                                        \
    .group_count = sizeof prefix##_groups / sizeof prefix##_groups[0]

static const struct table tables[TABLES] = {
    [TABLE_CONTACTS] = {.name = "contacts", COLUMNS(contacts), .key_count = 1, .contended = true},
    [TABLE_IDENTITIES] = {.name = "contact_identities",
                          .columns = identities_columns,
                          .key_count = 1,
                          .contended = true},
    [TABLE_AGENTS] = {.name = "agents", COLUMNS(agents), .key_count = 1, .contended = true},
    [TABLE_DEPARTMENTS] = {.name = "departments",
                           COLUMNS(departments),
                           .key_count = 1,
                           .contended = true},
    [TABLE_CONVERSATIONS] = {.name = "conversations",
                             COLUMNS(conversations),
                             .key_count = 1,
                             .contended = true,
                             .touch = {.source = "conversation", .conversation = "t.id"}},
    /* Not contended: the bus key is the conversation, so one loader has all of its messages. A
     * collision after a change of the number of partitions makes the batch run again (load.c). */
    [TABLE_MESSAGES] = {.name = "messages",
                        COLUMNS(messages),
                        .key_count = 2,
                        .touch = {.source = "message",
                                  .conversation = "t.conversation_id",
                                  .message = "t.id",
                                  .direction = "t.direction",
                                  .day_of = "t.sent_at"}},
    [TABLE_ATTACHMENTS] = {.name = "message_attachments",
                           COLUMNS(attachments),
                           .key_count = 2,
                           .fixed = true,
                           .insert_where = "EXISTS (SELECT FROM etl.messages m"
                                           " WHERE m.conversation_id = s.conversation_id"
                                           " AND m.id = s.message_id"
                                           " AND m.content_ver = s.content_ver)"},
    [TABLE_STATUSES] = {.name = "message_status_events",
                        COLUMNS(statuses),
                        .key_count = 2,
                        .contended = true,
                        .touch = {.source = "status",
                                  .conversation = "t.conversation_id",
                                  .message = "t.message_id"}},
    [TABLE_EVENTS] = {.name = "conversation_events",
                      COLUMNS(events),
                      .key_count = 2,
                      .contended = true,
                      .touch = {.source = "event", .conversation = "t.conversation_id"}},
    [TABLE_CSAT] = {.name = "csat_responses",
                    COLUMNS(csat),
                    .key_count = 1,
                    .contended = true,
                    .touch = {.source = "csat",
                              .conversation = "t.conversation_id",
                              .day_of = "t.responded_at"}},
    [TABLE_ESCALATIONS] = {.name = "escalations",
                           COLUMNS(escalations),
                           .key_count = 1,
                           .contended = true,
                           .touch = {.source = "escalation",
                                     .conversation = "t.conversation_id",
                                     .day_of = "t.escalated_at"}},
};

const struct table *table_get(enum table_id id)
{
    return &tables[id];
}

size_t table_width(const struct table *table)
{
    size_t width = 0;
    while (table->columns[width].name != NULL)
        width++;
    return width;
}

size_t table_column(const struct table *table, const char *name)
{
    size_t i = 0;
    while (table->columns[i].name != NULL && strcmp(table->columns[i].name, name) != 0)
        i++;
    assert(table->columns[i].name != NULL);
    return i;
}

const struct table_group *table_group(const struct table *table, char name)
{
    for (size_t i = 0; i < table->group_count; i++)
        if (table->groups[i].name == name)
            return &table->groups[i];
    return NULL;
}
